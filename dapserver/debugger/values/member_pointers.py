"""Pointers to members of C++ (Itanium C++ ABI, 2.3)."""

from __future__ import annotations

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import Kind, Type
from dapserver.symbols.dwarf.types_reading import EntryType

NULL_OFFSET = -1
VIRTUAL = 1


def member_pointer_text(value: Value) -> str:
    """Write `&Point::y`, or the address and name of a member function."""
    bare = value.bare
    target, container = bare.target, bare.container
    if target is None or container is None:
        raise ValueProblem("a pointer to member of an unknown class")
    if target.bare.kind is Kind.FUNCTION:
        return _function_text(value, container)
    offset = int.from_bytes(value.data()[:8], "little", signed=True)
    if offset == NULL_OFFSET:
        return "NULL"
    name = _member_at(container, offset)
    return f"&{name}" if name else f"{offset:#x}"


def _function_text(value: Value, container: Type) -> str:
    data = value.data()
    pointer = int.from_bytes(data[:8], "little")
    if pointer & VIRTUAL:
        bare = container.bare
        name = bare.virtual_function(pointer // 8) if isinstance(bare, EntryType) else None
        return f"&virtual {container.name}::{name or f'<slot {pointer // 8}>'}"
    if pointer == 0:
        return "NULL"
    symbol = value.space.symbol(pointer)
    return f"{pointer:#x}" + (f" <{symbol}>" if symbol else "")


def _member_at(container: Type, offset: int, depth: int = 8) -> str | None:
    bare = container.bare
    for member in bare.members:
        if member.offset == offset and member.name:
            return f"{container.name}::{member.name}"
    for base in bare.bases:
        size = base.type.bare.size or 0
        if depth and isinstance(base.offset, int) and base.offset <= offset < base.offset + size:
            return _member_at(base.type, offset - base.offset, depth - 1)
    return None
