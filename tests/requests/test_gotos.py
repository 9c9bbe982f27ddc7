"""gotoTargets and goto: a thread is sent to another line of its function."""

from __future__ import annotations

import pytest

from dapserver.client import Message
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, set_lines, top
from tests.support.build import FIXTURES
from tests.support.session import attach, pause, resume
from tests.support.stepper import UNOPTIMIZED, Stepper
from tests.support.steps import refusal

FIXTURE = "gotos.c"
SOURCE = {"path": str(FIXTURES / FIXTURE)}


@pytest.fixture
def c(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, FIXTURE, flags=UNOPTIMIZED)


def targets(stepper: Stepper, marker: str) -> list[Message]:
    line = line_of(FIXTURE, marker)
    return list(stepper.client.request("gotoTargets", source=SOURCE, line=line)["targets"])


def goto(stepper: Stepper, marker: str) -> Message:
    """Send the thread to a line; the event that tells of it."""
    (target,) = targets(stepper, marker)
    stepper.client.request("goto", threadId=stepper.tid, targetId=target["id"])
    stopped = stepper.client.wait_event("stopped")
    assert stopped["threadId"] == stepper.tid
    assert stopped["reason"] == "goto"
    frame = top(stepper.client, stepper.tid)
    assert frame["line"] == line_of(FIXTURE, marker)
    assert frame["instructionPointerReference"] == target["instructionPointerReference"]
    return stopped


def test_a_target_says_where_it_is(c: Stepper) -> None:
    c.stop("second", "add")
    (target,) = targets(c, "fourth")
    assert target["line"] == line_of(FIXTURE, "fourth")
    assert target["label"] == f"add at line {target['line']}"


def test_forwards_and_back(c: Stepper) -> None:
    c.stop("second", "add")
    assert goto(c, "third")["allThreadsStopped"] is True
    c.goes("fourth", "sum")
    goto(c, "fourth")
    goto(c, "fourth")
    c.goes("sum")
    c.finish("add 2101")


def test_frames_from_before_are_no_longer_valid(c: Stepper) -> None:
    frame = c.stop("second", "add")
    goto(c, "third")
    assert "not valid" in refusal(c.client, "scopes", frameId=frame["id"])


def test_a_breakpoint_at_the_target_does_not_stop_once_more(c: Stepper) -> None:
    c.stop("second", "add")
    (told,) = set_lines(c.client, FIXTURE, "fourth")
    stopped = goto(c, "fourth")
    assert "hitBreakpointIds" not in stopped
    resume(c.client, c.tid)
    assert c.target.wait_line("add") == "add 1001"
    c.target.write_line("add")
    assert c.client.wait_event("stopped")["hitBreakpointIds"] == [told["id"]]


def test_from_a_breakpoint_to_a_breakpoint(c: Stepper) -> None:
    """The thread has left the copy of the one instruction, and is in that of the other."""
    set_lines(c.client, FIXTURE, "second", "sum")
    c.target.write_line("add")
    c.client.wait_event("stopped")
    goto(c, "sum")
    goto(c, "second")
    resume(c.client, c.tid)
    c.client.wait_event("stopped", reason="breakpoint")
    assert c.is_at("sum")
    set_lines(c.client, FIXTURE)
    c.finish("add 1111")


def test_behind_a_system_call_that_the_thread_waits_in(c: Stepper) -> None:
    c.stop("wait", "wait")
    c.client.request("next", threadId=c.tid)
    c.client.wait_event("stopped")
    assert c.is_at("blocked")
    resume(c.client, c.tid)
    c.target.wait_for(lambda: c.target.states()[c.tid] == "S")
    pause(c.client, c.tid)
    goto(c, "behind")
    c.finish("wait 5")


def test_away_from_a_fault(c: Stepper) -> None:
    c.target.write_line("fault")
    c.client.wait_event("stopped", reason="exception")
    goto(c, "spared")
    c.finish("fault 6")


def test_without_stopping_others(program: Program, connect: Connect) -> None:
    target = program(FIXTURE, flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target, nonStop=True)
    set_lines(client, FIXTURE, "second")
    target.write_line("add")
    client.wait_event("stopped")
    line = line_of(FIXTURE, "fourth")
    (found,) = client.request("gotoTargets", source=SOURCE, line=line)["targets"]
    client.request("goto", threadId=target.pid, targetId=found["id"])
    assert client.wait_event("stopped", reason="goto")["allThreadsStopped"] is False
    resume(client, target.pid)
    assert target.wait_line("add") == "add 1001"


def test_another_function_is_refused(c: Stepper) -> None:
    c.stop("second", "add")
    line = line_of(FIXTURE, "other")
    assert "No stopped thread is in" in refusal(c.client, "gotoTargets", source=SOURCE, line=line)
    (target,) = targets(c, "fourth")
    c.step("stepOut")
    told = refusal(c.client, "goto", threadId=c.tid, targetId=target["id"])
    assert "not in that function" in told
    assert "not valid" in refusal(c.client, "goto", threadId=c.tid, targetId=12345)
    c.finish("add 1111")


def test_a_thread_that_runs_is_refused(c: Stepper) -> None:
    c.stop("second", "add")
    (target,) = targets(c, "fourth")
    resume(c.client, c.tid)
    assert "running" in refusal(c.client, "goto", threadId=c.tid, targetId=target["id"])
    assert "No stopped thread" in refusal(c.client, "gotoTargets", source=SOURCE, line=1)
