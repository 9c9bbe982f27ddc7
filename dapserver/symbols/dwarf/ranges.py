"""Ranges of addresses: lists of them (DWARF 5, 2.17.3, 7.25) and a map to look addresses up in."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeVar

from dapserver.symbols.dwarf.constants import At, Form, RangeEntry
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Value
from dapserver.symbols.dwarf.reading import DwarfError, damage, uleb128, unsigned

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.units import Unit

Range = tuple[int, int]
"""The first address and the one behind the last."""

T = TypeVar("T")


class RangeMap(Generic[T]):
    """Values by ranges of addresses, which may nest and overlap."""

    __slots__ = ("_lows", "_ranges", "_reach")

    def __init__(self, ranges: Iterable[tuple[int, int, T]]) -> None:
        """Take (low, high, value): from *low* to below *high*."""
        # Of two that start together, the wider is outside.
        self._ranges = sorted(ranges, key=lambda each: (each[0], -each[1]))
        self._lows = [low for low, _, _ in self._ranges]
        self._reach = list(accumulate((high for _, high, _ in self._ranges), max))

    def __len__(self) -> int:
        return len(self._ranges)

    def __iter__(self) -> Iterator[tuple[int, int, T]]:
        return iter(self._ranges)

    def at(self, address: int) -> Iterator[T]:
        """Give what contains *address*, the one that starts last (the innermost) first."""
        index = bisect_right(self._lows, address) - 1
        while index >= 0 and self._reach[index] > address:
            if self._ranges[index][1] > address:
                yield self._ranges[index][2]
            index -= 1

    def overlapping(self, low: int, high: int) -> Iterator[tuple[int, int, T]]:
        """Give the ranges that have an address from *low* to below *high*, in order."""
        last = bisect_left(self._lows, high)
        first = last
        while first and self._reach[first - 1] > low:
            first -= 1
        for each in self._ranges[first:last]:
            if each[1] > low:
                yield each


def entry_ranges(entry: Entry) -> list[Range]:
    """Give the ranges of code of *entry*, in the order they have there; none for a declaration.

    What the linker has left out is not among them. Raises DwarfError.
    """
    is_code = entry.unit.info.is_code
    return [(low, high) for low, high in _stated_ranges(entry) if low < high and is_code(low)]


def _stated_ranges(entry: Entry) -> Iterator[Range]:
    ranges = entry.value(At.RANGES)
    if ranges is not None:
        with damage("range list"):
            yield from _listed_ranges(entry.unit, ranges)
        return
    low = entry.address(At.LOW_PC)
    high = entry.value(At.HIGH_PC)
    if low is None or high is None:
        return
    end = entry.unit.address(high)  # 2.17.2: an address, or an offset from low_pc
    if end is None and isinstance(high.raw, int):
        end = low + high.raw
    if end is not None:
        yield low, end


def _listed_ranges(unit: Unit, value: Value) -> Iterator[Range]:
    form, raw = value
    if isinstance(raw, bytes):
        return
    if unit.encoding.version < 5:
        yield from _old_list(unit, unit.ranges_base + raw)
        return
    if form == Form.RNGLISTX:
        raw = _list_offset(unit, raw)
    yield from _list(unit, raw)


def _old_list(unit: Unit, position: int) -> Iterator[Range]:
    """A list of .debug_ranges (DWARF 4, 2.17.3)."""
    section = unit.skeleton.section(".debug_ranges")
    size = unit.encoding.address_size
    base, new_base = unit.base_address, (1 << 8 * size) - 1
    while True:
        low, high = unsigned(section, position, size), unsigned(section, position + size, size)
        position += 2 * size
        if low == new_base:
            base = high
        elif low == high == 0:
            return
        else:
            yield base + low, base + high


def _list_offset(unit: Unit, index: int) -> int:
    """Where list number *index* is (7.28)."""
    size = unit.encoding.offset_size
    base = unit.root.number(At.RNGLISTS_BASE)
    if base is None:
        base = 12 if size == 4 else 20  # behind the only header
    return base + unsigned(unit.section(".debug_rnglists"), base + index * size, size)


def _list(unit: Unit, position: int) -> Iterator[Range]:  # noqa: C901 - one case for each kind of entry
    """A list of .debug_rnglists (7.25)."""
    section = unit.section(".debug_rnglists")
    size = unit.encoding.address_size
    base = unit.base_address

    def number() -> int:
        nonlocal position
        value, position = uleb128(section, position)
        return value

    def address() -> int:
        nonlocal position
        position += size
        return unsigned(section, position - size, size)

    while True:
        kind = section[position]
        position += 1
        if kind == RangeEntry.END_OF_LIST:
            return
        if kind == RangeEntry.BASE_ADDRESSX:
            base = unit.indexed_address(number())
        elif kind == RangeEntry.STARTX_ENDX:
            low = unit.indexed_address(number())
            yield low, unit.indexed_address(number())
        elif kind == RangeEntry.STARTX_LENGTH:
            low = unit.indexed_address(number())
            yield low, low + number()
        elif kind == RangeEntry.OFFSET_PAIR:
            low = base + number()
            yield low, base + number()
        elif kind == RangeEntry.BASE_ADDRESS:
            base = address()
        elif kind == RangeEntry.START_END:
            low = address()
            yield low, address()
        elif kind == RangeEntry.START_LENGTH:
            low = address()
            yield low, low + number()
        else:
            raise DwarfError(f"the unknown range list entry {kind}")
