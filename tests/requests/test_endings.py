"""terminate, disconnect, restart, and what is told of a process's end."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.session import attach, pause, resume, wait_settled
from tests.support.steps import (
    end_of,
    expect_gone,
    expect_untraced,
    job_control_news,
    launch,
    leave,
    obey,
    refusal,
    tracer_of,
)
from tests.support.tally import tally
from tests.support.target import Target
from tests.support.waiting import wait_until

TERMINATED = 128 + signal.SIGTERM
KILLED = 128 + signal.SIGKILL


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def output(client: DapClient, category: str) -> str:
    return "".join(event["output"] for event in client.events("output", category=category))


# -- the end of a process -------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 7, 127, 128, 255])
def test_the_exit_code(crowd: Target, connect: Connect, code: int) -> None:
    client = connect()
    attach(client, crowd)
    crowd.write_line(f"exit {code}")
    assert end_of(client) == code
    assert crowd.expect_exit() == code
    assert not tally(client).alive
    assert not output(client, "console")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGUSR1])
def test_the_signal_that_ended_it(crowd: Target, connect: Connect, number: signal.Signals) -> None:
    client = connect()
    attach(client, crowd)
    crowd.signal(number)
    assert end_of(client) == 128 + number
    assert crowd.expect_exit() == -number
    assert number.name in output(client, "console")
    assert not client.events("stopped")


def test_the_session_answers_after_the_end_of_the_process(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pid = crowd.pid
    crowd.write_line("exit 0")
    end_of(client)
    assert client.threads() == {}
    for command in ("pause", "stackTrace"):
        assert refusal(client, command, threadId=pid)
    client.request("disconnect")
    client.wait_closed()


# -- terminate ------------------------------------------------------------------------------


def test_terminate_asks_the_program_to_end(connect: Connect) -> None:
    client = connect()
    launch(client, "/bin/sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; while :; do :; done")
    client.wait_until(lambda: output(client, "stdout") == "ready\n")
    client.request("terminate")
    assert end_of(client) == 5
    assert output(client, "stdout") == "ready\nbye\n"


def test_terminate_ends_a_program_that_has_no_say_in_it(connect: Connect) -> None:
    client = connect()
    launch(client, "/bin/sleep", "1000")
    client.request("terminate")
    assert end_of(client) == TERMINATED


def test_terminate_of_a_paused_program(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    client.request("terminate")
    assert end_of(client) == TERMINATED
    assert crowd.expect_exit() == -signal.SIGTERM


# -- disconnect -----------------------------------------------------------------------------


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_disconnect_leaves_an_attached_process_running(crowd: Target, connect: Connect, paused: bool) -> None:
    client = connect()
    attach(client, crowd)
    if paused:
        pause(client, crowd.pid)
    leave(client, crowd)
    obey(crowd, "spawn 1")
    assert client.messages[-1].get("command") == "disconnect"


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_disconnect_ends_an_attached_process_if_told_to(
    crowd: Target, connect: Connect, paused: bool
) -> None:
    client = connect()
    attach(client, crowd)
    if paused:
        pause(client, crowd.pid)
    client.request("disconnect", terminateDebuggee=True)
    client.wait_closed()
    assert crowd.expect_exit() == -signal.SIGKILL


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_disconnect_ends_a_launched_program(connect: Connect, paused: bool) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "1000")
    if paused:
        pause(client, pid)
    client.request("disconnect")
    client.wait_closed()
    expect_gone(pid)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_disconnect_leaves_a_launched_program_running_if_told_to(
    connect: Connect, paused: bool, tmp_path: Path
) -> None:
    sign = tmp_path / "sign of life"
    client = connect()
    # It goes on writing when nobody listens any more; that must not end it.
    script = f"trap '' HUP; while :; do echo tick; [ -e '{sign}' ] && exit; done"
    pid = launch(client, "/bin/sh", "-c", script)
    client.wait_event("output", 20, category="stdout")
    if paused:
        pause(client, pid)
    client.request("disconnect", terminateDebuggee=False)
    client.wait_closed()
    wait_until(lambda: tracer_of(pid) == 0)
    assert state(pid) in "RS"
    sign.touch()
    expect_gone(pid)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_disconnect_leaves_the_process_suspended_if_told_to(
    crowd: Target, connect: Connect, paused: bool
) -> None:
    client = connect()
    attach(client, crowd)
    if paused:
        pause(client, crowd.pid)
    leave(client, crowd, suspendDebuggee=True)
    crowd.wait_for(lambda: set(crowd.states().values()) == {"T"})
    news = job_control_news(crowd.pid, os.WSTOPPED)
    assert news is not None
    assert news.si_status == signal.SIGSTOP
    crowd.signal(signal.SIGCONT)
    obey(crowd, "spawn 1")


def test_disconnect_leaves_a_launched_program_suspended(connect: Connect) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "1000")
    client.request("disconnect", terminateDebuggee=False, suspendDebuggee=True)
    client.wait_closed()
    wait_until(lambda: tracer_of(pid) == 0)
    wait_until(lambda: state(pid) == "T")
    os.kill(pid, signal.SIGKILL)
    expect_gone(pid)


def test_disconnect_before_anything_else(connect: Connect) -> None:
    client = connect()
    client.initialize()
    client.request("disconnect")
    client.wait_closed()


def test_disconnect_with_nothing_said_before(connect: Connect) -> None:
    client = connect()
    client.response(client.send("disconnect"))
    client.wait_closed()


# -- restart --------------------------------------------------------------------------------

RUN = "import os, signal; print('run', os.getpid(), flush=True); signal.pause()"


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_restart_runs_the_program_again(connect: Connect, paused: bool) -> None:
    client = connect()
    first = launch(client, sys.executable, "-c", RUN)
    client.wait_until(lambda: output(client, "stdout") == f"run {first}\n")
    if paused:
        pause(client, first)
    client.request("restart")
    second = client.wait_event("process")["systemProcessId"]
    assert second != first
    expect_gone(first)
    client.wait_until(lambda: output(client, "stdout") == f"run {first}\nrun {second}\n")
    client.wait_until(lambda: tally(client).alive == {second})
    assert set(client.threads()) == {second}
    assert not client.events("terminated")
    client.request("terminate")
    assert end_of(client) == TERMINATED


def test_restart_with_changed_arguments(connect: Connect) -> None:
    client = connect()
    launch(client, "/bin/sleep", "1000")
    changed = {"program": "/bin/sh", "args": ["-c", "echo changed; exit 4"]}
    client.request("restart", {"arguments": changed})
    client.wait_event("process")
    client.wait_event("exited", 20, exitCode=4)
    client.wait_event("terminated")
    assert output(client, "stdout") == "changed\n"


def test_restart_many_times(connect: Connect) -> None:
    client = connect()
    pids = [launch(client, "/bin/sleep", "1000")]
    for _ in range(5):
        client.request("restart")
        pids.append(client.wait_event("process")["systemProcessId"])
    assert len(set(pids)) == len(pids)
    client.wait_until(lambda: tally(client).alive == {pids[-1]})
    client.request("disconnect")
    client.wait_closed()
    for pid in pids:
        expect_gone(pid)


def test_an_attached_process_cannot_be_restarted(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    assert "attached" in refusal(client, "restart")
    obey(crowd, "spawn 1")
    wait_settled(client, crowd)
    leave(client, crowd)


def test_a_resumed_program_can_be_paused_again(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    for _ in range(3):
        pause(client, crowd.pid)
        resume(client, crowd.pid)
    obey(crowd, "spawn 1")
    leave(client, crowd)
    expect_untraced(crowd)
