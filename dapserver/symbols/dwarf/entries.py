"""Debugging information entries: their attributes, and the entries that these refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.forms import Value
from dapserver.symbols.dwarf.reading import DAMAGE, damaged, uleb128

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.units import Unit

ORIGIN_LIMIT = 16  # inlined copy -> abstract instance -> declaration, perhaps through an import


class Entry:
    """One entry. `offset` is from its unit's start."""

    __slots__ = ("_attributes", "abbreviation", "offset", "unit")

    def __init__(self, unit: Unit, offset: int) -> None:
        """Raises DwarfError if there is no entry."""
        self.unit = unit
        self.offset = offset
        try:
            code, self._attributes = uleb128(unit.data, offset)
            self.abbreviation = unit.abbreviations[code]
        except DAMAGE as error:
            raise damaged("debugging entry", error) from None

    @property
    def tag(self) -> int:
        return self.abbreviation.tag

    @property
    def end(self) -> int:
        """Where its first child or next sibling starts, from the unit's start."""
        try:
            return self.abbreviation.end(self.unit.data, self._attributes)
        except DAMAGE as error:
            raise damaged("debugging entry", error) from None

    def value(self, name: At) -> Value | None:
        """Give an attribute of this entry itself, None if it has none of that name."""
        try:
            return self.abbreviation.read(name, self.unit.data, self._attributes)
        except DAMAGE as error:
            raise damaged("attribute", error) from None

    def string(self, name: At) -> str | None:
        value = self.value(name)
        return None if value is None else self.unit.string(value)

    def number(self, name: At) -> int | None:
        """Give a constant or an offset into another section."""
        value = self.value(name)
        return value.raw if value is not None and isinstance(value.raw, int) else None

    def address(self, name: At) -> int | None:
        value = self.value(name)
        return None if value is None else self.unit.address(value)

    def reference(self, name: At) -> Entry | None:
        value = self.value(name)
        return None if value is None else self.unit.reference(value)

    def children(self) -> Iterator[Entry]:
        """Give the entries directly below this one (2.3). Raises DwarfError."""
        if not self.abbreviation.has_children:
            return
        position, size = self.end, len(self.unit.data)
        while position < size and self.unit.data[position]:
            child = Entry(self.unit, position)
            yield child
            position = child.after()

    def after(self) -> int:
        """Tell where what follows this entry and all that is below it starts, from the unit's start."""
        end = self.end
        if not self.abbreviation.has_children:
            return end
        sibling = self.number(At.SIBLING)
        if sibling is not None and end <= sibling <= len(self.unit.data):
            return sibling
        return past_children(self.unit, end)

    def origins(self) -> Iterator[Entry]:
        """Give this entry, then those it completes: abstract instances, declarations (2.13.2, 3.3.8)."""
        entry: Entry | None = self
        for _ in range(ORIGIN_LIMIT):
            if entry is None:
                return
            yield entry
            entry = entry.reference(At.ABSTRACT_ORIGIN) or entry.reference(At.SPECIFICATION)


def past_children(unit: Unit, position: int) -> int:
    """Tell where the list of siblings that starts at *position* ends. Raises DwarfError."""
    data, abbreviations = unit.data, unit.abbreviations
    depth, size = 1, len(data)
    try:
        while depth and position < size:
            code = data[position]
            if code == 0:
                depth -= 1
                position += 1
                continue
            code, position = (code, position + 1) if code < 0x80 else uleb128(data, position)
            abbreviation = abbreviations[code]
            skip = abbreviation.skip
            position = skip(data, position) if skip else position + abbreviation.fixed_size
            depth += abbreviation.has_children
    except DAMAGE as error:
        raise damaged("debugging entries", error) from None
    return position
