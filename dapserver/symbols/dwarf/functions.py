"""Functions and what is inlined into them, by address, with their full names."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from dapserver.symbols.dwarf.blocks import blocks
from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.ranges import Range, RangeMap, entry_ranges
from dapserver.symbols.dwarf.reading import Budget, DwarfError, damage, uleb128
from dapserver.symbols.dwarf.units import Unit

SCOPE_LIMIT = 64


class Function:
    """A function with code of its own."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self._inlines: RangeMap[Entry] | None = None
        self._blocks: RangeMap[Entry] | None = None

    @functools.cached_property
    def ranges(self) -> list[Range]:
        """Its code; the part that is entered comes first."""
        return entry_ranges(self.entry)  # it was read before, to find the function

    def inlined_at(self, address: int) -> list[Entry]:
        """Give the inlined calls that contain *address*, innermost first.

        Raises DwarfError, but only the first time: what cannot be read is then as if not there.
        """
        if self._inlines is None:
            self._inlines = RangeMap([])
            self._inlines = _map(_inlined_subroutines(self.entry), len(self.entry.unit.data))
        return list(self._inlines.at(address))

    def block_at(self, address: int) -> Entry:
        """Give the innermost block with declarations, or inlined copy, or else the function itself.

        Raises DwarfError, but only the first time: what cannot be read is then as if not there.
        """
        if self._blocks is None:
            self._blocks = RangeMap([])
            self._blocks = blocks(self.entry)
        return next(self._blocks.at(address), self.entry)


def unit_functions(unit: Unit) -> RangeMap[Function]:
    """Find the functions with code in *unit*. Raises DwarfError."""
    entries = (Entry(unit, offset) for offset in unit.outline.functions)
    by_entry = _map(entries, len(unit.data))
    functions: dict[Entry, Function] = {}
    return RangeMap(
        (low, high, functions.setdefault(entry, Function(entry))) for low, high, entry in by_entry
    )


def _map(entries: Iterator[Entry], limit: int) -> RangeMap[Entry]:
    """Map the ranges of entries; there cannot be more ranges than bytes that refer to them."""
    found: list[tuple[int, int, Entry]] = []
    budget = Budget(limit, "ranges of functions")
    for entry in entries:
        ranges = entry_ranges(entry)
        budget.spend(len(ranges))
        found.extend((low, high, entry) for low, high in ranges)
    return RangeMap(found)


def entry_low(entry: Entry) -> int | None:
    """Give the address where the code of *entry* starts. Raises DwarfError."""
    # Of several ranges the first is the entered one: gcc lists the cold part behind the hot one.
    return next((low for low, _ in entry_ranges(entry)), None)


def _inlined_subroutines(function: Entry) -> Iterator[Entry]:
    """The inlined subroutines in a function, outer ones before those in them."""
    if not function.abbreviation.has_children:
        return
    unit = function.unit
    data, abbreviations = unit.data, unit.abbreviations
    position, depth = function.end, 1
    with damage("debugging entries"):
        while depth and position < len(data):
            offset = position
            code = data[position]
            position += 1
            if code == 0:
                depth -= 1
                continue
            if code >= 0x80:
                code, position = uleb128(data, offset)
            abbreviation = abbreviations[code]
            skip = abbreviation.skip
            position = skip(data, position) if skip else position + abbreviation.fixed_size
            depth += abbreviation.has_children
            if abbreviation.tag == Tag.INLINED_SUBROUTINE and abbreviation.has_code:
                yield Entry(unit, offset)


def declaration_line(entry: Entry) -> int:
    """Give the line where a function is declared, 0 if that is not told. Raises DwarfError."""
    return next((line for origin in entry.origins() if (line := origin.number(At.DECL_LINE))), 0)


def linkage_name(entry: Entry) -> str | None:
    """Give the name the linker knows a function by, where it differs from that in the source."""
    for origin in entry.origins():
        name = origin.string(At.LINKAGE_NAME) or origin.string(At.MIPS_LINKAGE_NAME)
        if name is not None:
            return name
    return None


def qualified_name(entry: Entry) -> str | None:
    """Give a function's name with its namespaces and classes: `outer::Class::name`.

    None if it has none at all. Raises DwarfError.
    """
    name = None
    last = entry
    for last in entry.origins():
        name = name or last.string(At.NAME)
    if name is None:
        return None
    names = [name]
    for scope in _scopes(last):
        names.append(_scope_name(scope, names[-1]))
    return "::".join(reversed(names))


def _scopes(entry: Entry) -> Iterator[Entry]:
    """What encloses an entry, innermost first."""
    is_member = False
    for _ in range(SCOPE_LIMIT):
        offset = entry.unit.outline.scope_of(entry.offset)
        if offset is None:
            return
        entry = Entry(entry.unit, offset)
        if entry.tag == Tag.SUBPROGRAM and not is_member:
            return  # nested functions and declarations within a block have plain names
        is_member = True
        yield entry
        # What encloses a function is told where it is declared.
        *_, entry = entry.origins()
    raise DwarfError("scopes that contain each other")


def _scope_name(scope: Entry, member: str) -> str:
    for origin in scope.origins():
        if name := origin.string(At.NAME):
            return name
    if scope.tag == Tag.NAMESPACE:
        return "(anonymous namespace)"
    return "(lambda)" if member == "operator()" else "(anonymous)"
