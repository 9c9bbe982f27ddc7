"""Damaged debug information: less detail, named in `problems`, or DwarfError; never anything else."""

from __future__ import annotations

import contextlib
import functools
import gc
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.dwarf import DwarfError, SourceInfo
from dapserver.symbols.dwarf.constants import At, Form, Tag
from dapserver.symbols.elf import ElfError, ElfFile
from tests.symbols.dwarf.oracle import addresses_in_functions
from tests.symbols.dwarf.synthetic import CHILDREN, NO_CHILDREN, abbreviation, program, u32, u64, unit
from tests.symbols.dwarf.variants import CPP, C, clang_compiled, compiled

SECTIONS = (
    ".debug_info",
    ".debug_abbrev",
    ".debug_line",
    ".debug_aranges",
    ".debug_ranges",
    ".debug_rnglists",
    ".debug_addr",
    ".debug_str_offsets",
    ".debug_line_str",
    ".debug_str",
)
ORIGINALS: dict[str, Callable[[], Path]] = {
    "c-dwarf3": lambda: compiled(C, "-O2", "-gdwarf-3"),
    "c-dwarf5": lambda: compiled(C, "-O2", "-gdwarf-5"),
    "cpp-clang": lambda: clang_compiled(CPP, "-O1"),
}


@functools.cache
def original(name: str) -> tuple[bytes, dict[str, tuple[int, int]], list[int]]:
    """A program, where its debug sections are in it, and addresses to ask for."""
    path = ORIGINALS[name]()
    data = path.read_bytes()
    sections = {
        section.name: (section.offset, section.size)
        for section in ElfFile.parse(data).sections
        if section.name in SECTIONS and section.size
    }
    return data, sections, sorted(set(addresses_in_functions(path, 40)))


def ask(data: bytes | bytearray, addresses: list[int]) -> int:
    """Ask for all *addresses*; how many frames there were."""
    try:
        info = SourceInfo.open(ElfFile.parse(bytes(data)))
    except (DwarfError, ElfError):
        return 0
    if info is None:
        return 0
    frames = [frame for address in addresses for frame in info.frames_at(address)]
    assert len(info.problems) <= 100
    assert all(0 <= frame.line < 1 << 31 for frame in frames)
    return len(frames)


@pytest.mark.parametrize("name", ORIGINALS)
@given(choices=st.data())
@settings(max_examples=120, deadline=None)
def test_bytes_overwritten(name: str, choices: st.DataObject) -> None:
    data, sections, addresses = original(name)
    damaged = bytearray(data)
    for section in choices.draw(st.lists(st.sampled_from(sorted(sections)), min_size=1, max_size=6)):
        start, size = sections[section]
        at = start + choices.draw(st.integers(0, size - 1))
        piece = choices.draw(st.binary(min_size=1, max_size=8))
        damaged[at : at + len(piece)] = piece
    ask(damaged[: len(data)], choices.draw(st.permutations(addresses))[:10])


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("seed", range(20))
def test_many_bytes_flipped(name: str, seed: int) -> None:
    """One byte in 200 of one section after the other."""
    data, sections, addresses = original(name)
    choice = random.Random(seed)
    for start, size in sections.values():
        damaged = bytearray(data)
        for _ in range(size // 200 + 1):
            damaged[start + choice.randrange(size)] = choice.randrange(256)
        ask(damaged, addresses[::4])


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("fill", [b"\0", b"\x01", b"\x7f", b"\x80", b"\xff"])
def test_sections_overwritten(name: str, fill: bytes) -> None:
    data, sections, addresses = original(name)
    for start, size in sections.values():
        for where in (start, start + size // 2):
            length = start + size - where
            ask(data[:where] + fill * length + data[where + length :], addresses)


@pytest.mark.parametrize("name", ORIGINALS)
def test_sections_cut_short(name: str) -> None:
    data, sections, addresses = original(name)
    table = int.from_bytes(data[40:48], "little")
    for index, section in enumerate(ElfFile.parse(data).sections):
        if section.name in sections:
            for size in (1, 5, 13, section.size // 3, section.size - 1):
                damaged = bytearray(data)
                header = table + 64 * index
                damaged[header + 32 : header + 40] = size.to_bytes(8, "little")
                ask(damaged, addresses[::4])


@pytest.mark.parametrize("name", ORIGINALS)
def test_what_is_whole_is_still_found(name: str) -> None:
    """Without names and lines there are still functions, without functions still lines."""
    data, sections, addresses = original(name)
    whole = ask(data, addresses)
    for section in (".debug_line", ".debug_info", ".debug_abbrev"):
        start, size = sections[section]
        middle = start + size // 2
        damaged = data[:middle] + b"\xff" * (start + size - middle) + data[start + size :]
        found = ask(damaged, addresses)
        assert 0 < found <= whole or section == ".debug_abbrev"
        if section == ".debug_line":
            assert found == whole


@pytest.mark.parametrize("name", ORIGINALS)
def test_huge_numbers_take_no_memory(name: str) -> None:
    data, sections, addresses = original(name)
    gc.collect()
    gc.freeze()  # what other tests have left: with it, collections would be rare or slow
    tracemalloc.start()
    try:
        for start, size in sections.values():
            for at in range(start, start + min(size, 80), 3):
                damaged = bytearray(data)
                damaged[at : at + 8] = b"\xff" * 7 + b"\x7f"
                with contextlib.suppress(DwarfError):
                    ask(damaged[: len(data)], addresses[:5])
                gc.collect()  # the readers of a file refer to each other
        # The functions that go past entries are kept, whatever the file: some MB.
        assert tracemalloc.get_traced_memory()[1] < 60 * len(data) + (8 << 20)
    finally:
        tracemalloc.stop()
        gc.unfreeze()


def test_entries_that_refer_to_each_other_in_a_circle() -> None:
    """A function that is its own origin and its own scope's declaration."""
    abbreviations = (
        abbreviation(1, Tag.COMPILE_UNIT, CHILDREN, (At.LOW_PC, Form.ADDR), (At.HIGH_PC, Form.DATA4))
        + abbreviation(2, Tag.STRUCTURE_TYPE, CHILDREN, (At.SPECIFICATION, Form.REF4))
        + abbreviation(
            3,
            Tag.SUBPROGRAM,
            NO_CHILDREN,
            (At.LOW_PC, Form.ADDR),
            (At.HIGH_PC, Form.DATA4),
            (At.ABSTRACT_ORIGIN, Form.REF4),
        )
        + b"\0"
    )
    root = b"\x01" + u64(0x2000) + u32(0x100)
    structure_at = 11 + len(root)
    function_at = structure_at + 5
    structure = b"\x02" + u32(function_at)
    for origin in (function_at, structure_at):
        function = b"\x03" + u64(0x2000) + u32(0x100, origin)
        info = program(abbrev=abbreviations, info=unit(4, root, structure, function, b"\0\0"))
        (frame,) = info.frames_at(0x2001)
        assert frame.function is None
        assert frame.low == 0x2000
