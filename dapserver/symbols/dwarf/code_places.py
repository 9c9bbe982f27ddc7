"""From places in the source to the addresses of their code: breakpoints by file and line."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import Function, declaration_line
from dapserver.symbols.dwarf.line_program import RawRow
from dapserver.symbols.dwarf.prologues import past_prologue
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.source_files import SourceFiles, UnitFile

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.source import SourceInfo

FileRow = tuple[UnitFile, RawRow]


class CodePlace(NamedTuple):
    """An address for a breakpoint, and where in the source it is.

    Of a breakpoint by line, `line` is that of the row that was found: the line asked for, or the next
    one that has code.
    """

    address: int
    path: str | None
    line: int
    """0: not known."""
    column: int
    """0: not known."""
    function: str | None
    """The function with a frame that the address is in, as `SourceFrame.function` names it."""


class CodeLocation(NamedTuple):
    """A place in a known file that has code of its own."""

    line: int
    column: int
    """0: the whole line."""


class _Statements:
    """Where the statements of a file are in one unit, by line."""

    def __init__(self, file: UnitFile) -> None:
        self.by_line: dict[int, list[RawRow]] = {}
        for row in file.table.statements(file.numbers):
            self.by_line.setdefault(row[2], []).append(row)
        self.lines = sorted(self.by_line)

    def next_line(self, line: int) -> int | None:
        """The first line from *line* on that has code."""
        index = bisect_left(self.lines, line)
        return self.lines[index] if index < len(self.lines) else None


class CodePlaces:
    """Addresses by file and line, for one file with debug information."""

    def __init__(self, source: SourceInfo) -> None:
        self._source = source
        self._files = SourceFiles(source)
        self._statements: dict[UnitFile, _Statements] = {}

    def addresses(self, path: str, line: int, column: int | None = None) -> list[CodePlace]:
        """Find where to set a breakpoint; the rules are those of `SourceInfo.addresses`."""
        files = self._files.named(path)
        nearest = [near for file in files if (near := self._rows(file).next_line(line)) is not None]
        found_line = min(nearest, default=0)
        rows = [(file, row) for file in files for row in self._rows(file).by_line.get(found_line, ())]
        if column:
            rows = _in_column(rows, column)
        places: dict[int, CodePlace] = {}
        for function, found in self._by_function(rows).items():
            for file, row in _one_a_block(function, found) if function else found:
                place = self._place(file, row, function, line)
                if place is not None:
                    places.setdefault(place.address, place)
        return [places[address] for address in sorted(places)]

    def locations(self, path: str, first_line: int, last_line: int) -> list[CodeLocation]:
        """Give the places from *first_line* to *last_line* where statements start, sorted."""
        found: set[CodeLocation] = set()
        for file in self._files.named(path):
            statements = self._rows(file)
            for line in statements.lines[bisect_left(statements.lines, first_line) :]:
                if line > last_line:
                    break
                found.update(CodeLocation(line, row[3]) for row in statements.by_line[line])
        return sorted(found)

    def source_files(self) -> Iterator[str]:
        return iter(self._files)

    def _rows(self, file: UnitFile) -> _Statements:
        if file not in self._statements:
            self._statements[file] = _Statements(file)
            self._source.note(file.table.problem)
        return self._statements[file]

    def _by_function(self, rows: list[FileRow]) -> dict[Function | None, list[FileRow]]:
        found: dict[Function | None, list[FileRow]] = {}
        for file, row in rows:
            function = None
            with self._source.noting_problems():
                function = next(self._source.functions(file.unit).at(row[0]), None)
            found.setdefault(function, []).append((file, row))
        return found

    def _place(self, file: UnitFile, row: RawRow, function: Function | None, asked: int) -> CodePlace | None:
        """The place for a breakpoint on a row; None if the line that was asked for is before the function."""
        address, _, line, column, _ = row
        if function is None:
            return CodePlace(address, file.path, line, column, None)
        with self._source.noting_problems():
            is_entry = address == function.ranges[0][0]
            if is_entry and asked < line and asked < declaration_line(function.entry):
                return None
        address = past_prologue(self._source, function, address)
        return CodePlace(address, file.path, line, column, self._source.function_name(function))


def _one_a_block(function: Function, rows: list[FileRow]) -> Iterator[FileRow]:
    """The first row in each block of a function: a loop's line has several, which are one place.

    In each part of the code, too: gcc -O2 puts the `abort()` of `if (wrong) abort();` elsewhere, and
    whoever passes the line need not come there.
    """
    if len(rows) == 1:  # so that the blocks of a large function need not be found
        yield from rows
        return
    seen: set[tuple[Entry, int]] = set()
    for file, row in rows:
        block = function.entry
        with suppress(DwarfError):
            block = function.block_at(row[0])
        part = next((low for low, high in function.ranges if low <= row[0] < high), 0)
        if (block, part) not in seen:
            seen.add((block, part))
            yield file, row


def _in_column(rows: list[FileRow], column: int) -> list[FileRow]:
    """Of the rows of one line those in the first column from *column* on, else in the last one."""
    columns = sorted({row[3] for _, row in rows})
    if not columns:
        return rows
    chosen = columns[min(bisect_left(columns, column), len(columns) - 1)]
    return [(file, row) for file, row in rows if row[3] == chosen]
