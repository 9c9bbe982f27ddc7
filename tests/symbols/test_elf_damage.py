"""Damaged files: `ElfError` or less detail, never another exception, a hang or a heap of memory."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.compression import MAX_RATIO, ZSTD_ROOM
from dapserver.symbols.elf import ElfError, ElfFile
from tests.symbols.files import shapes, with_zstd

HEADER_SIZE = 64
ORIGINALS: dict[str, Callable[[], Path]] = {
    "zlib": lambda: shapes("-gz=zlib"),
    "zstd": with_zstd,
    "rdynamic": lambda: shapes("-rdynamic", "-s"),
    "static-pie": lambda: shapes("-static-pie", "-s"),
}


def read_everything(data: bytes) -> None:
    """Ask for all that an ElfFile can tell."""
    elf = ElfFile.parse(data)
    assert elf.interpreter is None or isinstance(elf.interpreter, str)
    assert len(elf.dynamic) <= len(data)
    assert sum(len(note.description) for note in elf.notes) <= len(data) * (len(elf.segments) + 1)
    assert elf.build_id is None or elf.build_id
    for section in elf.sections:
        with contextlib.suppress(ElfError):
            assert len(elf.contents(section)) <= len(data) * MAX_RATIO + ZSTD_ROOM
    for segment in elf.segments:
        elf.load_bias(segment.address, segment.offset)
        elf.symbols.nearest(segment.address + 1)
    for address in (0, elf.header.entry, (1 << 64) - 1):
        found = elf.symbols.nearest(address)
        assert found is None or (found.name and found.offset <= address)


@pytest.fixture(params=ORIGINALS, scope="module")
def original(request: pytest.FixtureRequest) -> bytes:
    return ORIGINALS[request.param]().read_bytes()


@given(position=st.integers(0), edits=st.data())
@settings(max_examples=300, deadline=None)
def test_bytes_overwritten_anywhere(original: bytes, position: int, edits: st.DataObject) -> None:
    """Most damage goes into the tables, where each byte means something."""
    damaged = bytearray(original)
    for start, reach in edits.draw(st.lists(st.sampled_from(interesting(original)), min_size=1)):
        at = start + edits.draw(st.integers(0, reach - 1))
        piece = edits.draw(st.binary(min_size=1, max_size=8))
        damaged[at : at + len(piece)] = piece
    with contextlib.suppress(ElfError):
        read_everything(bytes(damaged[: position or None]))


def interesting(data: bytes) -> list[tuple[int, int]]:
    """(start, length) of the tables of an ELF file."""
    elf = ElfFile.parse(data)
    tables = {".symtab", ".dynsym", ".dynamic", ".strtab", ".note.gnu.build-id", ".debug_info"}
    sections = [(s.offset, s.size) for s in elf.sections if s.name in tables and s.size]
    section_headers = 64 * len(elf.sections)
    return [
        (0, HEADER_SIZE),
        (HEADER_SIZE, 56 * len(elf.segments)),
        (len(data) - section_headers, section_headers),
        *sections,
    ]


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_file_cut_short(original: bytes, data: st.DataObject) -> None:
    with contextlib.suppress(ElfError):
        read_everything(original[: data.draw(st.integers(0, len(original)))])


@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    for candidate in (data, b"\x7fELF\x02\x01\x01" + data):
        with contextlib.suppress(ElfError):
            read_everything(candidate)


def test_huge_counts_take_no_memory() -> None:
    """Every count and size of the header and the section table at its highest."""
    data = shapes().read_bytes()
    start = int.from_bytes(data[40:48], "little")
    tracemalloc.start()
    try:
        for position in [*range(32, HEADER_SIZE, 2), *range(start, start + 6 * 64, 8)]:
            damaged = bytearray(data)
            damaged[position : position + 8] = b"\xff" * 8
            with contextlib.suppress(ElfError):
                read_everything(bytes(damaged[: len(data)]))
        assert tracemalloc.get_traced_memory()[1] < 50 * len(data) + (1 << 20)
    finally:
        tracemalloc.stop()
