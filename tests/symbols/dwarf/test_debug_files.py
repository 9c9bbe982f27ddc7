"""Finding debug information that is in a file of its own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dapserver.symbols.debug_files import DebugFiles
from dapserver.symbols.elf import ElfFile
from tests.symbols.dwarf.variants import CPP, C, compiled
from tests.symbols.files import read, readelf_symbols, run

PROGRAM = "/opt/thing/program"


class Installed:
    """A stripped program below a root of its own, and its debug information beside that."""

    def __init__(self, directory: Path, *, build_id: bool) -> None:
        self.root = directory / "root"
        self.debug = directory / "program.debug"
        whole = directory / "whole"
        flags = () if build_id else ("-Wl,--build-id=none",)
        shutil.copy(compiled(C, "-O0", *flags), whole)
        self.program = self.root / PROGRAM[1:]
        self.program.parent.mkdir(parents=True)
        run("objcopy", "--only-keep-debug", whole, self.debug)
        run("objcopy", "--strip-all", f"--add-gnu-debuglink={self.debug}", whole, self.program)
        self.main = next(symbol.start for symbol in readelf_symbols(whole) if symbol.name == "main")

    @property
    def elf(self) -> ElfFile:
        return read(self.program)

    def put(self, place: str, file: Path | None = None) -> None:
        target = self.root / place[1:]
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file or self.debug, target)

    def found(self) -> bool:
        """Whether the debug information is found, and is that of the program."""
        info = DebugFiles(roots=(str(self.root),)).source_info(self.elf, PROGRAM)
        return info is not None and info.frames_at(self.main)[0].function == "main"

    def build_id_place(self) -> str:
        build_id = self.elf.build_id
        assert build_id is not None
        return f"/usr/lib/debug/.build-id/{build_id.hex()[:2]}/{build_id.hex()[2:]}.debug"


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path, build_id=True)


@pytest.fixture
def without_build_id(tmp_path: Path) -> Installed:
    return Installed(tmp_path, build_id=False)


LINK_PLACES = [
    "/opt/thing/program.debug",
    "/opt/thing/.debug/program.debug",
    "/usr/lib/debug/opt/thing/program.debug",
]


def test_nothing_is_there(installed: Installed) -> None:
    assert not installed.found()


def test_by_build_id(installed: Installed) -> None:
    installed.put(installed.build_id_place())
    assert installed.found()


@pytest.mark.parametrize("place", LINK_PLACES)
def test_by_link(installed: Installed, place: str) -> None:
    installed.put(place)
    assert installed.found()


@pytest.mark.parametrize("place", LINK_PLACES)
def test_by_link_and_checksum(without_build_id: Installed, place: str) -> None:
    without_build_id.put(place)
    assert without_build_id.found()


def test_another_program_s_file_is_refused(installed: Installed) -> None:
    other = compiled(CPP, "-O0")
    installed.put(installed.build_id_place(), other)
    installed.put(LINK_PLACES[0], other)
    assert not installed.found()
    installed.put(LINK_PLACES[2])
    assert installed.found()


def test_a_file_from_elsewhere_must_have_the_build_id(installed: Installed) -> None:
    files = DebugFiles()
    assert files.source_info_in(str(installed.debug), installed.elf, PROGRAM, lambda _: None) is not None
    other = compiled(CPP, "-O0")
    assert files.source_info_in(str(other), installed.elf, PROGRAM, lambda _: None) is None
    assert files.source_info_in(str(installed.program), installed.elf, PROGRAM, lambda _: None) is None


def test_a_changed_file_is_refused(without_build_id: Installed) -> None:
    with without_build_id.debug.open("ab") as file:
        file.write(b"\0")
    without_build_id.put(LINK_PLACES[0])
    assert not without_build_id.found()


def test_what_is_no_file_is_passed_over(installed: Installed) -> None:
    """A FIFO would wait for a writer; a directory, an empty file and a text cannot be read."""
    place = installed.root / installed.build_id_place()[1:]
    place.parent.mkdir(parents=True)
    os.mkfifo(place)
    (installed.root / LINK_PLACES[0][1:]).mkdir()
    for each, content in ((LINK_PLACES[1], b""), (LINK_PLACES[2], b"no ELF file")):
        path = installed.root / each[1:]
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert not installed.found()


def test_roots_are_tried_in_turn(installed: Installed, tmp_path: Path) -> None:
    installed.put(LINK_PLACES[0])
    files = DebugFiles(roots=(str(tmp_path / "empty"), str(installed.root)))
    assert files.separate(installed.elf, PROGRAM) is not None


def test_an_unstripped_program_needs_no_other_file(tmp_path: Path) -> None:
    path = compiled(C, "-O0")
    assert DebugFiles(roots=(str(tmp_path),)).source_info(read(path), str(path)) is not None
