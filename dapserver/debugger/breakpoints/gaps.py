"""Room for code that nobody executes: behind the code of each module, in its last page.

The kernel maps whole pages, so that what lies behind a module's code in the file, mostly zeros, is
executable too. It is near enough for the 32 bits of a relative address, which memory of our own might
not be, and to take it no thread has to make a system call for us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.modules import VDSO

if TYPE_CHECKING:
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Module, Modules

PAGE = 4096
ALIGNMENT = 16
NEAR = (1 << 31) - (1 << 24)
"""Bytes to something that an instruction may address relative to itself, its module's data included."""


@dataclass(slots=True, eq=False)
class Gap:
    start: int
    end: int
    original: bytes
    used: int = 0


class Gaps:
    """The gaps of one process, found when they are needed."""

    def __init__(self, memory: Memory, modules: Modules, living: Callable[[], int]) -> None:
        self._memory = memory
        self._modules = modules
        self._living = living
        self._gaps: dict[int, list[Gap]] = {}
        """By module."""
        self._used: list[Gap] = []

    def take(self, address: int, size: int) -> int:
        """The address of *size* bytes near to *address*. Raises DebuggerError if there are none."""
        for gap in self._near(address):
            at = gap.start + gap.used
            if at + size <= gap.end:
                return at
        raise DebuggerError(
            f"There is no room near {address:#x} for another breakpoint: remove one that is not needed."
        )

    def fill(self, at: int, code: bytes) -> None:
        """Put *code* at an address that `take` gave."""
        gap = next(gap for gaps in self._gaps.values() for gap in gaps if gap.start <= at < gap.end)
        self._memory.write_raw(at, code)
        gap.used = _rounded(at + len(code) - gap.start, ALIGNMENT)
        if gap not in self._used:
            self._used.append(gap)

    def clear(self) -> None:
        """Put back what was there."""
        for gap in self._used:
            self._memory.write_raw(gap.start, gap.original[: gap.used])

    def forget(self) -> None:
        self._gaps.clear()
        self._used.clear()

    def hide(self, address: int, data: bytes) -> bytes:
        """Bytes that were read at *address*, as they were before."""
        for gap in self._used:
            low, high = max(address, gap.start), min(address + len(data), gap.start + gap.used)
            if low < high:
                was = gap.original[low - gap.start : high - gap.start]
                data = data[: low - address] + was + data[high - address :]
        return data

    def _near(self, address: int) -> Iterator[Gap]:
        """The gaps that can be reached, those of the address's own module first."""
        modules = sorted(self._modules, key=lambda module: not module.covers(address))
        for module in modules:
            if abs(module.start - address) < NEAR and abs(module.end - address) < NEAR:
                yield from self._of(module)

    def _of(self, module: Module) -> list[Gap]:
        if module.id not in self._gaps:
            self._gaps[module.id] = list(self._find(module))
        return self._gaps[module.id]

    def _find(self, module: Module) -> Iterator[Gap]:
        image = self._modules.image(module)
        if image is None or module.path == VDSO:
            return
        for code_end in image.code_ends():
            start = _rounded(module.bias + code_end, ALIGNMENT)
            end = _rounded(start, PAGE)
            if start == end or not any(m.executable and m.start <= start < m.end for m in module.mappings):
                continue
            try:
                original = self._memory.read(start, end - start)
            except OSError:
                continue
            if len(original) == end - start:
                yield Gap(start, end, original)


def _rounded(value: int, alignment: int) -> int:
    return value + -value % alignment
