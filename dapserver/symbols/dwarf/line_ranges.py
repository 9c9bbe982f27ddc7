"""What a step by lines goes through: the code of one line, of its function, of an inlined copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.lines import LineTable
from dapserver.symbols.dwarf.ranges import Range, entry_ranges

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.functions import Function
    from dapserver.symbols.dwarf.source import Place, SourceInfo


class LineRange(NamedTuple):
    """The code around an address; ranges are [low, high)."""

    place: Place
    """`line` 0: code that belongs to no line; a step goes on through it."""
    line: list[Range]
    """All code of that line in the same function or inlined copy, sorted, what touches joined: a
    `for` has several. What is inlined into the line is not in it."""
    function: list[Range]
    """All code of the function with a frame, the part that is entered first."""
    inlined: list[list[Range]]
    """All code of each inlined copy that contains the address, innermost first."""


def line_range_at(source: SourceInfo, address: int) -> LineRange | None:
    """Tell which code belongs to the line that the code at *address* is of; None if unknown."""
    found = source.function_at(address)
    if found is None:
        return None
    unit, function = found
    with source.noting_problems():
        table = source.line_table(unit)
        row = table.row_at(address) if table else None
        if table is None or row is None:
            return None
        inlined = function.inlined_at(address)
        lines = _same_line(table, function, address, (row.file, row.line), inlined[:1])
        copies = [sorted(entry_ranges(entry)) for entry in inlined]
        return LineRange(source.place(unit, address), lines, function.ranges, copies)
    return None


def _same_line(
    table: LineTable, function: Function, address: int, place: tuple[int, int], copy: list[Entry]
) -> list[Range]:
    """The code of a line in the same inlined copy (none: in the function itself)."""
    ranges: list[Range] = []
    for low, high in sorted(entry_ranges(copy[0]) if copy else function.ranges):
        for row, row_end in table.rows_between(low, high):
            start, end = max(row.address, low), min(row_end, high)
            if start >= end or (row.file, row.line) != place:
                continue
            contains = start <= address < end
            if not contains and function.inlined_at(start)[:1] != copy:
                continue
            if ranges and ranges[-1][1] == start:
                start = ranges.pop()[0]
            ranges.append((start, end))
    return ranges
