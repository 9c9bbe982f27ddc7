"""R15-R17: execve, which ends every thread but one, and gives that one the leader's tid."""

from __future__ import annotations

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import build
from tests.support.session import attach, pause, resume, wait_exited, wait_settled
from tests.support.tally import tally
from tests.support.target import Target


def worker_of(target: Target) -> int:
    """The thread that takes the orders, once all threads of this round are there."""
    return int(target.wait_line("ready tid=").removeprefix("ready tid="))


def look_at(client: DapClient, target: Target) -> None:
    """Stop, and read the registers and the memory of whatever program this is now."""
    stopped = pause(client, target.pid)
    for tid in client.threads() if stopped["allThreadsStopped"] else [target.pid]:
        assert client.request("stackTrace", threadId=tid)["stackFrames"]
    resume(client, target.pid)


def test_R15_exec_by_a_worker(connect: Connect, program: Program, full: bool) -> None:
    target = program("exec.c")
    client = connect()
    worker = worker_of(target)
    attach(client, target)
    for _ in range(50 if full else 10):
        wait_settled(client, target)
        old = set(tally(client).alive)
        assert len(old) == 6
        target.write_line("worker")
        worker, before = worker_of(target), worker
        wait_exited(client, before)
        wait_settled(client, target)
        assert tally(client).alive & old == {target.pid}
        look_at(client, target)


def test_R15_exec_while_two_threads_stand_still(connect: Connect, program: Program) -> None:
    target = program("exec.c")
    worker = worker_of(target)
    client = connect()
    attach(client, target, nonStop=True)
    for tid in sorted(target.tids() - {worker, target.pid})[:2]:
        assert pause(client, tid)["threadId"] == tid
    target.write_line("worker")
    worker_of(target)
    wait_exited(client, worker)
    wait_settled(client, target)
    # New threads may be in their first stops still; one that outlived its thread would stay.
    target.wait_for(lambda: "t" not in target.states().values(), what="all threads run")
    look_at(client, target)


def test_R15_exec_after_the_leader_ended(connect: Connect, program: Program) -> None:
    """The leader's tid ended on the wire; the thread that executes starts it anew."""
    target = program("ticker.c")
    client = connect()
    attach(client, target)
    target.write_line("leave")
    wait_exited(client, target.pid)
    target.write_line("exec")
    client.wait_until(lambda: tally(client).alive == {target.pid})
    assert set(client.threads()) == {target.pid} == target.tids()
    look_at(client, target)


def test_R15_another_program(connect: Connect, program: Program) -> None:
    """Whatever was known of the old program's memory is known of the new one's."""
    target = program("exec.c")
    worker_of(target)
    client = connect()
    attach(client, target)
    ticker = build("ticker.c")
    target.write_line(f"become {ticker}")
    client.wait_until(lambda: tally(client).alive == {target.pid})
    assert client.threads() == {target.pid: f"ticker [{target.pid}]"}
    pause(client, target.pid)
    assert client.request("stackTrace", threadId=target.pid)["stackFrames"]
    paths = [module.get("path") for module in client.request("modules")["modules"]]
    assert str(ticker) in paths
    assert str(build("exec.c")) not in paths


def test_R16_exec_by_the_leader(connect: Connect, program: Program, full: bool) -> None:
    target = program("exec.c")
    worker = worker_of(target)
    client = connect()
    attach(client, target)
    for _ in range(50 if full else 10):
        target.write_line("leader")
        worker, before = worker_of(target), worker
        wait_exited(client, before)
        wait_settled(client, target)
        assert {"reason": "exited", "threadId": target.pid} not in client.events("thread")
        look_at(client, target)


def test_R16_exec_that_fails(connect: Connect, program: Program) -> None:
    target = program("exec.c")
    worker_of(target)
    client = connect()
    attach(client, target)
    before = len(client.events())
    for _ in range(10):
        target.write_line("missing")
        target.wait_line("failed errno=2")
    client.threads()
    assert len(client.events()) == before
    look_at(client, target)


def test_R17_execs_that_follow_on_one_another(connect: Connect, program: Program, full: bool) -> None:
    """Threads of each round are still being born when the next exec ends them."""
    rounds = 200 if full else 30
    target = program("exec.c")
    worker_of(target)
    client = connect()
    attach(client, target)
    target.write_line("\n".join(["worker", "leader"] * (rounds // 2)))
    target.wait_line(f"main pid={target.pid} round={rounds}", 60)
    worker_of(target)
    wait_settled(client, target)
    look_at(client, target)
