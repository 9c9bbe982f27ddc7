"""next over lines that a thread runs through at once, up to a breakpoint of the step's own."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.conftest import Connect, Program
from tests.support.session import pause
from tests.support.stepper import Stepper, instructions

STRAIGHT = "straight.c"


@pytest.fixture
def straight(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, STRAIGHT, flags=("-O0",))


def test_a_handler_that_jumps_away_meanwhile(straight: Stepper) -> None:
    straight.stop("timer", "leap")
    straight.goes("long", "leap_landed")
    straight.finish(f"leap {signal.SIGALRM:d}")


def test_a_handler_that_jumps_away_at_the_start(straight: Stepper) -> None:
    """The step begins at the stop for a signal, which is delivered with it."""
    straight.stop("jumpy", "jumpy")
    stop_at(straight, "SIGUSR1")
    straight.target.signal(signal.SIGUSR1)
    straight.client.request("continue", threadId=straight.tid)
    assert "SIGUSR1" in straight.client.wait_event("stopped")["text"]
    straight.goes("jumpy_landed")
    straight.finish(f"jumpy {signal.SIGUSR1:d}")


def test_a_breakpoint_where_a_step_has_ended_before_a_signal(straight: Stepper) -> None:
    """The thread has stood there in the copy of the instruction; that counts for no later breakpoint."""
    straight.stop("one", "twice")
    straight.goes("other")
    straight.target.signal(signal.SIGUSR2)
    straight.client.request("continue", threadId=straight.tid)
    assert straight.target.wait_line("twice") == "twice 3"
    straight.stop("other", "twice")
    straight.finish("twice 3")


@pytest.mark.parametrize("behind", [False, True], ids=["", "breakpoint"])
def test_a_branch_behind_a_system_call_that_is_made_again(straight: Stepper, behind: bool) -> None:
    """For that the kernel takes the thread back from wherever it is: it must not be elsewhere."""
    frame = straight.stop("restart", "restart")
    code = instructions(straight.client, frame, 10)
    there = 1 + [text for _, text in code].index("syscall")
    if behind:
        wanted = [{"instructionReference": f"{code[there][0]:#x}"}]
        straight.client.request("setInstructionBreakpoints", breakpoints=wanted)
    straight.client.request("next", threadId=straight.tid)
    in_read = f"/proc/{straight.tid}/syscall"
    straight.target.wait_for(
        lambda: Path(in_read).read_text().startswith("0 0x0"), what="it waits in read(2)"
    )
    straight.target.signal(signal.SIGUSR2)
    straight.target.wait_for(lambda: not pending(straight, signal.SIGUSR2), what="the signal has come")
    straight.target.write_line("")
    stopped = straight.client.wait_event("stopped")
    if behind:
        assert stopped["reason"] == "instruction breakpoint"
        straight.client.request("setInstructionBreakpoints", breakpoints=[])
    else:
        assert straight.is_at("restarted")
    straight.finish("restart 11 after 1")


def test_a_loop_by_the_instruction_of_that_name(straight: Stepper) -> None:
    straight.stop("round", "rounds")
    straight.goes("looped", "round", "looped", "round", "looped", "rounds_end")
    straight.finish("rounds 1")


def test_code_that_moves_the_stack_pointer(straight: Stepper) -> None:
    straight.stop("entered", "enter")
    straight.goes("enter_end")
    straight.finish("enter 1")


def stop_at(stepper: Stepper, name: str) -> None:
    filters = [{"filterId": "signal", "condition": name}]
    stepper.client.request("setExceptionBreakpoints", filters=[], filterOptions=filters)


def pending(stepper: Stepper, number: signal.Signals) -> bool:
    """Whether a signal was sent and not taken."""
    bit = 1 << (number - 1)
    return any(int(stepper.target.status(name), 16) & bit for name in ("SigPnd", "ShdPnd"))


@pytest.mark.parametrize("marker", ["spin", "forever"])
def test_a_line_that_is_an_endless_loop_can_be_paused(straight: Stepper, marker: str) -> None:
    straight.stop(marker, marker)
    for _ in range(3):
        straight.client.request("next", threadId=straight.tid)
        assert pause(straight.client, straight.tid)["reason"] == "pause"
        assert straight.is_at(marker)
    straight.target.signal(signal.SIGUSR1)
    straight.finish(f"{marker} {signal.SIGUSR1:d}")


def test_the_end_of_an_endless_loop_ends_the_step(straight: Stepper) -> None:
    straight.stop("spin", "spin")
    straight.client.request("next", threadId=straight.tid)
    straight.target.signal(signal.SIGUSR1)
    assert straight.client.wait_event("stopped")["reason"] == "step"
    assert not straight.is_at("spin")
    straight.finish(f"spin {signal.SIGUSR1:d}")
