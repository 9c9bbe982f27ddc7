"""goto: a stopped thread is to go on elsewhere in its function, and what lies between is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from dapserver.debugger.breakpoints.moving_out import move_out
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.lines import Lines, within
from dapserver.ptrace import signals
from dapserver.ptrace.registers import Registers

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Sites
    from dapserver.debugger.modules import Modules
    from dapserver.debugger.process import Process
    from dapserver.debugger.thread import Thread

NO_SYSTEM_CALL = -1


class Target(NamedTuple):
    """A place to go to. The address is the process's."""

    address: int
    function: str
    line: int
    column: int
    """0: not known."""


class Gotos:
    """Where the threads of one process may be sent, and sending them. In the tracer's thread."""

    def __init__(self, process: Process, modules: Modules, sites: Sites) -> None:
        self._process = process
        self._modules = modules
        self._sites = sites
        self._lines = Lines(modules)

    def targets(
        self, threads: Iterable[Thread], paths: Sequence[str], line: int, column: int | None = None
    ) -> list[Target]:
        """Find the code of a line in the functions that these stopped threads are in.

        *paths*: those by which the debug information may know the file. The rules are those of a
        breakpoint's. Raises DebuggerError if there is none.
        """
        there = {self._process.registers(thread).pc for thread in threads}
        functions = [region.function for pc in there if (region := self._lines.at(pc)) is not None]
        found: dict[int, Target] = {}
        for module in {module for pc in there if (module := self._modules.at(pc)) is not None}:
            source = self._modules.source_info(module)
            if source is None:
                continue
            for place in chain.from_iterable(source.addresses(path, line, column) for path in paths):
                address = place.address + module.bias
                if any(within(address, function) for function in functions):
                    found[address] = Target(address, place.function or "", place.line, place.column)
        if not found:
            raise DebuggerError(
                f"No stopped thread is in a function with code at line {line}: "
                "a thread can be sent to lines of the function that it is in, and to no others."
            )
        return [found[address] for address in sorted(found)]

    def go(self, thread: Thread, address: int) -> None:
        """Let a stopped thread go on at *address*. Raises DebuggerError if that is in another function."""
        try:
            self._check(thread, address)
            registers = self._at_an_instruction(thread)
            # A breakpoint there is passed, for the thread stands at it already.
            site = self._sites.active(address)
            registers.pc = address if site is None else site.slot
            # Or the kernel would take the thread back to the system call that it is in.
            registers["orig_rax"] = NO_SYSTEM_CALL
            registers.write(thread.tid)
        except ProcessLookupError:
            raise DebuggerError(f"Thread {thread.tid} has just ended.") from None
        thread.copy, thread.unreported = site, None
        if thread.signal in signals.FAULTS:
            thread.signal = 0  # of the instruction that it is taken away from

    def _check(self, thread: Thread, address: int) -> None:
        region = self._lines.at(self._process.registers(thread).pc)
        if region is None or not within(address, region.function):
            raise DebuggerError(
                f"Thread {thread.tid} is not in that function (any more): "
                "it can be sent to lines of the function that it is in, and to no others."
            )

    def _at_an_instruction(self, thread: Thread) -> Registers:
        """Take a thread out of the copy of an instruction; its registers then.

        Half of a call is completed first, and then undone.
        """
        architecture = self._process.architecture
        registers = Registers.read(architecture, thread.tid)
        site = self._sites.site_of_slot(registers.pc)
        if site is None or thread.status is None or not self._sites.is_half_done(registers.pc):
            return registers
        move_out(self._sites, architecture, thread.tid, thread.status.kind, self._process.handle)
        registers = Registers.read(architecture, thread.tid)
        if self._sites.memory.word(registers.sp) == site.address + site.made.size:
            registers["rsp"] = registers.sp + 8
        return registers
