"""Enums as text: their names, and sums of them where each is a bit of its own."""

from __future__ import annotations

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.types import Language, Type
from dapserver.symbols.dwarf.types_reading import EntryType
from dapserver.symbols.dwarf.variables_index import split


def text(bare: Type, number: int) -> str:
    """Write an enum's value: `RED`, `(READ | WRITE)`, or the number if it has no name."""
    prefix = name_prefix(bare)
    for enumerator in bare.enumerators:
        if enumerator.value == number:
            return prefix + enumerator.name
    if not is_flags(bare):
        return str(number)
    return _flags(bare, number, prefix)


def is_flags(bare: Type) -> bool:
    """Tell whether the values of an enum are separate bits, so that sums of them make sense."""
    seen = 0
    for enumerator in bare.enumerators:
        value = enumerator.value
        if value < 0 or value.bit_count() > 1 or value & seen:
            return False
        seen |= value
    return True


def _flags(bare: Type, number: int, prefix: str) -> str:
    if number == 0:
        return "0"
    names = []
    for enumerator in bare.enumerators:
        if enumerator.value and number & enumerator.value:
            names.append(prefix + enumerator.name)
            number &= ~enumerator.value
    if number:
        names.append(f"unknown: {number:#x}")
    return f"({' | '.join(names)})"


def name_prefix(bare: Type) -> str:
    """What its constants are qualified with: the enum itself if it is a scope, else what it is in."""
    name = bare.own_name
    if name is None or bare.language in {Language.C, Language.GO}:
        return ""
    if isinstance(bare, EntryType) and bare.attribute(At.ENUM_CLASS):
        return f"{split(name)[-1] if bare.language is Language.RUST else name}::"
    parts = split(name)[:-1]
    return "".join(f"{part}::" for part in parts)


def active_variant(value: Value) -> Value | None:
    """Give the part of a Rust enum that its discriminant chooses; None for other values."""
    bare = value.bare
    part = bare.variant_part if bare.language is Language.RUST else None
    if part is None:
        return None
    chosen = default = None
    number = 0
    mask = 0
    if part.discriminant is not None:
        discriminant = value.of_member(part.discriminant)
        mask = (1 << 8 * discriminant.size) - 1
        number = discriminant.number() & mask
    for variant in part.variants:
        if not variant.ranges:
            default = variant
        elif any(first & mask <= number <= last & mask for first, last in variant.ranges):
            chosen = variant
    variant_found = chosen or default
    if variant_found is None:
        raise ValueProblem(f"no variant has the discriminant {number}")
    return value.of_member(variant_found.member)
