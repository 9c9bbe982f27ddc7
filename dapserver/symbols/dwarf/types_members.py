"""Where the members of types are, and the numbers in them (DWARF 5, 5.7)."""

from __future__ import annotations

from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.reading import DwarfError, damage
from dapserver.symbols.dwarf.types import Type
from dapserver.symbols.expressions import constant_offset


def static_number(entry: Entry, name: At) -> int | None:
    """Give a bound that is a constant; None for others."""
    value = entry.value(name)
    if value is None or isinstance(value.raw, bytes) or entry.unit.reference(value) is not None:
        return None
    return value.raw


def member_offset(entry: Entry) -> int | bytes:
    """Tell where a member or base is: a number, or an expression that starts with the object's address."""
    value = entry.value(At.DATA_MEMBER_LOCATION)
    if value is None:
        return 0
    if isinstance(value.raw, bytes):
        with damage("member location"):
            constant = constant_offset(value.raw)
        return value.raw if constant is None else constant
    return value.raw


def bit_field(entry: Entry, type_: Type, bit_size: int) -> tuple[int, int]:
    """Tell where a bit-field starts: bytes, and bits from the lowest on (5.7.6; DWARF 3, 5.5.6)."""
    if bit_size < 0 or bit_size > 1 << 16:
        raise DwarfError(f"a bit-field of {bit_size} bits")
    position = entry.number(At.DATA_BIT_OFFSET)
    if position is None:
        start = member_offset(entry)
        if not isinstance(start, int):
            raise DwarfError("a bit-field at an offset that is not constant")
        position = 8 * start
        old = entry.number(At.BIT_OFFSET)  # from the highest bit of the storage on
        if old is not None:
            storage = entry.number(At.BYTE_SIZE) or type_.bare.size or 0
            position += 8 * storage - old - bit_size
    if position < 0:
        raise DwarfError("a bit-field before the start of its type")
    return divmod(position, 8)


def wrapped(number: int, size: int | None, *, is_signed: bool) -> int:
    """Read a constant whose form did not say whether it is signed."""
    bits = 8 * (size or 8)
    if bits > 256:
        return number
    number &= (1 << bits) - 1
    return number - (1 << bits) if is_signed and number >> bits - 1 else number
