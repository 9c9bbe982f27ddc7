"""The debug information of one file: its sections, its units, and the alternate file of dwz."""

from __future__ import annotations

from bisect import bisect_right

from dapserver.symbols.dwarf.abbreviations import AbbreviationTable
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Encoding
from dapserver.symbols.dwarf.reading import Budget, DwarfError
from dapserver.symbols.dwarf.sections import Sections
from dapserver.symbols.dwarf.units import Unit, UnitHeader, unit_header, unit_headers
from dapserver.symbols.elf import ElfFile, SegmentFlag, SegmentType


class DebugInfo:
    """Units by their offsets, read when first asked for."""

    def __init__(self, elf: ElfFile, alternate: DebugInfo | None = None) -> None:
        self.sections = Sections(elf)
        self.symbols = elf.symbols
        self._alternate = alternate
        self._abbreviations: dict[tuple[int, Encoding], AbbreviationTable] = {}
        self._abbreviation_budget: Budget | None = None
        self._units: dict[int, Unit] = {}
        self._headers: list[UnitHeader] | None = None
        self._code = [
            (max(segment.address, 1), segment.address + segment.memory_size)
            for segment in elf.segments
            if segment.type == SegmentType.LOAD and segment.flags & SegmentFlag.EXECUTE
        ]

    def is_code(self, address: int) -> bool:
        """Tell whether there can be code at *address*.

        Linkers give what they have left out the address 0, 1, -1 or -2, or an offset from these.
        """
        return any(low <= address < high for low, high in self._code)

    @property
    def headers(self) -> list[UnitHeader]:
        """The headers of all units of .debug_info. Raises DwarfError if that cannot be read."""
        if self._headers is None:
            self._headers = list(unit_headers(self.sections[".debug_info"]))
        return self._headers

    def unit(self, offset: int) -> Unit:
        """Give the unit that starts at *offset* of .debug_info. Raises DwarfError if there is none."""
        if offset not in self._units:
            self._units[offset] = Unit(self, unit_header(self.sections[".debug_info"], offset))
        return self._units[offset]

    def entry_at(self, offset: int) -> Entry:
        """Give the entry at *offset* of .debug_info, in whichever unit. Raises DwarfError."""
        index = bisect_right(self.headers, offset, key=lambda header: header.offset) - 1
        if index < 0 or offset >= self.headers[index].offset + self.headers[index].size:
            raise DwarfError(f"there is no debugging entry at {offset:#x}")
        unit = self.unit(self.headers[index].offset)
        return Entry(unit, offset - unit.header.offset)

    def abbreviations(self, offset: int, encoding: Encoding) -> AbbreviationTable:
        """Give the abbreviation table at *offset* of .debug_abbrev. Raises DwarfError."""
        key = (offset, encoding)
        if key not in self._abbreviations:
            section = self.sections[".debug_abbrev"]
            if self._abbreviation_budget is None:
                # Twice: units that differ in their encoding alone may share a table.
                self._abbreviation_budget = Budget(2 * len(section), "abbreviations")
            table = AbbreviationTable(section, offset, encoding, self._abbreviation_budget)
            self._abbreviations[key] = table
        return self._abbreviations[key]

    def require_alternate(self) -> DebugInfo:
        """Give what dwz has moved to a file of its own. Raises DwarfError if that was not found."""
        if self._alternate is None:
            raise DwarfError("this is in an alternate debug file, which was not found")
        return self._alternate
