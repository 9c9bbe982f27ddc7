"""Taking a stopped thread away from a breakpoint and from the copy of an instruction, before they go."""

from __future__ import annotations

from collections.abc import Callable
from signal import SIGTRAP
from typing import TYPE_CHECKING

from dapserver.ptrace import api, procfs
from dapserver.ptrace.registers import Architecture, Registers
from dapserver.ptrace.undisturbed import next_status, undisturbed
from dapserver.ptrace.wait import Kind, WaitStatus, decode

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Sites


def move_out(
    sites: Sites, architecture: Architecture, tid: int, kind: Kind, handle: Callable[[int, int], None]
) -> None:
    """Put a thread back to the instruction, or behind it; nothing if it is in no copy.

    *kind* is that of its stop. ProcessLookupError if it ends; what the kernel tells of that goes to
    *handle*. ValueError if it runs 32-bit code.
    """
    registers = Registers.read(architecture, tid)
    if sites.is_half_done(registers.pc):
        # Half of a call: only the copy can do the rest of it.
        with undisturbed(tid, kind, handle) as step:
            while sites.is_half_done(registers.pc):
                step()
                registers = Registers.read(architecture, tid)
    if sites.site_of_slot(registers.pc) is not None:
        registers.pc = sites.shown_pc(registers.pc)
        registers.write(tid)


def take_trap(
    sites: Sites,
    architecture: Architecture,
    tid: int,
    handle: Callable[[int, int], None],
    *,
    is_watched: bool = False,
) -> WaitStatus | None:
    """Take the SIGTRAP that a thread has met just as it was interrupted: its stop by that, or None.

    The kernel tells of the interrupt first, and the signal would be delivered once we have left. (beater.c)
    *is_watched*: it may be of a debug register too. Errors are those of `move_out`.
    """
    registers = Registers.read(architecture, tid)
    at_site = registers.pc - 1 in sites
    if not (at_site or is_watched) or not _is_pending(tid):
        return None
    api.cont(tid)  # it stops before it executes anything
    raw = next_status(tid)
    status = decode(raw)
    if status.ended or status.kind is Kind.EXIT:
        handle(tid, raw)
        raise ProcessLookupError(f"thread {tid} has ended")
    if at_site and status.value == SIGTRAP:
        registers.pc -= 1
        registers.write(tid)
    return status


def _is_pending(tid: int) -> bool:
    """Whether a SIGTRAP waits for a thread, and is not blocked."""
    status = procfs.status(tid)
    waiting = int(status["SigPnd"], 16) & ~int(status["SigBlk"], 16)
    return bool(waiting & 1 << (SIGTRAP - 1))
