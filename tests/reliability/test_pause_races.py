"""A pause meets everything else that stops a thread: signals, clones, exits, interrupted system calls."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.session import attach, pause, resume, wait_settled
from tests.support.steps import expect_good_books, fields, held_threads, leave, obey
from tests.support.tally import tally
from tests.support.target import Target


@pytest.fixture
def pauses(full: bool) -> int:
    return 100 if full else 15


def pause_and_check(client: DapClient, target: Target) -> None:
    """Pause; everything that lives is held, known to the client, and stays so."""
    stopped = pause(client, target.pid)
    assert stopped["allThreadsStopped"]
    held = held_threads(target)
    assert tally(client).alive == held
    assert set(client.threads()) == held
    assert held_threads(target) == held


def test_R27_no_stop_strays_in_after_a_pause_in_a_storm_of_clones(
    program: Program, connect: Connect, pauses: int
) -> None:
    target = program("crowd.c", "4")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.write_line("churn 1000000 4")  # for longer than this test: stopped with the program
    for _ in range(pauses):
        pause_and_check(client, target)
        assert resume(client, target.pid)["allThreadsContinued"]
        # Between the two lies at least one round trip in which a stray stop would be told.
        client.threads()
    assert len(client.events("stopped")) == pauses
    leave(client, target)


def test_R27_pauses_that_come_together_leave_no_stop_behind(
    program: Program, connect: Connect, full: bool
) -> None:
    target = program("crowd.c", "4")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.write_line("churn 1000000 4")
    for _ in range(20 if full else 5):
        before = len(client.events("stopped"))
        sent = [client.send("pause", threadId=target.pid) for _ in range(4)]
        client.wait_event("stopped")
        assert all(client.response(seq)["success"] for seq in sent)
        client.threads()
        # One for those that it met on the way; one for each that found the process paused.
        told = len(client.events("stopped"))
        assert 1 <= told - before <= len(sent)
        assert tally(client).alive == held_threads(target)
        resume(client, target.pid)
        client.threads()
        assert len(client.events("stopped")) == told
        assert not set(target.states().values()) <= {"t"}
        client.mark = len(client.messages)
    leave(client, target)


def test_R30_signals_arrive_once_at_the_right_thread_with_their_siginfo(
    program: Program, connect: Connect, pauses: int
) -> None:
    target = program("signal_ledger.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for _ in range(pauses):
        pause_and_check(client, target)
        resume(client, target.pid)
    assert len(client.events("stopped")) == pauses
    expect_good_books(target)


def test_R30_signals_arrive_once_while_single_threads_are_paused(
    program: Program, connect: Connect, pauses: int
) -> None:
    target = program("signal_ledger.c")
    target.wait_line("main")
    client = connect()
    attach(client, target, nonStop=True)
    tids = sorted(target.tids())
    for round_number in range(pauses):
        tid = tids[round_number % len(tids)]
        stopped = pause(client, tid)
        assert stopped["threadId"] == tid
        assert not stopped["allThreadsStopped"]
        resume(client, tid)
    expect_good_books(target)


def interrupted(target: Target) -> dict[str, int]:
    """How often each system call of interruptible_waits.c failed with EINTR."""
    target.write_line("report")
    counts: dict[str, int] = {}
    while (line := target.read_line()) != "reported":
        counts |= fields(line)
    return counts


def test_R30_a_pause_lets_no_system_call_fail(program: Program, connect: Connect, full: bool) -> None:
    target = program("interruptible_waits.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for _ in range(50 if full else 10):
        pause(client, target.pid)
        resume(client, target.pid)
    counts = interrupted(target)
    leave(client, target)
    assert "epoll_wait" in counts
    assert not any(counts.values()), str(counts)


def test_R30_attaching_and_leaving_lets_no_system_call_fail(
    program: Program, connect: Connect, full: bool
) -> None:
    target = program("interruptible_waits.c")
    target.wait_line("main")
    for _ in range(50 if full else 5):
        client = connect()
        attach(client, target)
        leave(client, target)
    counts = interrupted(target)
    assert not any(counts.values()), str(counts)


def test_R39_threads_made_during_a_pause_join_it(program: Program, connect: Connect, pauses: int) -> None:
    target = program("crowd.c", "16")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    # All sleepers clone at the same time; the pause falls somewhere into that.
    for _ in range(min(pauses, 5)):
        target.write_line("multiply")
        pause_and_check(client, target)
        resume(client, target.pid)
        target.wait_line("multiply", 20)
        target.write_line("dismiss")
        target.wait_line("dismiss", 20)
        obey(target, "spawn 16")
        wait_settled(client, target)
    leave(client, target)


def test_R39_a_pause_of_one_thread_is_not_for_the_threads_made_meanwhile(
    program: Program, connect: Connect
) -> None:
    target = program("crowd.c", "4")
    target.wait_line("main")
    client = connect()
    attach(client, target, nonStop=True)
    # A thread that no other waits for, as those do that share a condition variable with it.
    target.write_line("visit bob")
    paused = fields(target.wait_line("visiting"))["tid"]
    wait_settled(client, target)
    pause(client, paused)
    obey(target, "spawn 4")
    obey(target, "churn 100 4")
    wait_settled(client, target)
    assert target.status("State", paused).startswith("t")
    assert [tid for tid, state in target.states().items() if state == "t"] == [paused]
    assert len(client.events("stopped")) == 1
    resume(client, paused)
    leave(client, target)
