"""Job-control stops stay what they are, whether they come before, during or after a session."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.reliability.terminal import Terminal
from tests.support.build import build
from tests.support.session import attach, pause, resume, wait_settled
from tests.support.steps import (
    expect_gone,
    expect_untraced,
    job_control_news,
    leave,
    obey,
    tracer_of,
)
from tests.support.tally import tally
from tests.support.target import Target
from tests.support.waiting import wait_until

STOPS = [signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU]
CTRL_Z = "\x1a"


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def stop(target: Target, number: signal.Signals = signal.SIGSTOP) -> None:
    """Stop it as a shell would; its parent hears of that, traced or not."""
    target.signal(number)
    news = target.wait_for(lambda: job_control_news(target.pid, os.WSTOPPED))
    assert news is not None
    assert (news.si_code, news.si_status) == (os.CLD_STOPPED, number)


def cont(target: Target) -> None:
    target.signal(signal.SIGCONT)
    target.wait_for(lambda: job_control_news(target.pid, os.WCONTINUED))


def expect_still_stopped(target: Target, client: DapClient | None = None) -> None:
    """No thread runs, and its parent was not told that it goes on."""
    if client is not None:
        client.threads()  # what the server does of itself it has done by now
    target.wait_for(lambda: set(target.states().values()) <= {"T", "t"})
    assert job_control_news(target.pid, os.WCONTINUED) is None


def expect_stopped_untraced(target: Target) -> None:
    """Let go, its threads stand still in their own right: each takes a moment to get there."""
    target.wait_for(lambda: set(target.states().values()) == {"T"})
    assert job_control_news(target.pid, os.WCONTINUED) is None


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_R28_a_stop_while_attached_stays_until_sigcont(
    crowd: Target, connect: Connect, number: signal.Signals
) -> None:
    client = connect()
    attach(client, crowd)
    for _ in range(3):
        stop(crowd, number)
        crowd.write_line("spawn 1")
        expect_still_stopped(crowd, client)
        cont(crowd)
        crowd.wait_line("spawn 1")
    wait_settled(client, crowd)
    leave(client, crowd)
    assert not client.events("stopped")
    assert not client.events("continued")


def test_R28_a_pause_of_a_stopped_process_does_not_end_its_stop(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    stop(crowd)
    crowd.write_line("spawn 1")
    pause(client, crowd.pid)
    expect_still_stopped(crowd, client)
    resume(client, crowd.pid)
    expect_still_stopped(crowd, client)
    cont(crowd)
    crowd.wait_line("spawn 1")
    leave(client, crowd)


def test_R28_stop_and_cont_while_paused_are_heard_after_continue(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    crowd.signal(signal.SIGSTOP)
    client.threads()
    resume(client, crowd.pid)
    crowd.wait_for(lambda: job_control_news(crowd.pid, os.WSTOPPED))
    expect_still_stopped(crowd, client)

    pause(client, crowd.pid)
    crowd.signal(signal.SIGCONT)
    resume(client, crowd.pid)
    obey(crowd, "spawn 1")
    leave(client, crowd)
    assert len(client.events("stopped")) == 2


def test_R28_stops_and_conts_in_quick_succession(crowd: Target, connect: Connect, full: bool) -> None:
    client = connect()
    attach(client, crowd)
    for _ in range(500 if full else 50):
        crowd.signal(signal.SIGSTOP)
        crowd.signal(signal.SIGCONT)
    obey(crowd, "spawn 1")
    leave(client, crowd)
    assert not client.events("stopped")


def test_R28_a_thread_made_while_its_siblings_stop_stops_too(
    crowd: Target, connect: Connect, full: bool
) -> None:
    client = connect()
    attach(client, crowd)
    crowd.write_line("churn 20000 4")
    for _ in range(50 if full else 10):
        stop(crowd)
        expect_still_stopped(crowd, client)
        cont(crowd)
    crowd.wait_line("churn", 60)
    leave(client, crowd)
    assert not client.events("stopped")


def test_R28_a_shell_can_stop_it_put_it_into_the_background_and_fetch_it_back(
    connect: Connect, tmp_path: Path
) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.type(f"{build('crowd.c')} 3\n")
        terminal.expect("main pid=")
        pid = int(terminal.expect("\r\n"))
        client = connect()
        client.attach(pid)
        client.wait_until(lambda: len(tally(client).alive) == 4)

        terminal.type(CTRL_Z)
        terminal.expect("Stopped")
        terminal.expect("ready> ")
        # In the background it is stopped again, by SIGTTIN, for it reads from the terminal.
        terminal.type("bg\n")
        terminal.expect("ready> ")
        terminal.type("until jobs -s | grep -q Stopped; do :; done; echo 'stopped'' again'\n")
        terminal.expect("stopped again")
        terminal.type("fg\n")
        terminal.expect("crowd 3\r\n")
        terminal.type("spawn 1\n")
        terminal.expect("spawn 1\r\nspawn 1\r\n")  # the echo and the answer
        client.wait_until(lambda: len(tally(client).alive) == 5)

        terminal.type(CTRL_Z)
        terminal.expect("ready> ")
        client.request("disconnect")
        client.wait_closed()
        wait_until(lambda: tracer_of(pid) == 0)
        terminal.type("fg\n")
        terminal.expect("crowd 3\r\n")
        terminal.type("exit 7\n")
        terminal.expect("ready> ")
        terminal.type("echo status=$?\n")
        terminal.expect("status=7")
        assert not client.events("stopped")
        expect_gone(pid)


@pytest.mark.parametrize("number", STOPS, ids=lambda number: number.name)
def test_R29_attach_to_a_stopped_process_and_leave_it_stopped(
    crowd: Target, connect: Connect, number: signal.Signals
) -> None:
    stop(crowd, number)
    crowd.write_line("spawn 1")
    client = connect()
    attach(client, crowd)
    expect_still_stopped(crowd, client)
    leave(client, crowd)
    expect_still_stopped(crowd)
    expect_stopped_untraced(crowd)
    cont(crowd)
    crowd.wait_line("spawn 1")
    assert not client.events("stopped")


def test_R29_a_process_continued_by_the_user_runs_on_after_leaving(crowd: Target, connect: Connect) -> None:
    stop(crowd)
    client = connect()
    attach(client, crowd)
    cont(crowd)
    obey(crowd, "spawn 1")
    leave(client, crowd)
    assert "T" not in crowd.states().values()
    obey(crowd, "spawn 1")


def test_R29_a_process_stopped_while_attached_is_left_stopped(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    stop(crowd)
    leave(client, crowd)
    expect_stopped_untraced(crowd)
    cont(crowd)
    obey(crowd, "spawn 1")


def test_R29_paused_and_stopped_it_is_left_stopped(crowd: Target, connect: Connect) -> None:
    stop(crowd)
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    leave(client, crowd)
    expect_stopped_untraced(crowd)
    cont(crowd)
    obey(crowd, "spawn 1")


def test_R29_a_client_that_dies_leaves_it_stopped_too(crowd: Target, connect: Connect) -> None:
    stop(crowd)
    client = connect()
    attach(client, crowd)
    client.close()
    expect_untraced(crowd)
    expect_stopped_untraced(crowd)
    cont(crowd)
    obey(crowd, "spawn 1")
