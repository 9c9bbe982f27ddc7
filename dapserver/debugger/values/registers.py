"""A frame's registers as values, by the names that the kernel and gdb give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.values.places import ConstantPlace
from dapserver.debugger.values.value import Value
from dapserver.symbols.abi import AARCH64, X86_64, Abi
from dapserver.symbols.dwarf.locations_evaluation import NotKnown
from dapserver.symbols.dwarf.types import (
    DOUBLE,
    FLOAT,
    LONG,
    LONG_DOUBLE,
    UNSIGNED_CHAR,
    UNSIGNED_INT,
    UNSIGNED_INT128,
    UNSIGNED_LONG,
    UNSIGNED_SHORT,
    Array,
    Fundamental,
    Kind,
    Record,
    Type,
)
from dapserver.symbols.dwarf.types_parts import Member

if TYPE_CHECKING:
    from dapserver.debugger.values.frame import Frame

NT_PRFPREG = 2
BYTE = Fundamental("uint8_t", Kind.INTEGER, 1)
VECTOR = Record(
    "vec128",
    [
        Member("v4_float", Array(FLOAT, 4), 0),
        Member("v2_double", Array(DOUBLE, 2), 0),
        Member("v16_int8", Array(BYTE, 16), 0),
        Member("v8_int16", Array(UNSIGNED_SHORT, 8), 0),
        Member("v4_int32", Array(UNSIGNED_INT, 4), 0),
        Member("v2_int64", Array(UNSIGNED_LONG, 2), 0),
        Member("uint128", UNSIGNED_INT128, 0),
    ],
    16,
    Kind.UNION,
)


@dataclass(frozen=True, slots=True)
class Vector:
    """A register of the floating-point set (NT_PRFPREG): its place there in bytes."""

    name: str
    offset: int
    size: int
    type: Type


# struct user_fpregs_struct of sys/user.h, which is FXSAVE's; numbers: System V ABI, figure 3.36
_X86_64_VECTORS = {
    **{17 + n: Vector(f"xmm{n}", 160 + 16 * n, 16, VECTOR) for n in range(16)},
    **{33 + n: Vector(f"st{n}", 32 + 16 * n, 16, LONG_DOUBLE) for n in range(8)},
    64: Vector("mxcsr", 24, 4, UNSIGNED_INT),
    65: Vector("fctrl", 0, 2, UNSIGNED_SHORT),
    66: Vector("fstat", 2, 2, UNSIGNED_SHORT),
}
# struct user_fpsimd_state of asm/ptrace.h; numbers: DWARF for the Arm 64-bit Architecture, 4.1
_AARCH64_VECTORS = {64 + n: Vector(f"v{n}", 16 * n, 16, VECTOR) for n in range(32)}
VECTORS: Mapping[str, Mapping[int, Vector]] = {"x86_64": _X86_64_VECTORS, "aarch64": _AARCH64_VECTORS}
VECTOR_SET_SIZE = {"x86_64": 512, "aarch64": 528}

# The names of the parts of x86-64's registers: (register, bytes from the lowest, size)
_LETTERS = "abcd"
PARTS = {
    **{f"e{x}x": (f"r{x}x", 0, 4) for x in _LETTERS},
    **{f"{x}x": (f"r{x}x", 0, 2) for x in _LETTERS},
    **{f"{x}l": (f"r{x}x", 0, 1) for x in _LETTERS},
    **{f"{x}h": (f"r{x}x", 1, 1) for x in _LETTERS},
    **{f"e{x}": (f"r{x}", 0, 4) for x in ("si", "di", "bp", "sp", "ip")},
    **{x: (f"r{x}", 0, 2) for x in ("si", "di", "bp")},
    **{f"{x}l": (f"r{x}", 0, 1) for x in ("si", "di", "bp", "sp")},
    **{f"r{n}{x}": (f"r{n}", 0, size) for n in range(8, 16) for x, size in (("d", 4), ("w", 2), ("b", 1))},
}
PART_TYPES = {1: UNSIGNED_CHAR, 2: UNSIGNED_SHORT, 4: UNSIGNED_INT}


def abi_of(frame: Frame) -> Abi:
    """Tell the architecture by the registers that the frame has."""
    return AARCH64 if AARCH64.pc in frame.state.physical.registers else X86_64


def register_values(frame: Frame) -> Iterator[tuple[str, Value]]:
    """Give all registers that are known in the frame, general ones first."""
    abi = abi_of(frame)
    for name in frame.state.names or abi.numbers:
        value = _general(frame, abi, name)
        if value is not None:
            yield name, value
    for number, vector in VECTORS[abi.name].items():
        if number in frame.state.vectors:
            yield vector.name, Value(frame.space, vector.type, frame.register_place(number))


def register_value(frame: Frame, name: str) -> Value | None:
    """Give a register by name: `rax`, `xmm0`, `eax`, or the common `pc`, `sp` and `fp`."""
    abi = abi_of(frame)
    common = {"pc": abi.pc, "sp": abi.sp, "fp": abi.fp}
    if name in common and name not in abi.numbers:
        by_number = {number: each for each, number in abi.numbers.items()}
        name = by_number[common[name]]
    if (value := _general(frame, abi, name)) is not None:
        return value
    for number, vector in VECTORS[abi.name].items():
        if vector.name == name and number in frame.state.vectors:
            return Value(frame.space, vector.type, frame.register_place(number))
    if abi is X86_64 and name in PARTS:
        whole, offset, size = PARTS[name]
        value = _general(frame, abi, whole)
        return value.part(PART_TYPES[size], offset) if value is not None else None
    return None


def _general(frame: Frame, abi: Abi, name: str) -> Value | None:
    number = abi.numbers.get(name)
    if number is None:
        kept = frame.state.others.get(name)  # orig_rax has no number
        return None if kept is None else Value(frame.space, LONG, ConstantPlace(kept.to_bytes(8, "little")))
    try:
        return Value(frame.space, LONG, frame.register_place(number))
    except NotKnown:
        return None


def vectors_from(architecture: str, data: bytes) -> dict[int, bytes]:
    """Take the registers of a floating-point set, by DWARF number."""
    return {
        number: data[vector.offset : vector.offset + vector.size]
        for number, vector in VECTORS[architecture].items()
        if vector.offset + vector.size <= len(data)
    }
