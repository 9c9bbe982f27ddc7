"""attach with waitFor: to the next process of a program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect
from tests.support.build import build
from tests.support.session import wait_settled
from tests.support.steps import leave, obey, refusal
from tests.support.target import Target


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    """A program of a name that no other process has."""
    copy = tmp_path / f"awaited-{tmp_path.name[-6:]}"
    shutil.copy(build("crowd.c"), copy)
    return copy


def start_waiting(client: DapClient, program: str) -> int:
    """Send an attach that waits; its seq. The wait has begun when this returns."""
    client.initialize()
    seq = client.send("attach", program=program, waitFor=True)
    # Requests are taken in their order, and this one may overtake: it is answered meanwhile.
    client.request("cancel", requestId=0x7FFFFFFF)
    return seq


@pytest.mark.parametrize("by", ["path", "name"])
def test_the_next_process_of_a_program(connect: Connect, executable: Path, by: str) -> None:
    client = connect()
    seq = start_waiting(client, str(executable) if by == "path" else executable.name)
    with Target(executable, "3") as target:
        assert client.response(seq)["success"]
        client.request("configurationDone")
        assert client.wait_event("process")["systemProcessId"] == target.pid
        target.wait_line("main")
        wait_settled(client, target)
        obey(target, "spawn 1")
        wait_settled(client, target)
        leave(client, target)


def test_a_process_that_runs_already_is_not_the_next(connect: Connect, executable: Path) -> None:
    with Target(executable) as earlier:
        earlier.wait_line("main")
        client = connect()
        seq = start_waiting(client, str(executable))
        with Target(executable) as later:
            assert client.response(seq)["success"]
            assert client.wait_event("process")["systemProcessId"] == later.pid
            later.wait_line("main")
            leave(client, later)
        assert earlier.tracers() == {0}


def test_waiting_can_be_cancelled(connect: Connect, executable: Path) -> None:
    client = connect()
    seq = start_waiting(client, str(executable))
    client.request("cancel", requestId=seq)
    answer = client.response(seq)
    assert not answer["success"]
    assert answer["message"] == "cancelled"
    # And the session is free for another attach.
    with Target(executable) as target:
        target.wait_line("main")
        client.request("attach", processId=target.pid)
        client.request("configurationDone")
        wait_settled(client, target)
        leave(client, target)


def test_a_request_that_has_not_had_its_turn_can_be_cancelled(connect: Connect, executable: Path) -> None:
    client = connect()
    attach = start_waiting(client, str(executable))
    behind, last = client.send("threads"), client.send("threads")
    client.request("cancel", requestId=behind)
    answer = client.response(behind)
    assert (answer["success"], answer["message"]) == (False, "cancelled")
    client.request("cancel", requestId=attach)
    assert client.response(attach)["message"] == "cancelled"
    # In turn, and not cancelled: refused because nothing is being debugged.
    assert client.response(last)["message"] != "cancelled"


def test_disconnect_ends_the_waiting(connect: Connect, executable: Path) -> None:
    client = connect()
    start_waiting(client, str(executable))
    client.request("disconnect")
    client.wait_closed()


def test_what_to_wait_for_must_be_said(connect: Connect) -> None:
    client = connect()
    client.initialize()
    for arguments in ({}, {"waitFor": True}, {"program": "/bin/true"}):
        sentence = refusal(client, "attach", **arguments)
        assert "processId" in sentence
        assert "waitFor" in sentence
