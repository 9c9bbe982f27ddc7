"""Where functions of C and C++ leave their results: System V ABI, AMD64 supplement, 3.2.3."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple

from dapserver.symbols.dwarf.reading import Budget
from dapserver.symbols.dwarf.triviality import is_trivial
from dapserver.symbols.dwarf.types import RECORDS, Kind, Type
from dapserver.symbols.dwarf.types_parts import Base, Member

RAX, RDX, XMM0, XMM1, ST0, ST1 = 0, 1, 17, 18, 33, 34
"""DWARF's numbers (figure 3.36)."""

EIGHTBYTE = 8
LARGEST = 64
"""Bytes of the largest type that registers may hold."""

SCALARS = 200
"""Members of members that are looked at: damaged information may have any number of empty ones."""

WORDS = frozenset(
    {
        *(Kind.INTEGER, Kind.CHARACTER, Kind.BOOLEAN, Kind.ENUM, Kind.POINTER),
        *(Kind.REFERENCE, Kind.RVALUE_REFERENCE, Kind.MEMBER_POINTER),
    }
)


class Part(NamedTuple):
    """Bytes of a value that are the first ones of a register."""

    offset: int
    """In the value."""
    size: int
    register: int


IN_MEMORY = (Part(0, 0, RAX),)
"""The register has the address of the value, which is in memory."""


class Unknown(Exception):
    """It cannot be told where such a value is."""


class Class(Enum):
    """Of eight bytes of a value."""

    NONE = auto()
    INTEGER = auto()
    SSE = auto()
    SSE_UP = auto()
    X87 = auto()
    X87_UP = auto()
    COMPLEX_X87 = auto()
    MEMORY = auto()


_SPECIAL = frozenset({Class.X87, Class.X87_UP, Class.COMPLEX_X87})


def result_parts(type_: Type) -> Sequence[Part]:
    """Give the parts of a C or C++ function's result, or IN_MEMORY.

    None if nothing is returned: a class without members. Raises Unknown, and DwarfError.
    """
    bare = type_.bare
    size = _size(bare)
    if size > LARGEST or not is_trivial(bare):
        return IN_MEMORY
    eightbytes = _Eightbytes(-(-size // EIGHTBYTE))
    eightbytes.add(bare, 0)
    if eightbytes.is_in_memory:
        return IN_MEMORY
    return tuple(_assigned(eightbytes.classes, size))


def _size(bare: Type) -> int:
    if bare.size is None or bare.kind is Kind.UNKNOWN or bare.kind is Kind.VOID:
        raise Unknown
    return bare.size


def is_x87(bare: Type) -> bool:
    """Tell `long double` from `__float128`, which has the same encoding and size."""
    return "128" not in (bare.own_name or "")


class _Eightbytes:
    """The classes of a value's eightbytes, merged from those of the scalars in them."""

    def __init__(self, count: int) -> None:
        self.classes = [Class.NONE] * count
        self._budget = Budget(SCALARS, "members of a small type")

    @property
    def is_in_memory(self) -> bool:
        """Whether they do not fit in registers, once all are merged."""
        classes = self.classes
        if Class.MEMORY in classes:
            return True
        if any(
            each is Class.X87_UP and classes[index - 1 : index] != [Class.X87]
            for index, each in enumerate(classes)
        ):
            return True
        return len(classes) > 2 and classes[0] is not Class.COMPLEX_X87

    def add(self, type_: Type, offset: int) -> None:
        """Merge the classes of what is *offset* bytes in the value. Raises Unknown, and DwarfError."""
        self._budget.spend(1)
        bare = type_.bare
        if bare.kind is Kind.ARRAY:  # it may have no size: a flexible array member
            self._add_array(bare, offset)
            return
        size = _size(bare)
        if bare.kind in WORDS:
            alignment = EIGHTBYTE if bare.kind is Kind.MEMBER_POINTER else size
            self._merge(Class.INTEGER, offset, size, alignment)
        elif bare.kind is Kind.FLOAT:
            self._add_float(bare, offset, size)
        elif bare.kind is Kind.COMPLEX:
            self._add_complex(bare, offset, size)
        elif bare.kind in RECORDS:
            self._add_record(bare, offset)
        else:
            raise Unknown

    def _add_float(self, bare: Type, offset: int, size: int) -> None:
        if size <= EIGHTBYTE:
            self._merge(Class.SSE, offset, size, size)
            return
        low, high = (Class.X87, Class.X87_UP) if is_x87(bare) else (Class.SSE, Class.SSE_UP)
        self._merge(low, offset, EIGHTBYTE, size)
        self._merge(high, offset + EIGHTBYTE, EIGHTBYTE, EIGHTBYTE)

    def _add_complex(self, bare: Type, offset: int, size: int) -> None:
        if size == 32 and is_x87(bare) and len(self.classes) == 4:
            self.classes = [Class.COMPLEX_X87] * 4
        elif size > 16:
            self.classes = [Class.MEMORY]
        else:
            for half in (offset, offset + size // 2):
                self._merge(Class.SSE, half, size // 2, size // 2)

    def _add_array(self, bare: Type, offset: int) -> None:
        target = bare.target
        if target is None:
            raise Unknown
        if bare.is_vector:
            self._add_vector(bare, offset)
            return
        for index in range(bare.count or 0):
            self.add(target, offset + index * (target.bare.size or 1))

    def _add_vector(self, bare: Type, offset: int) -> None:
        if bare.size not in {8, 16}:
            raise Unknown  # it has the upper half of a register that is not shown
        self._merge(Class.SSE, offset, 8, bare.size)
        if bare.size == 16:
            self._merge(Class.SSE_UP, offset + 8, 8, 8)

    def _add_record(self, bare: Type, offset: int) -> None:
        parts: list[Base | Member] = [*bare.bases, *bare.members]
        for part in parts:
            if isinstance(part.offset, bytes):
                raise Unknown
            at = offset + part.offset
            if isinstance(part, Base) or part.bit_size is None:
                self.add(part.type, at)
            else:
                first = at * 8 + part.bit_offset
                start, end = first // 64 * 8, -(-(first + part.bit_size) // 64) * 8
                self._merge(Class.INTEGER, start, end - start, 1)

    def _merge(self, new: Class, offset: int, size: int, alignment: int) -> None:
        """Merge one class into those of the eightbytes that a scalar lies in."""
        if not size or offset % min(alignment, 16):
            self.classes = [Class.MEMORY]  # not aligned
        if Class.MEMORY in self.classes:
            return
        for index in range(offset // EIGHTBYTE, -(-(offset + size) // EIGHTBYTE)):
            if not 0 <= index < len(self.classes):
                raise Unknown  # damaged: a member outside
            self.classes[index] = _merged(self.classes[index], new)


def _merged(one: Class, other: Class) -> Class:
    if one is other or other is Class.NONE:
        return one
    if one is Class.NONE:
        return other
    if Class.INTEGER in {one, other}:
        return Class.INTEGER
    return Class.MEMORY if {one, other} & _SPECIAL else Class.SSE


def _assigned(classes: list[Class], size: int) -> Iterator[Part]:
    words, vectors = iter((RAX, RDX)), iter((XMM0, XMM1))
    for index, each in enumerate(classes):
        at = index * EIGHTBYTE
        left = min(size - at, EIGHTBYTE)
        if each is Class.INTEGER:
            yield Part(at, left, next(words))
        elif each is Class.SSE:
            is_whole = classes[index + 1 : index + 2] == [Class.SSE_UP]
            yield Part(at, 16 if is_whole else left, next(vectors))
        elif each is Class.SSE_UP and classes[index - 1 : index] != [Class.SSE]:
            yield Part(at, left, next(vectors))
        elif each is Class.X87:
            yield Part(at, 16, ST0)
        elif each is Class.COMPLEX_X87 and index % 2 == 0:
            yield Part(at, 16, ST0 if index == 0 else ST1)
