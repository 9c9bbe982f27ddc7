"""The DWARF expressions of call frame information."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.expressions import MASK, evaluate
from tests.symbols.cfi_bytes import sleb, uleb

REGISTERS = {7: 0x7000, 16: 0x1234, 40: 5}
LIT = 0x30


def memory(address: int, size: int) -> bytes:
    return bytes((address + i) & 0xFF for i in range(size))


def value(expression: bytes, *initial: int) -> int:
    return evaluate(expression, REGISTERS, memory, *initial)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (bytes((0x08, 0xFF)), 0xFF),
        (bytes((0x09, 0xFF)), -1),
        (b"\x0a\xff\xff", 0xFFFF),
        (b"\x0b\xff\xff", -1),
        (b"\x0c\xff\xff\xff\xff", 0xFFFFFFFF),
        (b"\x0d\xff\xff\xff\xff", -1),
        (b"\x0e" + b"\xff" * 8, -1),
        (b"\x0f" + b"\xfe" + b"\xff" * 7, -2),
        (b"\x10" + uleb(70000), 70000),
        (b"\x11" + sleb(-70000), -70000),
        (bytes((LIT + 31,)), 31),
        (b"\x77" + sleb(-8), 0x7000 - 8),
        (b"\x92" + uleb(40) + sleb(3), 8),
    ],
)
def test_values(expression: bytes, expected: int) -> None:
    assert value(expression) == expected & MASK


@pytest.mark.parametrize(
    ("expression", "initial", "expected"),
    [
        (b"\x06", (0x10,), 0x1716151413121110),
        (b"\x94\x02", (0x10,), 0x1110),
        (b"\x12\x22", (3,), 6),  # dup, plus
        (b"\x13", (1, 2), 1),  # drop
        (b"\x14", (1, 2), 1),  # over
        (b"\x15\x02", (1, 2, 3), 1),  # pick
        (b"\x16", (1, 2), 1),  # swap
        (b"\x17", (1, 2, 3), 2),  # rot
        (b"\x17\x13", (1, 2, 3), 1),
        (b"\x17\x13\x13", (1, 2, 3), 3),
        (b"\x19", (-5,), 5),  # abs
        (b"\x1f", (5,), -5),  # neg
        (b"\x20", (0,), -1),  # not
        (b"\x23" + uleb(200), (1,), 201),  # plus_uconst
        (b"\x96", (7,), 7),  # nop
    ],
)
def test_the_stack(expression: bytes, initial: tuple[int, ...], expected: int) -> None:
    assert value(expression, *initial) == expected & MASK


@pytest.mark.parametrize(
    ("opcode", "left", "right", "expected"),
    [
        (0x1A, 0b1100, 0b1010, 0b1000),
        (0x1B, -7, 2, -3),
        (0x1B, 7, -2, -3),
        (0x1B, -7, -2, 3),
        (0x1C, 3, 5, -2),
        (0x1D, 7, 4, 3),
        (0x1E, -3, 5, -15),
        (0x21, 0b1100, 0b1010, 0b1110),
        (0x22, MASK, 2, 1),
        (0x24, 3, 4, 48),
        (0x24, 3, MASK, 0),
        (0x25, -1, 60, 15),
        (0x26, -16, 2, -4),
        (0x27, 0b1100, 0b1010, 0b0110),
        (0x29, 3, 3, 1),
        (0x2A, -1, 0, 0),
        (0x2B, 1, 0, 1),
        (0x2C, -1, 0, 1),
        (0x2D, -1, 0, 1),
        (0x2E, 3, 3, 0),
    ],
)
def test_arithmetic(opcode: int, left: int, right: int, expected: int) -> None:
    assert value(bytes([opcode]), left, right) == expected & MASK


def test_branches() -> None:
    choose = b"\x28\x04\x00\x31\x2f\x01\x00\x32"  # bra to lit2; lit1, skip over it
    assert value(choose, 1) == 2
    assert value(choose, 0) == 1


def test_the_return_address_of_a_procedure_linkage_table() -> None:
    """What linkers emit: 8 more once the entry's first instructions have run."""
    expression = bytes.fromhex("770880003f1a3b2a332422")
    for pc, cfa in ((0x1000, 0x7008), (0x100A, 0x7008), (0x100B, 0x7010), (0x100F, 0x7010)):
        assert evaluate(expression, {7: 0x7000, 16: pc}, memory) == cfa


@pytest.mark.parametrize(
    "expression",
    [
        b"",
        b"\x06",
        b"\x22",
        b"\x70\x00",  # a register that is not known
        b"\x31\x15\x09",
        b"\x31\x30\x1b",  # division by zero
        b"\x2f\xfd\xff",  # a loop
        b"\x31\x12\x2f\xfc\xff",  # a loop that pushes
        b"\x2f\x10\x00",  # out of itself
        b"\x9c",  # call_frame_cfa: not here
        b"\xff",
    ],
)
def test_nonsense_is_refused(expression: bytes) -> None:
    with pytest.raises(DwarfError):
        value(expression)


@given(st.binary(max_size=60))
def test_any_bytes(expression: bytes) -> None:
    with contextlib.suppress(DwarfError):
        assert 0 <= value(expression, 0x7000) <= MASK
