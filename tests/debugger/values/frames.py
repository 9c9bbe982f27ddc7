"""The variables of a running program's frames as we see them, and as gdb does."""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from dapserver.debugger.memory import Memory
from dapserver.debugger.unwinding import PhysicalFrame
from dapserver.debugger.values.frame import FrameState
from dapserver.debugger.values.scope import Scope, Variable
from dapserver.debugger.values.shown import Format, text
from dapserver.debugger.values.space import Space
from dapserver.ptrace.registers import Registers
from dapserver.symbols.dwarf.functions import qualified_name
from tests.debugger.stacks import Frozen, held, in_one_system_call, stop
from tests.support import build
from tests.support.target import Target
from tests.symbols.dwarf.variants import CLANG

GDB_SCRIPT = Path(__file__).with_name("gdb_values.py")
NO_REPEATS = 1_000_000
WHOLE = Format(length=1_000_000)


@dataclass(frozen=True, slots=True)
class Shown:
    """A variable in words."""

    type: str
    text: str


Variables = dict[str, dict[str, Shown]]
"""By function and name; of variables that hide each other the innermost."""


def gcc(name: str, *flags: str) -> Path:
    return build.build(name, *flags)


def clang(name: str, *flags: str) -> Path:
    with mock.patch.dict(build.COMMANDS, CLANG):
        return build.build(name, *flags)


# -- ours ----------------------------------------------------------------------------------------


def frame_states(frames: list[PhysicalFrame], registers: Registers) -> list[FrameState]:
    """Frames that know their callers."""
    thread_pointer = dict(registers.items()).get("fs_base")
    states = [FrameState(frame, thread_pointer=thread_pointer) for frame in frames]
    for state, outer in itertools.pairwise(states):
        state.caller = _constant(outer)
    return states


def _constant(state: FrameState) -> Callable[[], FrameState]:
    return lambda: state


def scopes(frozen: Frozen, tid: int, target: Target) -> Iterator[Scope]:
    """The scopes of a thread's frames, innermost first, inlined ones too."""
    space = Space(Memory(lambda: target.pid), frozen.modules)
    for state in frame_states(frozen.stack(tid), frozen.registers[tid]):
        first = Scope(space, state)
        yield first
        for inlined in range(1, len(first.frame.entries)):
            yield Scope(space, state, inlined)


def scope_of(frozen: Frozen, target: Target, function: str) -> Scope:
    """The scope of the innermost frame of a function, in whichever thread."""
    for tid in frozen.registers:
        for scope in scopes(frozen, tid, target):
            if function_name(scope) == function:
                return scope
    raise AssertionError(f"no frame of {function}")


def function_name(scope: Scope) -> str | None:
    return qualified_name(scope.function) if scope.function is not None else None


def variables(scope: Scope) -> list[Variable]:
    return [*scope.arguments(), *scope.locals()]


def shown(scope: Scope, how: Format = WHOLE) -> dict[str, Shown]:
    return {
        v.name: Shown(v.value.type.name, text(v.value, how)) for v in variables(scope) if not v.is_shadowed
    }


@contextmanager
def stopped(program: Path, *, all_blocked: bool = False) -> Iterator[tuple[Target, Frozen]]:
    """Run a program up to its line "ready" and hold it there; with *all_blocked* its other threads too."""
    with Target(program) as target:
        target.wait_line("ready")
        if all_blocked:
            target.wait_for(lambda: in_one_system_call(target), what="all threads wait")
        stop(target)
        with held(target) as frozen:
            yield target, frozen


# -- gdb's ---------------------------------------------------------------------------------------


def gdb_variables(target: Target, repeats: int) -> Variables:
    """What gdb says of a stopped program that nobody traces."""
    environment = {**os.environ, "VALUES_REPEATS": str(repeats), "LC_ALL": "C.UTF-8"}
    settings = ["debuginfod enabled off", "print frame-arguments none"]
    command = ["gdb", "-nx", "-batch", *(word for s in settings for word in ("-ex", f"set {s}"))]
    done = subprocess.run(
        [*command, "-p", str(target.pid), "-x", str(GDB_SCRIPT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=environment,
    )
    found: Variables = {}
    for line in done.stdout.splitlines():
        if line.startswith('{"function"'):
            answer = json.loads(line)
            # Without the parameters of C++, which `(anonymous namespace)` is not.
            function = re.sub(r"(?<=[^:])\(.*", "", answer["function"] or "?")
            here = found.setdefault(function, {})
            for each in answer["variables"]:
                here.setdefault(each["name"], Shown(each["type"], each["text"]))
    assert found, done.stdout + done.stderr
    return found


@functools.cache
def both(program: Path, repeats: int = 10) -> tuple[Variables, Variables]:
    """All variables of the first thread of a program at its line "ready": ours and gdb's."""
    with Target(program) as target:
        target.wait_line("ready")
        stop(target)
        theirs = gdb_variables(target, repeats)
        ours: Variables = {}
        with held(target) as frozen:
            for scope in scopes(frozen, target.pid, target):
                ours.setdefault(
                    function_name(scope) or "?", shown(scope, Format(repeats=repeats, length=10**6))
                )
    return ours, theirs


def same_type(ours: str, theirs: str) -> bool:
    """gdb writes the keywords of C before the types of C++ too."""
    return re.sub(r"\b(class|struct|union|enum) (?=[\w])", "", theirs) == re.sub(
        r"\b(struct|union|enum) (?=[\w])", "", ours
    )


def plain(written: str) -> str:
    """Without what only gdb writes: where a reference leads, the type of a pointer to function."""
    written = re.sub(r"@0x[0-9a-f]+: |<synthetic pointer>: ", "", written)
    return re.sub(r"\([^()]*\([\w:]*::\*\)\([^()]*\)\) (?=0x)", "", written)
