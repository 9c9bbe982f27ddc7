"""R12-R14: the end of the leader, and the end of the process."""

from __future__ import annotations

import signal

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.session import attach, expect_end, pause, resume, wait_exited, wait_started
from tests.support.target import Target

SIGSEGV, SIGABRT, SIGKILL = -signal.SIGSEGV, -signal.SIGABRT, -signal.SIGKILL


@pytest.fixture
def target(program: Program) -> Target:
    return program("endings.c")


@pytest.fixture
def worker(target: Target) -> int:
    """The thread that takes the orders."""
    return int(target.wait_line("ready tid=").removeprefix("ready tid="))


@pytest.fixture
def client(connect: Connect, target: Target, worker: int) -> DapClient:
    client = connect()
    attach(client, target)
    wait_started(client, worker)
    return client


def test_R12_the_leader_ends_first(client: DapClient, target: Target, worker: int) -> None:
    target.write_line("leave")
    wait_exited(client, target.pid)
    assert set(client.threads()) == target.tids() - {target.pid}
    target.write_line("still")
    target.wait_line("still")
    assert client.events("exited") == client.events("terminated") == []
    target.write_line("exit 7")
    expect_end(client, target, 7)
    assert {"reason": "exited", "threadId": worker} in client.events("thread")


def test_R12_the_last_thread_ends_by_itself(client: DapClient, target: Target) -> None:
    target.write_line("leave")
    wait_exited(client, target.pid)
    target.write_line("last")
    expect_end(client, target, 0)


@pytest.mark.parametrize(("order", "code"), [("return 3", 3), ("exit 4", 4), ("_exit 255", 255), ("last", 0)])
def test_R13_exit_code(client: DapClient, target: Target, order: str, code: int) -> None:
    target.write_line(order)
    expect_end(client, target, code)


@pytest.mark.parametrize(("order", "code"), [("segv", SIGSEGV), ("abort", SIGABRT)])
def test_R13_fatal_signal_in_a_worker(
    client: DapClient, target: Target, worker: int, order: str, code: int
) -> None:
    target.write_line(order)
    stopped = client.wait_event("stopped")
    assert (stopped["reason"], stopped["threadId"]) == ("exception", worker)
    assert signal.Signals(-code).name in str(client.request("exceptionInfo", threadId=worker))
    resume(client, worker)
    expect_end(client, target, code)


@pytest.mark.parametrize("paused", [False, True])
def test_R13_killed(client: DapClient, target: Target, worker: int, paused: bool) -> None:
    if paused:
        pause(client, worker)
    target.signal(signal.SIGKILL)
    expect_end(client, target, SIGKILL)


def test_R14_a_dead_leader_holds_up_nothing(client: DapClient, target: Target, worker: int) -> None:
    """The leader's status can be waited for only when all others are gone."""
    target.write_line("leave")
    wait_exited(client, target.pid)
    for _ in range(5):
        stopped = pause(client, worker)
        assert stopped["allThreadsStopped"]
        for tid in client.threads():
            assert client.request("stackTrace", threadId=tid)["stackFrames"]
        resume(client, worker)
        target.write_line("still")
        target.wait_line("still")
    target.signal(signal.SIGKILL)
    expect_end(client, target, SIGKILL)
