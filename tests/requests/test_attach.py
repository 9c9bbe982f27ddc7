"""attach: what is told about the process, and a stop at once if that is wanted."""

from __future__ import annotations

from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import build
from tests.support.session import attach, resume
from tests.support.steps import held_threads, leave, obey
from tests.support.tally import tally
from tests.support.target import Target


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def test_the_process_event(crowd: Target, session_client: DapClient) -> None:
    attach(session_client, crowd)
    process = session_client.wait_event("process")
    assert Path(process["name"]).samefile(build("crowd.c"))
    assert process["systemProcessId"] == crowd.pid
    assert process["startMethod"] == "attach"
    assert process["isLocalProcess"] is True
    assert len(session_client.events("process")) == 1
    leave(session_client, crowd)


def test_nothing_stops_without_being_asked_to(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    obey(crowd, "churn 100 4")
    leave(client, crowd)
    assert not client.events("stopped")
    assert not client.events("continued")
    assert not client.events("output")


def test_a_stop_at_once(crowd: Target, connect: Connect) -> None:
    client = connect()
    crowd.write_line("churn 1000000 4")
    client.attach(crowd.pid, stopOnEntry=True)
    stopped = client.wait_event("stopped")
    assert stopped["allThreadsStopped"] is True
    assert tally(client).alive == held_threads(crowd)
    assert client.request("stackTrace", threadId=stopped["threadId"])["stackFrames"]
    resume(client, stopped["threadId"])
    leave(client, crowd)


def test_a_stop_at_once_of_one_thread(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd, stopOnEntry=True, nonStop=True)
    stopped = client.wait_event("stopped")
    assert stopped["allThreadsStopped"] is False
    assert [tid for tid, state in crowd.states().items() if state == "t"] == [stopped["threadId"]]
    resume(client, stopped["threadId"])
    obey(crowd, "spawn 1")
    leave(client, crowd)
