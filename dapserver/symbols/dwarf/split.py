"""Split debug information: units whose entries are in files of their own (DWARF 5, 7.3.2).

The program keeps a skeleton of each unit: line table, addresses, and the name of the other file,
which the linker never sees. Several such files may be in one package. gcc and clang did the same
for DWARF 4, with other names (https://gcc.gnu.org/wiki/DebugFission).
"""

from __future__ import annotations

import functools
import posixpath
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from dapserver.symbols.dwarf.constants import At, UnitType
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.info import DebugInfo
from dapserver.symbols.dwarf.packages import PackageIndex
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.sections import Sections
from dapserver.symbols.dwarf.units import Unit, UnitHeader
from dapserver.symbols.elf import ElfFile

OLD_NAME = re.compile(rb"\xb0\x42")
"""DW_AT_GNU_dwo_name as abbreviations have it."""
SEARCH_LIMIT = 512 << 20
"""Bytes of files that are opened to look for a name in them."""


class SplitPlaces(Protocol):
    """Where such files are."""

    def package(self) -> ElfFile | None:
        """Give the package of the program."""

    def objects(self, directory: str, name: str) -> Iterator[ElfFile]:
        """Give files that may be the one which the compiler called *name*, running in *directory*."""


class SplitFiles:
    """The files that have what the skeleton units of a program leave out."""

    def __init__(self, main: DebugInfo, places: SplitPlaces | None) -> None:
        """*places* None: nowhere."""
        self.main = main
        self._places = places
        self._objects: dict[str, list[SplitInfo]] = {}
        self._skeletons: dict[int, Unit] = {}
        self._size = 0

    def unit(self, skeleton: Unit) -> Unit:
        """Find the unit that *skeleton* stands for. Raises DwarfError, which names the missing file."""
        wanted = skeleton.split_id
        if wanted is None:
            raise DwarfError("a skeleton unit without an identifier")
        for info in self._candidates(skeleton):
            unit = info.unit_with(wanted)
            if unit is not None:
                self._skeletons[wanted] = skeleton
                return unit
        raise DwarfError(f"{_path(skeleton)}, which has the debug information of this code, is missing")

    def skeleton(self, split_id: int | None) -> Unit:
        """Find the skeleton of a unit. Raises DwarfError if there is none."""
        found = None
        if split_id is not None:
            found = self._skeletons.get(split_id) or self._all_skeletons.get(split_id)
        if found is None:
            raise DwarfError("a unit of split debug information that is none of the program's")
        return found

    def __iter__(self) -> Iterator[SplitInfo]:
        """Open all files, as long as they are not too large; those that are missing are left out."""
        if self._all_skeletons and self._package is not None:
            yield self._package
            return
        given: set[SplitInfo] = set()
        for skeleton in list(self._all_skeletons.values()):
            if self._size > SEARCH_LIMIT:
                return
            try:
                info = self.unit(skeleton).info
            except DwarfError:
                continue
            if isinstance(info, SplitInfo) and info not in given:
                given.add(info)
                yield info

    def _candidates(self, skeleton: Unit) -> Iterator[SplitInfo]:
        if self._package is not None:
            yield self._package
        path = _path(skeleton)
        if path not in self._objects:
            self._objects[path] = []
            for elf in self._places.objects(skeleton.directory, _name(skeleton)) if self._places else ():
                self._size += elf.size
                self._objects[path].append(SplitInfo(elf, self))
        yield from self._objects[path]

    @functools.cached_property
    def _package(self) -> SplitInfo | None:
        elf = self._places.package() if self._places is not None else None
        return SplitInfo(elf, self) if elf is not None else None

    @functools.cached_property
    def _all_skeletons(self) -> dict[int, Unit]:
        found: dict[int, Unit] = {}
        # Most programs have none, and thousands of units: before version 5 only a look at each unit
        # tells, which takes seconds, so it is seen first whether any abbreviation has the name.
        kinds = {UnitType.SKELETON}
        with suppress(DwarfError):
            if OLD_NAME.search(self.main.sections[".debug_abbrev"]):
                kinds.add(UnitType.COMPILE)
        for header in self.main.headers:
            with suppress(DwarfError):
                unit = self.main.unit(header.offset) if header.type in kinds else None
                if unit is not None and unit.is_skeleton and unit.split_id is not None:
                    found[unit.split_id] = unit
        return found


def _name(skeleton: Unit) -> str:
    return skeleton.root.string(At.DWO_NAME) or skeleton.root.string(At.GNU_DWO_NAME) or ""


def _path(skeleton: Unit) -> str:
    return posixpath.normpath(posixpath.join(skeleton.directory, _name(skeleton)))


class SplitInfo(DebugInfo):
    """The units of a .dwo file or of a package."""

    def __init__(self, elf: ElfFile, files: SplitFiles) -> None:
        super().__init__(elf, suffix=".dwo")
        self.files = files
        self.symbols = files.main.symbols
        self._elf = elf

    def is_code(self, address: int) -> bool:
        return self.files.main.is_code(address)

    def thread_local_offset(self, offset: int) -> int:
        return self.files.main.thread_local_offset(offset)

    def unit_with(self, split_id: int) -> Unit | None:
        """Find a unit by what it has in common with its skeleton. Raises DwarfError."""
        unit_index, _ = self._indexes
        offset = unit_index.unit_with(split_id)
        if offset is not None:
            return self.unit(offset)
        return self._by_id.get(split_id)

    @functools.cached_property
    def _by_id(self) -> dict[int, Unit]:
        found: dict[int, Unit] = {}
        if not Sections(self._elf)[".debug_cu_index"]:
            for header in self.headers:
                unit = self.unit(header.offset)
                if unit.split_id is not None:
                    found.setdefault(unit.split_id, unit)
        return found

    @functools.cached_property
    def _indexes(self) -> tuple[PackageIndex, PackageIndex]:
        """Of compilation units and of type units."""
        sections = Sections(self._elf)
        return PackageIndex(sections[".debug_cu_index"]), PackageIndex(sections[".debug_tu_index"])

    def _made(self, header: UnitHeader, section: str) -> Unit:
        unit_index, type_index = self._indexes
        parts = unit_index.parts(header.offset, section) or type_index.parts(header.offset, section)
        if ".debug_abbrev" in parts:
            start = parts[".debug_abbrev"].start
            header = replace(header, abbreviations=header.abbreviations + start)
        return SplitUnit(self, header, section, parts)


class SplitUnit(Unit):
    """A unit whose skeleton has its addresses and its line table."""

    def __init__(self, info: SplitInfo, header: UnitHeader, section: str, parts: dict[str, slice]) -> None:
        """*parts*: what of each section of a package is its own."""
        super().__init__(info, header, section)
        self._files = info.files
        self._parts = parts

    @functools.cached_property
    def is_skeleton(self) -> bool:
        return False

    @functools.cached_property
    def skeleton(self) -> Unit:
        return self._files.skeleton(self.split_id)

    @functools.cached_property
    def base_address(self) -> int:
        return self.skeleton.base_address

    @property
    def ranges_base(self) -> int:
        return self.skeleton.root.number(At.GNU_RANGES_BASE) or 0

    @property
    def has_gnu_locations(self) -> bool:
        return self.encoding.version < 5

    def indexed_address(self, index: int) -> int:
        return self.skeleton.indexed_address(index)

    def section(self, name: str) -> memoryview:
        section = self.info.sections[name]
        return section[self._parts[name]] if name in self._parts else section

    def entry_at(self, offset: int) -> Entry:
        start = self._parts[".debug_info"].start if ".debug_info" in self._parts else 0
        return self.info.entry_at(start + offset)
