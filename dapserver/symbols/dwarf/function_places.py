"""From names of functions to the addresses of their code, inlined copies included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from dapserver.symbols.demangle import demangle
from dapserver.symbols.dwarf.code_places import CodePlace
from dapserver.symbols.dwarf.completions import Completions
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import linkage_name, qualified_name
from dapserver.symbols.dwarf.prologues import past_prologue
from dapserver.symbols.dwarf.ranges import entry_ranges
from dapserver.symbols.dwarf.units import Unit
from dapserver.symbols.dwarf.variables_index import FUNCTION_TAGS, alternate_of
from dapserver.symbols.function_names import FunctionPattern

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.source import SourceInfo

UNITS_LIMIT = 16 << 20
"""Bytes of units that are searched for inlined copies; that takes a second or two."""
SEARCH_LIMIT = 64 << 20
"""Bytes of debug information that are searched for names which symbols have told already."""
INSTANCES_LIMIT = 100
"""Instances of a template that are looked for."""


def function_addresses(source: SourceInfo, name: str) -> list[CodePlace]:
    """Find where to set a breakpoint; the rules are those of `SourceInfo.function_addresses`.

    Symbols tell nearly all. What the compiler inlined everywhere, and its copies, only the debug
    information knows, so the units that have the name are searched too, as far as there are few.
    """
    pattern = FunctionPattern.parse(name)
    if pattern is None:
        return []
    starts = {start for _, start in pattern.symbols(source.info.symbols) if source.info.is_code(start)}
    size = sum(len(info.sections[".debug_info"]) for info in source.info.all_files())
    is_large = size > SEARCH_LIMIT
    entries = _entries_beside(source, pattern, starts) if starts and is_large else _entries(source, pattern)
    starts.update(_from_entries(source, pattern, entries))
    places: dict[int, CodePlace] = {}
    for start in sorted(starts):
        place = _place(source, start)
        if place is not None:
            places.setdefault(place.address, place)
    return list(places.values())


def _place(source: SourceInfo, address: int) -> CodePlace | None:
    """The place for a breakpoint on what starts at *address*; None if no debug information covers it."""
    found = source.function_at(address)
    if found is None:
        return None
    unit, function = found
    address = past_prologue(source, function, address)
    return CodePlace(address, *source.place(unit, address), source.function_name(function))


def _from_entries(source: SourceInfo, pattern: FunctionPattern, entries: Iterator[Entry]) -> Iterator[int]:
    """Where functions start, and their inlined copies, by the names in the debug information."""
    wanted: list[Entry] = []
    units: set[Unit] = set()
    left = UNITS_LIMIT
    for entry in entries:
        if entry.unit not in units:
            units.add(entry.unit)
            left -= entry.unit.header.size
            if left < 0:
                break
        with source.noting_problems():
            if _is_meant(pattern, entry):
                wanted.append(entry)
    for entry in Completions(source).of(wanted):
        with source.noting_problems():
            yield from _start(entry)


def _entries(source: SourceInfo, pattern: FunctionPattern) -> Iterator[Entry]:
    """The entries of functions with a name, and of instances of a template of that name."""
    index, name = source.declarations.index, pattern.components[-1]
    yield from index.functions(name)
    if "<" not in name:
        beginning = re.compile(rb"\0(" + re.escape(name.encode()) + rb"<[^\0]*)\0")
        alternate = alternate_of(source.info)
        instances = (
            match[1].decode(errors="replace")
            for info in (*source.info.all_files(), *([alternate] if alternate else ()))
            for match in beginning.finditer(info.sections[".debug_str"])
        )
        for instance in islice(dict.fromkeys(instances), INSTANCES_LIMIT):
            yield from index.functions(instance)


def _entries_beside(source: SourceInfo, pattern: FunctionPattern, starts: set[int]) -> Iterator[Entry]:
    """The entries of functions with a name in the units of those that start at *starts*."""
    index = source.declarations.index
    for unit in {found[0] for start in starts if (found := source.function_at(start))}:
        with source.noting_problems():
            yield from index.unit_names(unit).entries(unit, pattern.components[-1], FUNCTION_TAGS)


def _start(entry: Entry) -> Iterator[int]:
    """Where a function or copy with code is entered."""
    ranges = entry_ranges(entry)
    entered = entry.address(At.ENTRY_PC)
    # gcc's may be where nothing of the copy is left
    if entered is not None and any(low <= entered < high for low, high in ranges):
        yield entered
    elif ranges:
        yield ranges[0][0]


def _is_meant(pattern: FunctionPattern, entry: Entry) -> bool:
    mangled = linkage_name(entry)
    if mangled is not None and pattern.matches(demangle(mangled)):
        return True
    qualified = qualified_name(entry)
    return qualified is not None and pattern.matches(qualified)
