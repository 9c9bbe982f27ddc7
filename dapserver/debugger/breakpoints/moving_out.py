"""Taking a stopped thread out of the copy of an instruction, before the copy goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from dapserver.ptrace.registers import Architecture, Registers
from dapserver.ptrace.undisturbed import undisturbed
from dapserver.ptrace.wait import Kind

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
