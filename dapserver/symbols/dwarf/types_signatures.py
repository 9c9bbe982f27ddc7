"""Types in units of their own, found by signature (DWARF 5, 3.1.4 and 7.32; DWARF 4, 7.5.1.2)."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

from dapserver.symbols.dwarf.constants import UnitType
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.reading import DwarfError, damage, unsigned
from dapserver.symbols.dwarf.units import UnitHeader, unit_headers

TYPE_UNITS = frozenset({UnitType.TYPE, UnitType.SPLIT_TYPE})
SIGNATURE_SIZE = 8


class Signatures:
    """The type units of one file."""

    def __init__(self, info: DebugInfo) -> None:
        self._info = info

    def entry(self, signature: int) -> Entry:
        """Give the type of a signature. Raises DwarfError if it is not there."""
        try:
            header, offset, is_old = self._units[signature]
        except KeyError:
            raise DwarfError(f"there is no type of signature {signature:#x}") from None
        return Entry(self._info.type_unit(header) if is_old else self._info.unit(header.offset), offset)

    @functools.cached_property
    def _units(self) -> dict[int, tuple[UnitHeader, int, bool]]:
        """Of each signature the unit, where the type is in it, and whether it is of version 4."""
        found: dict[int, tuple[UnitHeader, int, bool]] = {}
        for header, section, is_old in self._headers():
            with damage("type unit"):
                size = header.encoding.offset_size
                position = header.offset + header.root - size - SIGNATURE_SIZE
                signature = unsigned(section, position, SIGNATURE_SIZE)
                found[signature] = (header, unsigned(section, position + SIGNATURE_SIZE, size), is_old)
        return found

    def _headers(self) -> Iterator[tuple[UnitHeader, memoryview, bool]]:
        section = self._info.sections[".debug_info"]
        for header in self._info.headers:
            if header.type in TYPE_UNITS:
                yield header, section, False
        section = self._info.sections[".debug_types"]
        for header in unit_headers(section):
            # The signature and the type's offset follow what all units of version 4 have.
            root = header.root + SIGNATURE_SIZE + header.encoding.offset_size
            yield replace(header, root=root, type=UnitType.TYPE), section, True
