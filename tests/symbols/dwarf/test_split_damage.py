"""Damaged split debug information, and damaged alternate files: less detail, never anything else."""

from __future__ import annotations

import functools
import gc
import random
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.dwarf import DwarfError, SourceInfo
from dapserver.symbols.dwarf.packages import PackageIndex
from dapserver.symbols.elf import ElfError, ElfFile
from tests.symbols.dwarf.oracle import addresses_in_functions
from tests.symbols.dwarf.split_programs import C_PAIR, RECIPES, SPLIT, TYPES, Recipe, built
from tests.symbols.dwarf.test_variables_damage import look_at

ORIGINALS = {
    "object-4": RECIPES["gcc-4"],
    "object-types": Recipe("gcc", C_PAIR, ("-O0", "-gdwarf-5", *TYPES), SPLIT),
    "package-4": Recipe("gcc", C_PAIR, ("-O0", "-gdwarf-4", *TYPES), SPLIT, "dwp"),
    "package-5": RECIPES["clang-5-package"],
}
Pieces = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Original:
    """A program, the file with its split debug information, and where the sections of that are."""

    main: bytes
    main_pieces: Pieces
    file: bytes
    pieces: Pieces
    addresses: list[int]

    @property
    def is_package(self) -> bool:
        return any(name.endswith("_index") for name in self.pieces)


class Damaged:
    """Where split debug information is found that is damaged."""

    def __init__(self, data: bytes, *, is_package: bool) -> None:
        self._data = data
        self._is_package = is_package

    def package(self) -> ElfFile | None:
        with suppress(ElfError):
            return ElfFile.parse(self._data) if self._is_package else None
        return None

    def objects(self, _directory: str, _name: str) -> Iterator[ElfFile]:
        with suppress(ElfError):
            yield ElfFile.parse(self._data)


@functools.cache
def original(name: str) -> Original:
    program = built(ORIGINALS[name])
    package = Path(f"{program}.dwp")
    file = package if package.exists() else max(program.parent.glob("*.dwo"), key=lambda f: f.stat().st_size)
    main, data = program.read_bytes(), file.read_bytes()
    addresses = sorted(set(addresses_in_functions(program, 12)))
    return Original(main, _pieces(main), data, _pieces(data), addresses)


def _pieces(data: bytes) -> Pieces:
    """Where debug sections are; of several with one name the last."""
    return {
        section.name: (section.offset, section.size)
        for section in ElfFile.parse(data).sections
        if section.name.startswith(".debug_") and section.size
    }


def look(whole: Original, main: bytes, file: bytes, addresses: list[int] | None = None) -> int:
    """Look at all that the variables at addresses are; how much there was."""
    try:
        info = SourceInfo.open(ElfFile.parse(main), places=Damaged(file, is_package=whole.is_package))
    except (DwarfError, ElfError):
        return 0
    if info is None:
        return 0
    for address in whole.addresses if addresses is None else addresses:
        assert all(0 <= frame.line < 1 << 31 for frame in info.frames_at(address))
        assert info.problem_at(address) is None or info.problem_at(address)
    info.function_addresses("main")
    return look_at(info, whole.addresses if addresses is None else addresses)


@pytest.mark.parametrize("name", ORIGINALS)
def test_undamaged_there_is_much_to_see(name: str) -> None:
    whole = original(name)
    assert look(whole, whole.main, whole.file) > 10


@pytest.mark.parametrize("name", ORIGINALS)
@given(choices=st.data())
@settings(max_examples=40, deadline=None)
def test_bytes_overwritten(name: str, choices: st.DataObject) -> None:
    whole = original(name)
    main, file = bytearray(whole.main), bytearray(whole.file)
    for _ in range(choices.draw(st.integers(1, 6))):
        is_main = choices.draw(st.booleans())
        pieces, data = (whole.main_pieces, main) if is_main else (whole.pieces, file)
        start, size = pieces[choices.draw(st.sampled_from(sorted(pieces)))]
        at = start + choices.draw(st.integers(0, size - 1))
        piece = choices.draw(st.binary(min_size=1, max_size=8))
        data[at : at + len(piece)] = piece
    addresses = choices.draw(st.permutations(whole.addresses))[:4]
    look(whole, bytes(main[: len(whole.main)]), bytes(file[: len(whole.file)]), addresses)


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("seed", range(4))
def test_many_bytes_flipped(name: str, seed: int) -> None:
    """One byte in 200 of one section after the other."""
    whole, choice = original(name), random.Random(seed)
    for start, size in whole.pieces.values():
        damaged = bytearray(whole.file)
        for _ in range(size // 200 + 1):
            damaged[start + choice.randrange(size)] = choice.randrange(256)
        look(whole, whole.main, bytes(damaged), whole.addresses[::4])


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("fill", [b"\0", b"\x01", b"\x7f", b"\xff"])
def test_sections_overwritten(name: str, fill: bytes) -> None:
    """Lines are in the program itself and stay."""
    whole = original(name)
    for start, size in whole.pieces.values():
        file = whole.file[:start] + fill * size + whole.file[start + size :]
        info = SourceInfo.open(ElfFile.parse(whole.main), places=Damaged(file, is_package=whole.is_package))
        assert info is not None
        assert any(frame.line > 0 for address in whole.addresses for frame in info.frames_at(address))
        look(whole, whole.main, file)


@pytest.mark.parametrize("name", ["package-4", "package-5"])
@given(data=st.data())
@settings(deadline=None)
def test_a_damaged_index_leads_nowhere(name: str, data: st.DataObject) -> None:
    whole = original(name)
    start, size = whole.pieces[data.draw(st.sampled_from([n for n in whole.pieces if n.endswith("_index")]))]
    section = bytearray(whole.file[start : start + size])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, min(size, 64) - 1))
        section[at : at + 4] = data.draw(st.sampled_from([0, 1, 0xFFFF, 0xFFFFFFFF])).to_bytes(4, "little")
    try:
        index = PackageIndex(memoryview(bytes(section[:size])))
    except DwarfError:
        return
    for signature in struct.unpack_from(f"<{size // 8}Q", section):
        offset = index.unit_with(signature)
        assert offset is None or all(part.start <= part.stop for part in index.parts(offset).values())


@pytest.mark.parametrize("name", ORIGINALS)
def test_huge_numbers_take_no_memory(name: str) -> None:
    whole = original(name)
    gc.collect()
    gc.freeze()  # what other tests have left: with it, collections would be rare or slow
    tracemalloc.start()
    try:
        for start, size in whole.pieces.values():
            for at in range(start, start + min(size, 60), 7):
                damaged = bytearray(whole.file)
                damaged[at : at + 8] = b"\xff" * 7 + b"\x7f"
                look(whole, whole.main, bytes(damaged[: len(whole.file)]), whole.addresses[:3])
                gc.collect()  # the readers of a file refer to each other
        assert tracemalloc.get_traced_memory()[1] < 60 * (len(whole.main) + len(whole.file)) + (8 << 20)
    finally:
        tracemalloc.stop()
        gc.unfreeze()
