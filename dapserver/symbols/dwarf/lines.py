"""Line tables: from an address to file, line and column (DWARF 5, 6.2)."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Collection, Iterator
from contextlib import suppress
from typing import NamedTuple

from dapserver.symbols.dwarf.constants import At, RowFlag
from dapserver.symbols.dwarf.line_header import LineHeader, line_header
from dapserver.symbols.dwarf.line_program import RawRow, Sequence, run
from dapserver.symbols.dwarf.ranges import RangeMap
from dapserver.symbols.dwarf.reading import DAMAGE, DwarfError, damage, damaged
from dapserver.symbols.dwarf.units import Unit


class LineRow(NamedTuple):
    """A row of a line table: from `address` on, up to the next row, code belongs to this place."""

    address: int
    file: int
    """For `LineTable.path`."""
    line: int
    """0: code that belongs to no line."""
    column: int
    """0: the whole line."""
    flags: RowFlag


class LineTable:
    """The line table of one unit. The header is read at once, the program when first needed."""

    def __init__(self, header: LineHeader, unit: Unit) -> None:
        self.header = header
        self._unit = unit
        self._paths: dict[int, str | None] = {}
        self.problem: DwarfError | None = None
        """Why rows are missing, once they were asked for."""

    @classmethod
    def of(cls, unit: Unit) -> LineTable | None:
        """Read the header of *unit*'s line table; None if it has none. Raises DwarfError."""
        offset = unit.root.number(At.STMT_LIST)
        if offset is None:
            return None
        return cls(line_header(unit.section(".debug_line"), offset, unit.encoding), unit)

    def path(self, file: int) -> str | None:
        """Give the path of a file by its number in rows and in DW_AT_call_file; None if unknown.

        It is absolute if the compiler said where it ran, and without "." and "..".
        """
        if file not in self._paths:
            self._paths[file] = self._path(file)
        return self._paths[file]

    def paths(self, name: str | None = None) -> Iterator[tuple[int, str]]:
        """Give the numbers and paths of all files, or of those called *name* in their directories."""
        ending = name and f"/{name}"
        for file in self.header.file_numbers:
            with suppress(DwarfError):
                if name is not None and not f"/{self._name(file)}".endswith(str(ending)):
                    continue
                path = self.path(file)
                if path is not None:
                    yield file, path

    def statements(self, files: Collection[int]) -> list[RawRow]:
        """Give the rows of these files where statements start: good for breakpoints."""
        return [row for _, _, sequence in self._sequences for row in sequence.statements(files)]

    def rows_between(self, low: int, high: int) -> Iterator[tuple[LineRow, int]]:
        """Give the rows of code from *low* to below *high*, each with the address behind its code."""
        for _, _, sequence in self._sequences.overlapping(low, high):
            for row, end in sequence.between(low, high):
                yield _row(row), end

    @property
    def rows(self) -> Iterator[LineRow]:
        """All rows, by sequences of ascending addresses."""
        for _, _, sequence in self._sequences:
            for row in sequence.rows:
                yield _row(row)

    def row_at(self, address: int) -> LineRow | None:
        """Find the row that covers *address*."""
        for sequence in self._sequences.at(address):
            return _row(sequence.row_at(address))
        return None

    @functools.cached_property
    def _sequences(self) -> RangeMap[Sequence]:
        found: list[tuple[int, int, Sequence]] = []
        try:
            for sequence in run(self.header):
                if sequence.low < sequence.high and self._unit.info.is_code(sequence.low):
                    found.append((sequence.low, sequence.high, sequence))  # noqa: PERF401 - kept if the next fails
        except DAMAGE as error:
            self.problem = damaged("line table", error)
        return RangeMap(found)

    def _name(self, file: int) -> str:
        entry = self.header.file(file)
        return self._unit.string(entry[0]) if entry is not None else ""

    def _path(self, file: int) -> str | None:
        with damage("file table"):
            entry = self.header.file(file)
            if entry is None:
                return None
            name, directory = entry
            parts = [] if self.header.is_unit_directory(directory) else [self._unit.directory]
            found = self.header.directory(directory)
            if found is not None:
                parts.append(self._unit.string(found))
            path = posixpath.join("", *parts, self._unit.string(name))
            return posixpath.normpath(path)


def _row(row: RawRow) -> LineRow:
    address, file, line, column, flags = row
    return LineRow(address, file, line, column, RowFlag(flags))
