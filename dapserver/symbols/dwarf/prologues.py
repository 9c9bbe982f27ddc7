"""Where the prologue of a function ends: from there on its arguments are where they are said to be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, RowFlag
from dapserver.symbols.dwarf.reading import DwarfError

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.functions import Function
    from dapserver.symbols.dwarf.source import SourceInfo
    from dapserver.symbols.dwarf.units import Unit

GCC = "GNU "
ASSEMBLER = 0x8001  # DW_LANG_Mips_Assembler
OPTIMIZATION = re.compile(r" -O(\S*)")


def after_prologue(source: SourceInfo, low: int) -> int:
    """Give the address behind the prologue of the function that starts at *low*: itself if unknown."""
    found = source.function_at(low)
    return prologue_end(source, found[1], low) if found is not None else low


def past_prologue(source: SourceInfo, function: Function, address: int) -> int:
    """Give *address*, an address in *function*, or where the prologue ends if it lies before that."""
    low = function.ranges[0][0]
    if address < low:  # in a part of the function that lies elsewhere
        return address
    return max(address, prologue_end(source, function, low))


def prologue_end(source: SourceInfo, function: Function, low: int) -> int:
    """Give the address behind the prologue of *function*, which is entered at *low*.

    rustc, clang and Go mark it in the line table. gcc does not: without optimization it is where the
    second line starts; optimized code tells where arguments are from its first instruction on.
    """
    unit = function.entry.unit
    if is_optimized_gcc(unit) or _is_assembler(unit):
        return low
    high = next((high for start, high in function.ranges if start <= low < high), low)
    second = low
    with source.noting_problems():
        table = source.line_table(unit)
        for row, _ in table.rows_between(low, high) if table else ():
            if row.address >= low and row.flags & RowFlag.PROLOGUE_END:
                return row.address
            if second == low and row.address > low and row.flags & RowFlag.IS_STATEMENT:
                second = row.address
    return second


def _is_assembler(unit: Unit) -> bool:
    """Whether it was written in assembler, which has no prologues."""
    try:
        return unit.root.number(At.LANGUAGE) == ASSEMBLER
    except DwarfError:
        return False


def is_optimized_gcc(unit: Unit) -> bool:
    try:
        producer = unit.root.string(At.PRODUCER)
    except DwarfError:
        return False
    if producer is None or not producer.startswith(GCC):
        return False
    levels = OPTIMIZATION.findall(producer)
    return bool(levels) and levels[-1] != "0"
