"""A breakpoint's condition means the same by its short way as in a whole frame, and costs little."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from dapserver.debugger.evaluation.compiled import compile_expression
from dapserver.debugger.evaluation.context import FrameContext
from dapserver.debugger.evaluation.hit import Hit, Meanings
from dapserver.debugger.memory import Memory
from dapserver.debugger.values.space import Space
from dapserver.ptrace.registers import native
from tests.debugger.evaluation.evaluating import evaluated, listed
from tests.debugger.stacks import Frozen, held, stop
from tests.debugger.values.frames import scopes
from tests.support.build import build
from tests.support.target import Target

EXPRESSIONS = listed(
    r"""
    i ; argument ; text ; numbers ; numbers[2] ; mode ; real ; field ; global ; of_thread ; self->field
    space::inside ; state::busy ; mode == state::busy ; *this ; this ; tid ; thread_name ; thread.name
    $pc ; $sp ; $eax ; $rflags ; main ; i == 1000 && argument < 0 ; i % 7 == 3 ; text == "words" ; nowhere
    (long)i ; (char)i ; sizeof(worker) ; (worker *)self == this ; &i ; *&i + real ; numbers[0..2]
    """
)


@dataclass(frozen=True)
class Stopped:
    target: Target
    frozen: Frozen
    meanings: Meanings

    def hit(self) -> Hit:
        return Hit(self.meanings, self.frozen.registers[self.target.pid], self.target.pid, lambda: "spin")

    def frame(self) -> FrameContext:
        innermost = next(scopes(self.frozen, self.target.pid, self.target))
        return FrameContext(innermost, self.target.pid, lambda: "spin")


@pytest.fixture(scope="module", params=["-gdwarf-5", "-gdwarf-4", "-fno-omit-frame-pointer"])
def stopped(request: pytest.FixtureRequest) -> Iterator[Stopped]:
    with Target(build("spin.cpp", "-O0", request.param)) as target:
        target.wait_line("ready")
        target.wait_for(lambda: spins(target), what="it has left the C library")
        with held(target) as frozen:
            space = Space(Memory(lambda: target.pid), frozen.modules)
            yield Stopped(target, frozen, Meanings(space, native().name))


def spins(target: Target) -> bool:
    """Whether it is in the loop, where it is stopped then; else it goes on."""
    stop(target)
    with held(target) as frozen:
        if "spin" in frozen.names(target.pid)[0]:
            return True
    target.signal(signal.SIGCONT)
    return False


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_the_first_hit_and_the_second_agree_with_the_frame(stopped: Stopped, expression: str) -> None:
    whole = evaluated(expression, stopped.frame())
    assert evaluated(expression, stopped.hit()) == whole
    assert evaluated(expression, stopped.hit()) == whole


def test_a_condition_sees_what_has_changed(stopped: Stopped) -> None:
    condition = compile_expression("global == 78")
    assert not condition.truth(stopped.hit())
    compile_expression("global = 78").value(stopped.frame())
    assert condition.truth(stopped.hit())
    compile_expression("global = 77").value(stopped.frame())
    assert not condition.truth(stopped.hit())


def test_the_second_hit_looks_nothing_up(stopped: Stopped, monkeypatch: pytest.MonkeyPatch) -> None:
    condition = compile_expression("i == 999 || field == 11 && mode == state::busy && global > 0 && tid != 0")
    assert condition.truth(stopped.hit())

    def no_scope(_hit: Hit) -> None:
        raise AssertionError("a name was looked up again")

    monkeypatch.setattr(Hit, "scope", no_scope)
    assert condition.truth(stopped.hit())


def test_what_was_unloaded_is_looked_up_again(stopped: Stopped) -> None:
    assert compile_expression("i == 1000").truth(stopped.hit())
    stopped.meanings.forget()
    assert compile_expression("i == 1000").truth(stopped.hit())
