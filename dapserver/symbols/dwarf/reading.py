"""Bytes to numbers and strings, and the one error for bytes that make no sense (DWARF 5, 7.6)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

Bytes = bytes | memoryview

U8 = struct.Struct("<B").unpack_from
I8 = struct.Struct("<b").unpack_from
U16 = struct.Struct("<H").unpack_from
U32 = struct.Struct("<I").unpack_from
U64 = struct.Struct("<Q").unpack_from
UNPACK = {1: U8, 2: U16, 4: U32, 8: U64}

OFFSET_64 = 0xFFFFFFFF  # 7.4: this initial length announces 64-bit DWARF
RESERVED_LENGTH = 0xFFFFFFF0
LEB128_BITS = 70  # ten bytes: no number here has more than 64 bits
STRING_CHUNK = 96
STRING_LIMIT = 1 << 20


class DwarfError(ValueError):
    """The debug information cannot be read; the text says why."""


# What reading damaged bytes provokes
DAMAGE = (LookupError, ValueError, ArithmeticError, struct.error)


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn what damaged bytes provoke while *what* is read into a DwarfError."""
    try:
        yield
    except DAMAGE as error:
        raise damaged(what, error) from None


def damaged(what: str, error: Exception) -> DwarfError:
    """Make the DwarfError for *error*: what `damage` does, for places where it costs too much."""
    if isinstance(error, DwarfError):
        return error
    return DwarfError(f"{what}: damaged debug information ({error})")


class Budget:
    """How much more of something there may be: damaged data can name the same bytes a thousand times."""

    def __init__(self, amount: int, what: str) -> None:
        self._left = amount
        self._what = what

    def spend(self, amount: int) -> None:
        """Raises DwarfError if more is spent than there can be in sound data."""
        self._left -= amount
        if self._left < 0:
            raise DwarfError(f"more {self._what} than there is room for")


def unsigned(data: Bytes, position: int, size: int) -> int:
    """Read an unsigned number of *size* bytes."""
    if size in UNPACK:
        return int(UNPACK[size](data, position)[0])
    if position + size > len(data):
        raise DwarfError("the data ends within a number")
    return int.from_bytes(data[position : position + size], "little")


def uleb128(data: Bytes, position: int) -> tuple[int, int]:
    """Read an unsigned LEB128 number; gives it and the position behind it (DWARF 5, 7.6)."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
        if shift >= LEB128_BITS:
            raise DwarfError("a LEB128 number of more than ten bytes")


def sleb128(data: Bytes, position: int) -> tuple[int, int]:
    """Read a signed LEB128 number; gives it and the position behind it (DWARF 5, 7.6)."""
    start = position
    value, position = uleb128(data, position)
    bits = 7 * (position - start)
    return (value - (1 << bits) if value >> (bits - 1) else value), position


def initial_length(data: Bytes, position: int) -> tuple[int, int, int]:
    """Read a contribution's length: (length, position behind it, size of an offset: 4 or 8)."""
    (length,) = U32(data, position)
    if length < RESERVED_LENGTH:
        return length, position + 4, 4
    if length != OFFSET_64:
        raise DwarfError(f"the reserved length {length:#x}")
    return U64(data, position + 4)[0], position + 12, 8


def c_string(data: Bytes, position: int) -> bytes:
    """Read a string that ends with a zero, which is left out."""
    chunks: list[bytes] = []
    if position >= len(data):
        raise DwarfError("a string behind the end of its section")
    for start in range(position, min(len(data), position + STRING_LIMIT), STRING_CHUNK):
        chunk, end, _ = bytes(data[start : start + STRING_CHUNK]).partition(b"\0")
        if end:
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)
    raise DwarfError("a string without an end")


def after_string(data: Bytes, position: int) -> int:
    """Find the position behind a string and its zero."""
    if isinstance(data, bytes):
        return data.index(0, position) + 1
    return position + len(c_string(data, position)) + 1
