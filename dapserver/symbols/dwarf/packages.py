"""The indexes of a package of split debug information: which part of it is whose (DWARF 5, 7.3.5)."""

from __future__ import annotations

import functools
import struct

from dapserver.symbols.dwarf.reading import DwarfError, damage, unsigned

HEADER_SIZE = 16
COLUMNS = {
    2: {
        1: ".debug_info", 2: ".debug_types", 3: ".debug_abbrev", 4: ".debug_line", 5: ".debug_loc",
        6: ".debug_str_offsets",
    },
    5: {
        1: ".debug_info", 3: ".debug_abbrev", 4: ".debug_line", 5: ".debug_loclists",
        6: ".debug_str_offsets", 8: ".debug_rnglists",
    },
}  # fmt: skip
"""Section numbers by the index's version: 2 is GNU's, with units of DWARF 4; 7.3.5.3."""


class PackageIndex:
    """A .debug_cu_index or .debug_tu_index: a row for each unit, a column for each section."""

    def __init__(self, section: memoryview) -> None:
        """Raises DwarfError if it makes no sense; an empty *section* has no rows."""
        self._section = section
        self._names: list[str | None] = []
        self._slots = self._rows = 0
        if not section:
            return
        with damage("index of a package"):
            version = unsigned(section, 0, 2)
            if version not in COLUMNS:
                raise DwarfError(f"an index of a package in version {version}; 2 and 5 are supported")
            columns, self._rows, self._slots = struct.unpack_from("<3I", section, 4)
            self._table = HEADER_SIZE + 12 * self._slots
            if self._table + 4 * columns * (1 + 2 * self._rows) > len(section):
                raise DwarfError("an index of a package that goes on behind its section")
            numbers = struct.unpack_from(f"<{columns}I", section, self._table)
            self._names = [COLUMNS[version].get(number) for number in numbers]

    def unit_with(self, signature: int, section: str = ".debug_info") -> int | None:
        """Give the offset in *section* of the unit of a signature; None if there is none."""
        row = self._by_signature.get(signature)
        if row is None or section not in self._names:
            return None
        return self._row(row)[self._names.index(section)]

    def parts(self, offset: int, section: str = ".debug_info") -> dict[str, slice]:
        """Tell which part of each section belongs to the unit at *offset* of *section*; {} if unknown."""
        row = self._by_offset(section).get(offset)
        if row is None:
            return {}
        offsets, sizes = self._row(row), self._row(row + self._rows)
        return {
            name: slice(start, start + size)
            for name, start, size in zip(self._names, offsets, sizes, strict=True)
            if name is not None
        }

    @functools.cached_property
    def _by_signature(self) -> dict[int, int]:
        end = HEADER_SIZE + 8 * self._slots
        signatures = struct.iter_unpack("<Q", self._section[HEADER_SIZE:end])
        rows = struct.iter_unpack("<I", self._section[end : end + 4 * self._slots])
        return {
            signature: row - 1
            for (signature,), (row,) in zip(signatures, rows, strict=True)
            if 0 < row <= self._rows  # 0: nothing is in the slot
        }

    @functools.cache  # noqa: B019 - as long as the file is open
    def _by_offset(self, section: str) -> dict[int, int]:
        if section not in self._names:
            return {}
        column = self._names.index(section)
        return {self._row(row)[column]: row for row in range(self._rows)}

    def _row(self, number: int) -> tuple[int, ...]:
        """Numbers of a row; those of sizes follow those of offsets."""
        count = len(self._names)
        return struct.unpack_from(f"<{count}I", self._section, self._table + 4 * count * (1 + number))
