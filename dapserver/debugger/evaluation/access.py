"""Members, elements, what pointers lead to, strings alike, assignment."""

from __future__ import annotations

from itertools import islice
from typing import NoReturn

from dapserver.debugger.evaluation.arithmetic import conversion
from dapserver.debugger.evaluation.operands import (
    Number,
    Operand,
    Text,
    as_value,
    scalar,
    seen_through,
    text_of,
    wrapped_in,
)
from dapserver.debugger.values.children import named_children
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.shown import children
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Style, View
from dapserver.symbols.dwarf.types import (
    CHAR,
    LONG,
    REFERENCES,
    SCALARS,
    UNSIGNED_INT,
    UNSIGNED_SHORT,
    Array,
    Kind,
    Language,
    Type,
)

ELEMENT_LIMIT = 1 << 20
EMBEDDED_DEPTH = 4
CHARACTERS = {1: CHAR, 2: UNSIGNED_SHORT, 4: UNSIGNED_INT}
KEYS_COMPARED = 10_000
POINTER_FIELDS = frozenset({"get()", "[contained value]", "*", "pointer"})


def member(whole: Value, name: str, *, is_arrow: bool = False) -> Value:
    """Give a member: of a structure, or of what a pointer leads to, with `.` too, as in Go and Rust."""
    value = whole.referenced()
    if value.bare.kind is Kind.POINTER:
        value = value.dereferenced().referenced()
    elif is_arrow:
        value = pointee(value).referenced()
    found = value.find_member(name.rpartition("::")[2])
    if found is None and name.isdigit():
        found = value.find_member(f"__{name}")  # of Rust's tuples
    if found is None:
        found = next((child.value for child in children(value) if child.name == name), None)
    if found is None and value.bare.language is Language.GO:
        found = _promoted(value, name)
    if found is None and value.bare.language is Language.RUST:
        wrapped = wrapped_in(seen_through(value)[1])
        return member(wrapped, name) if wrapped is not None else _no_member(value, name)
    return found if found is not None else _no_member(value, name)


def _promoted(value: Value, name: str, depth: int = EMBEDDED_DEPTH) -> Value | None:
    """A field of an embedded struct (The Go Programming Language Specification, "Struct types")."""
    for each in value.bare.members:
        target = each.type.bare.target if each.type.bare.kind is Kind.POINTER else each.type
        if target is None or target.bare.kind is not Kind.STRUCT or each.name is None:
            continue
        if (target.own_name or "").rpartition(".")[2] != each.name:
            continue
        embedded = value.of_member(each)
        embedded = embedded.dereferenced() if embedded.bare.kind is Kind.POINTER else embedded
        found = embedded.find_member(name)
        if found is None and depth:
            found = _promoted(embedded, name, depth - 1)
        if found is not None:
            return found
    return None


def member_names(value: Value) -> list[str]:
    """Give the names that can follow a `.` or `->`."""
    value = value.referenced()
    if value.bare.kind is Kind.POINTER:
        value = value.dereferenced().referenced()
    found: list[str] = []
    for child in islice(named_children(value), 2000):
        if child.kind in {"baseClass", "virtual"} or child.name.startswith("<"):
            found += member_names(child.value)
        else:
            found.append(child.name)
    return list(dict.fromkeys(found))


def _no_member(value: Value, name: str) -> NoReturn:
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes

    names = member_names(value)
    if not names:
        raise ValueProblem(f"A value of type {value.type.name} has no members, so no {name}.")
    close = get_close_matches(name, names, 1)
    hint = f"Did you mean {close[0]}?" if close else f"It has {', '.join(names[:12])}."
    raise ValueProblem(f"{value.type.name} has no member {name}. {hint}")


def pointee(value: Value) -> Value:
    """Give what a pointer leads to: an array's first element, a smart pointer's object too."""
    value = value.referenced()
    kind = value.bare.kind
    if kind is Kind.POINTER:
        return value.dereferenced()
    if kind is Kind.ARRAY:
        return value.element(value.bare.lower_bound)
    if kind is Kind.FUNCTION:
        return value
    shown, view = seen_through(value)
    if shown.bare.kind is Kind.POINTER:
        return shown.dereferenced()
    if view is not None:
        for child in view.children(0):
            if child.name in POINTER_FIELDS or child.value.bare.kind is Kind.POINTER:
                return pointee(child.value) if child.value.bare.kind is Kind.POINTER else child.value
            break
    if (wrapped := wrapped_in(view)) is not None:
        return wrapped
    hint = ": cast it to one, as in *(int *)0x1234" if kind is Kind.INTEGER else ""
    raise ValueProblem(f"A value of type {value.type.name} is no pointer{hint}.")


def address_of(operand: Operand) -> Value:
    """Make a pointer to a value in memory."""
    if not isinstance(operand, Value):
        raise ValueProblem("What is computed has no address.")
    return operand.referenced().pointer()


def element(whole: Value, index: Operand) -> Value:
    """Give an element by number, or an entry of a map by its key."""
    value, view = seen_through(whole)
    if view is None and value.bare.kind in {Kind.POINTER, Kind.ARRAY}:
        return value.element(_whole(index))
    if view is None:
        raise ValueProblem(f"A value of type {value.type.name} has no elements.")
    if view.style is Style.MAP:
        return _entry(view, index)
    number = _whole(index)
    if view.string is not None:
        return _character(value, *view.string, number)
    if not 0 <= number < view.count:
        raise ValueProblem(f"There is no element {number}: it has {view.count}.")
    found = next(iter(view.children(number)), None)
    if found is None:
        raise ValueProblem(f"There is no element {number}.")
    return found.value


def _character(value: Value, data: bytes, width: int, number: int) -> Value:
    count = len(data) // width
    if not 0 <= number < count:
        raise ValueProblem(f"There is no character {number}: it has {count}.")
    return Value.constant(value.space, CHARACTERS[width], data[number * width : (number + 1) * width])


def _entry(view: View, key: Operand) -> Value:
    wanted = text_of(key)
    for child in islice(view.children(0), KEYS_COMPARED):
        if child.key is None:
            continue
        if wanted is not None:
            if text_of(child.key) == wanted:
                return child.value
        elif child.key.bare.kind in SCALARS and scalar(child.key).number == scalar(key).number:
            return child.value
    raise ValueProblem("There is no such key.")


def _whole(index: Operand) -> int:
    number = scalar(index)
    if number.type.bare.kind is Kind.FLOAT:
        raise ValueProblem("An index is a whole number.")
    return int(number.number)


def elements(whole: Value, first: Operand | None, end: Operand | None, *, is_inclusive: bool) -> Value:
    """Give a part of an array or container as an array."""
    value, view = seen_through(whole)
    start = _whole(first) if first is not None else 0
    if end is not None:
        stop = _whole(end) + is_inclusive
    elif view is not None:
        stop = view.count
    elif value.bare.kind is Kind.ARRAY and value.bare.count is not None:
        stop = value.bare.count
    else:
        raise ValueProblem("Say where it ends: how many elements it has is not known.")
    if start >= stop:
        raise ValueProblem(f"There is nothing from {start} to {stop}.")
    head = element(whole, Number(LONG, start))
    if stop - start > 1 and view is not None:
        last, size = element(whole, Number(LONG, stop - 1)), head.bare.size or 0
        if head.address is None or last.address != head.address + (stop - 1 - start) * size:
            raise ValueProblem("The elements do not lie one behind the other: look at them one by one.")
    return repeated(head, Number(LONG, stop - start))


def repeated(operand: Operand, count: Operand) -> Value:
    """Give `x@n`: so many values like x, one behind the other, as an array (gdb's notation)."""
    number = _whole(count)
    if not isinstance(operand, Value) or operand.address is None:
        raise ValueProblem("Only what is in memory has something behind it.")
    if not 0 < number <= ELEMENT_LIMIT:
        raise ValueProblem(f"{number} is no sensible number of elements: at most {ELEMENT_LIMIT}.")
    return Value.at(operand.space, Array(operand.type, number), operand.address)


def complex_part(operand: Operand, part: str) -> Value:
    """Give `__real__ x` or `__imag__ x`."""
    if isinstance(operand, Value) and operand.bare.kind is Kind.COMPLEX:
        real, imaginary = named_children(operand.referenced())
        return real.value if part == "__real__" else imaginary.value
    raise ValueProblem(f"{part} is of complex numbers.")


def same_text(left: Operand, right: Operand) -> bool:
    """Compare two strings by their characters: one of them is ours."""
    texts = text_of(left), text_of(right)
    if None in texts:
        raise ValueProblem("A string is compared with strings alone.")
    return texts[0] == texts[1]


def assign(target: Operand, operand: Operand) -> Value:
    """Change a value in the program; gives what it is then."""
    if not isinstance(target, Value):
        raise ValueProblem("Only what is in the program can be changed.")
    value = target.referenced()
    bare = value.bare
    if bare.kind in SCALARS:
        if isinstance(operand, Text) and bare.kind is Kind.POINTER:
            raise ValueProblem("The program has no memory for this string: change the characters one by one.")
        value.write_number(conversion(value.type)(scalar(operand).number))
    elif isinstance(operand, Text) and bare.kind is Kind.ARRAY:
        _assign_text(value, operand.data + b"\0")
    else:
        _copy(value, bare, as_value(operand, value.space))
    return value


def _assign_text(value: Value, data: bytes) -> None:
    target = value.bare.target
    if target is None or target.bare.size != 1:
        raise ValueProblem("Only an array of char takes a string.")
    if len(data) - 1 > value.size:
        raise ValueProblem(f"The string has {len(data) - 1} bytes, but there is room for {value.size}.")
    value.write_data(data[: value.size].ljust(value.size, b"\0"))


def _copy(value: Value, bare: Type, source: Value) -> None:
    source = source.referenced()
    other = source.bare
    if bare.kind in REFERENCES or other.name != bare.name or other.size != bare.size:
        raise ValueProblem(f"A value of type {source.type.name} cannot become one of type {value.type.name}.")
    value.write_data(source.data())
