"""The decoding of wait statuses, for every status that the kernel can make (wait(2), ptrace(2))."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dapserver.ptrace.wait import Kind, WaitStatus, decode

CORE_DUMPED = 0x80
STOPPED = 0x7F
EVENT_STOP = 128
NAMED_EVENTS = {1: Kind.CLONE, 2: Kind.CLONE, 3: Kind.CLONE, 4: Kind.EXEC, 6: Kind.EXIT}

codes = st.integers(0, 255)
signal_numbers = st.integers(1, 64)
job_control = st.sampled_from([signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU])


def stopped(number: int, event: int = 0) -> int:
    return event << 16 | number << 8 | STOPPED


@given(codes)
def test_an_exit(code: int) -> None:
    assert decode(code << 8) == WaitStatus(Kind.EXITED, code)


@given(signal_numbers, st.sampled_from([0, CORE_DUMPED]))
def test_a_death(number: int, core: int) -> None:
    assert decode(number | core) == WaitStatus(Kind.SIGNALED, number)


@given(signal_numbers)
def test_a_signal_on_its_way(number: int) -> None:
    assert decode(stopped(number)) == WaitStatus(Kind.SIGNAL_DELIVERY_STOP, number)


@given(job_control)
def test_a_stop_of_job_control(number: int) -> None:
    assert decode(stopped(number, EVENT_STOP)) == WaitStatus(Kind.GROUP_STOP, number)


@given(st.integers(1, 127))
def test_an_event(event: int) -> None:
    status = decode(stopped(signal.SIGTRAP, event))
    assert status == WaitStatus(NAMED_EVENTS.get(event, Kind.OTHER_EVENT), signal.SIGTRAP)


def test_a_stop_that_was_asked_for() -> None:
    status = decode(stopped(signal.SIGTRAP, EVENT_STOP))
    assert status == WaitStatus(Kind.EVENT_STOP, signal.SIGTRAP)


@given(
    codes.map(lambda code: code << 8)
    | st.builds(lambda number, core: number | core, signal_numbers, st.sampled_from([0, CORE_DUMPED]))
    | st.builds(stopped, signal_numbers, st.integers(0, 255))
)
def test_the_end_is_told_from_a_stop(status: int) -> None:
    assert decode(status).ended is not os.WIFSTOPPED(status)


@pytest.mark.parametrize("code", [0, 1, 255])
def test_a_real_exit(code: int) -> None:
    child = os.posix_spawn("/bin/sh", ["sh", "-c", f"exit {code}"], os.environ)
    assert decode(os.waitpid(child, 0)[1]) == WaitStatus(Kind.EXITED, code)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMAX])
def test_a_real_death(number: signal.Signals) -> None:
    child = os.posix_spawn("/bin/sh", ["sh", "-c", f"kill -{number:d} $$"], os.environ)
    assert decode(os.waitpid(child, 0)[1]) == WaitStatus(Kind.SIGNALED, number)


def test_a_real_stop() -> None:
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "kill -STOP $$"], os.environ)
    status = os.waitpid(child, os.WUNTRACED)[1]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    # Not of a tracee, so without an event; the signal is in the same place.
    assert decode(status).value == signal.SIGSTOP
