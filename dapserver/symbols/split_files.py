"""Where the files of split debug information are: .dwo files and packages of them (.dwp)."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from dapserver.symbols.elf import ElfError, ElfFile
from dapserver.symbols.opening import mapped, read


@dataclass(frozen=True, slots=True)
class SplitFilesOnDisk:
    """The files that belong to a program. Whether one does, its units tell: a wrong place is no danger."""

    roots: tuple[str, ...]
    """To look below, in this order."""
    directories: tuple[str, ...]
    """Directories of debug files, as for `DebugFiles`."""
    paths: tuple[str, ...]
    """Of the program and of the file with its debug information, if that is another."""

    def package(self) -> ElfFile | None:
        """Find the package beside the program, as gdb does, or below a directory of debug files."""
        names = [f"{path}.dwp" for path in self.paths]
        names += [f"{path.removesuffix('.debug')}.dwp" for path in self.paths if path.endswith(".debug")]
        names += [f"{directory}{name}" for directory in self.directories for name in names]
        for root in self.roots:
            for name in names:
                try:
                    elf = ElfFile.parse(mapped(root + name))
                except (OSError, ElfError, ValueError):
                    continue
                if elf.section(".debug_cu_index"):
                    return elf
        return None

    def objects(self, directory: str, name: str) -> Iterator[ElfFile]:
        """Find files where the compiler wrote them, or beside the program."""
        places = [posixpath.join(directory, name)]
        for path in self.paths:
            beside = posixpath.dirname(path)
            places += [posixpath.join(beside, name), posixpath.join(beside, posixpath.basename(name))]
        for root in self.roots:
            for place in dict.fromkeys(places):
                try:
                    # Read, not mapped: a mapping holds a file descriptor, and there are thousands of them.
                    yield ElfFile.parse(read(root + place))
                except (OSError, ElfError, ValueError):
                    continue
