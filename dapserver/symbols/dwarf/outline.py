"""What one pass over a unit's entries finds: where its code is, and which scopes enclose what."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import Tag
from dapserver.symbols.dwarf.reading import DAMAGE, DwarfError, damaged, uleb128

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.units import Unit


class Outline:
    """Offsets of a unit's functions with code, and its tree of named scopes.

    All entries are passed, whatever contains them: gcc has the code of lambdas and of local
    classes below types, rustc has all of it in namespaces.
    """

    __slots__ = ("_enclosing", "_ends", "_starts", "functions", "problem")

    def __init__(self, unit: Unit) -> None:
        """Pass over all entries, or up to the first that makes no sense; `problem` names that."""
        self.functions: list[int] = []
        """The offsets of functions that have code, in the order of the unit."""
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._enclosing: list[int] = []
        """Of each scope, the index of the next one outside; -1 for none."""
        self.problem: DwarfError | None = None
        try:
            self._scan(unit)
        except DAMAGE as error:
            self.problem = damaged("debugging entries", error)

    def scope_of(self, offset: int) -> int | None:
        """Give the offset of the scope that directly contains the entry at *offset*."""
        index = bisect_right(self._starts, offset - 1) - 1
        while index >= 0 and self._ends[index] <= offset:
            index = self._enclosing[index]
        return self._starts[index] if index >= 0 else None

    def _scan(self, unit: Unit) -> None:
        # The hot loop of the package: 0.4-1 us an entry, a million of them in the largest units.
        data, abbreviations = unit.data, unit.abbreviations
        position, end = unit.header.root, len(data)
        open_scopes: list[int] = []  # of each open entry, the index of the innermost scope
        scope = -1
        while position < end:
            offset = position
            code = data[position]
            position += 1
            if code == 0:
                if not open_scopes:
                    break
                previous = open_scopes.pop()
                if previous != scope:
                    self._ends[scope] = position
                    scope = previous
                continue
            if code >= 0x80:
                code, position = uleb128(data, offset)
            abbreviation = abbreviations[code]
            skip = abbreviation.skip
            position = skip(data, position) if skip else position + abbreviation.fixed_size
            if abbreviation.has_children:
                open_scopes.append(scope)
                if abbreviation.is_scope:
                    self._starts.append(offset)
                    self._ends.append(end)
                    self._enclosing.append(scope)
                    scope = len(self._starts) - 1
            if abbreviation.has_code and abbreviation.tag == Tag.SUBPROGRAM:
                self.functions.append(offset)
