"""Breakpoint sites: int3 in the code of a process, and the copies of what stood there.

A site is an address at which somebody wants threads to stop. Its instruction is made over into a gap
(see `gaps`), where a thread executes it to pass. What is read and written through `Memory` knows
nothing of either.
"""

from __future__ import annotations

import contextlib
from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.gaps import BLOCK, Gaps
from dapserver.debugger.breakpoints.guardian import Guardian
from dapserver.debugger.breakpoints.out_of_line import LONGEST, Copy, copy, original_pc
from dapserver.debugger.breakpoints.rescue import NODE, Rescue
from dapserver.debugger.breakpoints.rescue import SIZE as RESCUE_SIZE
from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace.anonymous_code import anonymous_code

if TYPE_CHECKING:
    from collections.abc import Callable

    from dapserver.debugger.breakpoints.errands import Errands
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Modules

INT3 = b"\xcc"

_FIRST = itemgetter(0)


@dataclass(slots=True, eq=False)
class Site:
    """One address; its byte is in memory while `owners` want it."""

    address: int
    original: bytes
    slot: int
    """Where a thread goes on that passes."""
    made: Copy
    owners: set[object]
    pinned: bool = False
    """A thread may come back to the copy at any time: from a signal handler, or unseen."""
    passed: set[int] = field(default_factory=set)
    """Stack pointers with which threads had come here before a signal: they come again. Perhaps another
    thread, if it was a goroutine's and the signal has made it give way."""


class Sites:
    """All sites of one process."""

    def __init__(
        self,
        memory: Memory,
        modules: Modules,
        living: Callable[[], int],
        errands: Errands,
        rescue: Rescue,
    ) -> None:
        self.memory = memory
        self._modules = modules
        self._living = living
        self._gaps = Gaps(memory, modules, living, errands)
        self._sites: dict[int, Site] = {}
        self._addresses: list[int] = []
        """Sorted."""
        self._slots: list[tuple[int, Site]] = []
        """Sorted."""
        self._guardian = Guardian(living)
        self._former: dict[int, bytes] = {}
        """The bytes of sites that are no more: a child may have been forked before."""
        self.in_use: Callable[[], set[Site]] = set
        """Gives the sites in whose copies threads may be."""
        self.rescue = rescue
        """What the program has to go on if we are killed."""
        memory.patches = self

    @property
    def never_any(self) -> bool:
        """Whether no code of the process was ever changed."""
        return not self._sites and not self._former

    def __bool__(self) -> bool:
        return bool(self._sites)

    def __contains__(self, address: int) -> bool:
        return address in self._sites

    def active(self, address: int) -> Site | None:
        """The site at an address, if threads are to stop there."""
        site = self._sites.get(address)
        return site if site is not None and site.owners else None

    def add(self, address: int, owner: object) -> Site:
        """Let threads stop at *address*. Raises DebuggerError if that cannot be."""
        site = self._sites.get(address)
        if site is None:
            site = self._make(address)
        if not site.owners:
            self._guardian.guard(address, site.original)
            self.memory.write_raw(address, INT3)
        site.owners.add(owner)
        return site

    def slot_of(self, address: int) -> int | None:
        """Where a guest goes on that has trapped at an address, whether threads are to stop there or not."""
        site = self._sites.get(address)
        if site is None:
            return None
        site.pinned = True
        return site.slot

    def take_out_of(self, child: int) -> None:
        """Make the code as it was in a process that has a copy of this one's memory."""
        with contextlib.suppress(OSError), open(f"/proc/{child}/mem", "r+b", buffering=0) as memory:
            bytes_ = self._former | {site.address: site.original for site in self._sites.values()}
            for address, original in bytes_.items():
                with contextlib.suppress(OSError):  # what was mapped may be gone there
                    memory.seek(address)
                    if memory.read(1) == INT3:
                        memory.seek(address)
                        memory.write(original)

    def discard(self, address: int, owner: object) -> None:
        """Somebody no longer wants threads to stop at *address*."""
        site = self._sites.get(address)
        if site is None or owner not in site.owners:
            return
        site.owners.discard(owner)
        if not site.owners:
            self._restore(site)

    def guard_registers(self) -> None:
        """Threads are about to have debug registers: let no trap of theirs end the program."""
        if not self.rescue.placed:
            self._prepare()
        self._guardian.guard_registers()

    def release_registers(self) -> None:
        """No thread has any of them any more."""
        self._guardian.release_registers()

    def remove_all(self) -> None:
        """Leave the code as it was; all threads must be stopped, and none in a copy."""
        for site in self._sites.values():
            if site.owners:
                site.owners.clear()
                self._restore(site)
        self.rescue.withdraw()
        self._gaps.clear()
        self.forget()

    def forget(self) -> None:
        """The process has other memory now, or is gone."""
        self._sites.clear()
        self._addresses.clear()
        self._slots.clear()
        self._gaps.forget()
        self._former.clear()
        self.rescue.forget()
        self._guardian.dismiss()

    def forget_ranges(self, ranges: list[tuple[int, int]]) -> None:
        """What was mapped there, from one address up to another each, is no longer."""

        def is_gone(address: int) -> bool:
            return any(start <= address < end for start, end in ranges)

        for site in [site for site in self._sites.values() if is_gone(site.address)]:
            self._drop(site)
            self._guardian.release(site.address)
        homeless = [site for site in self._sites.values() if is_gone(site.slot)]
        for site in homeless:
            if site.owners:
                self._restore(site)
            self._drop(site)
        self._gaps.forget_where(is_gone)
        self._former = {at: byte for at, byte in self._former.items() if not is_gone(at)}
        for site in homeless:
            for owner in site.owners:
                self.add(site.address, owner)
        self._chain_anew()

    def really_is(self, address: int, data: bytes) -> bool:
        """Whether *data* is in memory, ours or not."""
        try:
            return self.memory.read_raw(address, len(data)) == data
        except OSError:
            return False

    def site_of_slot(self, pc: int) -> Site | None:
        """The site in whose copy an address lies."""
        index = bisect_right(self._slots, pc, key=_FIRST) - 1
        if index < 0:
            return None
        start, site = self._slots[index]
        return site if pc < start + len(site.made.code) else None

    def shown_pc(self, pc: int) -> int:
        """Where a thread is that is at *pc*, as if there were no copies."""
        site = self.site_of_slot(pc)
        if site is None:
            return pc
        return original_pc(pc, site.address, site.slot, site.made) or pc

    def is_half_done(self, pc: int) -> bool:
        """Whether a thread at *pc* is in the middle of a copy, and the original is neither done nor to do."""
        site = self.site_of_slot(pc)
        return site is not None and pc != site.slot and self.shown_pc(pc) == site.address

    # -- what memory looks like without us ---------------------------------------------------------

    def hide(self, address: int, data: bytes) -> bytes:
        """Bytes that were read at *address*, as they would be without sites."""
        first = bisect_left(self._addresses, address)
        patched: bytearray | None = None
        for at in self._addresses[first : bisect_left(self._addresses, address + len(data), first)]:
            if (site := self._sites[at]).owners:
                patched = patched or bytearray(data)
                patched[at - address] = site.original[0]
        return self._gaps.hide(address, data if patched is None else bytes(patched))

    def keep(self, address: int, data: bytes) -> bytes:
        """Bytes that somebody writes at *address*, with the sites' in their places."""
        first = bisect_left(self._addresses, address)
        patched = bytearray(data)
        for at in self._addresses[first : bisect_left(self._addresses, address + len(data), first)]:
            site = self._sites[at]
            site.original = bytes((data[at - address],))
            if site.owners:
                self._guardian.guard(at, site.original)
                patched[at - address] = INT3[0]
        return bytes(patched)

    # -- making them -------------------------------------------------------------------------------

    def _make(self, address: int) -> Site:
        code = self._code(address)
        if not self.rescue.placed:
            self._prepare()
        node = self._room(address)
        slot = node + NODE.size
        made = copy(code, address, slot)
        if made is None:
            self._gaps.give_back(node)
            raise DebuggerError(f"No breakpoint can be set on the instruction at {address:#x}.")
        self.memory.write_raw(node, NODE.pack(address, self.rescue.head) + made.code)
        self.rescue.chain(node)
        site = Site(address, code[:1], slot, made, set())
        self._sites[address] = site
        insort(self._addresses, address)
        insort(self._slots, (slot, site), key=_FIRST)
        return site

    def _code(self, address: int) -> bytes:
        """The instruction at an address, and what follows. Raises DebuggerError if it is no code."""
        if not self._is_executable(address):
            raise DebuggerError(f"There is no code at {address:#x}.")
        try:
            return self.memory.read(address, LONGEST)
        except OSError:
            raise DebuggerError(f"There is no code at {address:#x}.") from None

    def _is_executable(self, address: int) -> bool:
        for module in self._modules:
            for mapping in module.mappings:
                if mapping.start <= address < mapping.end:
                    return mapping.executable
        # Or made by a just-in-time compiler.
        return any(address in code for code in anonymous_code(self._living()))

    def _room(self, address: int) -> int:
        """Where a copy can be. Raises DebuggerError if there is no place."""
        if (at := self._gaps.own(address)) is not None:
            return at
        self._collect()
        at = self._gaps.own(address)
        if at is None:
            at = self._gaps.another(address)
        if at is None:
            raise DebuggerError(
                f"There is no room near {address:#x} for another breakpoint: remove one that is not needed."
            )
        return at

    def _collect(self) -> None:
        """Give back the room of sites that nobody wants, and that no thread is on its way through."""
        in_use = self.in_use()
        unused = [s for s in self._sites.values() if not s.owners and not s.pinned and s not in in_use]
        for site in unused:
            self._drop(site)
            self._gaps.give_back(site.slot - NODE.size)
        if unused:
            self._chain_anew()

    def _drop(self, site: Site) -> None:
        del self._sites[site.address]
        self._addresses.remove(site.address)
        self._slots.remove((site.slot, site))
        self._former[site.address] = site.original

    def _chain_anew(self) -> None:
        self.rescue.chain_anew((site.slot - NODE.size, site.address) for site in self._sites.values())

    def _prepare(self) -> None:
        """Install the handler of last resort in the program's own file, which is never unmapped."""
        program = next(iter(self._modules), None)
        if program is None:
            return
        blocks = -(-RESCUE_SIZE // BLOCK)
        at = self._gaps.own(program.start, blocks)
        if at is None:
            at = self._gaps.another(program.start, blocks)
        if at is not None:
            self.rescue.place(at)

    def _restore(self, site: Site) -> None:
        site.passed.clear()
        with contextlib.suppress(OSError):  # the process ends, or the code is mapped no longer
            self.memory.write_raw(site.address, site.original)
        self._guardian.release(site.address)
