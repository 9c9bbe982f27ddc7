"""Steps over what does not return: an exception or a panic that is caught in some frame further out."""

from __future__ import annotations

from unittest import mock

import pytest

from dapserver.client import Message
from tests.conftest import Connect, Program
from tests.support import build
from tests.support.breakpoints import line_of, top
from tests.support.stepper import CPP, GO_FLAGS, Stepper
from tests.symbols.dwarf.variants import CLANG

RUST, GO = "catches.rs", "recovers.go"
CATCH = "std::panicking::catch_unwind"


@pytest.fixture(params=["gcc", "clang-libc++"])
def cpp(program: Program, connect: Connect, request: pytest.FixtureRequest) -> Stepper:
    """With libgcc's unwinder, and with LLVM's."""
    if request.param == "gcc":
        return Stepper(program, connect, CPP)
    with mock.patch.dict(build.COMMANDS, CLANG):
        return Stepper(program, connect, CPP, flags=("-O0", "-stdlib=libc++"))


@pytest.fixture
def rust(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, RUST, flags=())


def test_to_the_handler_in_the_same_frame(cpp: Stepper) -> None:
    cpp.stop("try", "throw")
    assert in_thrown(cpp.step(), "caught")
    cpp.finish("throw 7")


def test_out_of_a_frame_that_only_cleans_up(cpp: Stepper) -> None:
    cpp.stop("through", "throw")
    while not cpp.is_at("pass_on"):
        cpp.step("stepIn")
    assert in_thrown(cpp.step(), "caught_through")
    cpp.finish("throw 7")


def test_to_a_handler_behind_a_clean_up_in_the_same_frame(cpp: Stepper) -> None:
    cpp.stop("with_clean_up", "throw")
    lines = []
    while not cpp.is_at("caught_second"):
        frame = cpp.step()
        assert frame["name"].startswith("thrown"), frame
        lines.append(frame["line"])
    assert len(lines) < 6
    cpp.finish("throw 7")


def in_thrown(frame: Message, marker: str) -> bool:
    """At a handler: gcc's first instruction there is of the line with `catch`, above the marked one."""
    return frame["name"].startswith("thrown") and frame["line"] in {
        line_of(CPP, marker),
        line_of(CPP, marker) - 1,
    }


@pytest.mark.parametrize("kind", ["next", "stepOut"])
@pytest.mark.parametrize("marker", ["panic", "middle", "closure"])
def test_a_panic_that_is_caught(rust: Stepper, marker: str, kind: str) -> None:
    """The step ends where the panic is caught, in the library's function that the program called for that."""
    rust.stop(marker, "5")
    rust.step(kind)
    assert rust_functions(rust)[0].startswith(CATCH), rust_functions(rust)
    assert "catches::catcher" in " ".join(rust_functions(rust))
    for _ in range(4):
        if rust.is_at("caught"):
            break
        rust.step()
    assert rust.is_at("caught")
    rust.finish("caught 5")


def test_what_does_not_panic(rust: Stepper) -> None:
    rust.stop("middle", "1")
    rust.goes("middle_end")
    rust.finish("sum 3")


@pytest.mark.parametrize("flags", [(), GO_FLAGS], ids=["optimized", "N-l"])
@pytest.mark.parametrize("marker", ["panic", "middle", "guarded"])
def test_a_panic_of_go_from_which_a_function_recovers(
    program: Program, connect: Connect, marker: str, flags: tuple[str, ...]
) -> None:
    """It returns then: the step ends in its caller, or at its own end if the line's code leads there."""
    go = Stepper(program, connect, GO, flags=flags)
    go.stop(marker, "5")
    frame = step_of_a_goroutine(go)
    for _ in range(3):
        if (frame["name"], marker, flags) == ("main.guarded", "guarded", GO_FLAGS):
            frame = step_of_a_goroutine(go)
    assert frame["name"] == "main.outer"
    assert go.is_at("after")
    go.finish("sum 4")


def step_of_a_goroutine(go: Stepper) -> Message:
    """It may go on in another thread."""
    go.client.request("next", threadId=go.tid)
    stopped = go.client.wait_event("stopped", reason="step")
    go.tid = stopped["threadId"]
    return top(go.client, go.tid)


def rust_functions(rust: Stepper) -> list[str]:
    trace = rust.client.request("stackTrace", threadId=rust.tid, levels=6)["stackFrames"]
    return [frame["name"] for frame in trace]
