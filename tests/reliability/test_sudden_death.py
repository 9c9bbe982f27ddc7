"""Threads and processes that go in the middle of something."""

from __future__ import annotations

import functools
import itertools
import json
import random
import signal
import subprocess
from typing import Any

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import ROOT
from tests.support.server import COMMAND
from tests.support.session import attach, pause
from tests.support.steps import end_of, fields, obey
from tests.support.tally import tally
from tests.support.target import Target

KILLED = 128 + signal.SIGKILL


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "4")
    target.wait_line("main")
    return target


def disconnect(client: DapClient) -> None:
    """Disconnect from what is no more: no error, and the session ends."""
    client.request("disconnect")
    client.wait_closed()


def test_R24_what_a_thread_was_is_known_when_it_is_gone(crowd: Target) -> None:
    with subprocess.Popen(
        [*COMMAND, "threads", str(crowd.pid), "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as command:
        assert command.stdout is not None
        events = (json.loads(line) for line in command.stdout)

        def next_event(kind: str, tid: int) -> dict[str, Any]:
            return next(e for e in events if e["event"] == kind and e["tid"] == tid)

        next_event("started", max(crowd.tids()))
        crowd.write_line("visit bob")
        tid = fields(crowd.wait_line("visiting"))["tid"]
        started = next_event("started", tid)
        assert next_event("renamed", tid)["name"] == "bob"
        obey(crowd, "leave")
        exited = next_event("exited", tid)
        assert exited["name"] == "bob"
        assert exited["time"] > started["time"]
        obey(crowd, "spawn 1")
        crowd.write_line("exit 7")
        assert crowd.expect_exit() == 7
        assert command.wait(10) == 0


@pytest.mark.parametrize("then", ["continue", "disconnect", "pause", "threads", "stackTrace"])
def test_R25_killed_while_paused(crowd: Target, connect: Connect, then: str) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    crowd.signal(signal.SIGKILL)
    # At once, so that the request meets the death halfway.
    answer = client.send(then, threadId=crowd.pid)
    client.response(answer)
    if then == "disconnect":
        client.wait_closed()
    else:
        assert end_of(client) == KILLED
        disconnect(client)
        assert not tally(client).alive
        # A pause that comes before the death is noticed is one of what stands still already.
        assert 1 <= len(client.events("stopped")) <= (2 if then == "pause" else 1)
    assert crowd.expect_exit() == -signal.SIGKILL


def test_R25_killed_while_single_threads_are_paused(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd, nonStop=True)
    for tid in sorted(crowd.tids())[1:3]:
        pause(client, tid)
    crowd.signal(signal.SIGKILL)
    assert end_of(client) == KILLED
    assert not tally(client).alive
    disconnect(client)


def test_R25_ended_by_a_running_thread_while_another_is_paused(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd, nonStop=True)
    pause(client, max(crowd.tids()))
    crowd.write_line("exit 9")
    assert end_of(client) == 9
    assert not tally(client).alive
    disconnect(client)


def test_R25_killed_between_the_pause_and_its_stop(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    sent = client.send("pause", threadId=crowd.pid)
    crowd.signal(signal.SIGKILL)
    client.response(sent)
    assert end_of(client) == KILLED
    disconnect(client)


REQUESTS = ["threads", "pause", "continue", "stackTrace", "threads", "pause", "continue"]


def test_R26_killed_at_any_time(program: Program, connect: Connect, full: bool) -> None:
    choice = random.Random(26)
    for _ in range(200 if full else 12):
        with program("crowd.c", "20") as target:
            target.wait_line("main")
            target.write_line("churn 1000000 8")
            die_at(choice.randrange(60), target, connect(), choice)


def die_at(moment: int, target: Target, client: DapClient, choice: random.Random) -> None:
    """Send requests without waiting for answers, and kill the process after so many of them."""
    client.initialize()
    sent = [client.send("attach", processId=target.pid), client.send("configurationDone")]
    for number in range(60):
        if number == moment:
            target.signal(signal.SIGKILL)
        sent.append(client.send(choice.choice(REQUESTS), threadId=target.pid))
        if choice.random() < 0.3:
            client.response(sent[-1])
    answers = [client.response(seq) for seq in sent]
    if answers[0]["success"]:
        assert end_of(client) == KILLED
        assert not tally(client).alive
        assert len(client.events("terminated")) == 1
    disconnect(client)
    assert target.expect_exit() == -signal.SIGKILL


def test_R26_ends_by_itself_while_it_is_paused_and_continued(
    program: Program, connect: Connect, full: bool
) -> None:
    for code in range(50 if full else 5):
        with program("crowd.c", "8") as target:
            target.wait_line("main")
            client = connect()
            attach(client, target)
            target.write_line("churn 200 8")
            target.write_line(f"exit {code}")
            pause_and_continue_to_the_end(client, target)
            assert client.events("exited") == [{"exitCode": code}]
            disconnect(client)


def pause_and_continue_to_the_end(client: DapClient, target: Target) -> None:
    """A pause is answered by its stop, or, if that was too late, by the end of the process."""

    def stops_or_end(count: int) -> bool:
        return len(client.events("stopped")) == count or bool(client.events("terminated"))

    for count in itertools.count(1):
        client.response(client.send("pause", threadId=target.pid))
        client.wait_until(functools.partial(stops_or_end, count))
        if client.events("terminated"):
            return
        client.response(client.send("continue", threadId=target.pid))
