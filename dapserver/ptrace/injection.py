"""Letting a stopped thread make system calls for us, without its program noticing. x86-64."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dapserver.ptrace import api, procfs
from dapserver.ptrace.registers import X86_64, Registers
from dapserver.ptrace.wait import Kind, decode, wait

INSTRUCTION = b"\x0f\x05"  # syscall
"""What must be at the address that is given to `injection`."""

SUITABLE = frozenset({Kind.EVENT_STOP, Kind.SIGNAL_DELIVERY_STOP})
"""Stops on the way back to the program. In the others a thread is within a system call, whose result
would be written over what we put into the registers."""

QUICK_TRIES, TRIES, MOMENT = 200, 10_000, 0.0001
"""Looks for a thread's next stop: at first without a pause, for it takes microseconds; seconds between."""

_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
_ALL_BUT_SIGTRAP = ~(1 << (signal.SIGTRAP - 1)) & (1 << 64) - 1


class SystemCall:
    """Makes system calls in one stopped thread."""

    def __init__(self, tid: int, at: int, sp: int, handle: Callable[[int, int], None]) -> None:
        self.sp = sp
        """The thread's stack pointer."""
        self._tid = tid
        self._at = at
        self._handle = handle

    def __call__(self, number: int, *arguments: int) -> int:
        """Give the result of one, negative for an error (-errno)."""
        registers = Registers.read(X86_64, self._tid)
        registers.pc, registers["rax"] = self._at, number
        registers["orig_rax"] = -1  # no system call is to be restarted now
        for name, value in zip(_ARGUMENTS, arguments, strict=False):
            registers[name] = value
        registers.write(self._tid)
        api.step(self._tid)
        self._wait_for_trap(self._at + len(INSTRUCTION))
        result = Registers.read(X86_64, self._tid)["rax"]
        return result - (1 << 64) if result >> 63 else result

    def _wait_for_trap(self, pc: int) -> None:
        while True:
            raw = self._next_status()
            status = decode(raw)
            if status.ended or status.kind is Kind.EXIT:
                self._handle(self._tid, raw)
                raise ProcessLookupError(f"thread {self._tid} has ended")
            if status.kind is not Kind.SIGNAL_DELIVERY_STOP:
                api.step(self._tid)
            elif status.value == signal.SIGTRAP and Registers.read(X86_64, self._tid).pc == pc:
                return
            else:
                api.step(self._tid, status.value)

    def _next_status(self) -> int:
        """Wait for the thread, but not for ever: a leader that is killed tells nothing before the other
        threads have been waited for (ptrace(2), "Death under ptrace").
        """
        for attempt in range(TRIES):
            if taken := wait(self._tid):
                return taken[1]
            if attempt >= QUICK_TRIES:
                time.sleep(MOMENT)
                try:
                    dead = procfs.state(self._tid) in "ZX"
                except ProcessLookupError:
                    dead = True
                if dead:
                    break
        raise ProcessLookupError(f"thread {self._tid} has ended")


@contextmanager
def injection(tid: int, at: int, kind: Kind, handle: Callable[[int, int], None]) -> Iterator[SystemCall]:
    """Give what makes system calls in a stopped thread.

    *kind* is that of its stop, one of `SUITABLE`; *at* is where `INSTRUCTION` is in its memory. The
    thread is still stopped afterwards, with its registers and signal mask, and the signal that it had;
    a system call that had been interrupted is restarted as if nothing had been. Signals wait meanwhile.
    ProcessLookupError if it ends; what the kernel tells of that is given to *handle*.
    """
    saved = Registers.read(X86_64, tid)
    mask = api.signal_mask(tid)
    info = api.siginfo(tid) if kind is Kind.SIGNAL_DELIVERY_STOP else None
    api.set_signal_mask(tid, _ALL_BUT_SIGTRAP)
    try:
        yield SystemCall(tid, at, saved.sp, handle)
    finally:
        saved.write(tid)
        api.set_signal_mask(tid, mask)
        if info is not None:
            api.set_siginfo(tid, info)
