"""The types of one file, and the names outside of its functions."""

from __future__ import annotations

import functools
import posixpath
from collections.abc import Iterator

from dapserver.symbols.dwarf.constants import At, UnitType
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import entry_low, qualified_name
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import Type
from dapserver.symbols.dwarf.types_reading import Types
from dapserver.symbols.dwarf.units import Unit
from dapserver.symbols.dwarf.variables import LocalVariable, call_sites, local_variables
from dapserver.symbols.dwarf.variables_index import NameIndex, split

VALUES = (At.LOCATION, At.CONST_VALUE)
STATIC_LIMIT = 10_000
CACHED_LOCALS = 4096  # places in functions


class Declarations:
    """What a file declares. Everything is read when it is asked for, and kept."""

    def __init__(self, info: DebugInfo) -> None:
        self.info = info
        self.index = NameIndex(info)
        self.types = Types(self.index)
        self._locals: dict[tuple[Unit, int, int], list[LocalVariable]] = {}
        self._call_sites: dict[tuple[Unit, int], dict[int, Entry]] = {}
        self._statics: dict[Unit, list[tuple[str, Entry]]] = {}

    def locals(self, function: Entry, address: int) -> list[LocalVariable]:
        """Give the variables of a function that code at *address* can name. Raises DwarfError."""
        key = (function.unit, function.offset, address)
        if key not in self._locals:
            if len(self._locals) >= CACHED_LOCALS:
                self._locals.clear()
            self._locals[key] = local_variables(function, address)
        return self._locals[key]

    def has_read_locals(self, function: Entry, address: int) -> bool:
        """Whether `locals` has been asked for these before."""
        return (function.unit, function.offset, address) in self._locals

    def call_sites(self, function: Entry) -> dict[int, Entry]:
        """Give what a function tells of its calls, by the addresses these return to. Raises DwarfError."""
        key = (function.unit, function.offset)
        if key not in self._call_sites:
            self._call_sites[key] = call_sites(function)
        return self._call_sites[key]

    def type(self, name: str, first: Unit | None = None) -> Type | None:
        """Find a type by its qualified name; a definition goes before a declaration."""
        declared: Type | None = None
        for entry in self.index.types(name, first):
            found = self.types.at(entry)
            if not found.is_declaration:
                return found
            declared = declared or found
        return declared

    def variable(self, name: str, unit: Unit | None = None) -> Entry | None:
        """Find a variable outside of functions that has a place or a value, in *unit* before others.

        In others it is looked for only if the linker has a symbol for it.
        """
        if unit is not None:
            for entry in self.index.variables(name, unit):
                if has_value(entry):
                    return entry
        addresses = self.info.symbols.addresses_of(name)
        for address in addresses:
            if (found := self.index.variable_at(address)) is not None:
                return found
        if addresses or self._is_in_mangled_names(name):
            return next((entry for entry in self.index.variables(name) if has_value(entry)), None)
        return None

    def function(self, name: str, unit: Unit | None = None) -> Entry | None:
        """Find a function with code in *unit*, or by a part of a mangled name in others.

        Names that are not mangled the symbol table has as they are.
        """
        units: list[Unit | None] = [unit] if unit is not None else []
        if self._is_in_mangled_names(name):
            units.append(None)
        for each in units:
            for entry in self.index.functions(name, each):
                if entry_low(entry) is not None:
                    return entry
        return None

    def enumerator(self, name: str, unit: Unit | None = None) -> tuple[Type, int] | None:
        """Find a constant of an enum, its type and value: if its name is qualified, in all units."""
        units = [unit, None] if "::" in name else [unit]
        for each in units:
            for entry in self.index.enumerators(name, each) if each is not None or "::" in name else ():
                offset = entry.unit.outline.scope_of(entry.offset)
                value = entry.number(At.CONST_VALUE)
                if offset is not None and value is not None:
                    return self.types.at(Entry(entry.unit, offset)), value
        return None

    def _is_in_mangled_names(self, name: str) -> bool:
        """Whether a symbol of C++ or Rust has the name in it."""
        return self.info.symbols.mentions_mangled(split(name)[-1].partition("<")[0])

    def statics(self, unit: Unit) -> list[tuple[str, Entry]]:
        """Give the variables of a unit outside of functions, by qualified name. Raises DwarfError."""
        if unit not in self._statics:
            self._statics[unit] = []
            found: dict[str, Entry] = {}
            for each in unit.with_imported():
                for offset in self.index.unit_names(each).variables[:STATIC_LIMIT]:
                    entry = Entry(each, offset)
                    if has_value(entry) and (name := qualified_name(entry)):
                        found.setdefault(name, entry)
            self._statics[unit] = list(found.items())
        return self._statics[unit]

    def units_of_file(self, name: str) -> Iterator[Unit]:
        """Give the units whose source file has this name: whole, or its last components."""
        for unit_name, offset in self._unit_names:
            if unit_name == name or unit_name.endswith("/" + name):
                yield self.info.unit(offset).whole

    @functools.cached_property
    def _unit_names(self) -> list[tuple[str, int]]:
        found = []
        for header in self.info.headers:
            if header.type in {UnitType.COMPILE, UnitType.SKELETON}:
                try:
                    unit = self.info.unit(header.offset).whole
                    found.append((posixpath.normpath(unit.root.string(At.NAME) or ""), header.offset))
                except DwarfError:
                    continue
        return found


def has_value(entry: Entry) -> bool:
    """Tell whether a variable's entry says where it is or what it is."""
    return any(entry.value(name) is not None for name in VALUES)
