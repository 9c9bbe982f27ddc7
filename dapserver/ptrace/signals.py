"""Signals: names, meanings, and what one would do to a process."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
from dataclasses import dataclass

from dapserver.ptrace import procfs

# The signals whose default action is to dump core (signal(7)): a mistake in the program, rather
# than somebody's wish to end it.
FAULTS = frozenset(
    {
        *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT),
        *(signal.SIGTRAP, signal.SIGSYS, signal.SIGQUIT, signal.SIGXCPU, signal.SIGXFSZ),
    }
)

_WITH_ADDRESS = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP)

# si_code, by signal: sigaction(2)
_CODES = {
    (signal.SIGSEGV, 1): "address not mapped to object",
    (signal.SIGSEGV, 2): "invalid permissions for mapped object",
    (signal.SIGSEGV, 3): "failed address bound checks",
    (signal.SIGSEGV, 4): "access was denied by memory protection keys",
    (signal.SIGBUS, 1): "invalid address alignment",
    (signal.SIGBUS, 2): "nonexistent physical address",
    (signal.SIGBUS, 3): "object-specific hardware error",
    (signal.SIGFPE, 1): "integer divide by zero",
    (signal.SIGFPE, 2): "integer overflow",
    (signal.SIGFPE, 3): "floating-point divide by zero",
    (signal.SIGFPE, 4): "floating-point overflow",
    (signal.SIGFPE, 5): "floating-point underflow",
    (signal.SIGFPE, 6): "floating-point inexact result",
    (signal.SIGFPE, 7): "floating-point invalid operation",
    (signal.SIGILL, 1): "illegal opcode",
    (signal.SIGILL, 2): "illegal operand",
    (signal.SIGILL, 5): "privileged opcode",
    (signal.SIGTRAP, 1): "process breakpoint",
    (signal.SIGTRAP, 2): "process trace trap",
}


def name(number: int) -> str:
    """`SIGSEGV` for 11; `SIGRTMIN+3` and the like for real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIGRTMIN+{number - signal.SIGRTMIN}"


def meaning(number: int) -> str:
    """`Segmentation fault` for 11."""
    return signal.strsignal(number) or "real-time signal"


@dataclass(frozen=True, slots=True)
class SignalInfo:
    """What siginfo_t tells: which signal, why, and from whom or at which address."""

    number: int
    code: int
    sender: int | None
    address: int | None

    @classmethod
    def parse(cls, data: bytes) -> SignalInfo:
        """Parse the 128 bytes that PTRACE_GETSIGINFO gives (64-bit layout)."""
        number, _errno, code = struct.unpack_from("<iii", data)
        from_process = code <= 0  # SI_USER, SI_QUEUE, SI_TKILL...: sent, not raised by the kernel
        sender = struct.unpack_from("<i", data, 16)[0] if from_process else None
        has_address = not from_process and code != 0x80 and number in _WITH_ADDRESS
        address = struct.unpack_from("<Q", data, 16)[0] if has_address else None
        return cls(number, code, sender, address)

    def describe(self) -> str:
        """`Segmentation fault: address not mapped to object, at 0x8`."""
        parts = [meaning(self.number)]
        if why := _CODES.get((signal.Signals(self.number), self.code)) if self.number < 32 else None:
            parts.append(f": {why}")
        if self.address is not None:
            parts.append(f", at {self.address:#x}" if why else f" at {self.address:#x}")
        if self.sender:
            parts.append(f", sent by process {self.sender}")
        return "".join(parts)


def would_end(pid: int, tid: int, number: int) -> bool:
    """Whether a signal about to be delivered to a thread has its default action.

    A fault whose signal is blocked or ignored has been set back to its default by then.
    """
    try:
        status = procfs.status(pid, tid)
    except ProcessLookupError:
        return False
    bit = 1 << (number - 1)
    return not any(int(status.get(field, "0"), 16) & bit for field in ("SigCgt", "SigIgn"))


_libc = ctypes.CDLL(None, use_errno=True)


_SYNCHRONOUS = (
    *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS),
    *(signal.SIGKILL, signal.SIGSTOP),
)
NOT_FAULTS = (1 << 64) - 1 & ~sum(1 << (number - 1) for number in _SYNCHRONOUS)
"""A mask of all signals but those that an instruction causes: blocked, they would end the program."""


def is_thread_of(tgkill: int, tgid: int, tid: int) -> bool:
    """Whether *tid* is a thread of the process *tgid*: a hundred times cheaper than asking /proc.

    *tgkill* is the system call's number; signal 0 sends nothing (tgkill(2)).
    """
    return _libc.syscall(tgkill, tgid, tid, 0) == 0 or ctypes.get_errno() == 1  # EPERM


def send(pid: int, number: int) -> None:
    """Send a signal to a process; nothing if it is gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
