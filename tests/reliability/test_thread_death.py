"""R06, R07: requests for threads that are gone, and tids that are used again."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient, RequestFailed
from tests.conftest import Connect, Program
from tests.support.puppet import Puppet
from tests.support.session import attach, pause, resume, wait_exited, wait_exits, wait_started
from tests.support.tally import tally
from tests.support.tids import may_choose_tids, reuse_a_tid


def test_R06_threads_that_end_under_requests(connect: Connect, program: Program, full: bool) -> None:
    """Stop, look at each thread, go on, in a storm: no thread that is listed is refused."""
    target = program("storm.c")
    target.wait_line("main pid=")
    client = connect()
    attach(client, target)
    target.write_line("go")
    for _ in range(200 if full else 20):
        before = tally(client).exited.total()
        stopped = pause(client, target.pid)
        assert stopped["allThreadsStopped"]
        for tid in client.threads():
            assert client.request("stackTrace", threadId=tid)["stackFrames"]
        resume(client, stopped["threadId"])
        wait_exits(client, before + 10)


def test_R06_pausing_threads_that_are_ending(connect: Connect, program: Program, full: bool) -> None:
    """The newest of a storm is paused alone: it stops, or has gone, and the refusal says so."""
    target = program("storm.c", "0", "2")
    target.wait_line("main pid=")
    client = connect()
    attach(client, target, nonStop=True)
    target.write_line("go")
    for _ in range(1000 if full else 100):
        wait_exits(client, tally(client).exited.total() + 1)
        tid = tally(client).newest
        response = client.response(client.send("pause", threadId=tid))
        if not response["success"]:
            assert str(tid) in str(RequestFailed("pause", response))
        elif stopped_or_gone(client, tid):
            assert client.request("stackTrace", threadId=tid)["stackFrames"]
            resume(client, tid)


def stopped_or_gone(client: DapClient, tid: int) -> bool:
    """Wait until a thread that was told to pause has stopped (True) or exited."""
    start = client.mark

    def stopped() -> bool:
        return any(m.get("event") == "stopped" for m in client.messages[start:])

    client.wait_until(lambda: stopped() or tid not in tally(client).alive)
    client.mark = len(client.messages)
    return tid in tally(client).alive


def test_R07_reused_tid_is_new_and_old_frames_are_dead(connect: Connect, program: Program) -> None:
    if not may_choose_tids():
        pytest.skip("needs the right to write ns_last_pid: root or CAP_CHECKPOINT_RESTORE")
    puppet = Puppet(program("ticker.c"))
    client = connect()
    attach(client, puppet.target)
    frames: list[int] = []

    def look_at(tid: int) -> None:
        wait_started(client, tid)
        pause(client, tid)
        frames.append(client.request("stackTrace", threadId=tid)["stackFrames"][0]["id"])
        assert client.request("scopes", frameId=frames[-1])["scopes"]
        resume(client, tid)

    def not_found(tid: int) -> None:
        wait_exited(client, tid)
        with pytest.raises(RequestFailed, match=str(tid)):
            client.request("stackTrace", threadId=tid)

    tid = reuse_a_tid(puppet, look_at, not_found)
    client.wait_until(lambda: tally(client).started[tid] == 2)
    with pytest.raises(RequestFailed):
        client.request("scopes", frameId=frames[-1])
    pause(client, tid)
    assert client.request("stackTrace", threadId=tid)["stackFrames"]
    with pytest.raises(RequestFailed):
        client.request("scopes", frameId=frames[-1])
