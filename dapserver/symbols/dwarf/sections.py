"""The debug sections of a file, by name."""

from __future__ import annotations

import zlib

from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.elf import DEFLATE_MAX_RATIO, ElfError, ElfFile

EMPTY = memoryview(b"")
OLD_HEADER_SIZE = 12  # "ZLIB" and the size, eight bytes, big-endian


class Sections(dict[str, memoryview]):
    """Contents of sections, read when first asked for; empty where there is no such section.

    Raises DwarfError for a section that cannot be read.
    """

    def __init__(self, elf: ElfFile) -> None:
        super().__init__()
        self._elf = elf

    def __missing__(self, name: str) -> memoryview:
        self[name] = EMPTY  # if it cannot be read, that is told once
        try:
            self[name] = self._contents(name)
        except ElfError as error:
            raise DwarfError(str(error)) from None
        return self[name]

    def _contents(self, name: str) -> memoryview:
        section = self._elf.section(name)
        if section is not None:
            return self._elf.contents(section)
        # Before ELF knew compressed sections, GNU tools and Go renamed them.
        section = self._elf.section(f".z{name[1:]}")
        return _inflate(self._elf.contents(section), name) if section is not None else EMPTY


def _inflate(packed: memoryview, name: str) -> memoryview:
    size = int.from_bytes(packed[4:OLD_HEADER_SIZE], "big")
    if bytes(packed[:4]) != b"ZLIB" or size > len(packed) * DEFLATE_MAX_RATIO:
        raise DwarfError(f"section {name} is not compressed as its name says")
    try:
        return memoryview(zlib.decompressobj().decompress(packed[OLD_HEADER_SIZE:], size))
    except zlib.error as error:
        raise DwarfError(f"section {name} cannot be decompressed: {error}") from None
