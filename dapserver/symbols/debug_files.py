"""Where the debug information of a stripped file is: in a file of its own, found as gdb finds it.

By the build id below `.build-id` of a debug directory, or by the name in `.gnu_debuglink`; what
several programs have in common may be in one more file, by the name in `.gnu_debugaltlink` (dwz).
"""

from __future__ import annotations

import mmap
import os
import posixpath
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dapserver.symbols.dwarf import SourceInfo
from dapserver.symbols.elf import ElfError, ElfFile, SectionType
from dapserver.symbols.opening import mapped
from dapserver.symbols.split_files import SplitFilesOnDisk

DEBUG_DIRECTORIES = ("/usr/lib/debug",)
DEBUG_SECTIONS = (".debug_info", ".zdebug_info")
CRC_SIZE = 4


@dataclass(frozen=True, slots=True)
class DebugFile:
    """A file that was found. `path` is without the root."""

    path: str
    elf: ElfFile
    data: mmap.mmap = field(repr=False)


@dataclass(frozen=True, slots=True)
class DebugFiles:
    """Where to look: `directories` below each of `roots`, in this order.

    Another process may see other files than we do: `/proc/PID/root` is its root. Every file found
    is checked against the one that it belongs to, so a wrong place is no danger.
    """

    roots: tuple[str, ...] = ("",)
    directories: tuple[str, ...] = DEBUG_DIRECTORIES

    def source_info(self, elf: ElfFile, path: str) -> SourceInfo | None:
        """Open the debug information of *elf*, which is the file *path*; None if there is none.

        Raises DwarfError if there is some that cannot be read.
        """
        if _has_debug_info(elf):
            return self._opened(elf, self.alternate(elf, path), path)
        separate = self.separate(elf, path)
        if separate is None:
            return None
        return self._opened(separate.elf, self.alternate(separate.elf, separate.path), path, separate.path)

    def source_info_in(
        self, file: str, elf: ElfFile, path: str, fetch: Callable[[bytes], str | None]
    ) -> SourceInfo | None:
        """Open the debug information of *elf*, which is the file *path*, in *file*, which a server gave.

        *fetch* gets another file, by its build id. None: *file* does not belong to *elf*.
        """
        for found in self._open([file]):
            if found.elf.build_id == elf.build_id and _has_debug_info(found.elf):
                alternate = self.alternate(found.elf, file)
                link = _alternate_link(found.elf)
                if alternate is None and link is not None and (fetched := fetch(link[1])) is not None:
                    alternate = next(self._open([fetched]), None)
                return self._opened(found.elf, alternate, path, file)
        return None

    def _opened(self, elf: ElfFile, alternate: DebugFile | None, *paths: str) -> SourceInfo | None:
        places = SplitFilesOnDisk(self.roots, self.directories, paths)
        return SourceInfo.open(elf, alternate.elf if alternate else None, places)

    def separate(self, elf: ElfFile, path: str) -> DebugFile | None:
        """Find the file with the debug information that was stripped from *elf*."""
        build_id = elf.build_id
        if build_id:
            for candidate in self._open(self._by_build_id(build_id)):
                if candidate.elf.build_id == build_id and _has_debug_info(candidate.elf):
                    return candidate
        link = _debug_link(elf)
        if link is None:
            return None
        name, crc = link
        for candidate in self._open(self._by_link(name, posixpath.dirname(path))):
            if _has_debug_info(candidate.elf) and _belongs(candidate, build_id, crc):
                return candidate
        return None

    def alternate(self, elf: ElfFile, path: str) -> DebugFile | None:
        """Find the file that dwz moved the common parts of *elf* to, which is the file *path*."""
        link = _alternate_link(elf)
        if link is None:
            return None
        name, build_id = link
        places = [posixpath.join(posixpath.dirname(path), name), *self._by_build_id(build_id)]
        for candidate in self._open(places):
            if _identity(candidate.elf) == build_id:
                return candidate
        return None

    def _by_build_id(self, build_id: bytes) -> list[str]:
        digits = build_id.hex()
        return [f"{each}/.build-id/{digits[:2]}/{digits[2:]}.debug" for each in self.directories]

    def _by_link(self, name: str, directory: str) -> list[str]:
        below = [each + directory for each in self.directories]
        return [f"{place}/{name}" for place in (directory, f"{directory}/.debug", *below)]

    def _open(self, paths: list[str]) -> Iterator[DebugFile]:
        """Those of *paths* that are ELF files, in all roots."""
        for root in self.roots:
            for path in paths:
                try:
                    data = mapped(root + path)
                    yield DebugFile(path, ElfFile.parse(data), data)
                except (OSError, ElfError, ValueError):
                    continue  # not there, or not what we look for


def _has_debug_info(elf: ElfFile) -> bool:
    # A stripped file may have kept the section's header, without bytes.
    sections = (elf.section(name) for name in DEBUG_SECTIONS)
    return any(section and section.type != SectionType.NOBITS and section.size for section in sections)


def _contents(elf: ElfFile, name: str) -> bytes:
    section = elf.section(name)
    try:
        return bytes(elf.contents(section)) if section is not None else b""
    except ElfError:
        return b""


def _debug_link(elf: ElfFile) -> tuple[str, int] | None:
    """The name and the CRC in .gnu_debuglink (gdb, "Separate Debug Files")."""
    contents = _contents(elf, ".gnu_debuglink")
    name, end, _ = contents.partition(b"\0")
    if not name or not end or len(contents) < CRC_SIZE:
        return None
    return posixpath.basename(os.fsdecode(name)), int.from_bytes(contents[-CRC_SIZE:], "little")


def _alternate_link(elf: ElfFile) -> tuple[str, bytes] | None:
    """The name and the build id in .gnu_debugaltlink, or in DWARF 5's .debug_sup (7.3.6)."""
    name, end, build_id = _contents(elf, ".gnu_debugaltlink").partition(b"\0")
    if not end:
        supplementary = _contents(elf, ".debug_sup")
        if supplementary[2:3] != b"\0":  # 1: this is that file
            return None
        name, end, checksum = supplementary[3:].partition(b"\0")
        build_id = checksum[1:]
    return (os.fsdecode(name), build_id) if name and build_id else None


def _identity(elf: ElfFile) -> bytes | None:
    """What those that refer to an alternate file know it by: its build id, or what .debug_sup says."""
    supplementary = _contents(elf, ".debug_sup")
    if supplementary[2:3] == b"\1":
        return supplementary[3:].partition(b"\0")[2][1:]
    return elf.build_id


def _belongs(candidate: DebugFile, build_id: bytes | None, crc: int) -> bool:
    """Whether a file found by name is the right one. The CRC takes a second for each GB."""
    if build_id and candidate.elf.build_id:
        return candidate.elf.build_id == build_id
    return zlib.crc32(candidate.data) == crc
