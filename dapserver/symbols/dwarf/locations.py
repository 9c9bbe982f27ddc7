"""Location lists: which expression tells where a variable is while the program is at an address.

.debug_loc up to version 4 (DWARF 4, 2.6.2), .debug_loclists from version 5 (DWARF 5, 2.6.2, 7.7.3).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from dapserver.symbols.dwarf.constants import At, Form, LocationEntry
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.reading import DwarfError, damage, uleb128, unsigned
from dapserver.symbols.dwarf.units import Unit

ENTRY_LIMIT = 100_000
CACHED_LISTS = 4096
VIEW_PAIR = 9  # DW_LLE_GNU_view_pair

Located = tuple[int, int, bytes]
"""From an address to below another one: an expression."""


@dataclass(frozen=True, slots=True)
class Stated:
    """What an entry, or one that it completes, says of a variable's place for code at one address."""

    by: Entry
    constant: int | bytes | None = None
    """The value itself (DW_AT_const_value)."""
    expression: bytes | None = None
    """Where it is; None as well as the constant: it is optimized out there."""


@functools.lru_cache(maxsize=CACHED_LISTS)  # threads often stand in the same places
def stated_at(entry: Entry, address: int) -> Stated | None:
    """Find what is said of a variable's place, for code at *address*, the file's own.

    None: nothing. Raises DwarfError.
    """
    for origin in entry.origins():
        constant = origin.value(At.CONST_VALUE)
        if constant is not None:
            return Stated(origin, constant=constant.raw)
        if origin.value(At.LOCATION) is not None:
            return Stated(origin, expression=expression_at(origin, address))
    return None


def expression_at(entry: Entry, address: int, name: At = At.LOCATION) -> bytes | None:
    """Give the expression of an attribute that holds at *address*, the file's own.

    None: there is none, so that the variable is optimized out there. Raises DwarfError.
    """
    value = entry.value(name)
    if value is None:
        return None
    if isinstance(value.raw, bytes):
        return value.raw
    for low, high, expression in _whole_list(entry.unit, value.raw, is_index=value.form == Form.LOCLISTX):
        if low <= address < high:
            return expression
    return None


@functools.lru_cache(maxsize=CACHED_LISTS)
def _whole_list(unit: Unit, position: int, *, is_index: bool) -> tuple[Located, ...]:
    with damage("location list"):
        position = _list_offset(unit, position) if is_index else position
        return tuple(islice(located(unit, position), ENTRY_LIMIT))


def located(unit: Unit, position: int) -> Iterator[Located]:
    """Give the parts of a location list; the default one last, with all addresses."""
    if unit.encoding.version >= 5:
        return _list(unit, position)
    return _gnu_list(unit, position) if unit.has_gnu_locations else _old_list(unit, position)


def _old_list(unit: Unit, position: int) -> Iterator[Located]:
    section = unit.section(".debug_loc")
    size = unit.encoding.address_size
    base, new_base = unit.base_address, (1 << 8 * size) - 1
    while True:
        low, high = unsigned(section, position, size), unsigned(section, position + size, size)
        position += 2 * size
        if low == new_base:
            base = high
        elif low == high == 0:
            return
        else:
            length = unsigned(section, position, 2)
            position += 2 + length
            yield base + low, base + high, _bytes(section, position - length, length)


def _gnu_list(unit: Unit, position: int) -> Iterator[Located]:
    """A list of .debug_loc.dwo: split debug information before version 5 (GNU's DebugFission)."""
    section = unit.section(".debug_loc")
    base = unit.base_address
    while True:
        kind = section[position]
        position += 1
        if kind == LocationEntry.END_OF_LIST:
            return
        if kind in {LocationEntry.BASE_ADDRESSX, LocationEntry.STARTX_ENDX, LocationEntry.STARTX_LENGTH}:
            index, position = uleb128(section, position)
            low = unit.indexed_address(index)
            if kind == LocationEntry.BASE_ADDRESSX:
                base = low
                continue
        elif kind == LocationEntry.OFFSET_PAIR:
            low = base + unsigned(section, position, 4)
            position += 4
        else:
            raise DwarfError(f"the unknown location list entry {kind}")
        if kind == LocationEntry.STARTX_ENDX:
            index, position = uleb128(section, position)
            high = unit.indexed_address(index)
        else:
            length = unsigned(section, position, 4)
            if length >> 31:
                length = (
                    length + 2 & 0xFFFFFFFF
                )  # gcc 12 writes end - start - 1 where the start is `label - 1`
            high = (base if kind == LocationEntry.OFFSET_PAIR else low) + length
            position += 4
        length = unsigned(section, position, 2)
        position += 2 + length
        yield low, high, _bytes(section, position - length, length)


def _list_offset(unit: Unit, index: int) -> int:
    """Where list number *index* is (7.29)."""
    size = unit.encoding.offset_size
    base = unit.root.number(At.LOCLISTS_BASE)
    if base is None:
        base = 12 if size == 4 else 20  # behind the only header
    return base + unsigned(unit.section(".debug_loclists"), base + index * size, size)


def _list(unit: Unit, position: int) -> Iterator[Located]:  # noqa: C901, PLR0912 - one case for each kind of entry
    section = unit.section(".debug_loclists")
    size = unit.encoding.address_size
    base = unit.base_address

    def number() -> int:
        nonlocal position
        value, position = uleb128(section, position)
        return value

    def address() -> int:
        nonlocal position
        position += size
        return unsigned(section, position - size, size)

    default: Located | None = None
    while True:
        kind = section[position]
        position += 1
        low = high = 0
        if kind == LocationEntry.END_OF_LIST:
            break
        if kind == LocationEntry.BASE_ADDRESSX:
            base = unit.indexed_address(number())
            continue
        if kind == LocationEntry.BASE_ADDRESS:
            base = address()
            continue
        if kind == VIEW_PAIR:
            number()
            number()
            continue
        if kind == LocationEntry.STARTX_ENDX:
            low, high = unit.indexed_address(number()), unit.indexed_address(number())
        elif kind == LocationEntry.STARTX_LENGTH:
            low = unit.indexed_address(number())
            high = low + number()
        elif kind == LocationEntry.OFFSET_PAIR:
            low, high = base + number(), base + number()
        elif kind == LocationEntry.START_END:
            low, high = address(), address()
        elif kind == LocationEntry.START_LENGTH:
            low = address()
            high = low + number()
        elif kind != LocationEntry.DEFAULT_LOCATION:
            raise DwarfError(f"the unknown location list entry {kind}")
        length = number()
        position += length
        expression = _bytes(section, position - length, length)
        if kind == LocationEntry.DEFAULT_LOCATION:
            default = (0, 1 << 64, expression)
        else:
            yield low, high, expression
    if default:
        yield default


def _bytes(section: memoryview, position: int, length: int) -> bytes:
    if position + length > len(section):
        raise DwarfError("a location that goes on behind the end of its section")
    return bytes(section[position : position + length])
