"""Which units have code of a source file: by the file tables of the line tables (DWARF 5, 6.2.4).

A large program has a hundred thousand file names in its line tables. So names are found by their
bytes, and only the tables that have them are decoded.
"""

from __future__ import annotations

import posixpath
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.lines import LineTable
from dapserver.symbols.dwarf.reading import DAMAGE, initial_length, unsigned
from dapserver.symbols.dwarf.unit_map import WITH_CODE
from dapserver.symbols.dwarf.units import Unit

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.info import DebugInfo
    from dapserver.symbols.dwarf.source import SourceInfo

PLACE_LIMIT = 4096  # places of one file name in a string section
PATH_LIMIT = 4096  # bytes, PATH_MAX of limits.h
ROOT_LIMIT = 3 * PATH_LIMIT  # bytes of a unit's root entry, which may have its path and directory in it


@dataclass(frozen=True, slots=True, eq=False)
class UnitFile:
    """A source file in a unit's line table."""

    unit: Unit
    table: LineTable
    path: str
    numbers: frozenset[int]
    """What rows call it: more than one number in some tables."""


class SourceFiles:
    """The source files of one file with debug information, by their paths."""

    def __init__(self, source: SourceInfo) -> None:
        self._source = source
        self._named: dict[str, list[UnitFile]] = {}

    def named(self, path: str) -> list[UnitFile]:
        """Find a source file in all units that name it.

        By its whole path, if it is absolute and one has just that; otherwise those with the same name and
        the most of the directories before it.
        """
        path = posixpath.normpath(path)
        found = self._with_name(posixpath.basename(path))
        whole = len(path) + 1 if posixpath.isabs(path) else 0
        merits = [(path == file.path and whole) or _common_end(path, file.path) for file in found]
        best = max(merits, default=0)
        return [file for file, merit in zip(found, merits, strict=True) if merit == best]

    def __iter__(self) -> Iterator[str]:
        """Give all paths, each once."""
        seen: set[str] = set()
        info = self._source.info
        for _, table in self._tables(info.unit(h.offset) for h in info.headers if h.type in WITH_CODE):
            for _, path in table.paths():
                if path not in seen:
                    seen.add(path)
                    yield path

    def _with_name(self, name: str) -> list[UnitFile]:
        if name not in self._named:
            self._named[name] = [
                file
                for unit, table in self._tables(self._units_of(tables_naming(self._source.info, name)))
                for file in _files(unit, table, name)
            ]
        return self._named[name]

    def _units_of(self, tables: list[int]) -> Iterator[Unit]:
        """The units whose line tables are at these offsets."""
        if not tables:
            return
        # To decode the root entries of a thousand units takes seconds, so they are looked at as bytes.
        info = self._source.info
        section = info.sections[".debug_info"]
        patterns = (re.escape(offset.to_bytes(4, "little")) for offset in tables)
        search = re.compile(b"|".join(patterns)).search
        for header in info.headers:
            start = header.offset + header.root
            end = min(header.offset + header.size, start + ROOT_LIMIT)
            if header.type in WITH_CODE and search(section, start, end):
                with self._source.noting_problems():
                    unit = info.unit(header.offset)
                    if unit.root.number(At.STMT_LIST) in tables:
                        yield unit

    def _tables(self, units: Iterator[Unit]) -> Iterator[tuple[Unit, LineTable]]:
        for unit in units:
            with self._source.noting_problems():
                table = self._source.line_table(unit)
                if table is not None:
                    yield unit, table


def _files(unit: Unit, table: LineTable, name: str) -> list[UnitFile]:
    numbers: dict[str, set[int]] = {}
    for number, path in table.paths(name):
        numbers.setdefault(path, set()).add(number)
    return [UnitFile(unit, table, path, frozenset(found)) for path, found in numbers.items()]


def _common_end(path: str, other: str) -> int:
    """How many of the last components two paths have in common."""
    ours, theirs = path.split("/"), other.split("/")
    count = 0
    while count < min(len(ours), len(theirs)) and ours[-1 - count] == theirs[-1 - count]:
        count += 1
    return count


def tables_naming(info: DebugInfo, name: str) -> list[int]:
    """Find the line tables that may name a file *name* (without directories): their offsets, sorted.

    A file table has the name's bytes (always before DWARF 5) or the offset of a string.
    """
    section = info.sections[".debug_line"]
    text = name.encode() + b"\0"
    patterns = [text]
    strings = info.sections[".debug_line_str"] or info.sections[".debug_str"]
    patterns += [place.to_bytes(4, "little") for place in _string_places(strings, text)]
    starts: list[int] = []
    programs: list[int] = []
    found: set[int] = set()
    for pattern in patterns:
        search = re.compile(re.escape(pattern)).search
        match = search(section)
        if match is not None and not starts:
            starts, programs = _table_bounds(section)
        while match is not None:
            index = bisect_right(starts, match.start()) - 1
            if index < 0:
                break
            if match.start() < programs[index]:
                found.add(starts[index])
            if index + 1 == len(starts):
                break
            match = search(section, starts[index + 1])
    return sorted(found)


def _table_bounds(section: memoryview) -> tuple[list[int], list[int]]:
    """Where each line table starts, and its program; up to the first that makes no sense."""
    starts, programs = [], []
    start = 0
    while start < len(section):
        try:
            length, position, offset_size = initial_length(section, start)
            version = unsigned(section, position, 2)
            header = position + (2 if version < 5 else 4)
            program = header + offset_size + unsigned(section, header, offset_size)
        except DAMAGE:
            break
        starts.append(start)
        programs.append(program)
        start = position + length
    return starts, programs


def _string_places(section: memoryview, text: bytes) -> list[int]:
    """The offsets of strings that end in the file name *text*: it alone, and with directories before it.

    Linkers lay a string into the end of a longer one, so each of these may start anywhere in it.
    """
    places: set[int] = set()
    for match in re.finditer(re.escape(text), section):
        if len(places) > PLACE_LIMIT:
            break
        places.add(match.start())
        start = max(match.start() - PATH_LIMIT, 0)
        before = bytes(section[start : match.start()])
        if before.endswith(b"/"):
            first = before.rfind(b"\0") + 1
            places.add(start + first)
            places.update(
                start + slash.end() for slash in re.finditer(b"/", before) if slash.start() >= first
            )
    return sorted(places)
