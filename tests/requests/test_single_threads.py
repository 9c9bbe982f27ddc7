"""nonStop and singleThread: some threads stand still while the others run."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.session import attach, pause, resume
from tests.support.steps import fields, held_threads, leave, obey, refusal
from tests.support.target import Target


@pytest.fixture
def visited(program: Program) -> Target:
    """A crowd with a thread on which no other thread waits."""
    target = program("crowd.c", "2")
    target.wait_line("main")
    obey(target, "visit bob")
    target.wait_for(lambda: target.reported("visiting"))
    return target


def visitor(target: Target) -> int:
    return target.reported("visiting")[0]


def held(target: Target) -> set[int]:
    return {tid for tid, state in target.states().items() if state == "t"}


def test_non_stop_pauses_and_continues_one_thread(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    bob = visitor(visited)
    stopped = pause(client, bob)
    assert stopped["threadId"] == bob
    assert stopped["reason"] == "pause"
    assert stopped["allThreadsStopped"] is False
    assert held(visited) == {bob}
    obey(visited, "spawn 1")
    assert resume(client, bob)["allThreadsContinued"] is True
    visited.wait_for(lambda: not held(visited))
    obey(visited, "leave")
    leave(client, visited)


def test_non_stop_pauses_several_one_by_one(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    first, second = visitor(visited), visited.pid
    for tid in (first, second):
        assert pause(client, tid)["threadId"] == tid
        assert client.request("stackTrace", threadId=tid)["stackFrames"]
    assert held(visited) == {first, second}
    # The truth about all threads: another one still stands.
    assert resume(client, first)["allThreadsContinued"] is False
    visited.wait_for(lambda: held(visited) == {second})
    assert resume(client, second)["allThreadsContinued"] is True
    visited.wait_for(lambda: not held(visited))
    obey(visited, "spawn 1")
    leave(client, visited)


def test_non_stop_a_running_thread_has_no_stack_though_another_is_paused(
    visited: Target, connect: Connect
) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    pause(client, visitor(visited))
    sentence = refusal(client, "stackTrace", threadId=visited.pid)
    assert str(visited.pid) in sentence
    assert "running" in sentence
    leave(client, visited)


def test_non_stop_ids_of_a_paused_thread_live_on_while_others_are_resumed(
    visited: Target, connect: Connect
) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    bob = visitor(visited)
    pause(client, bob)
    pause(client, visited.pid)
    frame = client.request("stackTrace", threadId=bob)["stackFrames"][0]
    resume(client, visited.pid)
    assert client.request("scopes", frameId=frame["id"])["scopes"]
    leave(client, visited)


def test_non_stop_a_thread_that_is_not_there(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    for command in ("pause", "continue"):
        assert "999999" in refusal(client, command, threadId=999999)
    obey(visited, "spawn 1")
    leave(client, visited)


def test_non_stop_leaving_with_threads_paused(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited, nonStop=True)
    pause(client, visitor(visited))
    pause(client, visited.pid)
    leave(client, visited)
    assert not held(visited)
    obey(visited, "leave")


def expect_all_held(client: DapClient, target: Target) -> None:
    assert held_threads(target) == set(client.threads())


def test_single_thread_continues_one_of_all(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited)
    bob = visitor(visited)
    assert pause(client, bob)["allThreadsStopped"] is True
    expect_all_held(client, visited)
    visited.write_line("spawn 1")
    assert resume_single(client, bob) is False
    visited.wait_for(lambda: held(visited) == visited.tids() - {bob})
    assert "running" in refusal(client, "stackTrace", threadId=bob)
    assert client.request("stackTrace", threadId=visited.pid)["stackFrames"]

    # The next pause is for all again, and says so.
    assert pause(client, bob)["allThreadsStopped"] is True
    expect_all_held(client, visited)
    assert resume(client, bob)["allThreadsContinued"] is True
    visited.wait_line("spawn 1")
    leave(client, visited)


def resume_single(client: DapClient, tid: int) -> bool:
    """Continue with `singleThread`; whether the answer says that all threads go on."""
    answer = client.request("continue", threadId=tid, singleThread=True)
    return bool(answer["allThreadsContinued"])


def test_single_thread_one_after_the_other_until_all_run(visited: Target, connect: Connect) -> None:
    client = connect()
    attach(client, visited)
    pause(client, visited.pid)
    tids = sorted(visited.tids())
    answers = [resume_single(client, tid) for tid in tids]
    assert answers == [False] * (len(tids) - 1) + [True]
    visited.wait_for(lambda: not held(visited))
    obey(visited, "spawn 1")
    leave(client, visited)


def test_single_thread_the_threads_it_makes_run_or_stand_as_they_are_shown(
    visited: Target, connect: Connect
) -> None:
    """A thread that is born while the process is paused, but for its creator, stands still."""
    client = connect()
    attach(client, visited)
    pause(client, visited.pid)
    visited.write_line("visit eve")
    resume_single(client, visited.pid)
    started = client.wait_event("thread", 20, reason="started")["threadId"]
    visited.wait_for(lambda: started in held(visited))
    assert client.request("stackTrace", threadId=started)["stackFrames"]
    assert resume(client, visited.pid)["allThreadsContinued"] is True
    assert fields(visited.wait_line("visiting tid="))["tid"]
    visited.wait_for(lambda: not held(visited))
    leave(client, visited)
