"""The blocks of a function: its lexical blocks and what is inlined into it (DWARF 5, 3.3.8, 3.5)."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.symbols.dwarf.constants import Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.ranges import RangeMap, entry_ranges
from dapserver.symbols.dwarf.reading import Budget, damage, uleb128

LEXICAL = frozenset({Tag.LEXICAL_BLOCK, Tag.TRY_BLOCK, Tag.CATCH_BLOCK})
NAMELESS = frozenset({Tag.INLINED_SUBROUTINE, Tag.CALL_SITE, Tag.GNU_CALL_SITE, *LEXICAL})
"""What may be in a block without making it one that a person sees: it declares nothing."""


def blocks(function: Entry) -> RangeMap[Entry]:
    """Map the code of *function* to the blocks in it that declare something. Raises DwarfError."""
    unit = function.unit
    budget = Budget(len(unit.data), "ranges of blocks")
    found: list[tuple[int, int, Entry]] = []
    for entry in _blocks(function):
        ranges = entry_ranges(entry)
        budget.spend(len(ranges))
        found.extend((low, high, entry) for low, high in ranges)
    return RangeMap(found)


def _blocks(function: Entry) -> Iterator[Entry]:
    """The blocks of a function, outer ones before those in them."""
    unit = function.unit
    data, abbreviations = unit.data, unit.abbreviations
    position = function.end
    parents: list[Entry | None] = [None]
    """Of each open entry, itself if it is a lexical block that was not given yet."""
    with damage("debugging entries"):
        while function.abbreviation.has_children and parents and position < len(data):
            offset = position
            code = data[position]
            position += 1
            if code == 0:
                parents.pop()
                continue
            if code >= 0x80:
                code, position = uleb128(data, offset)
            abbreviation = abbreviations[code]
            skip = abbreviation.skip
            position = skip(data, position) if skip else position + abbreviation.fixed_size
            tag = abbreviation.tag
            parent = parents[-1]
            if parent is not None and abbreviation.has_name and tag not in NAMELESS:
                parents[-1] = None
                yield parent
            if tag == Tag.INLINED_SUBROUTINE and abbreviation.has_code:
                yield Entry(unit, offset)
            if abbreviation.has_children:
                is_lexical = tag in LEXICAL and abbreviation.has_code
                parents.append(Entry(unit, offset) if is_lexical else None)
