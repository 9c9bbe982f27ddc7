"""Letting a stopped thread make system calls for us, without its program noticing. x86-64."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dapserver.ptrace import api
from dapserver.ptrace.registers import X86_64, Registers
from dapserver.ptrace.wait import Kind, decode, wait_until_stop

CODE = b"\x0f\x05\xcc"  # syscall; int3
"""What must be at the address that is given to `injection`."""

SUITABLE = frozenset({Kind.EVENT_STOP, Kind.SIGNAL_DELIVERY_STOP})
"""Stops on the way back to the program. In the others a thread is within a system call, whose result
would be written over what we put into the registers."""

_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
_ALL_BUT_SIGTRAP = ~(1 << (signal.SIGTRAP - 1)) & (1 << 64) - 1

SystemCall = Callable[..., int]


@contextmanager
def injection(tid: int, at: int, kind: Kind, handle: Callable[[int, int], None]) -> Iterator[SystemCall]:
    """Give a function that makes a system call, by number and arguments, in a stopped thread.

    *kind* is that of its stop, one of `SUITABLE`; *at* is where `CODE` is in its memory. The thread is
    still stopped afterwards, with its registers and signal mask, and the signal that it had; a system
    call that had been interrupted is restarted as if nothing had been. Signals wait meanwhile.
    ProcessLookupError if it ends; what the kernel tells of that is given to *handle*.
    """
    saved = Registers.read(X86_64, tid)
    mask = api.signal_mask(tid)
    info = api.siginfo(tid) if kind is Kind.SIGNAL_DELIVERY_STOP else None
    api.set_signal_mask(tid, _ALL_BUT_SIGTRAP)

    def call(number: int, *arguments: int) -> int:
        registers = Registers.read(X86_64, tid)
        registers.pc, registers["rax"] = at, number
        registers["orig_rax"] = -1  # no system call is to be restarted now
        for name, value in zip(_ARGUMENTS, arguments, strict=False):
            registers[name] = value
        registers.write(tid)
        api.cont(tid)
        _wait_for_trap(tid, at + len(CODE), handle)
        result = Registers.read(X86_64, tid)["rax"]
        return result - (1 << 64) if result >> 63 else result

    try:
        yield call
    finally:
        saved.write(tid)
        api.set_signal_mask(tid, mask)
        if info is not None:
            api.set_siginfo(tid, info)


def _wait_for_trap(tid: int, pc: int, handle: Callable[[int, int], None]) -> None:
    while True:
        _, raw = wait_until_stop(tid)
        status = decode(raw)
        if status.ended or status.kind is Kind.EXIT:
            handle(tid, raw)
            raise ProcessLookupError(f"thread {tid} has ended")
        if status.kind is Kind.SIGNAL_DELIVERY_STOP:
            if status.value == signal.SIGTRAP and Registers.read(X86_64, tid).pc == pc:
                return
            api.cont(tid, status.value)
        else:
            api.cont(tid)
