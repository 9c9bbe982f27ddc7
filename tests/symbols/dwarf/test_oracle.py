"""Functions, inlined calls, files, lines and columns at random addresses, as llvm-symbolizer has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dapserver.symbols.dwarf import SourceFrame
from tests.symbols.dwarf.oracle import Frame, addresses_in_functions, symbolize, without_symbols
from tests.symbols.dwarf.variants import VARIANTS, debug_info

ADDRESSES = 2000


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_frame_agrees(variant: str, tmp_path: Path) -> None:
    path = VARIANTS[variant]()
    info = debug_info(path)
    addresses = addresses_in_functions(path, ADDRESSES)
    answers = symbolize(without_symbols(path, tmp_path), addresses)
    known = 0
    for address, expected in zip(addresses, answers, strict=True):
        frames = info.frames_at(address)
        known += bool(frames)
        assert len(frames) == len(expected), (hex(address), frames, expected)
        for frame, other in zip(frames, expected, strict=True):
            assert agrees(frame, other), (hex(address), frame, other)
        assert [frame.is_inlined for frame in frames[:-1]] == [True] * (len(frames) - 1)
    assert known > ADDRESSES // 2
    assert not info.problems


def agrees(frame: SourceFrame, other: Frame) -> bool:
    """Names: the linker's; without one, the other side has the last part of ours only."""
    names = {frame.linkage_name} if frame.linkage_name else {frame.function, last_part(frame, other)}
    return other.function in names and other[1:] == (frame.path, frame.line, frame.column)


def last_part(frame: SourceFrame, other: Frame) -> str | None:
    matches = frame.function and other.function and frame.function.endswith("::" + other.function)
    return other.function if matches else None
