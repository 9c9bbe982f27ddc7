"""A typed value of a stopped process: where it is, what it is, what is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.debugger.values import numbers
from dapserver.debugger.values.errors import OptimizedOut, ValueProblem
from dapserver.debugger.values.places import ConstantPlace, MemoryPlace, Place
from dapserver.symbols.dwarf.types import (
    RECORDS,
    REFERENCES,
    UNKNOWN,
    VOID,
    Kind,
    Pointer,
    Type,
)
from dapserver.symbols.dwarf.types_parts import Base, Member

if TYPE_CHECKING:
    from dapserver.debugger.values.space import Space

VALUE_LIMIT = 1 << 24  # bytes: more than anybody looks at whole


class Value:
    """A value. Everything is read when it is asked for, and again after the process has run.

    Methods raise ValueProblem (for the user to read) where the value cannot be had, and DwarfError
    where the debug information about it is damaged.
    """

    __slots__ = ("_data", "_generation", "bit_offset", "bit_size", "offset", "place", "space", "type")

    def __init__(
        self,
        space: Space,
        type_: Type,
        place: Place,
        offset: int = 0,
        *,
        bit_size: int | None = None,
        bit_offset: int = 0,
    ) -> None:
        """Take what is *offset* bytes, and of a bit-field *bit_offset* bits, behind the start of *place*."""
        self.space = space
        self.type = type_
        self.place = place
        self.offset = offset
        self.bit_size = bit_size
        self.bit_offset = bit_offset
        self._data = b""
        self._generation = -1

    # -- making values -----------------------------------------------------------------------

    @classmethod
    def at(cls, space: Space, type_: Type, address: int) -> Value:
        """Make the value of a type at an address."""
        return cls(space, type_, MemoryPlace(space, address & numbers.MASK_64))

    @classmethod
    def constant(cls, space: Space, type_: Type, data: bytes) -> Value:
        """Make a value that the process does not have."""
        return cls(space, type_, ConstantPlace(data))

    @classmethod
    def of_number(cls, space: Space, type_: Type, number: float) -> Value:
        """Make a value of a scalar type; *number* wraps as in C."""
        return cls.constant(space, type_, numbers.encoded(type_.bare, number))

    # -- where and what ----------------------------------------------------------------------

    @property
    def address(self) -> int | None:
        """Where it is in memory; None: it is not in memory, or a bit-field."""
        if self.place.address is None or self.bit_size is not None:
            return None
        return self.place.address + self.offset

    @property
    def bare(self) -> Type:
        """Its type without typedefs and qualifiers."""
        return self.type.bare

    @property
    def size(self) -> int:
        """In bytes; ValueProblem for an incomplete type."""
        size = self.bare.size
        if size is None:
            raise ValueProblem(f"<incomplete type {self.type.name}>")
        if size > VALUE_LIMIT:
            raise ValueProblem(f"a value of {size} bytes is too large to be read whole")
        return size

    def data(self) -> bytes:
        """Give its bytes; those of a bit-field are what the whole variable would have."""
        if self._generation != self.space.generation:
            if self.bit_size is not None:
                data = numbers.encoded(self.bare, self._bit_field())
            else:
                data = self.place.read(self.offset, self.size)
            self._data, self._generation = data, self.space.generation
        return self._data

    def number(self) -> int:
        """Give an integer, character, boolean, enum, or a pointer's address."""
        return numbers.integer(self.bare, self.data())

    def real(self) -> float:
        """Give a number of any kind as a float (`long double` is rounded)."""
        if self.bare.kind is Kind.FLOAT:
            return numbers.real(self.data())
        return float(self.number())

    def _bit_field(self) -> int:
        assert self.bit_size is not None
        size = (self.bit_offset + self.bit_size + 7) // 8
        whole = int.from_bytes(self.place.read(self.offset, size), "little")
        bits = whole >> self.bit_offset & (1 << self.bit_size) - 1
        if self.bare.is_signed and bits >> self.bit_size - 1:
            bits -= 1 << self.bit_size
        return bits

    # -- what it is made of ------------------------------------------------------------------

    def part(self, type_: Type, offset: int) -> Value:
        """Give what is *offset* bytes further on in it."""
        return Value(self.space, type_, self.place, self.offset + offset)

    def as_type(self, type_: Type) -> Value:
        """Give the same bytes under another type: what a cast of pointers or references does."""
        return Value(self.space, type_, self.place, self.offset)

    def of_member(self, member: Member) -> Value:
        """Give a member that its type has (not a base's)."""
        offset = self._dynamic_offset(member.offset)
        return Value(
            self.space,
            member.type,
            self.place,
            self.offset + offset,
            bit_size=member.bit_size,
            bit_offset=member.bit_offset,
        )

    def of_base(self, base: Base) -> Value:
        """Give the part that is a base class, virtual ones too."""
        return self.part(base.type, self._dynamic_offset(base.offset))

    def _dynamic_offset(self, offset: int | bytes) -> int:
        if isinstance(offset, int):
            return offset
        if self.address is None:
            raise OptimizedOut  # what leads to a virtual base is in the object's memory
        from dapserver.symbols.expressions import evaluate  # noqa: PLC0415 - rarely needed

        found = evaluate(offset, {}, self.space.read, self.address)
        return found - self.address

    def member(self, name: str) -> Value:
        """Give a member by name: its own, of an anonymous member, or of a base; references are followed."""
        whole = self.referenced()
        found = whole.find_member(name)
        if found is None:
            raise ValueProblem(f"There is no member named {name}.")
        return found

    def find_member(self, name: str, searched: set[Type] | None = None) -> Value | None:
        """Give a member as `member` does; None if there is none, or only in what was *searched*."""
        bare = self.bare
        searched = set() if searched is None else searched
        if bare.kind not in RECORDS or bare in searched:
            return None
        searched.add(bare)
        for member in bare.members:
            if member.name == name:
                return self.of_member(member)
        anonymous = (self.of_member(member) for member in bare.members if member.name is None)
        bases = (self.of_base(base) for base in bare.bases)
        for part in (*anonymous, *bases):
            found = part.find_member(name, searched)
            if found is not None:
                return found
        return None

    def referenced(self) -> Value:
        """Follow references: what they refer to, or itself if it is none."""
        value = self
        while value.bare.kind in REFERENCES:
            value = value.dereferenced()
        return value

    def dereferenced(self) -> Value:
        """Give what a pointer or reference leads to."""
        bare = self.bare
        if bare.kind is not Kind.POINTER and bare.kind not in REFERENCES:
            raise ValueProblem(f"A value of type {self.type.name} is no pointer.")
        if self.place.pointee is not None:
            return self.place.pointee()
        target = bare.target or VOID
        if target.bare.kind is Kind.VOID:
            raise ValueProblem("Attempt to take contents of a non-pointer value.")
        return Value.at(self.space, target, self.number() & numbers.MASK_64)

    def element(self, index: int) -> Value:
        """Give an element of an array, or what lies so many elements behind a pointer."""
        bare = self.bare
        if bare.kind is Kind.POINTER:
            target = bare.target or VOID
            return Value.at(self.space, target, self.number() + index * (target.bare.size or 1))
        if bare.kind is not Kind.ARRAY or bare.target is None:
            raise ValueProblem(f"A value of type {self.type.name} has no elements.")
        return self.part(bare.target, (index - bare.lower_bound) * (bare.target.bare.size or 0))

    def pointer(self) -> Value:
        """Give a pointer to it; ValueProblem if it is not in memory."""
        if self.address is None:
            what = "a bit-field" if self.bit_size is not None else "a value that is not in memory"
            raise ValueProblem(f"Attempt to take the address of {what}.")
        return Value.of_number(self.space, Pointer(self.type), self.address)

    # -- changing it -------------------------------------------------------------------------

    def write_number(self, number: float) -> None:
        """Change a scalar; the number wraps as in C."""
        if self.bit_size is None:
            self.write_data(numbers.encoded(self.bare, number))
            return
        size = (self.bit_offset + self.bit_size + 7) // 8
        mask = (1 << self.bit_size) - 1
        whole = int.from_bytes(self.place.read(self.offset, size), "little")
        whole = whole & ~(mask << self.bit_offset) | (int(number) & mask) << self.bit_offset
        self.place.write(self.offset, whole.to_bytes(size, "little"))
        self.space.refresh()

    def write_data(self, data: bytes) -> None:
        """Change its bytes, as many as its type has."""
        if self.bit_size is not None:
            self.write_number(numbers.integer(self.bare, data))
            return
        if len(data) != self.size:
            raise ValueProblem(f"{len(data)} bytes do not fit a value of {self.size}.")
        self.place.write(self.offset, data)
        self.space.refresh()

    def __repr__(self) -> str:
        return f"<Value of {self.type!r}>"


def unknown(space: Space, place: Place) -> Value:
    """Make a value of which no type is known."""
    return Value(space, UNKNOWN, place)
