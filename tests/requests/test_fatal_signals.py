"""Signals that a program is about to die of: `stopped`, exceptionInfo, and the death itself."""

from __future__ import annotations

import signal

import pytest

from tests.conftest import Connect, Program
from tests.support.session import attach, pause, resume
from tests.support.steps import end_of, fields, held_threads, leave, refusal
from tests.support.target import Target, python_target

SIGNALS = {
    "segv": signal.SIGSEGV,
    "bus": signal.SIGBUS,
    "fpe": signal.SIGFPE,
    "ill": signal.SIGILL,
    "abrt": signal.SIGABRT,
    "trap": signal.SIGTRAP,
    "sys": signal.SIGSYS,
    "quit": signal.SIGQUIT,
    "xcpu": signal.SIGXCPU,
    "xfsz": signal.SIGXFSZ,
}
WITH_ADDRESS = {"segv", "bus"}


def make_fault(target: Target) -> dict[str, int]:
    """Let fatal.c go on to its fault; the thread and the address."""
    target.write_line("")
    return fields(target.wait_line("fault"))


@pytest.mark.parametrize("where", ["main", "worker"])
@pytest.mark.parametrize("name", SIGNALS)
def test_a_fatal_signal_stops_the_process_before_it_dies(
    program: Program, connect: Connect, name: str, where: str
) -> None:
    number = SIGNALS[name]
    target = program("fatal.c", name, where)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    fault = make_fault(target)

    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "exception"
    assert stopped["threadId"] == fault["tid"]
    assert stopped["allThreadsStopped"] is True
    expected = f"{number.name}: {signal.strsignal(number)}"
    assert stopped["description"] == expected
    assert stopped["text"] == expected
    assert held_threads(target) == set(client.threads())

    info = client.request("exceptionInfo", threadId=fault["tid"])
    assert info["exceptionId"] == number.name
    assert info["breakMode"] == "unhandled"
    assert str(signal.strsignal(number)) in info["description"]
    if name in WITH_ADDRESS:
        assert f"{fault['address']:#x}" in info["description"]

    resume(client, fault["tid"])
    assert end_of(client) == 128 + number
    assert target.expect_exit() == -number
    (told,) = client.events("output", category="console")
    assert number.name in told["output"]
    assert len(client.events("stopped")) == 1


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_that_the_program_handles_is_no_news(program: Program, connect: Connect, name: str) -> None:
    target = program("fatal.c", name, "worker", "handled")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    make_fault(target)
    target.wait_line("handled")
    assert end_of(client) == 0
    assert not client.events("stopped")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGQUIT, signal.SIGABRT])
def test_a_fatal_signal_from_outside_says_who_sent_it(
    program: Program, connect: Connect, number: signal.Signals
) -> None:
    target = program("crowd.c", "3")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.signal(number)
    tid = client.wait_event("stopped", 20, reason="exception")["threadId"]
    info = client.request("exceptionInfo", threadId=tid)
    assert info["exceptionId"] == number.name
    resume(client, tid)
    assert end_of(client) == 128 + number


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGALRM, signal.SIGPIPE])
def test_a_signal_that_is_no_mistake_of_the_program_does_not_stop_it(
    program: Program, connect: Connect, number: signal.Signals
) -> None:
    target = program("crowd.c", "3")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    target.signal(number)
    assert end_of(client) == 128 + number
    assert not client.events("stopped")


@pytest.mark.parametrize("number", [signal.SIGQUIT, signal.SIGXCPU])
def test_an_ignored_signal_is_no_news(connect: Connect, number: signal.Signals) -> None:
    code = f"import signal; signal.signal({number:d}, signal.SIG_IGN); print('main'); input()"
    with python_target(code) as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        target.signal(number)
        client.threads()
        target.write_line("")
        assert end_of(client) == 0
        assert not client.events("stopped")


def test_leaving_delivers_the_fatal_signal(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", "worker")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    make_fault(target)
    client.wait_event("stopped", 20, reason="exception")
    client.request("disconnect")
    client.wait_closed()
    assert target.expect_exit() == -signal.SIGSEGV


def test_a_client_that_dies_delivers_it_too(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", "worker")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    make_fault(target)
    client.wait_event("stopped", 20, reason="exception")
    client.close()
    assert target.expect_exit() == -signal.SIGSEGV


def test_with_non_stop_only_the_thread_with_the_signal_stops(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "segv", "worker")
    target.wait_line("main")
    client = connect()
    attach(client, target, nonStop=True)
    fault = make_fault(target)
    stopped = client.wait_event("stopped", 20, reason="exception")
    assert stopped["threadId"] == fault["tid"]
    assert stopped["allThreadsStopped"] is False
    states = target.states()
    assert states[fault["tid"]] == "t"
    assert states[target.pid] != "t"
    resume(client, fault["tid"])
    assert end_of(client) == 128 + signal.SIGSEGV


def test_a_thread_that_is_merely_paused_has_no_exception(program: Program, connect: Connect) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    assert "running" in refusal(client, "exceptionInfo", threadId=target.pid)
    pause(client, target.pid)
    assert str(target.pid) in refusal(client, "exceptionInfo", threadId=target.pid)
    leave(client, target)


def test_a_pause_before_the_signal_is_a_stop_of_its_own(program: Program, connect: Connect) -> None:
    target = program("fatal.c", "abrt", "worker")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    resume(client, target.pid)
    make_fault(target)
    stopped = client.wait_event("stopped", 20, reason="exception")
    resume(client, stopped["threadId"])
    assert end_of(client) == 128 + signal.SIGABRT
    assert [event["reason"] for event in client.events("stopped")] == ["pause", "exception"]
