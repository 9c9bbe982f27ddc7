"""Damaged call frame information: `DwarfError` or no row, never another exception or a hang."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dapserver.symbols.cfi import CallFrames
from dapserver.symbols.cfi_entries import DAMAGE
from dapserver.symbols.cfi_program import Row
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.elf import ElfError, ElfFile
from tests.symbols.cfi_bytes import CODE, Frames
from tests.symbols.files import shapes

VARIANTS = {
    ".eh_frame_hdr": ("-O2",),
    ".eh_frame": ("-O2", "-Wl,--no-eh-frame-hdr"),
    ".debug_frame": ("-O2", "-g", "-fno-asynchronous-unwind-tables"),
}


@pytest.fixture(params=VARIANTS, scope="module")
def original(request: pytest.FixtureRequest) -> bytes:
    return shapes(*VARIANTS[request.param]).read_bytes()


def frame_sections(data: bytes) -> list[range]:
    names = {".eh_frame", ".eh_frame_hdr", ".debug_frame"}
    return [range(s.offset, s.offset + s.size) for s in ElfFile.parse(data).sections if s.name in names]


def text(data: bytes) -> range:
    section = ElfFile.parse(data).section(".text")
    assert section is not None
    return range(section.address, section.address + section.size)


def ask(frames: CallFrames, pc: int) -> None:
    with contextlib.suppress(DwarfError):
        row = frames.row(pc)
        assert row is None or isinstance(row, Row)


@given(edits=st.data())
@settings(max_examples=300, deadline=None)
def test_bytes_overwritten(original: bytes, edits: st.DataObject) -> None:
    damaged = bytearray(original)
    section = edits.draw(st.sampled_from(frame_sections(original)))
    for at in edits.draw(st.lists(st.sampled_from(section), min_size=1, max_size=5)):
        piece = edits.draw(st.binary(min_size=1, max_size=8))
        damaged[at : at + len(piece)] = piece
    addresses = text(original)
    with contextlib.suppress(ElfError):
        frames = CallFrames.of(ElfFile.parse(bytes(damaged[: len(original)])))
        for pc in addresses[:: max(1, len(addresses) // 20)]:
            ask(frames, pc)


@given(cut=st.data())
@settings(max_examples=100, deadline=None)
def test_a_file_cut_short(original: bytes, cut: st.DataObject) -> None:
    size = cut.draw(st.integers(0, len(original)))
    with contextlib.suppress(ElfError):
        ask(CallFrames.of(ElfFile.parse(original[:size])), text(original)[0])


@given(st.binary(max_size=200), st.booleans())
def test_any_section(data: bytes, is_eh: bool) -> None:
    frames = Frames(is_eh=is_eh, data=bytearray(data))
    ask(frames.read(), CODE)
    for offset in range(len(data)):
        with contextlib.suppress(*DAMAGE):
            frames.section().fde(offset)


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_instructions(instructions: bytes, initial: bytes) -> None:
    frames = Frames()
    frames.fde(frames.cie(instructions=initial), CODE, 256, instructions)
    for pc in (CODE, CODE + 100, CODE + 255):
        ask(frames.read(), pc)


REPEATED: dict[str, Callable[[int], bytes]] = {
    "remembered states": lambda count: b"\x0a" * count,
    "nothing": bytes,
    "no progress": lambda count: b"\x40" * count,
}


@pytest.mark.parametrize("what", REPEATED)
def test_endless_instructions_are_cut_off(what: str) -> None:
    frames = Frames()
    frames.fde(frames.cie(), CODE, 256, REPEATED[what](1_000_000))
    with pytest.raises(DwarfError, match="too many"):
        frames.read().row(CODE)
