"""Letting a stopped thread make system calls for us, without its program noticing. x86-64."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dapserver.ptrace.registers import X86_64, Registers
from dapserver.ptrace.undisturbed import Step, undisturbed
from dapserver.ptrace.wait import Kind

INSTRUCTION = b"\x0f\x05"  # syscall
"""What must be at the address that is given to `injection`."""

SUITABLE = frozenset({Kind.EVENT_STOP, Kind.SIGNAL_DELIVERY_STOP})
"""Stops on the way back to the program. In the others a thread is within a system call, whose result
would be written over what we put into the registers."""

_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")


class SystemCall:
    """Makes system calls in one stopped thread."""

    def __init__(self, tid: int, at: int, sp: int, step: Step) -> None:
        self.sp = sp
        """The thread's stack pointer."""
        self._tid = tid
        self._at = at
        self._step = step

    def __call__(self, number: int, *arguments: int) -> int:
        """Give the result of one, negative for an error (-errno)."""
        registers = Registers.read(X86_64, self._tid)
        registers.pc, registers["rax"] = self._at, number
        registers["orig_rax"] = -1  # no system call is to be restarted now
        for name, value in zip(_ARGUMENTS, arguments, strict=False):
            registers[name] = value
        registers.write(self._tid)
        self._step()
        result = Registers.read(X86_64, self._tid)["rax"]
        return result - (1 << 64) if result >> 63 else result


@contextmanager
def injection(tid: int, at: int, kind: Kind, handle: Callable[[int, int], None]) -> Iterator[SystemCall]:
    """Give what makes system calls in a stopped thread.

    *kind* is that of its stop, one of `SUITABLE`; *at* is where `INSTRUCTION` is in its memory. The
    thread is still stopped afterwards, with its registers; a system call that had been interrupted is
    restarted as if nothing had been. ProcessLookupError and *handle*: as for `undisturbed`.
    """
    with undisturbed(tid, kind, handle) as step:
        saved = Registers.read(X86_64, tid)
        try:
            yield SystemCall(tid, at, saved.sp, step)
        finally:
            saved.write(tid)
