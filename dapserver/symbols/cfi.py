"""Call frame information: from an address in an ELF file to how its caller is found.

The entries are found by the sorted table of .eh_frame_hdr (LSB 5.0 Core, 10.6.2) where there is
one, in place; else by an index of the section, made when first asked for. Only the entries that
are asked for are parsed.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from typing import Protocol, Self

from dapserver.symbols import encoding
from dapserver.symbols.cfi_entries import DAMAGE, Fde, FrameSection
from dapserver.symbols.cfi_program import Row, row_at
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.elf import ElfError, ElfFile, Section, SectionType, SegmentType

HEADER_VERSION = 1
SORTED_TABLE = 0x3B  # relative to the header, 4 bytes signed: what all linkers emit
TABLE_ENTRY = struct.Struct("<ii")
CACHED_ROWS = 1 << 16


class FdeTable(Protocol):
    """Where the FDEs of a section are."""

    section: FrameSection

    def offset(self, pc: int) -> int | None:
        """Give the offset of the last FDE that begins at *pc* or before; None if there is none."""


class HeaderTable:
    """The table of .eh_frame_hdr, read where it lies."""

    def __init__(self, section: FrameSection, table: memoryview, header_address: int) -> None:
        self.section = section
        self._table = table
        self._header_address = header_address
        self._count = len(table) // TABLE_ENTRY.size

    def offset(self, pc: int) -> int | None:
        wanted = pc - self._header_address
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            if TABLE_ENTRY.unpack_from(self._table, middle * TABLE_ENTRY.size)[0] <= wanted:
                low = middle + 1
            else:
                high = middle
        if low == 0:
            return None
        entry = TABLE_ENTRY.unpack_from(self._table, (low - 1) * TABLE_ENTRY.size)[1]
        return int(entry) + self._header_address - self.section.address


class IndexTable:
    """An index of a section, made when first asked."""

    def __init__(self, section: FrameSection) -> None:
        self.section = section
        self._starts: list[int] | None = None
        self._offsets: list[int] = []

    def offset(self, pc: int) -> int | None:
        if self._starts is None:
            entries = sorted(self.section.ranges())
            self._starts = [start for start, _ in entries]
            self._offsets = [offset for _, offset in entries]
        index = bisect_right(self._starts, pc) - 1
        return self._offsets[index] if index >= 0 else None


class CallFrames:
    """The call frame information of one file. Addresses are the file's own."""

    def __init__(self, tables: list[FdeTable]) -> None:
        self._tables = tables
        self._rows: dict[int, Row | None] = {}

    @classmethod
    def of(cls, *files: ElfFile) -> Self:
        """Take what there is in *files*: the mapped file first, then its debug file, if any.

        Never raises for damaged files: what cannot be read is missing.
        """
        return cls([table for elf in files for table in _tables(elf)])

    def row(self, pc: int) -> Row | None:
        """Find the row that covers the address *pc*; None if no entry does.

        For a return address give it less 1: the call may be the last instruction of its function.
        Raises DwarfError if the entry is damaged.
        """
        try:
            return self._rows[pc]
        except KeyError:
            pass
        try:
            fde = self.fde(pc)
            row = row_at(fde, pc) if fde is not None else None
        except DAMAGE as error:
            raise DwarfError(f"damaged call frame information for {pc:#x}: {error}") from None
        if len(self._rows) >= CACHED_ROWS:
            self._rows.clear()
        self._rows[pc] = row
        return row

    def fde(self, pc: int) -> Fde | None:
        """Find the entry that covers the address *pc*. Raises one of `cfi_entries.DAMAGE`."""
        for table in self._tables:
            offset = table.offset(pc)
            if offset is None:
                continue
            fde = table.section.fde(offset)
            if fde.start <= pc < fde.end:
                return fde
        return None


def _tables(elf: ElfFile) -> Iterator[FdeTable]:
    if header := _header(elf):
        try:
            yield _eh_frame(elf, header)
        except (ElfError, *DAMAGE):
            header = None
    if header is None and (section := _frame_section(elf, ".eh_frame")):
        yield IndexTable(section)
    if section := _frame_section(elf, ".debug_frame"):
        yield IndexTable(section)


def _frame_section(elf: ElfFile, name: str) -> FrameSection | None:
    found = elf.section(name)
    if found is None or found.type == SectionType.NOBITS:
        return None
    try:
        return FrameSection(elf.contents(found), found.address, is_eh=name == ".eh_frame")
    except ElfError:
        return None


def _header(elf: ElfFile) -> Section | None:
    """.eh_frame_hdr by its segment: that is there without section headers too."""
    for segment in elf.segments:
        if segment.type == SegmentType.GNU_EH_FRAME and segment.file_size:
            return _part(".eh_frame_hdr", segment.address, segment.offset, segment.file_size)
    return None


def _eh_frame(elf: ElfFile, header: Section) -> FdeTable:
    """The .eh_frame that *header* belongs to, with the header's table if that can be used."""
    data = elf.contents(header)
    version, pointer_encoding, count_encoding, table_encoding = data[:4]
    if version != HEADER_VERSION:
        raise DwarfError(f"version {version} of .eh_frame_hdr")
    bases = {"address": header.address, "data_address": header.address}
    start, position = encoding.pointer(data, 4, pointer_encoding, **bases)
    section = FrameSection(elf.contents(_rest_of_segment(elf, start)), start, is_eh=True)
    if table_encoding != SORTED_TABLE or count_encoding == encoding.OMIT:
        return IndexTable(section)
    count, position = encoding.number(data, position, count_encoding)
    table = data[position : position + count * TABLE_ENTRY.size]
    if count <= 0 or len(table) != count * TABLE_ENTRY.size:
        raise DwarfError("the table of .eh_frame_hdr is too long")
    return HeaderTable(section, table, header.address)


def _rest_of_segment(elf: ElfFile, address: int) -> Section:
    """What is loaded from *address* on: .eh_frame ends by itself, or is found by the table."""
    for segment in elf.segments:
        start, end = segment.address, segment.address + segment.file_size
        if segment.type == SegmentType.LOAD and start <= address < end:
            return _part(".eh_frame", address, segment.offset + address - start, end - address)
    raise DwarfError(".eh_frame is not in a loaded segment")


def _part(name: str, address: int, offset: int, size: int) -> Section:
    return Section(0, name, 1, 0, address, offset, size, 0, 0, 0, 0)  # type 1: SHT_PROGBITS
