"""Where the bytes of a value are: in memory, in a register, in pieces of these, or nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.values.errors import OptimizedOut, ValueProblem

if TYPE_CHECKING:
    from dapserver.debugger.values.space import Space
    from dapserver.debugger.values.value import Value


class Place:
    """Some bytes that can be read and, mostly, written. Offsets and sizes in bytes."""

    address: int | None = None
    """None: not in memory."""
    pointee: Callable[[], Value] | None = None
    """Of a pointer that the compiler has removed: what it would lead to."""
    is_writable = True

    def read(self, offset: int, size: int) -> bytes:
        """Give exactly *size* bytes from *offset* on; ValueProblem if they are not to be had."""
        raise NotImplementedError

    def write(self, offset: int, data: bytes) -> None:
        """Change bytes; ValueProblem if that is not possible."""
        raise NotImplementedError


class MemoryPlace(Place):
    def __init__(self, space: Space, address: int) -> None:
        self._space = space
        self.address: int = address

    def read(self, offset: int, size: int) -> bytes:
        return self._space.read(self.address + offset, size)

    def write(self, offset: int, data: bytes) -> None:
        self._space.write(self.address + offset, data)


class ConstantPlace(Place):
    """Bytes that exist in the debugger alone: a constant, the result of a computation."""

    is_writable = False

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, size: int) -> bytes:
        data = self._data[offset : offset + size]
        return data + bytes(size - len(data)) if offset >= 0 else bytes(size)

    def write(self, offset: int, data: bytes) -> None:  # noqa: ARG002 - as Place has it
        raise ValueProblem("It is a constant or the result of a computation: it cannot be changed.")


class NowherePlace(Place):
    """What the compiler keeps nowhere."""

    is_writable = False

    def read(self, offset: int, size: int) -> bytes:  # noqa: ARG002 - as Place has it
        raise OptimizedOut

    def write(self, offset: int, data: bytes) -> None:  # noqa: ARG002 - as Place has it
        raise ValueProblem("The compiler keeps it nowhere here: it cannot be changed.")


NOWHERE = NowherePlace()


class BrokenPlace(Place):
    """A place that could not be found; reading it says why."""

    is_writable = False

    def __init__(self, problem: str) -> None:
        self._problem = problem

    def read(self, offset: int, size: int) -> bytes:  # noqa: ARG002 - as Place has it
        raise ValueProblem(self._problem)

    def write(self, offset: int, data: bytes) -> None:  # noqa: ARG002 - as Place has it
        raise ValueProblem(f"It cannot be changed: {self._problem}.")


class SyntheticPointerPlace(BrokenPlace):
    """A pointer that exists in the source alone (DWARF 5, 2.6.1.1.4)."""

    def __init__(self, pointee: Callable[[], Value]) -> None:
        super().__init__("synthetic pointer")
        self.pointee = pointee


class RegisterPlace(Place):
    """A register, by the functions that read and write it whole."""

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
        self._read, self._write = read, write

    def read(self, offset: int, size: int) -> bytes:
        data = self._read()[offset : offset + size]
        if len(data) < size:
            raise ValueProblem("its type is larger than the register that it is in")
        return data

    def write(self, offset: int, data: bytes) -> None:
        whole = self._read()
        self._write(whole[:offset] + data + whole[offset + len(data) :])


@dataclass(frozen=True, slots=True)
class Piece:
    place: Place
    bits: int
    """How many bits of the value are in this piece."""
    skipped: int = 0
    """How many bits of the place come before."""


class PiecesPlace(Place):
    """A value whose bits lie in several places, the lowest first (DWARF 5, 2.6.1.2)."""

    def __init__(self, pieces: tuple[Piece, ...]) -> None:
        self._pieces = pieces

    def read(self, offset: int, size: int) -> bytes:
        number = position = 0
        first, last = 8 * offset, 8 * (offset + size)
        for piece in self._pieces:
            if position < last and position + piece.bits > first:
                number |= _bits(piece) << position
            position += piece.bits
        if position < last:
            raise OptimizedOut
        return (number >> first & (1 << last - first) - 1).to_bytes(size, "little")

    def write(self, offset: int, data: bytes) -> None:
        position = 0
        first, last = 8 * offset, 8 * (offset + len(data))
        value = int.from_bytes(data, "little") << first
        for piece in self._pieces:
            if position < last and position + piece.bits > first:
                mask = (1 << piece.bits) - 1
                here = (1 << last) - (1 << first) >> position & mask
                _set_bits(piece, _bits(piece) & ~here | value >> position & here)
            position += piece.bits


def _extent(piece: Piece) -> int:
    return (piece.skipped + piece.bits + 7) // 8


def _bits(piece: Piece) -> int:
    whole = int.from_bytes(piece.place.read(0, _extent(piece)), "little")
    return whole >> piece.skipped & (1 << piece.bits) - 1


def _set_bits(piece: Piece, bits: int) -> None:
    size = _extent(piece)
    whole = int.from_bytes(piece.place.read(0, size), "little")
    whole &= ~((1 << piece.bits) - 1 << piece.skipped)
    piece.place.write(0, (whole | bits << piece.skipped).to_bytes(size, "little"))
