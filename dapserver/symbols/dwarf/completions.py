"""What completes functions: definitions of declarations, inlined copies of abstract instances (3.3.8)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.abbreviations import Abbreviation
from dapserver.symbols.dwarf.constants import At, Form, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import skipper
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.reading import DwarfError, damage, uleb128
from dapserver.symbols.dwarf.units import ALTERNATE_REFERENCES, UNIT_REFERENCES, Unit
from dapserver.symbols.dwarf.variables_index import alternate_of

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.source import SourceInfo

UNITS_LIMIT = 16 << 20
"""Bytes of units that are passed over; that takes a second or two."""
SEARCH_LIMIT = 512 << 20
"""Bytes in which references from other units are looked for: half a second."""
WINDOW = 40
"""Bytes before an origin in which the entry that names it starts."""
ORIGINS = (At.ABSTRACT_ORIGIN, At.SPECIFICATION)
CALLABLE = frozenset({Tag.SUBPROGRAM, Tag.INLINED_SUBROUTINE})
ACROSS_UNITS = re.compile(rb"[\x31\x47](?:\x10|\x1c|\x24|\xa0\x3e)")
"""In abbreviations: abstract_origin or specification as ref_addr, ref_sup4, ref_sup8 or GNU_ref_alt."""

Place = tuple[DebugInfo, int]
"""An entry, by its offset in .debug_info of a file."""


class Completions:
    """One search for them. In most programs they are in the same unit; link-time optimization and dwz
    have them in others, which are found by the bytes of the reference.
    """

    def __init__(self, source: SourceInfo) -> None:
        self._source = source
        self._alternate = alternate_of(source.info)
        self._by_origin: defaultdict[Place, list[Entry]] = defaultdict(list)
        self._scanned: set[Unit] = set()
        self._known_distances: dict[Abbreviation, list[int]] = {}
        self._units_left, self._search_left = UNITS_LIMIT, SEARCH_LIMIT
        with source.noting_problems():
            if not ACROSS_UNITS.search(source.info.sections[".debug_abbrev"]):
                self._search_left = 0

    def of(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Give these functions and all that completes them, each once."""
        given: set[Place] = set()
        waiting = list(entries)
        while waiting:
            entry = waiting.pop()
            place = entry.unit.info, entry.unit.header.offset + entry.offset
            if place in given:
                continue
            given.add(place)
            yield entry
            for unit in self._units_with(entry, place):
                self._scan(unit)
            waiting += self._by_origin[place]

    def _units_with(self, entry: Entry, place: Place) -> Iterator[Unit]:
        """The units that may complete an entry: its own and those that name its place."""
        info, offset = place
        if info is not self._alternate:
            yield entry.unit
        # What has code is nobody's origin; and C has declarations of one function in each unit.
        is_final = entry.abbreviation.has_code or entry.abbreviation.has(At.DECLARATION)
        if is_final and entry.unit.root.tag != Tag.PARTIAL_UNIT:
            return
        referring = self._source.info if info is self._alternate else info
        section, headers = referring.sections[".debug_info"], referring.headers
        self._search_left -= len(section)
        if self._search_left < 0:
            return
        starts = [header.offset for header in headers]
        pattern = re.escape(offset.to_bytes(4, "little"))
        for match in re.finditer(pattern, section):
            index = bisect_right(starts, match.start()) - 1
            with self._source.noting_problems():
                found = referring.unit(starts[max(index, 0)])
                if found not in self._scanned and self._may_complete(found, match.start() - starts[index]):
                    yield found

    def _may_complete(self, unit: Unit, position: int) -> bool:
        """Whether what names an origin at *position* looks like a function: most often it is a call site."""
        for start in range(max(position - WINDOW, unit.header.root), position):
            code = unit.data[start]
            if code == 0 or (code >= 0x80 and start + 1 == position):
                continue
            code, attributes = uleb128(unit.data, start)
            try:
                abbreviation = unit.abbreviations[code]
            except DwarfError:
                continue
            if abbreviation.tag in CALLABLE and position - attributes in self._distances(unit, abbreviation):
                return True
        return False

    def _distances(self, unit: Unit, abbreviation: Abbreviation) -> list[int]:
        """How far behind the start of its attributes an entry names what it completes."""
        if abbreviation not in self._known_distances:
            names = [field.name for field in abbreviation.fields]
            forms = tuple(field.form for field in abbreviation.fields)
            self._known_distances[abbreviation] = [
                skipper(forms[: names.index(name)], unit.encoding)[0] for name in ORIGINS if name in names
            ]
        return self._known_distances[abbreviation]

    def _scan(self, unit: Unit) -> None:
        self._units_left -= 0 if unit in self._scanned else unit.header.size
        if unit in self._scanned or self._units_left < 0:
            return
        self._scanned.add(unit)
        with self._source.noting_problems():
            for offset, origin in self._origins(unit):
                self._by_origin[origin].append(Entry(unit, offset))

    def _origins(self, unit: Unit) -> Iterator[tuple[int, Place]]:
        """All functions and inlined copies of a unit that complete others: their offsets, the others."""
        unit.outline  # noqa: B018 - makes the unit's data bytes, which are twice as fast to read
        data, abbreviations = unit.data, unit.abbreviations
        position, end, depth = unit.header.root, len(unit.data), 0
        with damage("debugging entries"):
            while position < end:
                offset = position
                code = data[position]
                position += 1
                if code == 0:
                    depth -= 1
                    if depth <= 0:
                        return
                    continue
                if code >= 0x80:
                    code, position = uleb128(data, offset)
                abbreviation = abbreviations[code]
                if abbreviation.tag in CALLABLE:
                    for name in ORIGINS:
                        value = abbreviation.read(name, data, position)
                        if value is not None and isinstance(value.raw, int):
                            origin = self._place(unit, value.form, value.raw)
                            if origin is not None:
                                yield offset, origin
                skip = abbreviation.skip
                position = skip(data, position) if skip else position + abbreviation.fixed_size
                depth += abbreviation.has_children

    def _place(self, unit: Unit, form: int, raw: int) -> Place | None:
        if form in UNIT_REFERENCES:
            return unit.info, unit.header.offset + raw
        if form == Form.REF_ADDR:
            return unit.info, raw
        return (self._alternate, raw) if form in ALTERNATE_REFERENCES and self._alternate else None
