"""R08-R11: attaching to a process whose threads come and go meanwhile, or whose leader is gone."""

from __future__ import annotations

import os
import signal

from dapserver.client import RequestFailed
from tests.conftest import Connect, Program
from tests.support.contract import check_stream
from tests.support.session import attach, detach, expect_end, pause, resume, wait_started
from tests.support.target import Target, python_target


def expect_whole_attach(connect: Connect, target: Target) -> None:
    """Attach, stop all, and compare with /proc: each thread is known, and traced by one tracer."""
    client = connect()
    client.attach(target.pid)
    pause(client, next(iter(client.threads())))
    assert set(client.threads()) == target.tids()
    tracers = target.tracers()
    assert len(tracers) == 1
    assert tracers != {0}
    assert set(target.states().values()) == {"t"}
    detach(client, target)
    check_stream(client.messages)
    client.close()


def test_R08_attach_while_threads_are_created(connect: Connect, program: Program, full: bool) -> None:
    target = program("storm.c", "0", "3")
    target.write_line("go")
    target.wait_for(lambda: len(target.tids()) > 3, what="the creators run")
    for _ in range(200 if full else 30):
        expect_whole_attach(connect, target)


def test_R09_threads_that_were_traced_from_birth(connect: Connect, program: Program, full: bool) -> None:
    """Each thread makes the next: of those listed in /proc, most come traced by their creator."""
    target = program("relay.c", "3")
    target.wait_line("main pid=")
    for _ in range(200 if full else 30):
        expect_whole_attach(connect, target)


def test_R09_creators_that_are_seized_in_the_middle_of_a_clone(
    connect: Connect, program: Program, full: bool
) -> None:
    """One that waits for a processor there has an untraced child after all passes through /proc."""
    cpu = {min(os.sched_getaffinity(0))}

    def keep_waiting() -> None:
        os.sched_setaffinity(0, cpu)
        os.nice(10)

    with python_target(
        "print('busy')\nwhile True: pass", preexec_fn=lambda: os.sched_setaffinity(0, cpu)
    ) as busy:
        busy.wait_line("busy")
        target = program("relay.c", "3", preexec_fn=keep_waiting)
        target.wait_line("main pid=")
        for _ in range(200 if full else 20):
            expect_whole_attach(connect, target)


def test_R10_threads_that_end_between_listing_and_seizing(
    connect: Connect, program: Program, full: bool
) -> None:
    target = program("relay.c", "40")
    target.wait_line("main pid=")
    for _ in range(200 if full else 30):
        expect_whole_attach(connect, target)


def test_R10_a_process_that_is_killed_under_attach(connect: Connect, program: Program, full: bool) -> None:
    """Either it was too late, and the refusal names the process, or its end is reported."""
    for _ in range(100 if full else 20):
        target = program("relay.c")
        target.wait_line("main pid=")
        client = connect()
        client.initialize()
        request = client.send("attach", processId=target.pid)
        target.signal(signal.SIGKILL)
        response = client.response(request)
        if response["success"]:
            expect_end(client, target, -signal.SIGKILL)
        else:
            assert str(target.pid) in str(RequestFailed("attach", response))
            assert client.events("thread") == []


def test_R11_attach_after_the_leader_ended(connect: Connect, program: Program) -> None:
    target = program("endings.c")
    worker = int(target.wait_line("ready tid=").removeprefix("ready tid="))
    target.write_line("leave")
    target.wait_for(lambda: target.states()[target.pid] == "Z", what="the leader is dead")
    client = connect()
    attach(client, target)
    wait_started(client, worker)
    assert set(client.threads()) == target.tids() - {target.pid}
    assert client.events("process")[0]["systemProcessId"] == target.pid

    pause(client, worker)
    assert client.request("stackTrace", threadId=worker)["stackFrames"]
    resume(client, worker)
    target.write_line("still")
    target.wait_line("still")
    target.write_line("exit 7")
    expect_end(client, target, 7)


def test_R11_detach_after_the_leader_ended(connect: Connect, program: Program) -> None:
    target = program("endings.c")
    target.wait_line("ready tid=")
    target.write_line("leave")
    target.wait_for(lambda: target.states()[target.pid] == "Z", what="the leader is dead")
    client = connect()
    attach(client, target)
    detach(client, target)
    target.write_line("exit 7")
    assert target.expect_exit() == 7
