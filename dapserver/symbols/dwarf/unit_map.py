"""Which unit the code at an address comes from (DWARF 5, 6.1.2)."""

from __future__ import annotations

import functools
import struct
from collections.abc import Iterator

from dapserver.symbols.dwarf.constants import UnitType
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.ranges import RangeMap, entry_ranges
from dapserver.symbols.dwarf.reading import DwarfError, damage, initial_length
from dapserver.symbols.dwarf.units import Unit

HEADERS = {4: struct.Struct("<HIBB"), 8: struct.Struct("<HQBB")}
"""By the size of an offset."""

TUPLES = {4: struct.Struct("<II"), 8: struct.Struct("<QQ")}
"""By the size of an address."""

WITH_CODE = frozenset({UnitType.COMPILE, UnitType.SKELETON})


class UnitMap:
    """Units by the addresses of their code.

    `.debug_aranges` answers without a look at any unit. clang, Go and rustc leave it out, some
    linkers keep it of some units: those that it does not mention are asked themselves.
    """

    def __init__(self, info: DebugInfo) -> None:
        self._info = info

    def at(self, address: int) -> Iterator[Unit]:
        """Give the units that claim *address*, the best one first. Raises DwarfError."""
        for offset in self._listed[0].at(address):
            yield self._info.unit(offset)
        yield from self._unlisted.at(address)

    @functools.cached_property
    def _listed(self) -> tuple[RangeMap[int], set[int]]:
        """What .debug_aranges says: ranges, and the offsets of all units mentioned."""
        ranges: list[tuple[int, int, int]] = []
        units: set[int] = set()
        section = self._info.sections[".debug_aranges"]
        position = 0
        try:
            with damage("address ranges"):
                while position < len(section):
                    position, unit, found = _arange_set(section, position)
                    units.add(unit)
                    for start, end in self._info.code:
                        ranges += [
                            (low, low + size, unit) for low, size in found if start <= low < end and size
                        ]
        except DwarfError:
            pass  # the units that come later are asked themselves
        return RangeMap(ranges), units

    @functools.cached_property
    def _unlisted(self) -> RangeMap[Unit]:
        ranges: list[tuple[int, int, Unit]] = []
        for header in self._info.headers:
            if header.type not in WITH_CODE or header.offset in self._listed[1]:
                continue
            try:
                unit = self._info.unit(header.offset)
                ranges.extend((low, high, unit) for low, high in entry_ranges(unit.root))
            except DwarfError:
                continue  # a damaged unit hides no other
        return RangeMap(ranges)


def _arange_set(section: memoryview, start: int) -> tuple[int, int, list[tuple[int, int]]]:
    """The set at *start*: the position behind it, the unit, and its (address, size) tuples (7.21)."""
    length, position, offset_size = initial_length(section, start)
    end = position + length
    header = HEADERS[offset_size]
    _version, unit, size, selector_size = header.unpack_from(section, position)
    if end > len(section) or size not in TUPLES or selector_size:
        raise DwarfError("address ranges of an unknown form")
    tuples = TUPLES[size]
    position += header.size
    # Tuples are aligned to their size from the start of the set.
    position = min(position + -(position - start) % tuples.size, end)
    return end, unit, list(tuples.iter_unpack(section[position : end - (end - position) % tuples.size]))
