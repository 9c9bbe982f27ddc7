"""Data breakpoints: what the debug registers of all threads watch, and what a trap of them means.

All threads have the same settings. Those that run are stopped for a moment to get them, newborns and
those that stand still get them before they go on (`Process.resume_thread`).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.thread import State
from dapserver.ptrace import debug_registers
from dapserver.ptrace.debug_registers import COUNT, NOTHING, Watched

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Sites
    from dapserver.debugger.breakpoints.wish import Breakpoint, DataAt
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.process import Process


@dataclass(slots=True, eq=False)
class Watch:
    """What a data breakpoint watches."""

    where: DataAt
    owner: Breakpoint
    pieces: list[Watched]
    value: bytes
    """What was there when somebody looked last: a write that changes nothing is none."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A thread has done what a breakpoint watches for."""

    owner: Breakpoint
    before: bytes
    after: bytes


class Hardware:
    """The settings of one process."""

    def __init__(self, process: Process, memory: Memory, sites: Sites) -> None:
        self._process = process
        self._memory = memory
        self._sites = sites
        self._watches: list[Watch] = []
        memory.on_write = self._written
        self.was_used = False
        """Whether a trap may come that was set off by what is watched no longer."""

    def add(self, where: DataAt, owner: Breakpoint) -> None:
        """Watch a piece of memory on all threads. Raises DebuggerError if that cannot be."""
        try:
            value = self._memory.read(where.address, where.size)
        except OSError:
            value = b""
        if len(value) < where.size:
            raise DebuggerError(f"There is no memory at {where.address:#x}.")
        pieces = [
            Watched(*piece, where.access) for piece in debug_registers.pieces(where.address, where.size)
        ]
        free = COUNT - sum(len(each.pieces) for each in self._watches)
        if len(pieces) > free:
            raise DebuggerError(
                f"{where.name} takes {len(pieces)} of the processor's {COUNT} debug registers, and {free} "
                f"{'is' if free == 1 else 'are'} free: remove another data breakpoint, or watch a part of it."
            )
        self._sites.guard_registers()
        self._watches.append(Watch(where, owner, pieces, value))
        self.was_used = True
        try:
            self._spread()
        except OSError as error:
            self.discard(owner)
            raise DebuggerError(f"This machine cannot watch {where.name}: {error.strerror}.") from None

    def discard(self, owner: Breakpoint) -> None:
        """Somebody no longer wants a piece of memory watched."""
        self._watches = [each for each in self._watches if each.owner is not owner]
        self._spread()

    def touched(self, numbers: list[int]) -> list[Touch]:
        """What it means that these registers have trapped."""
        found = []
        settings = self._process.debug_registers
        trapped = {settings[number] for number in numbers}
        for watch in self._watches:
            if trapped.isdisjoint(watch.pieces):
                continue
            before, after = watch.value, self._read(watch)
            watch.value = after
            if before != after or watch.where.access is not debug_registers.Access.WRITE:
                found.append(Touch(watch.owner, before, after))
        return found

    def leave(self) -> None:
        """Take the settings off all threads, which must be stopped."""
        self._watches.clear()
        self._process.debug_registers = NOTHING
        for thread in self._process.threads.values():
            if thread.state is State.STOPPED and thread.debug_registers is not NOTHING:
                with contextlib.suppress(ProcessLookupError):
                    self._process.set_debug_registers(thread)
        if all(thread.debug_registers is NOTHING for thread in self._process.threads.values()):
            self._sites.release_registers()

    def forget(self) -> None:
        """The process runs another program, or is gone."""
        self._watches.clear()
        self._process.debug_registers = NOTHING
        self._sites.release_registers()

    def _written(self, address: int, size: int) -> None:
        """The user has changed memory: from there on the program changes what it changes."""
        for watch in self._watches:
            if address < watch.where.address + watch.where.size and watch.where.address < address + size:
                watch.value = self._read(watch)

    def _read(self, watch: Watch) -> bytes:
        try:
            return self._memory.read(watch.where.address, watch.where.size)
        except OSError:
            return b""  # it was unmapped meanwhile

    def _spread(self) -> None:
        """Let all threads have what is wanted now; OSError if the first that stands still cannot."""
        pieces: list[Watched | None] = [piece for watch in self._watches for piece in watch.pieces]
        settings = tuple(pieces + [None] * (COUNT - len(pieces))) if pieces else NOTHING
        self._process.debug_registers = settings
        threads = self._process.threads.values()
        standing = next((thread for thread in threads if thread.state is State.STOPPED), None)
        if standing is not None:
            debug_registers.write(standing.tid, settings)
            standing.debug_registers = settings
        for thread in threads:
            self._process.refresh(thread)


def change(touch: Touch) -> str:
    """Say for a person how a value has changed; "" if that cannot be told."""
    if touch.before == touch.after or len(touch.after) not in (1, 2, 4, 8):
        return ""
    before, after = (int.from_bytes(data, "little", signed=True) for data in (touch.before, touch.after))
    return f"was {before}, is {after}"
