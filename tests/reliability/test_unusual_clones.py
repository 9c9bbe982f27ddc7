"""Clones that are no threads, threads that no event announces, threads that another debugger has."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Connect, Program
from tests.support.server import Server
from tests.support.session import attach, pause, resume, wait_settled
from tests.support.steps import (
    expect_untraced,
    fields,
    held_threads,
    leave,
    obey,
    refusal,
    tracer_of,
)
from tests.support.tally import tally
from tests.support.target import Target, python_target
from tests.support.waiting import wait_until

PROCESSES = ["process", "odd_process", "mute_process", "pulled"]


def order_clone(target: Target, name: str) -> int:
    """Let the program make such a clone; its kernel id."""
    return fields(obey(target, name))["id"]


def end_clones(target: Target) -> None:
    target.write_line("end")
    target.wait_line("ended")


@pytest.mark.parametrize("kind", PROCESSES)
def test_R20_a_process_that_shares_memory_is_no_thread(program: Program, connect: Connect, kind: str) -> None:
    target = program("unusual_clones.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)

    child = order_clone(target, kind)
    wait_until(lambda: tracer_of(child) == 0, what="the child is let go")
    pause(client, target.pid)
    assert set(client.threads()) == {target.pid}
    resume(client, target.pid)
    end_clones(target)
    leave(client, target)

    assert not [event for event in client.events("thread") if event["threadId"] == child]


@pytest.mark.parametrize("kind", PROCESSES)
def test_R20_such_a_process_made_before_the_attach_is_no_thread(
    program: Program, connect: Connect, kind: str
) -> None:
    target = program("unusual_clones.c")
    target.wait_line("main")
    child = order_clone(target, kind)
    client = connect()
    attach(client, target)
    assert set(client.threads()) == {target.pid}
    assert tracer_of(child) == 0
    end_clones(target)
    leave(client, target)


@pytest.mark.parametrize("kind", ["thread", "by_clone", "by_clone3"])
def test_R21_a_thread_by_whichever_system_call(program: Program, connect: Connect, kind: str) -> None:
    target = program("unusual_clones.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    tid = order_clone(target, kind)
    client.wait_event("thread", 20, reason="started", threadId=tid)
    end_clones(target)
    client.wait_event("thread", 20, reason="exited", threadId=tid)
    leave(client, target)


def test_R22_an_untraced_thread_is_found_at_the_next_pause(program: Program, connect: Connect) -> None:
    target = program("unusual_clones.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)

    tid = order_clone(target, "untraced")
    stopped = pause(client, target.pid)
    assert stopped["allThreadsStopped"]
    # wait_event looks at nothing behind the `stopped`, so its `started` came before.
    assert tally(client).alive == {target.pid, tid} == held_threads(target)
    assert set(client.threads()) == {target.pid, tid}
    resume(client, target.pid)
    end_clones(target)
    client.wait_event("thread", 20, reason="exited", threadId=tid)
    leave(client, target)


def test_R22_an_untraced_thread_that_was_there_at_attach_is_like_any_other(
    program: Program, connect: Connect
) -> None:
    target = program("unusual_clones.c")
    target.wait_line("main")
    tid = order_clone(target, "untraced")
    client = connect()
    attach(client, target)
    end_clones(target)
    client.wait_event("thread", 20, reason="exited", threadId=tid)
    leave(client, target)


def test_R22_an_untraced_thread_that_is_gone_at_the_pause(program: Program, connect: Connect) -> None:
    """It came and went, if it was found by the count that follows an attach, or was never there."""
    target = program("unusual_clones.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    tid = order_clone(target, "untraced")
    end_clones(target)
    pause(client, target.pid)
    resume(client, target.pid)
    leave(client, target)
    told = [event["reason"] for event in client.events("thread") if event["threadId"] == tid]
    assert told in ([], ["started", "exited"])


def test_R22_untraced_threads_that_come_and_go_are_all_found_at_a_pause(
    program: Program, connect: Connect, full: bool
) -> None:
    """One that is found dead, or not at all, has made another: only a look that finds none is the last."""
    target = program("unusual_clones.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for _ in range(1000 if full else 100):
        order_clone(target, "relay")
        pause(client, target.pid)
        assert set(client.threads()) == target.tids() == held_threads(target)
        resume(client, target.pid)
        end_clones(target)
    leave(client, target)


# A debugger of another make: it seizes one thread, says so, and holds it until its stdin ends.
OTHER_DEBUGGER = """
import ctypes, sys
PTRACE_SEIZE = 0x4206
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long] * 4
if libc.ptrace(PTRACE_SEIZE, int(sys.argv[1]), 0, 0):
    raise OSError(ctypes.get_errno(), "PTRACE_SEIZE")
open("/proc/self/comm", "w").write("other-debugger")
print("seized")
sys.stdin.read()
"""


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


@pytest.fixture(params=["leader", "worker"])
def other_debugger(request: pytest.FixtureRequest, crowd: Target) -> Iterator[Target]:
    seized = crowd.pid if request.param == "leader" else max(crowd.tids())
    with python_target(OTHER_DEBUGGER, str(seized)) as debugger:
        debugger.wait_line("seized")
        yield debugger


def test_R23_a_process_that_another_debugger_has_is_refused_and_left_alone(
    crowd: Target, other_debugger: Target, connect: Connect
) -> None:
    client = connect()
    client.initialize()
    sentence = refusal(client, "attach", processId=crowd.pid)
    assert str(other_debugger.pid) in sentence
    assert "other-debugger" in sentence
    # Also when only one thread is taken: the others are given back.
    crowd.wait_for(lambda: crowd.tracers() == {0, other_debugger.pid})
    obey(crowd, "spawn 1")
    client.close()


def test_R23_a_process_can_be_attached_to_once_the_other_debugger_left(
    crowd: Target, other_debugger: Target, connect: Connect
) -> None:
    client = connect()
    client.initialize()
    refusal(client, "attach", processId=crowd.pid)
    other_debugger.close()
    expect_untraced(crowd)
    # The same connection will do: a refused attach leaves nothing behind.
    client.request("attach", processId=crowd.pid)
    client.request("configurationDone")
    wait_settled(client, crowd)
    leave(client, crowd)


def test_R23_two_sessions_do_not_share_a_process(crowd: Target, connect: Connect, server: Server) -> None:
    first, second = connect(), connect()
    attach(first, crowd)
    (session,) = crowd.tracers()
    assert session != server.pid
    second.initialize()
    sentence = refusal(second, "attach", processId=crowd.pid)
    assert f"{session} ({Path(f'/proc/{session}/comm').read_text().strip()})" in sentence
    obey(crowd, "spawn 1")
    wait_settled(first, crowd)
    leave(first, crowd)


# The kernel gives a process's SIGSTOP to its leader; held by somebody else, it would never stop.
@pytest.mark.parametrize("other_debugger", ["worker"], indirect=True)
def test_R23_a_refused_attach_changes_nothing_for_a_stopped_process(
    crowd: Target, other_debugger: Target, connect: Connect
) -> None:
    crowd.signal(signal.SIGSTOP)
    os.waitid(os.P_PID, crowd.pid, os.WSTOPPED)
    client = connect()
    client.initialize()
    refusal(client, "attach", processId=crowd.pid)
    client.close()
    crowd.wait_for(lambda: crowd.tracers() == {0, other_debugger.pid})
    assert "S" not in crowd.states().values()
    crowd.signal(signal.SIGCONT)
    # The other debugger does not let its thread go on; when it leaves, all of them go on.
    other_debugger.close()
    obey(crowd, "spawn 1")
