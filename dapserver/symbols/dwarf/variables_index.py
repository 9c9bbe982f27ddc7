"""Names to entries, without an index of the program.

A name's place in the string section is found by its bytes, the units that refer to that place by
the bytes of the reference: so of thousands of units only those are scanned that have the name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Value
from dapserver.symbols.dwarf.functions import linkage_name, qualified_name
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.reading import DAMAGE, DwarfError, damaged, uleb128
from dapserver.symbols.dwarf.units import STRING_INDEXES, Unit, UnitHeader

TYPE_TAGS = frozenset(
    {
        Tag.STRUCTURE_TYPE,
        Tag.CLASS_TYPE,
        Tag.INTERFACE_TYPE,
        Tag.UNION_TYPE,
        Tag.ENUMERATION_TYPE,
        Tag.TYPEDEF,
        Tag.TEMPLATE_ALIAS,
        Tag.BASE_TYPE,
        Tag.UNSPECIFIED_TYPE,
        Tag.POINTER_TYPE,  # Rust and Go name them
        Tag.ARRAY_TYPE,
        Tag.SUBROUTINE_TYPE,
    }
)
VARIABLE_TAGS = frozenset({Tag.VARIABLE})
FUNCTION_TAGS = frozenset({Tag.SUBPROGRAM})
ENUMERATOR_TAGS = frozenset({Tag.ENUMERATOR})
NAMED = TYPE_TAGS | VARIABLE_TAGS | FUNCTION_TAGS | ENUMERATOR_TAGS
PLACE_LIMIT = 64  # places of a name in a string section
DW_OP_ADDR = 0x03
SCAN_LIMIT = 64 << 20  # bytes of units that one look-up may scan


class NameIndex:
    """Entries of one file by their names."""

    def __init__(self, info: DebugInfo) -> None:
        self.info = info
        self._units: dict[Unit, UnitNames] = {}
        alternate = alternate_of(info)
        self._alternate = NameIndex(alternate) if alternate is not None else None

    def types(self, name: str, first: Unit | None = None) -> Iterator[Entry]:
        """Give types of a qualified name, those of the unit *first* before others."""
        return self._anywhere(name, TYPE_TAGS, first)

    def variables(self, name: str, unit: Unit | None = None) -> Iterator[Entry]:
        """Give variables outside of functions, their declarations too, of one unit or of all."""
        return self._within(name, VARIABLE_TAGS, unit)

    def functions(self, name: str, unit: Unit | None = None) -> Iterator[Entry]:
        """Give functions, declarations too, of one unit or of all."""
        return self._within(name, FUNCTION_TAGS, unit)

    def enumerators(self, name: str, unit: Unit | None = None) -> Iterator[Entry]:
        """Give constants of enums, of one unit or of all."""
        return self._within(name, ENUMERATOR_TAGS, unit)

    def variable_at(self, address: int) -> Entry | None:
        """Find a variable by its address, which its location has in it; None if it has it by index."""
        return self._with_bytes(
            bytes([DW_OP_ADDR]) + address.to_bytes(8, "little"),
            lambda entry: entry.tag == Tag.VARIABLE and entry.value(At.LOCATION) is not None,
        )

    def type_with(self, attribute: At, number: int) -> Entry | None:
        """Find a type by an attribute with an 8-byte number, which is looked for byte by byte."""
        return self._with_bytes(
            number.to_bytes(8, "little"),
            lambda entry: entry.tag in TYPE_TAGS and entry.number(attribute) == number,
        )

    def _with_bytes(self, pattern: bytes, is_wanted: Callable[[Entry], bool]) -> Entry | None:
        starts = [header.offset for header in self.info.headers]
        for match in islice(_matches(pattern, self.info.sections[".debug_info"]), PLACE_LIMIT):
            index = bisect_right(starts, match.start()) - 1
            if index < 0:
                continue
            try:
                unit = self.info.unit(starts[index])
                entry = self.unit_names(unit).entry_around(unit, match.start() - unit.header.offset)
                if entry is not None and is_wanted(entry):
                    return entry
            except DwarfError:
                continue
        return None

    def unit_names(self, unit: Unit) -> UnitNames:
        """Give what a unit names. Raises DwarfError, but only the first time."""
        if unit not in self._units:
            self._units[unit] = UnitNames()
            self._units[unit].scan(unit)
        return self._units[unit]

    def _within(self, name: str, tags: frozenset[Tag], unit: Unit | None) -> Iterator[Entry]:
        """Entries of a name in one unit, or in all."""
        if unit is None:
            return self._anywhere(name, tags)
        units = [unit]
        with suppress(DwarfError):
            units = unit.with_imported()
        return self._find(name, tags, units)

    def _anywhere(self, name: str, tags: frozenset[Tag], first: Unit | None = None) -> Iterator[Entry]:
        """Entries of a name in all units, the alternate file's after those of this one."""
        yield from self._find(name, tags, self._candidates(name, first))
        if self._alternate is not None:
            for entry in self._alternate._anywhere(name, tags):  # noqa: SLF001 - of the same kind
                entry.unit.importer = entry.unit.importer or first or self.info.unit(0)
                yield entry

    def _find(self, name: str, tags: frozenset[Tag], units: Iterable[Unit]) -> Iterator[Entry]:
        """Entries of a name in units that may have it; damaged ones hide no others."""
        last = split(name)[-1]
        for unit in units:
            try:
                names = self.unit_names(unit)
                entries = [
                    entry
                    for entry in names.entries(unit, last, tags)
                    if last == name or _is_called(entry, name)
                ]
            except DwarfError:
                continue
            yield from entries

    def _candidates(self, name: str, first: Unit | None = None) -> Iterator[Unit]:
        """Units that may have a name, *first* before others."""
        if first is not None:
            yield first
        left = SCAN_LIMIT
        for info in self.info.all_files():
            for header in _mentioning(info, split(name)[-1]):
                left -= header.size
                if left < 0:
                    return
                try:
                    unit = info.unit(header.offset)
                except DwarfError:
                    continue
                if unit is not first:
                    yield unit


class UnitNames:
    """The named entries of one unit, by the raw value of their name: most names are never read."""

    def __init__(self) -> None:
        self._by_name: dict[int | bytes, list[int]] = defaultdict(list)
        self.variables: list[int] = []
        """Offsets of the entries of variables outside of functions."""
        self._completing: list[int] = []
        """Offsets of variables and functions whose names are told where they are declared."""
        self._offsets: list[int] | None = None
        self._completing_by_name: dict[str, list[int]] | None = None

    def scan(self, unit: Unit) -> None:
        """Pass over all entries, as `Outline` does. Raises DwarfError; what came before is kept."""
        try:
            self._scan(unit)
        except DAMAGE as error:
            raise damaged("debugging entries", error) from None

    def entries(self, unit: Unit, name: str, tags: frozenset[Tag]) -> Iterator[Entry]:
        """Give the entries of this very name, definitions with a declaration elsewhere last."""
        for raw in self._raw_names(unit, name):
            for offset in self._by_name.get(raw, ()):
                entry = Entry(unit, offset)
                if entry.tag in tags and entry.string(At.NAME) == name:
                    yield entry
        if self._completing_by_name is None:
            self._completing_by_name = _names_by_origins(unit, self._completing)
        for offset in self._completing_by_name.get(name, ()):
            entry = Entry(unit, offset)
            if entry.tag in tags:
                yield entry

    def entry_around(self, unit: Unit, position: int) -> Entry | None:
        """Give the entry that has a name, if only elsewhere, and starts last before *position*."""
        if self._offsets is None:
            named = (offset for offsets in self._by_name.values() for offset in offsets)
            self._offsets = sorted((*named, *self._completing))
        index = bisect_right(self._offsets, position) - 1
        return Entry(unit, self._offsets[index]) if index >= 0 else None

    def _raw_names(self, unit: Unit, name: str) -> Iterator[int | bytes]:
        yield name.encode()
        places = string_places(unit.info, name)
        yield from places
        yield from _alternate_places(unit.info, name)
        yield from string_indexes(unit, places)

    def _scan(self, unit: Unit) -> None:
        unit.outline  # noqa: B018 - makes the unit's data bytes, which are twice as fast to read
        data, abbreviations = unit.data, unit.abbreviations
        position, end = unit.header.root, len(data)
        depth = 0
        function_depth = 0  # of what is in the outermost open function; 0: none is open
        while position < end:
            offset = position
            code = data[position]
            position += 1
            if code == 0:
                depth -= 1
                if depth < function_depth:
                    function_depth = 0
                continue
            if code >= 0x80:
                code, position = uleb128(data, offset)
            abbreviation = abbreviations[code]
            tag = abbreviation.tag
            if tag in NAMED:
                self._note(
                    offset, tag, abbreviation.read(At.NAME, data, position), in_function=function_depth
                )
            skip = abbreviation.skip
            position = skip(data, position) if skip else position + abbreviation.fixed_size
            if abbreviation.has_children:
                depth += 1
                if tag == Tag.SUBPROGRAM and not function_depth:
                    function_depth = depth

    def _note(self, offset: int, tag: int, name: Value | None, *, in_function: int) -> None:
        if tag == Tag.VARIABLE:
            if in_function:
                return
            self.variables.append(offset)
        if name is not None:
            self._by_name[name.raw].append(offset)
        elif tag in {Tag.VARIABLE, Tag.SUBPROGRAM}:
            self._completing.append(offset)


def _names_by_origins(unit: Unit, offsets: list[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for offset in offsets:
        for origin in Entry(unit, offset).origins():
            if name := origin.string(At.NAME):
                found.setdefault(name, []).append(offset)
                break
    return found


def string_places(info: DebugInfo, name: str) -> list[int]:
    """Find where *name* is in .debug_str: as a string, else as the end of longer ones."""
    section = info.sections[".debug_str"]
    text = name.encode() + b"\0"
    exact = [match.start() + 1 for match in _matches(b"\0" + text, section)]
    if section[: len(text)] == text:
        exact.append(0)
    # Linkers lay a string into the end of another one: then there is no copy of its own.
    return exact or [match.start() for match in islice(_matches(text, section), PLACE_LIMIT + 1)]


def alternate_of(info: DebugInfo) -> DebugInfo | None:
    """Give the file that dwz moved common parts to, if there is one and it was found."""
    try:
        return info.require_alternate()
    except DwarfError:
        return None


def _alternate_places(info: DebugInfo, name: str) -> list[int]:
    alternate = alternate_of(info)
    return string_places(alternate, name) if alternate is not None else []


def string_indexes(unit: Unit, places: list[int]) -> list[int]:
    """Find the numbers that a unit gives strings at *places*, if it uses such numbers (7.26)."""
    section = unit.section(".debug_str_offsets")
    name = unit.root.value(At.NAME)
    if not section or (name is not None and name.form not in STRING_INDEXES):
        return []
    size, base = unit.encoding.offset_size, unit.string_offsets_base
    length = len(section) - base
    if base >= 2 * size:
        length = min(length, int.from_bytes(section[base - 2 * size : base - size], "little") - 4)
    table = section[base : base + max(length, 0)]
    found = []
    for place in places:
        pattern = place.to_bytes(size, "little")
        found += [m.start() // size for m in _matches(pattern, table) if m.start() % size == 0]
    return found


def _mentioning(info: DebugInfo, name: str) -> Iterable[UnitHeader]:
    """The headers of units with a reference to a name, or the name itself."""
    headers = info.headers
    if not headers:
        return ()
    places = string_places(info, name)
    elsewhere = _alternate_places(info, name)
    section = info.sections[".debug_info"]
    found: set[int] = set()
    patterns = [name.encode() + b"\0"]
    if len(places) > PLACE_LIMIT or len(elsewhere) > PLACE_LIMIT:
        return headers
    patterns += [place.to_bytes(4, "little") for place in (*places, *elsewhere)]
    starts = [header.offset for header in headers]
    for pattern in patterns:
        _units_with(section, pattern, starts, found)
    has_indexes = bool(info.sections[".debug_str_offsets"])
    for index, header in enumerate(headers if has_indexes else ()):
        if _has_string_index(info, header, places):
            found.add(index)
    return [headers[index] for index in sorted(found)]


def _has_string_index(info: DebugInfo, header: UnitHeader, places: list[int]) -> bool:
    try:
        return bool(string_indexes(info.unit(header.offset), places))
    except DwarfError:
        return False


def _units_with(section: memoryview, pattern: bytes, starts: list[int], found: set[int]) -> None:
    for match in _matches(pattern, section):
        found.add(max(bisect_right(starts, match.start()) - 1, 0))


def _matches(pattern: bytes, section: memoryview) -> Iterator[re.Match[bytes]]:
    return re.finditer(re.escape(pattern), section)


def _is_called(entry: Entry, name: str) -> bool:
    wanted = name.removeprefix("::")
    found = qualified_name(entry)
    if found == wanted or linkage_name(entry) == wanted:
        return True
    if found is None:
        return False
    # What is in an anonymous namespace, and a constant of an enum, is known outside of it too.
    plain = found.replace("(anonymous namespace)::", "")
    if entry.tag == Tag.ENUMERATOR:
        *around, _, own = ["", *split(plain)]
        plain = "::".join([*around[1:], own])
    return plain == wanted


def split(name: str) -> list[str]:
    """Split a qualified name at its `::`, not at those in template arguments."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(name):
        if character in "<({[":
            depth += 1
        elif character in ">)}]":
            depth -= 1
        elif character == ":" and depth == 0 and name[position : position + 2] == "::":
            parts.append(name[start:position])
            start = position + 2
    return [*parts, name[start:]]
