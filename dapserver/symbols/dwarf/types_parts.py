"""What types are made of: members, base classes, enumerators, template arguments, variants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.types import Type


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A member of a struct or union."""

    name: str | None
    """None: anonymous; the names in its type are used as if they were the outer type's."""
    type: Type
    offset: int | bytes
    """In bytes from the start of the outer type, or a DWARF expression that finds it."""
    bit_size: int | None = None
    """Of a bit-field; None for other members."""
    bit_offset: int = 0
    """Of a bit-field, from the lowest bit of the byte at `offset` on."""
    is_artificial: bool = False
    """Made by the compiler (`_vptr.Base`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Base:
    """A base class."""

    type: Type
    offset: int | bytes
    """In bytes, or (of a virtual base) a DWARF expression that starts with the object's address."""
    is_virtual: bool = False


@dataclass(frozen=True, slots=True)
class Enumerator:
    name: str
    value: int


@dataclass(frozen=True, slots=True, eq=False)
class TemplateArgument:
    """`int` of `vector<int>`, or the 3 of `array<int, 3>`."""

    name: str | None
    type: Type
    value: int | bytes | None = None
    """None: the argument is the type itself."""


@dataclass(frozen=True, slots=True, eq=False)
class Variant:
    """One of the shapes that a Rust enum may have."""

    member: Member
    ranges: tuple[tuple[int, int], ...]
    """Values of the discriminant, first and last, that choose it; none: it is chosen by all others."""


@dataclass(frozen=True, slots=True, eq=False)
class VariantPart:
    discriminant: Member | None
    variants: tuple[Variant, ...]
