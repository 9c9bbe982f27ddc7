"""next over lines that a thread runs through at once, up to a breakpoint of the step's own."""

from __future__ import annotations

import signal

import pytest

from tests.conftest import Connect, Program
from tests.support.session import pause
from tests.support.stepper import Stepper

STRAIGHT = "straight.c"


@pytest.fixture
def straight(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, STRAIGHT, flags=("-O0",))


def test_a_handler_that_jumps_away_meanwhile(straight: Stepper) -> None:
    straight.stop("timer", "leap")
    straight.goes("long", "leap_landed")
    straight.finish(f"leap {signal.SIGALRM:d}")


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
