"""Signals as exception filters: stop as they arrive, or never let them come."""

from __future__ import annotations

import os
import signal

import pytest

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.requests.stops import started
from tests.support.session import resume
from tests.support.steps import end_of
from tests.support.target import Target


@pytest.fixture
def target(program: Program) -> Target:
    return started(program, "handled.c")


def filters(client: DapClient, **conditions: str) -> list[Message]:
    options = [{"filterId": name, "condition": condition} for name, condition in conditions.items()]
    asked = client.request("setExceptionBreakpoints", filters=[], filterOptions=options)
    return list(asked["breakpoints"])


def send(target: Target, *numbers: int) -> None:
    """Send signals that the program tells of, or not."""
    for number in numbers:
        os.kill(target.pid, number)


def expect_signal(client: DapClient, number: signal.Signals) -> Message:
    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "exception"
    assert stopped["description"] == f"{number.name}: {signal.strsignal(number)}"
    info = client.request("exceptionInfo", threadId=stopped["threadId"])
    assert (info["exceptionId"], info["breakMode"]) == (number.name, "always")
    assert f"sent by process {os.getpid()}" in info["description"]
    return stopped


def test_a_named_signal_stops_before_its_handler(client: DapClient, target: Target) -> None:
    (told,) = filters(client, signal="SIGUSR1, SIGHUP")
    assert told["verified"] is True
    send(target, signal.SIGUSR2)
    target.wait_line(f"handled {signal.SIGUSR2}")
    send(target, signal.SIGUSR1)
    stopped = expect_signal(client, signal.SIGUSR1)
    assert f"handled {signal.SIGUSR1}" not in target.lines
    resume(client, stopped["threadId"])
    target.wait_line(f"handled {signal.SIGUSR1}")
    filters(client)
    send(target, signal.SIGHUP)
    target.wait_line(f"handled {signal.SIGHUP}")


def test_all_but_some_and_everyday_ones(client: DapClient, target: Target) -> None:
    filters(client, signal="!SIGUSR1")
    for number in (signal.SIGUSR1, signal.SIGWINCH):
        send(target, number)
        target.wait_line(f"handled {number}")
    send(target, signal.SIGUSR2)
    resume(client, expect_signal(client, signal.SIGUSR2)["threadId"])
    target.wait_line(f"handled {signal.SIGUSR2}")


def test_a_signal_is_withheld(client: DapClient, target: Target) -> None:
    filters(client, signal_withheld="SIGUSR1 SIGTERM")
    send(target, signal.SIGUSR1, signal.SIGTERM, signal.SIGUSR2)
    target.wait_line(f"handled {signal.SIGUSR2}")
    assert f"handled {signal.SIGUSR1}" not in target.lines
    filters(client)
    send(target, signal.SIGTERM)
    assert end_of(client) == 128 + signal.SIGTERM


def test_stopped_at_and_withheld(client: DapClient, target: Target) -> None:
    filters(client, signal="usr1", signal_withheld="SIGUSR1")
    send(target, signal.SIGUSR1)
    resume(client, expect_signal(client, signal.SIGUSR1)["threadId"])
    send(target, signal.SIGUSR2)
    target.wait_line(f"handled {signal.SIGUSR2}")
    assert f"handled {signal.SIGUSR1}" not in target.lines


def test_before_the_program_is_attached_to(target: Target, connect: Connect) -> None:
    client = connect()
    client.initialize()
    filters(client, signal="SIGUSR1")
    client.request("attach", processId=target.pid)
    client.request("configurationDone")
    send(target, signal.SIGUSR1)
    expect_signal(client, signal.SIGUSR1)


@pytest.mark.parametrize(
    ("name", "condition", "why"),
    [
        ("signal", "SIGFOO", "'SIGFOO' is no signal"),
        ("signal", "SIGKILL", "SIGKILL cannot be filtered"),
        ("signal", "SIGRTMIN+99", "is no signal"),
        ("signal_withheld", " ", "Name the signals"),
        ("signals", "", "There is no exception filter 'signals'; there are"),
    ],
)
def test_what_cannot_be_filtered(
    client: DapClient, target: Target, name: str, condition: str, why: str
) -> None:
    (told,) = filters(client, **{name: condition})
    assert told["verified"] is False
    assert why in told["message"]
