"""Many threads, many events, many clients; clients that are slow, notifications that coalesce."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from dapserver.client import DapClient
from dapserver.debugger.tracer import FEW
from tests.conftest import Connect, Program
from tests.support.server import Server
from tests.support.session import attach, pause, resume, wait_settled
from tests.support.steps import fields, held_threads, leave, obey, refusal
from tests.support.tally import tally
from tests.support.target import Target


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "200")
    target.wait_line("main")
    return target


def session_of(target: Target) -> int:
    """The process of the session that is attached to it."""
    (session,) = target.tracers()
    return session


def test_R41_many_exits_told_by_one_sigchld(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    session = session_of(crowd)
    before = crowd.tids()
    os.kill(session, signal.SIGSTOP)
    # Exits need no tracer: all 200 happen, while at most one SIGCHLD can be pending.
    obey(crowd, "dismiss")
    zombies = before - {crowd.pid}
    crowd.wait_for(lambda: {tid for tid, state in crowd.states().items() if state == "Z"} == zombies)
    os.kill(session, signal.SIGCONT)
    client.wait_until(lambda: tally(client).alive == {crowd.pid})
    leave(client, crowd)


def test_R41_many_clones_told_by_one_sigchld(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    session = session_of(crowd)
    os.kill(session, signal.SIGSTOP)
    crowd.write_line("multiply")
    # Each of the 200 stands in its clone event, each newborn in its first stop.
    crowd.wait_for(lambda: list(crowd.states().values()).count("t") == 400)
    os.kill(session, signal.SIGCONT)
    crowd.wait_line("multiply")
    wait_settled(client, crowd)
    assert len(tally(client).alive) == 401
    leave(client, crowd)


def test_R41_no_stop_is_lost_where_the_way_of_asking_for_stops_changes(
    program: Program, connect: Connect, full: bool
) -> None:
    target = program("crowd.c")
    target.wait_line("main")
    for _ in range(500 if full else 60):
        client = connect()
        attach(client, target)
        # One thread makes all the others: if one of its stops is lost, nothing happens any more
        # that would make up for it.
        obey(target, f"spawn {FEW + 20}")
        leave(client, target)
        obey(target, "dismiss")


@pytest.mark.parametrize("number", [signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH])
def test_R41_spurious_signals_to_the_debugger(
    crowd: Target, connect: Connect, number: signal.Signals, full: bool
) -> None:
    client = connect()
    attach(client, crowd)
    session = session_of(crowd)
    crowd.write_line("churn 1000000 8")
    for _ in range(1000 if full else 100):
        if number == signal.SIGCONT:  # stopped and continued, its own waits end with EINTR
            os.kill(session, signal.SIGSTOP)
        os.kill(session, number)
        client.threads()
    pause(client, crowd.pid)
    assert tally(client).alive == held_threads(crowd)
    leave(client, crowd)


def in_parallel(*jobs: Callable[[], None]) -> None:
    """Run them all at once; the first that failed fails the test."""
    with ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(job) for job in jobs]:
            job.result()


def test_R42_many_clients_at_once(program: Program, connect: Connect, full: bool) -> None:
    targets = [program("crowd.c", "8") for _ in range(8)]
    clients = [connect() for _ in targets]

    def use(client: DapClient, target: Target) -> None:
        target.wait_line("main")
        attach(client, target)
        target.write_line("churn 300 4")
        for _ in range(30 if full else 6):
            pause(client, target.pid)
            assert tally(client).alive == held_threads(target)
            resume(client, target.pid)
            client.threads()
        target.wait_line("churn")
        wait_settled(client, target)
        leave(client, target)

    in_parallel(*(lambda c=c, t=t: use(c, t) for c, t in zip(clients, targets, strict=True)))


def test_R42_many_clients_for_one_process(crowd: Target, server: Server) -> None:
    successes: list[DapClient] = []

    def use() -> None:
        client = server.connect()
        client.initialize()
        if client.response(client.send("attach", processId=crowd.pid))["success"]:
            successes.append(client)
        else:
            client.close()

    # Two that seize a part of the threads each may both be refused, but never both succeed.
    in_parallel(*[use] * 4)
    assert len(successes) <= 1
    for client in successes:
        client.close()
    crowd.wait_for(lambda: crowd.tracers() == {0})
    obey(crowd, "spawn 1")


def test_R42_requests_in_one_write_are_answered_one_by_one(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    crowd.write_line("churn 2000 8")
    sent = [
        client.send(command, threadId=crowd.pid)
        for _ in range(50)
        for command in ("threads", "pause", "threads", "continue")
    ]
    for seq in sent:
        assert client.response(seq)["success"]
    crowd.wait_line("churn")
    leave(client, crowd)


def crowd_session(program: Program, connect: Connect, count: int) -> dict[str, float]:
    """Attach, list, pause, list, continue, leave; the seconds that each took."""
    times: dict[str, float] = {}

    def timed(what: str, work: Callable[[], object]) -> None:
        begin = time.monotonic()
        work()
        times[what] = time.monotonic() - begin

    with program("crowd.c", str(count)) as target:
        target.wait_line("main", 30)
        client = connect()
        timed("attach", lambda: attach(client, target))
        assert len(tally(client).alive) == count + 1
        timed("threads", client.threads)
        timed("pause", lambda: pause(client, target.pid))
        assert tally(client).alive == held_threads(target)
        timed("threads, paused", client.threads)
        timed("continue", lambda: resume(client, target.pid))
        obey(target, "spawn 1")
        timed("leave", lambda: leave(client, target))
        obey(target, "dismiss")
    return times


def test_R44_time_is_no_worse_than_linear_in_the_threads(program: Program, connect: Connect) -> None:
    few, many = 500, 5000
    small, large = crowd_session(program, connect, few), crowd_session(program, connect, many)
    # Ten times the threads; what grows with their square would take a hundred times as long.
    # The constant is for the work that does not depend on them, and for a busy machine.
    for what, seconds in large.items():
        assert seconds < 30 * (small[what] + 0.05), f"{what}: {small[what]} -> {seconds}"


def test_R45_a_flood_of_events_keeps_its_order_for_a_slow_reader(
    program: Program, connect: Connect, full: bool
) -> None:
    target = program("crowd.c", "8")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for _ in range(4 if full else 1):
        # Nobody reads during all of this; the target does not wait for that.
        obey(target, "churn 5000 16", 60)
        obey(target, "spawn 50")
        sent = client.send("pause", threadId=target.pid)
        target.wait_for(lambda: "t" in target.states().values())
        assert client.response(sent)["success"]
        client.wait_event("stopped")
        assert tally(client).alive == held_threads(target)
        resume(client, target.pid)
    leave(client, target)
    # The contract on all of it is checked when the connection is closed.


def test_R46_all_threads_are_known_before_the_stop_is_told(
    program: Program, connect: Connect, full: bool
) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for _ in range(100 if full else 10):
        # Threads that stay, so that a missing one cannot have gone meanwhile.
        target.write_line("spawn 20")
        pause(client, target.pid)
        at_stop = tally(client).alive
        assert at_stop == held_threads(target)
        assert set(client.threads()) == at_stop
        assert tally(client).alive == at_stop
        resume(client, target.pid)
        target.wait_line("spawn")
    leave(client, target)


def test_R46_paused_means_paused_for_every_client_request(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    sentence = refusal(client, "stackTrace", threadId=crowd.pid)
    assert str(crowd.pid) in sentence
    assert "running" in sentence
    pause(client, crowd.pid)
    for tid in client.threads():
        assert client.request("stackTrace", threadId=tid)["stackFrames"]
    leave(client, crowd)
    assert fields(obey(crowd, "churn 10 1"))["ms"] >= 0
