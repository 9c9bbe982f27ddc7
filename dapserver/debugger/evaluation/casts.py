"""Types by name, casts and sizeof."""

from __future__ import annotations

from collections.abc import Callable

from dapserver.debugger.evaluation.arithmetic import conversion
from dapserver.debugger.evaluation.literals import SIZED
from dapserver.debugger.evaluation.operands import Number, Operand, Text, scalar
from dapserver.debugger.evaluation.syntax import TypeName
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf import types
from dapserver.symbols.dwarf.types import RECORDS, REFERENCES, SCALARS, Array, Kind, Pointer, Type
from dapserver.symbols.dwarf.types_parts import Base

BASE_DEPTH = 16
COUNT_LIMIT = 1 << 32
REFERENCE_KINDS = {"&": Kind.REFERENCE, "&&": Kind.RVALUE_REFERENCE}
FUNDAMENTAL: dict[tuple[str, ...], Type] = {
    tuple(sorted(name.split())): type_
    for names, type_ in (
        ("void", types.VOID),
        ("bool|_Bool", types.BOOL),
        ("char", types.CHAR),
        ("signed char", types.SIGNED_CHAR),
        ("unsigned char", types.UNSIGNED_CHAR),
        ("short|signed short", types.SHORT),
        ("unsigned short", types.UNSIGNED_SHORT),
        ("int|signed|signed int", types.INT),
        ("unsigned|unsigned int", types.UNSIGNED_INT),
        ("long|signed long|long long|signed long long", types.LONG),
        ("unsigned long|unsigned long long", types.UNSIGNED_LONG),
        ("__int128|signed __int128", types.INT128),
        ("unsigned __int128", types.UNSIGNED_INT128),
        ("float", types.FLOAT),
        ("double", types.DOUBLE),
        ("long double", types.LONG_DOUBLE),
    )
    for name in names.split("|")
}
COMMON: dict[str, Type] = {
    **{f"int{8 * t.size}_t": t for t in (types.SIGNED_CHAR, types.SHORT, types.INT, types.LONG)},
    **{
        f"uint{8 * t.size}_t": t
        for t in (types.UNSIGNED_CHAR, types.UNSIGNED_SHORT, types.UNSIGNED_INT, types.UNSIGNED_LONG)
    },
    "size_t": types.UNSIGNED_LONG,
    "ssize_t": types.LONG,
    "uintptr_t": types.UNSIGNED_LONG,
    "intptr_t": types.LONG,
    "uintptr": types.UNSIGNED_LONG,
    **SIZED,
    "f32": types.FLOAT,
    "f64": types.DOUBLE,
}
"""Known without debug information; a type of the program of that name goes before."""


def named_type(name: TypeName, find: Callable[[str], Type | None]) -> Type | None:
    """Find a type and make what is derived of it; None if the program has none of its name."""
    base = base_type(name.base, find)
    if base is None:
        return None
    for derived in name.derived:
        if isinstance(derived, int):
            base = Array(base, derived)
        elif derived == "*":
            base = Pointer(base)
        else:
            base = Pointer(base, REFERENCE_KINDS[derived])
    return base


def base_type(name: str, find: Callable[[str], Type | None]) -> Type | None:
    """Find a type by its name alone: `unsigned int` in any order of its words, `struct x`, `ns::x`."""
    words = [word for word in name.split() if word != "int"] if " " in name and "::" not in name else None
    known = FUNDAMENTAL.get(tuple(sorted(name.split()))) or (
        FUNDAMENTAL.get(tuple(sorted(words))) if words else None
    )
    return known or find(name) or COMMON.get(name)


def cast(operand: Operand, type_: Type) -> Operand:
    """Convert an operand as C's casts do; pointers and references to base classes are moved there."""
    bare = type_.bare
    if bare.kind in REFERENCES and bare.target is not None:
        if not isinstance(operand, Value):
            raise ValueProblem("Only what is in the program can be referred to.")
        whole = operand.referenced()
        moved = _towards(whole, bare.target)
        return moved if moved is not None else _at_its_address(whole, bare.target)
    if bare.kind is Kind.POINTER:
        return _pointer(operand, type_)
    if bare.kind in SCALARS:
        return Number(type_, conversion(type_)(scalar(operand).number))
    if isinstance(operand, Value):
        return _whole(operand.referenced(), type_)
    raise ValueProblem(f"A number cannot become a {type_.name}.")


def _pointer(operand: Operand, type_: Type) -> Number:
    number = scalar(operand)
    address = int(conversion(types.UNSIGNED_LONG)(number.number))
    source, target = number.type.bare.target, type_.bare.target
    if isinstance(operand, Value) and address and source is not None and target is not None:
        whole = Value.at(operand.space, source, address)
        moved = _towards(whole, target)
        if moved is not None and moved.address is not None:
            address = moved.address
    return Number(type_, address)


def _whole(value: Value, type_: Type) -> Value:
    """The same bytes as a structure or array of another type."""
    moved = _towards(value, type_)
    if moved is not None:
        return moved
    if type_.bare.kind in {Kind.VOID, Kind.UNKNOWN}:
        return Value.constant(value.space, type_, b"")
    if value.address is None and value.bare.size != type_.bare.size:
        raise ValueProblem(f"A {value.type.name} cannot become a {type_.name}: it has another size.")
    return value.as_type(type_)


def _at_its_address(value: Value, type_: Type) -> Value:
    if value.address is None:
        raise ValueProblem("What is not in memory cannot be referred to.")
    return Value.at(value.space, type_, value.address)


def _towards(value: Value, target: Type) -> Value | None:
    """The part of an object that is a base class, or the object that it is a base class of."""
    source = value.bare
    if source.kind not in RECORDS or target.bare.kind not in RECORDS or _is_same(source, target.bare):
        return None
    found = _base(value, target.bare, BASE_DEPTH)
    if found is not None:
        return found
    offset = _offset(target.bare, source, BASE_DEPTH)
    if offset is None or value.address is None:
        return None
    return Value.at(value.space, target, value.address - offset)


def _base(value: Value, wanted: Type, depth: int) -> Value | None:
    for base in value.bare.bases:
        if _is_same(base.type.bare, wanted):
            return value.of_base(base)
        if depth and (found := _base(value.of_base(base), wanted, depth - 1)) is not None:
            return found
    return None


def _offset(derived: Type, wanted: Type, depth: int) -> int | None:
    """Where in a derived class a base lies, if not virtual."""
    plain: list[tuple[Base, int]] = [
        (each, each.offset) for each in derived.bases if isinstance(each.offset, int)
    ]
    for base, offset in plain:
        if _is_same(base.type.bare, wanted):
            return offset
        if depth and (inner := _offset(base.type.bare, wanted, depth - 1)) is not None:
            return offset + inner
    return None


def _is_same(one: Type, other: Type) -> bool:
    return one is other or (one.own_name is not None and one.own_name == other.own_name)


def size_of(operand: Operand) -> int:
    """Give the size of an operand's type in bytes; nothing is read."""
    if isinstance(operand, Text):
        return len(operand.data) + 1
    if isinstance(operand, Number):
        return size_of_type(operand.type)
    return size_of_type(operand.type)


def size_of_type(type_: Type) -> int:
    """Give a type's size; of a reference, that of what it refers to (C++, [expr.sizeof])."""
    bare = type_.bare
    if bare.kind in REFERENCES and bare.target is not None:
        return size_of_type(bare.target)
    if bare.size is None:
        raise ValueProblem(f"The size of {type_.name} is not known here.")
    return bare.size
