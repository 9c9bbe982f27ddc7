"""The debug sections of a file, by name."""

from __future__ import annotations

from dapserver.symbols.compression import CompressionError, old_decompressed
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.elf import ElfError, ElfFile, Section

EMPTY = memoryview(b"")


class Sections(dict[str, memoryview]):
    """Contents of sections, read when first asked for; empty where there is no such section.

    Raises DwarfError for a section that cannot be read.
    """

    def __init__(self, elf: ElfFile, suffix: str = "") -> None:
        """*suffix*: what the names have at their ends in this file."""
        super().__init__()
        self._elf = elf
        self._suffix = suffix

    def __missing__(self, name: str) -> memoryview:
        self[name] = EMPTY  # if it cannot be read, that is told once
        try:
            self[name] = self._contents(name)
        except (ElfError, CompressionError) as error:
            raise DwarfError(str(error)) from None
        return self[name]

    def _contents(self, name: str) -> memoryview:
        whole = name + self._suffix
        found = [section for section in self._elf.sections if section.name == whole]
        if len(found) > 1:
            return self._joined(found)
        if found:
            return self._elf.contents(found[0])
        # Before ELF knew compressed sections, GNU tools and Go renamed them.
        section = self._elf.section(f".z{whole[1:]}")
        return old_decompressed(self._elf.contents(section), name) if section is not None else EMPTY

    def _joined(self, sections: list[Section]) -> memoryview:
        """In an unlinked file, as .dwo files are, each type may have a section of its own."""
        if sum(section.size for section in sections) > self._elf.size:
            raise DwarfError(f"sections {sections[0].name} that share their bytes")
        return memoryview(b"".join(self._elf.contents(section) for section in sections))
