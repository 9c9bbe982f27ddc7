"""Abbreviation tables: which attributes an entry has and in which form (DWARF 5, 7.5.3)."""

from __future__ import annotations

from dapserver.symbols.dwarf.constants import At, Form, Tag
from dapserver.symbols.dwarf.forms import Encoding, Field, Record
from dapserver.symbols.dwarf.reading import Budget, Bytes, DwarfError, damage, sleb128, uleb128

SCOPES = frozenset(
    {
        Tag.NAMESPACE,
        Tag.MODULE,
        Tag.CLASS_TYPE,
        Tag.STRUCTURE_TYPE,
        Tag.UNION_TYPE,
        Tag.INTERFACE_TYPE,
        Tag.ENUMERATION_TYPE,
        Tag.SUBPROGRAM,
    }
)


class Abbreviation(Record):
    """What entries of one abbreviation code have in common."""

    __slots__ = ("has_children", "has_code", "has_name", "is_scope", "tag")

    def __init__(self, tag: int, fields: list[Field], encoding: Encoding, *, has_children: bool) -> None:
        super().__init__(fields, encoding)
        self.tag = tag
        self.has_children = has_children
        names = {field.name for field in fields}
        self.has_code = At.LOW_PC in names or At.RANGES in names
        self.has_name = not names.isdisjoint((At.NAME, At.ABSTRACT_ORIGIN, At.SPECIFICATION))
        self.is_scope = has_children and tag in SCOPES
        """Its name is part of the names of what is in it."""


class AbbreviationTable(dict[int, Abbreviation]):
    """The abbreviations of units by their codes, decoded as far as they were asked for.

    The root entry of a unit needs the first one only, and a program has thousands of units.
    """

    def __init__(self, section: memoryview, offset: int, encoding: Encoding, budget: Budget) -> None:
        """*budget*: the bytes that all tables of the section may take."""
        super().__init__()
        self._budget = budget
        self._section = section
        self._position: int | None = offset
        self._encoding = encoding

    def __missing__(self, wanted: int) -> Abbreviation:
        with damage("abbreviation table"):
            while self._position is not None:
                code, position = uleb128(self._section, self._position)
                if code == 0:
                    self._position = None
                    break
                abbreviation, end = _abbreviation(self._section, position, self._encoding)
                self._budget.spend(end - self._position)
                self._position = end
                self.setdefault(code, abbreviation)
                if code == wanted:
                    return self[code]
        raise DwarfError(f"there is no abbreviation {wanted}")


def _abbreviation(section: Bytes, position: int, encoding: Encoding) -> tuple[Abbreviation, int]:
    tag, position = uleb128(section, position)
    has_children = bool(section[position])
    position += 1
    fields: list[Field] = []
    while True:
        name, form = section[position], section[position + 1]
        if name < 0x80 and form < 0x80:  # nearly all; a program has 100,000 abbreviations
            position += 2
        else:
            name, position = uleb128(section, position)
            form, position = uleb128(section, position)
        if not name and not form:
            return Abbreviation(tag, fields, encoding, has_children=has_children), position
        constant = 0
        if form == Form.IMPLICIT_CONST:
            constant, position = sleb128(section, position)
        fields.append(Field(name, form, constant))
