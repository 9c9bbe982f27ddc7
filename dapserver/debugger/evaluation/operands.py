"""What expressions calculate with: values of the program, numbers and strings of our own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.debugger.values import numbers
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.formatters import view_of
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import (
    CHAR,
    INT,
    LONG,
    REFERENCES,
    SCALARS,
    VOID,
    Array,
    Kind,
    Pointer,
    Type,
)

if TYPE_CHECKING:
    from dapserver.debugger.values.space import Space
    from dapserver.debugger.values.views import View

TEXT_LIMIT = 1 << 16  # bytes of a string that is compared
ALIASES = 8
WRAPPED = frozenset({"value", "data"})
"""What formatters call what is in Rust's Cell, Rc, Mutex and the like."""


class Number:
    """A result that is nowhere in the program. Pointers are numbers too."""

    __slots__ = ("number", "type")

    def __init__(self, type_: Type, number: float) -> None:
        self.type = type_
        self.number = number


class Text:
    """A string of ours: a literal, a thread's name."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data


Operand = Value | Number | Text


def scalar(operand: Operand) -> Number:
    """Give the number that an operand is in arithmetic: arrays and functions decay (C11, 6.3.2.1)."""
    if type(operand) is Number:
        return operand
    if type(operand) is not Value:
        raise ValueProblem("A string is no number: it can be compared with == and != alone.")
    value: Value = operand
    bare = value.bare
    kind = bare.kind
    if kind in REFERENCES:
        return scalar(value.referenced())
    if kind is Kind.FLOAT:
        return Number(bare, value.real())
    if kind in SCALARS:
        number = value.number()
        if value.bit_size is not None and value.bit_size < 32:
            return Number(INT, number)  # 6.3.1.1: an int holds all that the bit-field does
        return Number(bare, number)
    return _decayed(value, bare)


def _decayed(value: Value, bare: Type) -> Number:
    kind = bare.kind
    if kind is Kind.ARRAY and bare.target is not None and value.address is not None:
        return Number(Pointer(bare.target), value.address)
    if kind is Kind.FUNCTION and value.address is not None:
        return Number(Pointer(value.type), value.address)
    if kind is Kind.MEMBER_POINTER:
        return Number(LONG, value.number())
    if kind is Kind.VOID and "nullptr" in (bare.own_name or ""):
        return Number(Pointer(VOID), 0)
    shown, view = seen_through(value)
    if shown is not value:  # std::atomic<int>
        return scalar(shown)
    if (wrapped := wrapped_in(view)) is not None:  # Cell<i32>, Rc<i32>
        return scalar(wrapped)
    if kind is Kind.UNKNOWN:
        raise ValueProblem("The type of this is not known: cast it to one, as in (int)x.")
    if kind is Kind.COMPLEX:
        raise ValueProblem("Complex numbers are not calculated with: take __real__ or __imag__ of it.")
    raise ValueProblem(f"A value of type {value.type.name} is no number.")


def seen_through(value: Value) -> tuple[Value, View | None]:
    """Give the value that a formatter shows in another's place, and what the formatter makes of it."""
    value = value.referenced()
    view = view_of(value)
    for _ in range(ALIASES):
        if view is None or view.alias is None:
            break
        value = view.alias.referenced()
        view = view_of(value)
    return value, view


def wrapped_in(view: View | None) -> Value | None:
    """Give what something is a wrapper of: Rust's cells, counted pointers and locks have a `value`."""
    if view is None or view.count != 1:
        return None
    child = next(iter(view.children(0)), None)
    return child.value if child is not None and child.name in WRAPPED else None


def as_value(operand: Operand, space: Space) -> Value:
    """Make an operand a value, for showing it."""
    if type(operand) is Number:
        return Value.of_number(space, operand.type, operand.number)
    if type(operand) is Text:
        data = operand.data + b"\0"
        return Value.constant(space, Array(CHAR, len(data)), data)
    assert isinstance(operand, Value)
    return operand


def text_of(operand: Operand) -> bytes | None:
    """Give the characters of a string of whatever language, without a zero; None if it is none."""
    if type(operand) is Text:
        return operand.data
    if not isinstance(operand, Value):
        return None
    value, view = seen_through(operand)
    if view is not None and view.string is not None and view.string[1] == 1:
        return view.string[0]
    bare = value.bare
    target = bare.target.bare if bare.target is not None else None
    if (
        bare.kind not in {Kind.ARRAY, Kind.POINTER}
        or target is None
        or target.kind is not Kind.CHARACTER
        or target.size != 1
    ):
        return None
    if bare.kind is Kind.ARRAY:
        return value.data().partition(b"\0")[0]
    return value.space.string(value.number() & numbers.MASK_64, TEXT_LIMIT)[0]
