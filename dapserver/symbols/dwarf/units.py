"""Units of .debug_info: headers, and what the values of their entries mean (DWARF 5, 7.5.1, 7.5.5)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Form, UnitType
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Encoding, Value
from dapserver.symbols.dwarf.outline import Outline
from dapserver.symbols.dwarf.reading import Bytes, DwarfError, c_string, damage, initial_length, unsigned

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.info import DebugInfo

VERSIONS = range(2, 6)
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

    def __init__(self, info: DebugInfo, header: UnitHeader) -> None:
        self.info = info
        self.header = header
        section = info.sections[".debug_info"]
        self.data: Bytes = section[header.offset : header.offset + header.size]
        """A view of the section until the unit is scanned, then a copy: reading it is twice as fast."""
        self.abbreviations = info.abbreviations(header.abbreviations, header.encoding)

    @property
    def encoding(self) -> Encoding:
        return self.header.encoding

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
            return self.info.require_alternate().entry_at(raw)
        if form == Form.REF_ADDR:
            return self.info.entry_at(raw)
        return None

    def indexed_address(self, index: int) -> int:
        """Give an address of .debug_addr (7.27). Raises DwarfError."""
        with damage("address table"):
            size = self.encoding.address_size
            return unsigned(self.info.sections[".debug_addr"], self._address_base + index * size, size)

    def _string_offset(self, index: int) -> int:
        size = self.encoding.offset_size
        position = self._string_offsets_base + index * size
        return unsigned(self.info.sections[".debug_str_offsets"], position, size)

    @functools.cached_property
    def _string_offsets_base(self) -> int:
        # Without the attribute, as in .dwo files: behind the only header (7.26).
        base = self.root.number(At.STR_OFFSETS_BASE)
        return base if base is not None else 2 * self.encoding.offset_size

    @functools.cached_property
    def _address_base(self) -> int:
        base = self.root.number(At.ADDR_BASE)
        return base if base is not None else 2 * self.encoding.offset_size
