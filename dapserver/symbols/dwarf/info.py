"""The debug information of one file: its sections, its units, and the alternate file of dwz."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.abbreviations import AbbreviationTable
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.forms import Encoding
from dapserver.symbols.dwarf.reading import Budget, DwarfError
from dapserver.symbols.dwarf.sections import Sections
from dapserver.symbols.dwarf.units import Unit, UnitHeader, unit_header, unit_headers
from dapserver.symbols.elf import ElfFile, SegmentFlag, SegmentType

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.split import SplitFiles


class DebugInfo:
    """Units by their offsets, read when first asked for."""

    def __init__(self, elf: ElfFile, alternate: DebugInfo | None = None, *, suffix: str = "") -> None:
        """*suffix*: what the names of its sections have at their ends."""
        self.sections = Sections(elf, suffix)
        self.split_files: SplitFiles | None = None
        self.symbols = elf.symbols
        self._alternate = alternate
        self._abbreviations: dict[tuple[int, Encoding], AbbreviationTable] = {}
        self._abbreviation_budget: Budget | None = None
        self._units: dict[tuple[str, int], Unit] = {}
        self._headers: list[UnitHeader] | None = None
        self.code = [
            (max(segment.address, 1), segment.address + segment.memory_size)
            for segment in elf.segments
            if segment.type == SegmentType.LOAD and segment.flags & SegmentFlag.EXECUTE
        ]
        """From where to where there is code, without what linkers give to code that they left out."""
        self._thread_local = next(
            ((each.address, each.memory_size) for each in elf.segments if each.type == SegmentType.TLS),
            (0, 0),
        )

    def is_code(self, address: int) -> bool:
        """Tell whether there can be code at *address*.

        Linkers give what they have left out the address 0, 1, -1 or -2, or an offset from these.
        """
        return any(low <= address < high for low, high in self.code)

    def thread_local_offset(self, offset: int) -> int:
        """Give an offset in a thread's block of this file as it is meant.

        In the .debug_addr of GNU's split debug information gcc 12 writes the variable's address in
        the file instead.
        """
        low, size = self._thread_local
        return offset - low if size <= offset and low <= offset < low + size else offset

    @property
    def headers(self) -> list[UnitHeader]:
        """The headers of all units of .debug_info. Raises DwarfError if that cannot be read."""
        if self._headers is None:
            self._headers = list(unit_headers(self.sections[".debug_info"]))
        return self._headers

    def unit(self, offset: int) -> Unit:
        """Give the unit that starts at *offset* of .debug_info. Raises DwarfError if there is none."""
        key = (".debug_info", offset)
        if key not in self._units:
            self._units[key] = self._made(unit_header(self.sections[".debug_info"], offset), ".debug_info")
        return self._units[key]

    def type_unit(self, header: UnitHeader) -> Unit:
        """Give a unit of .debug_types, where version 4 keeps types by signature. Raises DwarfError."""
        key = (".debug_types", header.offset)
        if key not in self._units:
            self._units[key] = self._made(header, ".debug_types")
        return self._units[key]

    def _made(self, header: UnitHeader, section: str) -> Unit:
        return Unit(self, header, section)

    def split_unit(self, skeleton: Unit) -> Unit:
        """Give the unit that *skeleton* stands for. Raises DwarfError if its file is missing."""
        if self.split_files is None:
            raise DwarfError("this is in another file, which was not looked for")
        return self.split_files.unit(skeleton)

    def all_files(self) -> Iterator[DebugInfo]:
        """Give this file, then those that its units were split off to, as far as they are found."""
        yield self
        yield from self.split_files or ()

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
