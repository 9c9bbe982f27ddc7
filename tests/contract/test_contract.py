"""The thread contract, point by point, over both transports, on programs in five languages.

What holds for every session (started once and first, exited once and last, `threads` in step
with the events) is checked on all that a client receives when its test ends: check_stream.
"""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.support.contract import check_stream, other_events, thread_events
from tests.support.puppet import Puppet
from tests.support.session import attach, wait_exited, wait_settled, wait_started
from tests.support.tally import tally
from tests.support.tids import may_choose_tids, reuse_a_tid
from tests.support.waiting import wait_until


def test_1_ids_are_kernel_tids_and_names_are_current(session_client: DapClient, puppet: Puppet) -> None:
    client, target = session_client, puppet.target
    tid = puppet.start()
    attach(client, target)
    listed = client.threads()
    assert {tid, puppet.pid} <= set(listed) <= target.tids()
    assert listed[puppet.pid] == f"{target.status('Name')} [{puppet.pid}]"

    puppet.name(tid, "renamed later")
    wait_until(lambda: client.threads()[tid] == f"renamed later [{tid}]", what="its new name")


def test_1_a_name_given_soon_after_birth_comes_by_itself(session_client: DapClient, puppet: Puppet) -> None:
    client, target = session_client, puppet.target
    attach(client, target)
    before = target.tids()
    while (tid := puppet.start()) in before:
        pass  # Go may put a goroutine on a thread that is older
    wait_started(client, tid)
    client.threads()
    puppet.name(tid, "just named")
    client.wait_event("invalidated", areas=["threads"])
    assert client.threads()[tid] == f"just named [{tid}]"


def test_1_a_name_given_just_before_a_pause_comes_in_the_pause(
    session_client: DapClient, puppet: Puppet
) -> None:
    client, target = session_client, puppet.target
    attach(client, target)
    before = target.tids()
    while (tid := puppet.start()) in before:
        pass  # as above
    wait_started(client, tid)
    client.threads()
    puppet.name(tid, "just in time")
    client.request("pause", threadId=puppet.pid)
    client.wait_event("invalidated", areas=["threads"])
    name = client.threads()[tid]  # Go's have their goroutines behind it
    assert name.startswith(f"just in time [{tid}]"), name
    assert target.states()[tid] == "t", "it is held still"
    client.request("continue", threadId=puppet.pid)


def test_2_threads_that_exist_at_attach_start_after_its_response(
    session_client: DapClient, puppet: Puppet
) -> None:
    before = {puppet.pid, *(puppet.start() for _ in range(5))}
    client = session_client
    attach(client, puppet.target)

    kinds = [m.get("command") or m["event"] for m in client.messages]
    first, count = kinds.index("thread"), kinds.count("thread")
    assert kinds.index("attach") < first
    assert kinds[first : first + count] == ["thread"] * count, "not in one go"
    assert before <= tally(client).alive


def test_2_a_thread_starts_once_and_exits_once(session_client: DapClient, puppet: Puppet) -> None:
    client = session_client
    attach(client, puppet.target)
    tid = puppet.start()
    wait_started(client, tid)
    assert puppet.end() == tid
    wait_exited(client, tid)
    events = thread_events(client.messages)
    assert [reason for reason, of in events if of == tid] == ["started", "exited"]


def test_3_answers_are_in_step_with_the_events(session_client: DapClient, puppet: Puppet) -> None:
    client = session_client
    attach(client, puppet.target)
    tids = puppet.start_and_end(20)
    while not set(tids) <= set(tally(client).exited):
        for request in [client.send("threads") for _ in range(5)]:
            assert client.response(request)["success"]
    check_stream(client.messages)
    assert set(tids) & set(client.threads()) == set()


def test_4_threads_is_answered_while_running_without_a_stop(
    session_client: DapClient, puppet: Puppet
) -> None:
    client, target = session_client, puppet.target
    attach(client, target)
    tid = puppet.start()
    wait_started(client, tid)
    target.wait_for(lambda: target.states()[tid] == "S", what="it waits to be told")

    def switches() -> tuple[str, str]:
        kinds = ("voluntary_ctxt_switches", "nonvoluntary_ctxt_switches")
        return target.status(kinds[0], tid), target.status(kinds[1], tid)

    before = switches()
    for _ in range(20):
        assert tid in client.threads()
    assert switches() == before, "it was woken"
    assert client.events("stopped") == []


def test_5_a_reused_tid_is_a_new_thread(session_client: DapClient, puppet: Puppet) -> None:
    if not may_choose_tids():
        pytest.skip("needs the right to write ns_last_pid: root or CAP_CHECKPOINT_RESTORE")
    client = session_client
    attach(client, puppet.target)
    tid = reuse_a_tid(puppet, lambda tid: wait_started(client, tid))
    client.wait_until(lambda: tally(client).started[tid] == 2)
    events = thread_events(client.messages)
    assert [reason for reason, of in events if of == tid] == ["started", "exited", "started"]


def test_6_no_other_event_comes_with_it(session_client: DapClient, puppet: Puppet) -> None:
    client = session_client
    attach(client, puppet.target)
    wait_started(client, puppet.start())
    wait_exited(client, puppet.end())  # what a first thread loads has been loaded now

    quiet_from = len(client.messages)
    for tid in puppet.start_and_end(10):
        wait_exited(client, tid)
    client.threads()
    assert other_events(client.messages[quiet_from:]) == []


def test_7_the_leader_exits_first(session_client: DapClient, puppet: Puppet) -> None:
    client = session_client
    attach(client, puppet.target)
    puppet.leave()
    wait_exited(client, puppet.pid)
    tid = puppet.start()
    wait_started(client, tid)
    assert puppet.pid not in client.threads()
    assert client.events("exited") == client.events("terminated") == []

    puppet.quit(7)
    assert client.wait_event("exited") == {"exitCode": 7}
    client.wait_event("terminated")
    assert tally(client).exited[tid] == 1
    assert puppet.target.expect_exit() == 7


def test_8_exec_ends_every_thread_but_one(session_client: DapClient, puppet: Puppet) -> None:
    client, target = session_client, puppet.target
    attach(client, target)
    others = [puppet.start() for _ in range(3)]
    for tid in others:
        wait_started(client, tid)
    puppet.exec()
    for tid in others:
        wait_exited(client, tid)
    wait_settled(client, target)
    assert puppet.pid in client.threads()

    tid = puppet.start()
    wait_started(client, tid)
    wait_exited(client, puppet.end())
