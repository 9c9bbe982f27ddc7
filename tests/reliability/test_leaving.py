"""A process runs on as if nobody had been there, however the debugger leaves it."""

from __future__ import annotations

import os
import signal

import pytest

from tests.conftest import Connect, Program
from tests.support.server import Server
from tests.support.session import attach, pause
from tests.support.steps import (
    expect_gone,
    expect_good_books,
    expect_untraced,
    launch,
    leave,
    obey,
    tracer_of,
    wait_alive,
)
from tests.support.tally import tally

# How a session may end: politely, by a client that hangs up, by a signal to the session.
ENDINGS = ["disconnect", "hang up", "SIGTERM", "SIGHUP"]


@pytest.fixture
def rounds(full: bool) -> int:
    return 200 if full else 12


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_R31_no_signal_is_lost_or_doubled_by_attaching_and_leaving(
    program: Program, connect: Connect, rounds: int, paused: bool
) -> None:
    target = program("signal_ledger.c")
    target.wait_line("main")
    for _ in range(rounds):
        client = connect()
        attach(client, target)
        if paused:
            pause(client, target.pid)
        leave(client, target)
    expect_good_books(target)


def test_R31_a_signal_that_comes_during_a_pause_is_delivered_after_leaving(
    program: Program, connect: Connect
) -> None:
    target = program("signal_ledger.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    target.signal(signal.SIGTERM)  # not handled: the process is to die of it
    leave(client, target)
    assert target.expect_exit() == -signal.SIGTERM


def test_R32_leaving_a_process_that_makes_and_loses_threads(
    program: Program, connect: Connect, rounds: int
) -> None:
    target = program("crowd.c", "8")
    target.wait_line("main")
    target.write_line("churn 1000000 8")
    for _ in range(rounds):
        client = connect()
        client.attach(target.pid)
        wait_alive(client, 9)
        leave(client, target)
        assert not set(target.states().values()) & {"T", "t"}


def test_R32_leaving_a_process_that_is_just_dying(program: Program, connect: Connect, full: bool) -> None:
    for _ in range(50 if full else 5):
        with program("crowd.c", "20") as target:
            target.wait_line("main")
            client = connect()
            attach(client, target)
            target.write_line("exit 3")
            client.request("disconnect")
            client.wait_closed()
            assert target.expect_exit() == 3


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize("how", ENDINGS)
def test_R32_however_a_session_ends_the_process_runs_on(
    program: Program, connect: Connect, how: str, paused: bool
) -> None:
    target = program("crowd.c", "8")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    (session,) = target.tracers()
    target.write_line("churn 1000000 8")
    if paused:
        pause(client, target.pid)
    match how:
        case "disconnect":
            client.send("disconnect")
        case "hang up":
            client.close()
        case _:
            os.kill(session, signal.Signals[how])
    expect_untraced(target)
    expect_gone(session)
    target.wait_for(lambda: not set(target.states().values()) & {"T", "t"})


def test_R32_the_end_of_the_server_is_the_end_of_its_sessions(program: Program) -> None:
    targets = [program("crowd.c", "8") for _ in range(3)]
    with Server() as server:
        clients = []
        for target in targets:
            target.wait_line("main")
            clients.append(server.connect())
            attach(clients[-1], target)
        pause(clients[0], targets[0].pid)
        server.close()
        for client, target in zip(clients, targets, strict=True):
            client.wait_closed()
            client.close()
            expect_untraced(target)
            obey(target, "spawn 1")


@pytest.mark.parametrize("state", ["running", "paused", "stopped"])
def test_R33_an_attached_process_survives_the_death_of_the_debugger(
    program: Program, connect: Connect, state: str
) -> None:
    target = program("signal_ledger.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    (session,) = target.tracers()
    if state == "paused":
        pause(client, target.pid)
    elif state == "stopped":
        target.signal(signal.SIGSTOP)
        os.waitid(os.P_PID, target.pid, os.WSTOPPED)
    os.kill(session, signal.SIGKILL)
    client.wait_closed()
    expect_untraced(target)
    if state == "stopped":
        target.wait_for(lambda: set(target.states().values()) == {"T"})
        target.signal(signal.SIGCONT)
    expect_good_books(target)


def test_R33_in_a_storm_of_clones_too(program: Program, server: Server, full: bool) -> None:
    target = program("crowd.c", "8")
    target.wait_line("main")
    target.write_line("churn 1000000 8")
    for _ in range(50 if full else 8):
        with server.connect() as client:
            client.attach(target.pid)
            wait_alive(client, 9)
            session = next(iter(target.tracers() - {0}))
            os.kill(session, signal.SIGKILL)
            client.wait_closed()
        expect_untraced(target)
        assert not set(target.states().values()) & {"T", "t"}


def test_R33_a_launched_process_dies_with_the_debugger(connect: Connect) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "1000")
    client.wait_until(lambda: tally(client).alive == {pid})
    session = tracer_of(pid)
    os.kill(session, signal.SIGKILL)
    client.wait_closed()
    expect_gone(pid)


def test_R33_a_launched_process_ends_with_its_client(connect: Connect) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "1000")
    client.close()
    expect_gone(pid)
