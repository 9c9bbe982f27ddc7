"""What values open into, where no formatter knows better."""

from __future__ import annotations

from collections.abc import Iterator

from dapserver.debugger.values.enums import active_variant
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.text import is_empty, string_width
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import RECORDS, Kind, Language

ANONYMOUS = "<anonymous>"


def named_children(value: Value) -> Iterator[Child]:
    """Give base classes and members of a structure, or what a pointer leads to."""
    bare = value.bare
    if bare.kind in RECORDS:
        yield from _parts(value)
    elif bare.kind is Kind.POINTER:
        yield from _behind_pointer(value)
    elif bare.kind is Kind.COMPLEX:
        yield from _complex(value)


def element_count(value: Value) -> int:
    """Tell how many elements an array has; 0 for others."""
    bare = value.bare
    return (bare.count or 0) if bare.kind is Kind.ARRAY else 0


def elements(value: Value, start: int) -> Iterator[Child]:
    """Give the elements of an array from number *start* on."""
    bare = value.bare
    for index in range(start, element_count(value)):
        number = bare.lower_bound + index
        yield Child(f"[{number}]", value.element(number), f"({{}})[{number}]")


def _parts(value: Value) -> Iterator[Child]:
    value = active_variant(value) or value
    bare = value.bare
    for base in bare.bases:
        if is_empty(base.type):
            continue
        try:
            part = value.of_base(base)
        except (ValueProblem, DwarfError):
            continue
        kind = "virtual" if base.is_virtual else "baseClass"
        name = base.type.name
        yield Child(f"<{name}>", part, f"(*({name} *)&({{}}))", kind)
    is_tuple_language = bare.language is Language.RUST
    for index, member in enumerate(bare.members):
        part = value.of_member(member)
        if member.name is None:
            # What is in it counts as the outer type's own.
            yield Child(ANONYMOUS, part, "{}")
            continue
        name = member.name
        if is_tuple_language and name == f"__{index}":
            name = str(index)
        yield Child(name, part, f"({{}}).{name}")


def has_children(pointer: Value) -> bool:
    """Tell whether a pointer leads to something worth opening: no string, nothing without a type."""
    target = pointer.bare.target
    if target is None or string_width(target) is not None:
        return False
    if target.stripped.kind in {Kind.VOID, Kind.FUNCTION, Kind.UNKNOWN}:
        return False
    return pointer.place.pointee is not None or pointer.number() != 0


def _behind_pointer(value: Value) -> Iterator[Child]:
    """The members of a structure at once, other targets as `*`."""
    if not has_children(value):
        return
    pointee = value.dereferenced()
    if pointee.bare.kind in RECORDS:
        for child in named_children(pointee):
            expression = child.expression.replace("{}", "*{}") if child.expression else None
            yield Child(child.name, child.value, expression, child.kind)
    else:
        yield Child("*", pointee, "*({})")


def _complex(value: Value) -> Iterator[Child]:
    from dapserver.symbols.dwarf.types import Fundamental  # noqa: PLC0415 - rare

    half = value.size // 2
    part = Fundamental("double" if half == 8 else "float", Kind.FLOAT, half)
    yield Child("real", value.part(part, 0), "__real__ ({})")
    yield Child("imaginary", value.part(part, half), "__imag__ ({})")
