"""Units of .debug_info: headers, and what the values of their entries mean (DWARF 5, 7.5.1, 7.5.5)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Form, Tag, UnitType
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Encoding, Value
from dapserver.symbols.dwarf.outline import Outline
from dapserver.symbols.dwarf.reading import Bytes, DwarfError, c_string, damage, initial_length, unsigned

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.info import DebugInfo

VERSIONS = range(2, 6)
IMPORT_LIMIT = 10_000  # units of one program that another one imports
ADDRESS_SIZES = frozenset({4, 8})

UNIT_REFERENCES = frozenset({Form.REF1, Form.REF2, Form.REF4, Form.REF8, Form.REF_UDATA})
ALTERNATE_REFERENCES = frozenset({Form.GNU_REF_ALT, Form.REF_SUP4, Form.REF_SUP8})
ALTERNATE_STRINGS = frozenset({Form.GNU_STRP_ALT, Form.STRP_SUP})
STRING_INDEXES = frozenset({Form.STRX, Form.STRX1, Form.STRX2, Form.STRX3, Form.STRX4, Form.GNU_STR_INDEX})
ADDRESS_INDEXES = frozenset(
    {Form.ADDRX, Form.ADDRX1, Form.ADDRX2, Form.ADDRX3, Form.ADDRX4, Form.GNU_ADDR_INDEX}
)


@dataclass(frozen=True, slots=True)
class UnitHeader:
    """The header of a unit. Offsets and sizes in bytes."""

    offset: int
    """In its section."""
    size: int
    """With the header."""
    type: int
    encoding: Encoding
    abbreviations: int
    """The offset in .debug_abbrev."""
    root: int
    """The offset of the first entry from the unit's start."""


def unit_headers(section: memoryview) -> Iterator[UnitHeader]:
    """Give the headers of all units; ends without a word where the next one makes no sense."""
    offset = 0
    while offset < len(section):
        try:
            header = unit_header(section, offset)
        except DwarfError:
            return
        yield header
        offset += header.size


def unit_header(section: memoryview, offset: int) -> UnitHeader:
    """Read the header of the unit at *offset* of .debug_info (7.5.1). Raises DwarfError."""
    with damage("unit header"):
        length, position, offset_size = initial_length(section, offset)
        size = position + length - offset
        version = unsigned(section, position, 2)
        position += 2
        if version not in VERSIONS:
            raise DwarfError(f"debug information of DWARF version {version}; 2 to 5 are supported")
        if version >= 5:
            unit_type, address_size = section[position], section[position + 1]
            abbreviations = unsigned(section, position + 2, offset_size)
            position += 2 + offset_size
        else:
            unit_type, address_size = UnitType.COMPILE, section[position + offset_size]
            abbreviations = unsigned(section, position, offset_size)
            position += offset_size + 1
        if address_size not in ADDRESS_SIZES:
            raise DwarfError(f"addresses of {address_size} bytes")
        if unit_type in {UnitType.SKELETON, UnitType.SPLIT_COMPILE}:
            position += 8
        elif unit_type in {UnitType.TYPE, UnitType.SPLIT_TYPE}:
            position += 8 + offset_size
        encoding = Encoding(version, offset_size, address_size)
        return UnitHeader(offset, size, unit_type, encoding, abbreviations, position - offset)


class Unit:
    """One unit. Offsets are from its start unless it is said otherwise."""

    def __init__(self, info: DebugInfo, header: UnitHeader, section: str = ".debug_info") -> None:
        self.info = info
        self.header = header
        self.data: Bytes = info.sections[section][header.offset : header.offset + header.size]
        """A view of the section until the unit is scanned, then a copy: reading it is twice as fast."""
        self.abbreviations = info.abbreviations(header.abbreviations, header.encoding)
        self.importer: Unit | None = None
        """A unit that it was found from: dwz leaves the language out of what several units share."""

    @property
    def encoding(self) -> Encoding:
        return self.header.encoding

    @property
    def skeleton(self) -> Unit:
        """The unit that has the line table and the addresses: this one, unless it is a split one."""
        return self

    @functools.cached_property
    def whole(self) -> Unit:
        """The unit that has the entries: this one, unless it is the skeleton of another (3.1.2).

        Raises DwarfError if that is not found.
        """
        return self.info.split_unit(self) if self.is_skeleton else self

    @functools.cached_property
    def is_skeleton(self) -> bool:
        has = self.root.abbreviation.has
        return self.header.type == UnitType.SKELETON or has(At.GNU_DWO_NAME)

    @functools.cached_property
    def split_id(self) -> int | None:
        """What a skeleton and its split unit have in common; None in other units (7.5.1.2)."""
        if self.header.type in {UnitType.SKELETON, UnitType.SPLIT_COMPILE}:
            return unsigned(self.data, self.header.root - 8, 8)
        return self.root.number(At.GNU_DWO_ID)

    def section(self, name: str) -> memoryview:
        """Give what there is of a section for this unit. Raises DwarfError if it cannot be read."""
        return self.info.sections[name]

    @functools.cached_property
    def root(self) -> Entry:
        return Entry(self, self.header.root)

    @functools.cached_property
    def directory(self) -> str:
        """Where it was compiled; empty if that is not told."""
        return self.root.string(At.COMP_DIR) or ""

    @functools.cached_property
    def base_address(self) -> int:
        """What range lists start from (3.1.1)."""
        return self.root.address(At.LOW_PC) or 0

    @property
    def ranges_base(self) -> int:
        """What offsets in .debug_ranges start from."""
        return 0

    @property
    def has_gnu_locations(self) -> bool:
        """Whether .debug_loc has entries of GNU's kind in it."""
        return False

    def entry_at(self, offset: int) -> Entry:
        """Give the entry at *offset* of .debug_info, in whichever unit. Raises DwarfError."""
        return self.info.entry_at(offset)

    @functools.cached_property
    def outline(self) -> Outline:
        """Its functions and scopes, from one pass over all its entries."""
        self.data = bytes(self.data)
        return Outline(self)

    def string(self, value: Value) -> str:
        """Follow a value of class string."""
        form, raw = value
        if isinstance(raw, bytes):
            return raw.decode(errors="replace")
        sections = self.info.sections
        with damage("string"):
            if form in STRING_INDEXES:
                form, raw = Form.STRP, self._string_offset(raw)
            if form in ALTERNATE_STRINGS:
                sections = self.info.require_alternate().sections
            section = ".debug_line_str" if form == Form.LINE_STRP else ".debug_str"
            return c_string(sections[section], raw).decode(errors="replace")

    def address(self, value: Value) -> int | None:
        """Follow a value of class address; None for other classes."""
        form, raw = value
        if isinstance(raw, bytes):
            return None
        if form in ADDRESS_INDEXES:
            return self.indexed_address(raw)
        return raw if form == Form.ADDR else None

    def reference(self, value: Value) -> Entry | None:
        """Follow a value of class reference; None for a type's signature (ref_sig8)."""
        form, raw = value
        if isinstance(raw, bytes) or form == Form.REF_SIG8:
            return None
        if form in UNIT_REFERENCES:
            return Entry(self, raw)
        if form in ALTERNATE_REFERENCES:
            found = self.info.require_alternate().entry_at(raw)
        elif form == Form.REF_ADDR:
            found = self.entry_at(raw)
        else:
            return None
        found.unit.importer = found.unit.importer or self
        return found

    def with_imported(self) -> list[Unit]:
        """Give this unit and those that it shares with others, as dwz makes them (3.2.5)."""
        units, waiting = {self: None}, [self]
        while waiting and len(units) < IMPORT_LIMIT:
            for child in waiting.pop().root.children():
                if child.tag != Tag.IMPORTED_UNIT:
                    break  # they come first
                entry = child.reference(At.IMPORT)
                if entry is not None and entry.unit not in units:
                    units[entry.unit] = None
                    waiting.append(entry.unit)
        return list(units)

    def indexed_address(self, index: int) -> int:
        """Give an address of .debug_addr (7.27). Raises DwarfError."""
        with damage("address table"):
            size = self.encoding.address_size
            return unsigned(self.section(".debug_addr"), self._address_base + index * size, size)

    def _string_offset(self, index: int) -> int:
        size = self.encoding.offset_size
        position = self.string_offsets_base + index * size
        return unsigned(self.section(".debug_str_offsets"), position, size)

    @functools.cached_property
    def string_offsets_base(self) -> int:
        """Where the unit's table in .debug_str_offsets starts."""
        base = self.root.number(At.STR_OFFSETS_BASE)
        return base if base is not None else self._table_header

    @functools.cached_property
    def _address_base(self) -> int:
        base = self.root.number(At.ADDR_BASE)
        if base is None:
            base = self.root.number(At.GNU_ADDR_BASE)
        return base if base is not None else self._table_header

    @property
    def _table_header(self) -> int:
        """The size of a table's header: where the only one starts if that is not told (7.26)."""
        return 2 * self.encoding.offset_size if self.encoding.version >= 5 else 0
