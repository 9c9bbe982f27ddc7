"""Range lists of every kind, maps of ranges, and what is told of units that nobody lists."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dapserver.symbols.dwarf import SourceInfo
from dapserver.symbols.dwarf.constants import At, Form, RangeEntry, Tag
from dapserver.symbols.dwarf.ranges import RangeMap
from tests.symbols.dwarf.synthetic import CHILDREN, CODE, NO_CHILDREN, abbreviation, program, u32, u64, unit

BASE = 0x2000
ADDRESSES = [0x1100, 0x1200, 0x1300]
INDEXED = struct.pack("<IHBB", 4 + 8 * len(ADDRESSES), 5, 8, 0) + u64(*ADDRESSES)

LISTS: dict[str, tuple[bytes, list[tuple[int, int]]]] = {
    "offset pairs": (
        bytes([RangeEntry.OFFSET_PAIR, 0x10, 0x20, RangeEntry.OFFSET_PAIR, 0x30, 0x40]),
        [(BASE + 0x10, BASE + 0x20), (BASE + 0x30, BASE + 0x40)],
    ),
    "a base address": (
        bytes([RangeEntry.BASE_ADDRESS]) + u64(0x4000) + bytes([RangeEntry.OFFSET_PAIR, 0, 4]),
        [(0x4000, 0x4004)],
    ),
    "an indexed base address": (
        bytes([RangeEntry.BASE_ADDRESSX, 2, RangeEntry.OFFSET_PAIR, 0, 4]),
        [(0x1300, 0x1304)],
    ),
    "two indexes": (bytes([RangeEntry.STARTX_ENDX, 0, 1]), [(0x1100, 0x1200)]),
    "an index and a length": (bytes([RangeEntry.STARTX_LENGTH, 1, 0x7F]), [(0x1200, 0x127F)]),
    "start and end": (bytes([RangeEntry.START_END]) + u64(0x5000, 0x5008), [(0x5000, 0x5008)]),
    "start and length": (
        bytes([RangeEntry.START_LENGTH]) + u64(0x6000) + bytes([0x80, 0x01]),
        [(0x6000, 0x6080)],
    ),
    "code that was left out": (
        bytes([RangeEntry.START_LENGTH]) + u64(0) + b"\x40" + bytes([RangeEntry.START_LENGTH])
        + u64((1 << 64) - 1) + b"\x40" + bytes([RangeEntry.START_LENGTH]) + u64(0x3000) + b"\x01",
        [(0x3000, 0x3001)],
    ),
    "no code": (b"", []),
}  # fmt: skip


def covered(info: SourceInfo) -> list[tuple[int, int]]:
    """The ranges of the only function, as `frames_at` has them."""
    addresses = [a for a in range(*CODE) if info.frames_at(a)]
    starts = [a for a in addresses if a - 1 not in addresses]
    ends = [a + 1 for a in addresses if a + 1 not in addresses]
    return list(zip(starts, ends, strict=True))


ROOT_AND_FUNCTION = (
    abbreviation(1, Tag.COMPILE_UNIT, CHILDREN, (At.LOW_PC, Form.ADDR), (At.ADDR_BASE, Form.SEC_OFFSET),
                 (At.RNGLISTS_BASE, Form.SEC_OFFSET), (At.RANGES, Form.SEC_OFFSET))
    + abbreviation(2, Tag.SUBPROGRAM, NO_CHILDREN, (At.NAME, Form.STRING), (At.RANGES, Form.RNGLISTX))
    + b"\0"
)  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_range_lists_of_version_5(name: str) -> None:
    content, expected = LISTS[name]
    whole = bytes([RangeEntry.START_END]) + u64(*CODE) + b"\0"
    # The header has the offset of one list, after those come the function's list and the unit's.
    lists = struct.pack("<HBBI", 5, 8, 0, 1) + u32(4) + content + b"\0" + whole
    unit_list = 4 + 8 + 4 + len(content) + 1
    info = program(
        abbrev=ROOT_AND_FUNCTION,
        info=unit(5, b"\x01" + u64(BASE) + u32(8, 12, unit_list), b"\x02f\0\0", b"\0"),
        addr=INDEXED,
        rnglists=u32(len(lists)) + lists,
    )
    assert covered(info) == expected
    assert not info.problems


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (u64(0x10, 0x20, 0x30, 0x40), [(BASE + 0x10, BASE + 0x20), (BASE + 0x30, BASE + 0x40)]),
        (u64((1 << 64) - 1, 0x4000, 0, 4), [(0x4000, 0x4004)]),
        (u64(0x10, 0x10, 0x30, 0x40), [(BASE + 0x30, BASE + 0x40)]),
    ],
    ids=["pairs", "a base address", "an empty range"],
)
def test_range_lists_of_version_4(content: bytes, expected: list[tuple[int, int]]) -> None:
    abbreviations = (
        abbreviation(1, Tag.COMPILE_UNIT, CHILDREN, (At.LOW_PC, Form.ADDR), (At.HIGH_PC, Form.DATA4))
        + abbreviation(2, Tag.SUBPROGRAM, NO_CHILDREN, (At.NAME, Form.STRING), (At.RANGES, Form.SEC_OFFSET))
        + b"\0"
    )
    info = program(
        abbrev=abbreviations,
        info=unit(4, b"\x01" + u64(BASE) + u32(0x4000), b"\x02f\0" + u32(0), b"\0"),
        ranges=content + u64(0, 0),
    )
    assert covered(info) == expected


def test_a_unit_that_aranges_leave_out() -> None:
    """One unit is listed, the other has to be asked itself."""
    abbreviations = (
        abbreviation(1, Tag.COMPILE_UNIT, CHILDREN, (At.LOW_PC, Form.ADDR), (At.HIGH_PC, Form.DATA4))
        + abbreviation(2, Tag.SUBPROGRAM, NO_CHILDREN, (At.NAME, Form.STRING), (At.LOW_PC, Form.ADDR),
                       (At.HIGH_PC, Form.ADDR))
        + b"\0"
    )  # fmt: skip
    units = [
        unit(4, b"\x01" + u64(low) + u32(0x100), b"\x02" + name + u64(low, low + 0x80), b"\0")
        for low, name in ((0x2000, b"listed\0"), (0x3000, b"asked\0"))
    ]
    aranges = struct.pack("<HIBB4x", 2, 0, 8, 0) + u64(0x2000, 0x100, 0, 0)
    info = program(abbrev=abbreviations, info=b"".join(units), aranges=u32(len(aranges)) + aranges)
    for low, name in ((0x2000, "listed"), (0x3000, "asked")):
        (frame,) = info.frames_at(low + 0x7F)
        assert (frame.function, frame.low) == (name, low)
        assert info.frames_at(low + 0x80) == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=30),
    st.lists(st.integers(0, 80), min_size=1, max_size=10),
)
def test_range_map(ranges: list[tuple[int, int]], addresses: list[int]) -> None:
    """Everything that contains an address, innermost first."""
    entries = [(low, low + size, number) for number, (low, size) in enumerate(ranges)]
    found = RangeMap(entries)
    for address in addresses:
        numbers = list(found.at(address))
        assert set(numbers) == {number for low, high, number in entries if low <= address < high}
        bounds = [(entries[number][0], -entries[number][1]) for number in numbers]
        assert bounds == sorted(bounds, reverse=True)
