"""Waiting for tracees, and what a raw wait status means: decoded here and nowhere else."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import time
from dataclasses import dataclass
from enum import Enum, auto

ANY = -1
"""For `wait`: whichever tracee has something to say."""

_FLAGS = 0x40000000 | os.WNOHANG  # __WALL: threads too, whatever their exit signal (waitpid(2))

_PTRACE_EVENT_STOP = 128


class Kind(Enum):
    """What happened to a tracee, in the words of ptrace(2)."""

    EXITED = auto()
    SIGNALED = auto()
    """Killed by a signal."""
    SIGNAL_DELIVERY_STOP = auto()
    GROUP_STOP = auto()
    """PTRACE_EVENT_STOP with a stopping signal: job control, not us."""
    EVENT_STOP = auto()
    """PTRACE_EVENT_STOP with SIGTRAP: PTRACE_INTERRUPT, a newborn's first stop, the end of LISTEN."""
    CLONE = auto()
    """Of a thread, or of a process as by fork(2) and vfork(2)."""
    EXEC = auto()
    EXIT = auto()
    """PTRACE_EVENT_EXIT: the last moment in which registers and memory can be read."""
    OTHER_EVENT = auto()
    """Of an option that is never set; resumed, whatever it is."""


_EVENTS = {1: Kind.CLONE, 2: Kind.CLONE, 3: Kind.CLONE, 4: Kind.EXEC, 6: Kind.EXIT}


@dataclass(frozen=True, slots=True)
class WaitStatus:
    """A decoded status. `value` is the exit code of EXITED, otherwise a signal number."""

    kind: Kind
    value: int

    @property
    def ended(self) -> bool:
        return self.kind is Kind.EXITED or self.kind is Kind.SIGNALED


@functools.cache  # a storm of 30,000 stops has half a dozen different statuses
def decode(status: int) -> WaitStatus:
    """Decode the status that waitpid(2) filled in for a seized tracee."""
    if os.WIFEXITED(status):
        return WaitStatus(Kind.EXITED, os.WEXITSTATUS(status))
    if os.WIFSIGNALED(status):
        return WaitStatus(Kind.SIGNALED, os.WTERMSIG(status))
    stop_signal, event = os.WSTOPSIG(status), status >> 16
    if event == 0:
        return WaitStatus(Kind.SIGNAL_DELIVERY_STOP, stop_signal)
    if event == _PTRACE_EVENT_STOP:
        kind = Kind.EVENT_STOP if stop_signal == signal.SIGTRAP else Kind.GROUP_STOP
        return WaitStatus(kind, stop_signal)
    return WaitStatus(_EVENTS.get(event, Kind.OTHER_EVENT), stop_signal)


def wait(tid: int) -> tuple[int, int] | None:
    """Take one status without blocking: of a tracee, or of ANY. (tid, raw status) or None.

    ANY walks along all tracees, 50 ns for each, until it finds one; a tid is looked up.
    Never waits: a leader whose threads live on would not answer (ptrace(2), "Death under ptrace").
    """
    try:
        pid, status = os.waitpid(tid, _FLAGS)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def wait_until_stop(tid: int) -> tuple[int, int]:
    """Block until a tracee that is certain to stop or end at once has done so."""
    return os.waitpid(tid, _FLAGS & ~os.WNOHANG)


class _SignalfdSiginfo(ctypes.Structure):
    _fields_ = (
        ("ssi_signo", ctypes.c_uint32),
        ("ssi_errno", ctypes.c_int32),
        ("ssi_code", ctypes.c_int32),
        ("ssi_pid", ctypes.c_uint32),
        ("rest", ctypes.c_ubyte * 112),
    )


_SIGCHLD = {signal.SIGCHLD}


class ChildSignal:
    """SIGCHLD as a file descriptor (signalfd(2)): readable when some tracee changed its state."""

    def __init__(self) -> None:
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        libc = ctypes.CDLL(None, use_errno=True)
        mask = (ctypes.c_ulong * 16)(1 << (signal.SIGCHLD - 1))
        self._fd = libc.signalfd(-1, mask, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "signalfd")

    def fileno(self) -> int:
        return int(self._fd)

    def take(self) -> int | None:
        """Consume the signal; the tid that it was sent for. Others may have been merged with it."""
        try:
            data = os.read(self._fd, 128)
        except BlockingIOError:
            return None
        return int(_SignalfdSiginfo.from_buffer_copy(data).ssi_pid)

    def watch(self, seconds: float) -> int | None:
        """Consume the signal as soon as it comes; its tid, or None if it did not come in time.

        Keeps the processor meanwhile: to let it fall asleep and wake it takes longer than the next
        stop of a storm does to come. Without a yield, which costs whole time slices on a busy machine.
        """
        end = time.monotonic() + seconds
        while (info := signal.sigtimedwait(_SIGCHLD, 0)) is None:
            if time.monotonic() > end:
                return None
        return info.si_pid

    def close(self) -> None:
        os.close(self._fd)
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
