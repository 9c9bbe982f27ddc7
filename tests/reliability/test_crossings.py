"""R15, R26, R32: requests that cross an exec, a resume, or an end that is on its way."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from dapserver.client import encode
from tests.conftest import Connect, Program
from tests.support.build import ROOT
from tests.support.server import Server
from tests.support.session import attach, pause
from tests.support.steps import expect_untraced, launch, obey, tracer_of
from tests.support.target import Target, python_target
from tests.support.waiting import wait_until


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "5")
    target.wait_line("main")
    return target


@pytest.mark.parametrize("non_stop", [False, True])
def test_R15_a_pause_that_meets_an_exec(
    connect: Connect, program: Program, full: bool, non_stop: bool
) -> None:
    """The stop is of a thread that lives, and comes after the ends of the others."""
    for _ in range(50 if full else 8):
        target = program("exec.c")
        worker = int(target.wait_line("ready tid=").removeprefix("ready tid="))
        client = connect()
        attach(client, target, nonStop=non_stop)
        target.write_line("worker")
        response = client.response(client.send("pause", threadId=worker))
        if not response["success"]:
            assert non_stop, "the process can be paused by any thread's id"
            continue  # the thread has the leader's id already
        tid = client.wait_event("stopped", 20)["threadId"]
        assert tid in client.threads()
        assert client.request("stackTrace", threadId=tid)["stackFrames"]
        client.request("disconnect")
        expect_untraced(target)


# It finds no process of this id the first time.
ATTACHING = """
import sys
from dapserver.debugger.attach import attach
from dapserver.ptrace import procfs

find = procfs.thread_group

def find_none(pid):
    procfs.thread_group = find
    raise ProcessLookupError(pid)

procfs.thread_group = find_none
print("threads", len(attach(int(sys.argv[1])).threads), flush=True)
"""


def test_R15_an_attach_while_nobody_has_the_leaders_id(program: Program) -> None:
    """That is so for a moment when another thread executes a program: once in 600 such attaches."""
    target = program("crowd.c", "3")
    target.wait_line("main")
    with python_target(ATTACHING, str(target.pid)) as tracer:
        assert tracer.wait_line("threads") == "threads 4"
    target.wait_for(lambda: target.tracers() == {0}, what="it is let go")


@pytest.mark.parametrize("order", ["worker", "leader"])
def test_R15_an_attach_that_meets_an_exec(connect: Connect, program: Program, full: bool, order: str) -> None:
    """PTRACE_SEIZE waits for the exec, and the exec for threads that only we can wait for."""
    for _ in range(100 if full else 10):
        target = program("exec.c")
        target.wait_line("ready tid=")
        client = connect()
        client.initialize()
        attaching = client.send("attach", processId=target.pid)
        target.write_line(order)
        response = client.response(attaching)
        assert response["success"], response["body"]
        target.wait_line("ready tid=")
        client.wait_until(lambda: client.live_threads() == target.tids())  # noqa: B023
        client.request("disconnect")
        expect_untraced(target)


def test_R27_a_continue_that_crosses_the_stop_leaves_a_stop_of_the_others(
    crowd: Target, connect: Connect
) -> None:
    client = connect()
    attach(client, crowd)
    paused = client.send("pause", threadId=crowd.pid)
    resumed = client.send("continue", threadId=crowd.pid, singleThread=True)
    assert client.response(paused)["success"]
    assert client.response(resumed)["success"]
    stopped = client.wait_event("stopped", 20)["threadId"]
    wait_until(lambda: crowd.states()[crowd.pid] == "S", what="the resumed thread runs")
    others = {state for tid, state in crowd.states().items() if tid != crowd.pid}
    assert others == {"t"}
    assert stopped in crowd.tids()


@pytest.mark.parametrize("non_stop", [False, True])
def test_R32_leaving_a_launched_program_while_a_pause_is_under_way(connect: Connect, non_stop: bool) -> None:
    client = connect()
    pid = launch(client, "/bin/sleep", "60", nonStop=non_stop)
    client.send("pause", threadId=pid)
    client.request("disconnect", terminateDebuggee=False)
    client.wait_closed()
    wait_until(lambda: tracer_of(pid) == 0, what="nobody traces it")
    os.kill(pid, signal.SIGKILL)  # an error if it has not survived


@pytest.mark.parametrize("change", [{"program": 5}, {"program": "/no/such/program"}])
def test_a_restart_that_cannot_be_leaves_the_program_alone(
    connect: Connect, change: dict[str, object]
) -> None:
    client = connect()
    launch(client, "/bin/sleep", "60")
    response = client.response(client.send("restart", {"arguments": change}))
    assert response["success"] is False
    assert "program" in str(response["body"])
    assert client.threads()
    assert client.events("exited") == client.events("terminated") == []
    client.request("disconnect")


def test_a_server_ends_although_a_client_does_not_read(crowd: Target) -> None:
    with Server() as server, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.port))
        client.settimeout(0.5)

        def send(seq: int, command: str, **arguments: object) -> None:
            client.sendall(
                encode({"seq": seq, "type": "request", "command": command, "arguments": arguments})
            )

        send(1, "initialize", adapterID="test")
        send(2, "attach", processId=crowd.pid)
        with pytest.raises(TimeoutError):
            for seq in range(3, 200_000):
                send(seq, "unknown" + 100 * "x")
        server.close()  # which must not take 10 s
        expect_untraced(crowd)


def test_a_view_that_is_not_read_does_not_hold_the_program(crowd: Target) -> None:
    command = [sys.executable, "-m", "dapserver", "threads", str(crowd.pid)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as view:
        crowd.wait_for(lambda: view.pid in crowd.tracers(), what="it watches")
        obey(crowd, "churn 20000 8", 60)  # two lines each: many times what a pipe holds
        view.terminate()
        assert view.stdout is not None
        assert view.stdout.read().count(b"started") > 1000
    assert view.returncode == 0


def test_pausing_twice_is_one_stop_in_the_history(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    pause(client, crowd.pid)
    assert len(client.request("threadLives")["stops"]) == 1
