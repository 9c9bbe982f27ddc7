"""ELF files, as the System V gABI chapters 4 and 5 describe them: 64-bit, little-endian.

Bytes in, values out. Nothing is copied: headers are decoded at once, sections are views of the
bytes given, symbols are indexed when first asked for. Input may be damaged in any way: what
cannot be read is missing from the result, or raises `ElfError` where nothing sensible is left.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Self

from dapserver.symbols.compression import CompressionError, decompressed
from dapserver.symbols.elf_symbols import SymbolTable

Data = bytes | bytearray | memoryview | mmap.mmap

IDENT = struct.Struct("<4sBBBBB7x")
HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
DYNAMIC_ENTRY = struct.Struct("<QQ")
RELOCATION = struct.Struct("<QQq")
R_X86_64_IRELATIVE = 37
NOTE_HEADER = struct.Struct("<III")

CLASS_32, CLASS_64 = 1, 2
LITTLE_ENDIAN = 1
PN_XNUM = 0xFFFF  # e_phnum: the real count is in section 0
SHN_XINDEX = 0xFFFF
SHF_COMPRESSED = 0x800
NT_GNU_BUILD_ID = 3
EMPTY = memoryview(b"")


class ElfError(ValueError):
    """The bytes are no ELF file that can be read; the text says why."""


class FileType(IntEnum):
    REL = 1
    EXEC = 2
    DYN = 3
    CORE = 4


class SegmentType(IntEnum):
    LOAD = 1
    DYNAMIC = 2
    INTERP = 3
    NOTE = 4
    TLS = 7
    GNU_EH_FRAME = 0x6474E550


class SegmentFlag(IntFlag):
    EXECUTE = 1
    WRITE = 2
    READ = 4


class SectionType(IntEnum):
    SYMTAB = 2
    RELA = 4
    NOTE = 7
    NOBITS = 8
    DYNSYM = 11


@dataclass(frozen=True, slots=True)
class Header:
    """The file header. `type` is a `FileType` in most files, `machine` an EM_ number."""

    type: int
    machine: int
    entry: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header. Addresses are the file's own: add the load bias for a process."""

    type: int
    flags: int
    offset: int
    address: int
    physical_address: int
    file_size: int
    memory_size: int
    alignment: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section header. `index` is its number; `name` is empty where it cannot be read."""

    index: int
    name: str
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry_size: int


@dataclass(frozen=True, slots=True)
class Note:
    """An entry of a note segment or section; `name` without its terminating zero."""

    name: bytes
    type: int
    description: bytes


@dataclass(frozen=True, slots=True)
class ElfFile:
    """An ELF file. It refers to the bytes it was parsed from for as long as it lives."""

    header: Header
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    symbols: SymbolTable = field(compare=False, repr=False)
    _data: memoryview = field(compare=False, repr=False)

    @classmethod
    def parse(cls, data: Data) -> Self:
        """Decode the headers of the ELF file *data* (gABI chapter 4).

        A section table that lies outside of *data*, as in an image read from memory, leaves
        `sections` empty. Raises ElfError if *data* is not ELF, is 32-bit or big-endian, or ends
        within its file header or program headers.
        """
        view = memoryview(data).cast("B")
        _check_ident(view)
        try:
            fields = HEADER.unpack_from(view)
        except struct.error:
            raise ElfError("the ELF file ends within its header") from None
        file_type, machine, _, entry, phoff, shoff, _, _, phsize, phnum, *section_fields = fields
        shsize, shnum, names = section_fields
        rows = _section_rows(view, shoff, shsize, shnum)
        if phnum == PN_XNUM and rows:
            phnum = rows[0][7]  # sh_info
        if names == SHN_XINDEX and rows:
            names = rows[0][6]  # sh_link
        sections = _sections(view, rows, names)
        return cls(
            Header(file_type, machine, entry),
            _segments(view, phoff, phsize, phnum),
            sections,
            _symbol_table(view, sections),
            view,
        )

    def section(self, name: str) -> Section | None:
        """Find the first section of this name."""
        return next((section for section in self.sections if section.name == name), None)

    def contents(self, section: Section) -> memoryview:
        """Give the bytes of *section*, decompressed if need be (gABI 4, "Section Compression").

        Empty for a section without bytes in the file (SHT_NOBITS). Raises ElfError if it lies
        outside of the file or its compressed data is damaged or of an unknown method.
        """
        view = _contents(self._data, section)
        if view is None:
            raise ElfError(f"section {section.name or section.index} lies outside of the ELF file")
        if not section.flags & SHF_COMPRESSED:
            return view
        try:
            return decompressed(view, section.name)
        except CompressionError as error:
            raise ElfError(str(error)) from None

    @property
    def size(self) -> int:
        """Of the file; bytes."""
        return len(self._data)

    @property
    def dynamic(self) -> tuple[tuple[int, int], ...]:
        """The (d_tag, d_val) pairs of the dynamic segment, without DT_NULL; empty if static."""
        pairs: list[tuple[int, int]] = []
        for view in self._segment_bytes(SegmentType.DYNAMIC):
            whole = view[: len(view) - len(view) % DYNAMIC_ENTRY.size]
            for tag, value in DYNAMIC_ENTRY.iter_unpack(whole):
                if tag == 0:
                    break
                pairs.append((tag, value))
        return tuple(pairs)

    @property
    def interpreter(self) -> str | None:
        """The path of the dynamic loader (PT_INTERP); None for a static program or a library."""
        for view in self._segment_bytes(SegmentType.INTERP):
            return bytes(view).partition(b"\0")[0].decode(errors="replace")
        return None

    @property
    def notes(self) -> Iterator[Note]:
        """The notes of all note sections, or of the note segments if there are no sections.

        Sections come first because Go's linker leaves the build id out of its note segment.
        """
        for section in self.sections:
            if section.type == SectionType.NOTE:
                yield from _notes(_contents(self._data, section) or EMPTY, section.alignment)
        for segment in () if self.sections else self.segments:
            if segment.type == SegmentType.NOTE:
                start, end = segment.offset, segment.offset + segment.file_size
                yield from _notes(self._data[start:end], segment.alignment)

    @property
    def build_id(self) -> bytes | None:
        """The linker's build id (NT_GNU_BUILD_ID), None if there is none."""
        for note in self.notes:
            if note.name == b"GNU" and note.type == NT_GNU_BUILD_ID and note.description:
                return note.description
        return None

    def load_bias(
        self,
        mapped_address: int,
        file_offset: int,
        *,
        executable: bool | None = None,
        page_size: int = mmap.PAGESIZE,
    ) -> int | None:
        """Tell what to add to this file's addresses in a process that maps it.

        The arguments are a line of /proc/PID/maps (proc_pid_maps(5)): start, offset, and whether
        it has the x permission. Two segments may share a page of the file, so give the line with
        the lowest address or say `executable`. None if no PT_LOAD segment covers the offset.
        """
        loads = [
            segment
            for segment in self.segments
            if segment.type == SegmentType.LOAD
            and segment.file_size
            and (executable is None or bool(segment.flags & SegmentFlag.EXECUTE) == executable)
        ]
        pages = [segment.offset - segment.offset % page_size for segment in loads]
        starting = [s for s, page in zip(loads, pages, strict=True) if page == file_offset]
        covering = [
            segment
            for segment, page in zip(loads, pages, strict=True)
            if page <= file_offset < segment.offset + segment.file_size
        ]
        for segment in starting or covering:
            return mapped_address - file_offset - (segment.address - segment.offset)
        return None

    def resolved_at(self, resolver: int) -> list[int]:
        """Where the dynamic linker writes what the function at *resolver* chooses (R_X86_64_IRELATIVE)."""
        found = []
        for section in self.sections:
            if section.type == SectionType.RELA:
                whole = self.contents(section)
                for offset, info, addend in RELOCATION.iter_unpack(whole[: len(whole) // 24 * 24]):
                    if info & 0xFFFFFFFF == R_X86_64_IRELATIVE and addend == resolver:
                        found.append(offset)
        return found

    def code_ends(self) -> list[int]:
        """Where executable segments end, in the file's own addresses."""
        return [
            segment.address + segment.memory_size
            for segment in self.segments
            if segment.type == SegmentType.LOAD and segment.flags & SegmentFlag.EXECUTE
        ]

    def _segment_bytes(self, kind: SegmentType) -> Iterator[memoryview]:
        for segment in self.segments:
            if segment.type == kind:
                yield self._data[segment.offset : segment.offset + segment.file_size]


def _check_ident(view: memoryview) -> None:
    if bytes(view[:4]) != b"\x7fELF":
        raise ElfError("not an ELF file")
    if len(view) < IDENT.size:
        raise ElfError("the ELF file ends within its header")
    _, elf_class, byte_order, version, _, _ = IDENT.unpack_from(view)
    if elf_class == CLASS_32:
        raise ElfError("a 32-bit ELF file; only 64-bit ones are supported")
    if elf_class != CLASS_64 or version != 1:
        raise ElfError(f"an ELF file of unknown class {elf_class} or version {version}")
    if byte_order != LITTLE_ENDIAN:
        raise ElfError("a big-endian ELF file; only little-endian ones are supported")


def _segments(view: memoryview, offset: int, entry_size: int, count: int) -> tuple[Segment, ...]:
    if count == 0:
        return ()
    if entry_size != SEGMENT.size or offset + count * SEGMENT.size > len(view):
        raise ElfError("the ELF file ends within its program headers")
    table = view[offset : offset + count * SEGMENT.size]
    return tuple(Segment(*fields) for fields in SEGMENT.iter_unpack(table))


def _section_rows(view: memoryview, offset: int, entry_size: int, count: int) -> list[tuple[int, ...]]:
    """The raw section headers; none if the table is absent or lies outside of the file."""
    if offset == 0 or entry_size != SECTION.size or offset + SECTION.size > len(view):
        return []
    if count == 0:  # 0xff00 or more of them: the real count is in section 0
        count = SECTION.unpack_from(view, offset)[5]
    if offset + count * SECTION.size > len(view):
        return []
    return list(SECTION.iter_unpack(view[offset : offset + count * SECTION.size]))


def _sections(view: memoryview, rows: list[tuple[int, ...]], names: int) -> tuple[Section, ...]:
    strings = b""
    if names < len(rows):
        start, size = rows[names][4:6]
        strings = bytes(view[start : start + size])
    return tuple(
        Section(index, _string(strings, name), *fields) for index, (name, *fields) in enumerate(rows)
    )


def _string(table: bytes, offset: int) -> str:
    end = table.find(b"\0", offset)
    return table[offset:end].decode(errors="replace") if end >= 0 else ""


def _contents(view: memoryview, section: Section) -> memoryview | None:
    """The bytes of *section* as they are in the file; None if it reaches beyond its end."""
    if section.type == SectionType.NOBITS:
        return EMPTY
    if section.offset + section.size > len(view):
        return None
    return view[section.offset : section.offset + section.size]


def _notes(view: memoryview, align: int) -> Iterator[Note]:
    """The notes in *view* (gABI 5, "Note Section"), padded to 4 bytes or, if so aligned, to 8."""
    pad = 8 if align == 8 else 4
    position = 0
    while position + NOTE_HEADER.size <= len(view):
        name_size, size, kind = NOTE_HEADER.unpack_from(view, position)
        name_start = position + NOTE_HEADER.size
        start = _align(name_start + name_size, pad)
        if start + size > len(view):
            return
        name = bytes(view[name_start : name_start + name_size])
        yield Note(name.rstrip(b"\0"), kind, bytes(view[start : start + size]))
        position = _align(start + size, pad)


def _align(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def _symbol_table(view: memoryview, sections: tuple[Section, ...]) -> SymbolTable:
    """The symbols of .symtab, or of .dynsym in a stripped file."""
    for kind in (SectionType.SYMTAB, SectionType.DYNSYM):
        for section in sections:
            if section.type != kind or not section.link < len(sections):
                continue
            table, names = _contents(view, section), _contents(view, sections[section.link])
            if table and names and not section.flags & SHF_COMPRESSED:
                # .dynsym knows exports only: what follows a label in it may be anything.
                whole = kind == SectionType.SYMTAB
                ends = [part.address + part.size for part in sections] if whole else []
                return SymbolTable(table, names, ends)
    return SymbolTable(EMPTY, EMPTY, [])
