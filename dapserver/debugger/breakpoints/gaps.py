"""Room for code of ours in the program, near to its own.

The kernel maps whole pages, so that what lies behind a module's code in the file, mostly zeros, is
executable too. It is near enough for the 32 bits of a relative address, and to take it no thread has to
make a system call for us. Where it does not suffice, a thread maps a page more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.modules import VDSO
from dapserver.ptrace import procfs

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.errands import Errands
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Module, Modules

PAGE = 4096
BLOCK = 64
"""Bytes: a gap is given away in blocks of this size, and aligned to it."""

PAGES = 16
"""Mapped at a time."""

DISTANCE = 1 << 20
"""Bytes that are left free on both sides of what is mapped: the heap grows upwards."""

NEAR = (1 << 31) - (1 << 24)
"""Bytes to something that an instruction may address relative to itself, its module's data included."""

_MMAP, _MUNMAP = 9, 11
_READ_EXECUTE = 1 | 4
_PRIVATE_ANONYMOUS_THERE = 0x2 | 0x20 | 0x100000  # MAP_FIXED_NOREPLACE


@dataclass(slots=True, eq=False)
class Gap:
    """A piece of executable memory that is not the program's."""

    start: int
    end: int
    original: bytes
    """Empty: it was mapped by us."""
    free: list[int] = field(default_factory=list)
    """Blocks that were given back."""
    used: int = 0
    """Bytes from the start that were given away, or are free again."""

    def take(self, blocks: int) -> int | None:
        if blocks == 1 and self.free:
            return self.free.pop()
        at = self.start + self.used
        if at + blocks * BLOCK > self.end:
            return None
        self.used += blocks * BLOCK
        return at


class Gaps:
    """The gaps of one process, found when they are needed."""

    def __init__(self, memory: Memory, modules: Modules, living: Callable[[], int], errands: Errands) -> None:
        self._memory = memory
        self._modules = modules
        self._living = living
        self._gaps: dict[Module, list[Gap]] = {}
        self._mapped: list[Gap] = []
        self._errands = errands

    # -- taking --------------------------------------------------------------------------------------

    def own(self, address: int, blocks: int = 1) -> int | None:
        """Room in the module of an address, or in what was mapped near to it; None if there is none."""
        module = self._modules.at(address)
        near = [gap for gap in self._mapped if abs(gap.start - address) < NEAR]
        return _first([*self._of(module), *near] if module is not None else near, blocks)

    def another(self, address: int, blocks: int = 1) -> int | None:
        """Room that is mapped for this, or else in another module; None if there is none."""
        with contextlib.suppress(DebuggerError, OSError):
            self._mapped.append(self._map_near(address))
            if (at := self.own(address, blocks)) is not None:
                return at
        near = [m for m in self._modules if abs(m.start - address) < NEAR and abs(m.end - address) < NEAR]
        return _first([gap for module in near for gap in self._of(module)], blocks)

    def give_back(self, at: int) -> None:
        """A block that was taken is no longer needed."""
        for gap in self._all():
            if gap.start <= at < gap.end:
                gap.free.append(at)

    def clear(self) -> None:
        """Put back what was there. All threads are stopped, and none is in a gap."""
        for gap in self._all():
            if gap.original and gap.used:
                with contextlib.suppress(OSError):  # the process ends
                    self._memory.write_raw(gap.start, gap.original[: gap.used])
        if self._mapped:
            with contextlib.suppress(DebuggerError, OSError), self._errands.by_any() as call:
                for gap in self._mapped:
                    call(_MUNMAP, gap.start, gap.end - gap.start)

    def forget(self) -> None:
        """The memory is another, or gone."""
        self._gaps.clear()
        self._mapped.clear()

    def forget_where(self, is_gone: Callable[[int], bool]) -> None:
        """Some of the memory is mapped no longer."""
        for module, gaps in self._gaps.items():
            self._gaps[module] = [gap for gap in gaps if not is_gone(gap.start)]

    def hide(self, address: int, data: bytes) -> bytes:
        """Bytes that were read at *address*, as they were before."""
        for gap in self._all():
            if gap.original and address < gap.start + gap.used and gap.start < address + len(data):
                low, high = max(address, gap.start), min(address + len(data), gap.start + gap.used)
                was = gap.original[low - gap.start : high - gap.start]
                data = data[: low - address] + was + data[high - address :]
        return data

    # -- finding -------------------------------------------------------------------------------------

    def _all(self) -> Iterator[Gap]:
        for gaps in self._gaps.values():
            yield from gaps
        yield from self._mapped

    def _of(self, module: Module) -> list[Gap]:
        if module not in self._gaps:
            self._gaps[module] = list(self._find(module))
        return self._gaps[module]

    def _find(self, module: Module) -> Iterator[Gap]:
        image = self._modules.image(module)
        if image is None or module.path == VDSO:
            return
        for code_end in image.code_ends():
            start = _rounded(module.bias + code_end, BLOCK)
            end = _rounded(start, PAGE)
            if start == end or not any(m.executable and m.start <= start < m.end for m in module.mappings):
                continue
            try:
                original = self._memory.read(start, end - start)
            except OSError:
                continue
            if len(original) == end - start:
                yield Gap(start, end, original)

    def _map_near(self, address: int) -> Gap:
        """Let a thread map some pages where nothing is. Raises DebuggerError if that cannot be."""
        size = PAGES * PAGE
        with self._errands.by_any() as call:
            for at in self._holes(address, size):
                mapped = call(_MMAP, at, size, _READ_EXECUTE, _PRIVATE_ANONYMOUS_THERE, -1, 0)
                if mapped == at:
                    return Gap(at, at + size, b"")
                if mapped >= 0:  # a kernel before 4.17 takes the address for a wish
                    call(_MUNMAP, mapped, size)
        raise DebuggerError(f"nothing can be mapped near {address:#x}")

    def _holes(self, address: int, size: int) -> list[int]:
        """Addresses below something that does not grow downwards, nearest first."""
        holes, low = [], PAGE
        for start, end, name in procfs.ranges(self._living()):
            at = start - size - DISTANCE
            if low + DISTANCE < at and abs(at - address) < NEAR and name != "[stack]":
                holes.append(at)
            low = end
        return sorted(holes, key=lambda at: abs(at - address))[:8]


def _first(gaps: list[Gap], blocks: int) -> int | None:
    return next((at for gap in gaps if (at := gap.take(blocks)) is not None), None)


def _rounded(value: int, alignment: int) -> int:
    return value + -value % alignment
