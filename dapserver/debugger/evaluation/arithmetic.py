"""C's arithmetic: promotions, the usual conversions, wrap-around (C11, 6.3.1 and 6.5).

An operation depends on the types of its operands alone, so it is chosen once for a pair of types.
Languages other than C calculate alike here. `long double` is rounded to Python's floats.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable
from functools import lru_cache

from dapserver.debugger.evaluation.operands import Number
from dapserver.debugger.values.errors import ValueProblem
from dapserver.symbols.dwarf import types
from dapserver.symbols.dwarf.types import Kind, Type

Operation = Callable[[float, float], float]
Conversion = Callable[[float], float]

MASK = (1 << 64) - 1
SHIFTS = frozenset({"<<", ">>"})
BITWISE = frozenset({"&", "|", "^", "%"})
FLOATS: dict[int, Type] = {4: types.FLOAT, 8: types.DOUBLE}
INTEGERS: dict[tuple[int, bool], Type] = {
    (4, True): types.INT,
    (4, False): types.UNSIGNED_INT,
    (8, True): types.LONG,
    (8, False): types.UNSIGNED_LONG,
    (16, True): types.INT128,
    (16, False): types.UNSIGNED_INT128,
}
COMPARISONS: dict[str, Operation] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
PLANS = 4096


def promoted(type_: Type) -> Type:
    """Give the type that a number of *type_* is calculated in (6.3.1.1)."""
    bare = type_.bare
    if bare.kind is Kind.FLOAT:
        return FLOATS.get(bare.size or 0, types.LONG_DOUBLE)
    if bare.kind is Kind.POINTER:
        return bare
    size = bare.size or 4
    return types.INT if size < 4 else INTEGERS.get((size, bare.is_signed), types.LONG)


@lru_cache(PLANS)
def conversion(type_: Type) -> Conversion:
    """Give the function that makes numbers fit a scalar type: integers wrap, reals are cut off."""
    bare = type_.bare
    if bare.kind is Kind.FLOAT:
        return _to_single if bare.size == 4 else float
    if bare.kind is Kind.BOOLEAN:
        return bool
    bits = 8 * (bare.size or 8)
    mask, half = (1 << bits) - 1, 1 << bits - 1
    if bare.is_signed:
        return lambda number: ((_whole(number) + half) & mask) - half
    return lambda number: _whole(number) & mask


def _whole(number: float) -> int:
    try:
        return int(number)
    except (OverflowError, ValueError):  # infinity, not a number: undefined in C
        return 0


def _to_single(number: float) -> float:
    try:
        single: float = struct.unpack("f", struct.pack("f", number))[0]
    except OverflowError:
        return math.copysign(math.inf, number)
    return single


@lru_cache(PLANS)
def comparison(symbol: str, left: Type, right: Type) -> Operation:
    """Give the comparison of two numbers of these types: in their common type, so -1 > 1u."""
    compare = COMPARISONS[symbol]
    left, right = promoted(left), promoted(right)
    if left.kind is Kind.POINTER or right.kind is Kind.POINTER:
        return lambda a, b: compare(_whole(a) & MASK, _whole(b) & MASK)
    if left is right and left.kind is not Kind.FLOAT:
        return compare
    convert = conversion(_common(left, right))
    return lambda a, b: compare(convert(a), convert(b))


@lru_cache(PLANS)
def operation(symbol: str, left: Type, right: Type) -> tuple[Type, Operation]:
    """Give the type of the result of two numbers of these types, and how to get it."""
    left, right = promoted(left), promoted(right)
    if symbol in {"+", "-"} and Kind.POINTER in {left.kind, right.kind}:
        return _pointer_operation(symbol, left, right)
    if symbol in SHIFTS:
        return _shift(symbol, _number(left), _number(right))
    common = _common(_number(left), _number(right))
    if common.kind is Kind.FLOAT and symbol in BITWISE:
        raise ValueProblem(f"There is no {symbol} of floating-point numbers.")
    convert = conversion(common)
    calculate = _REAL[symbol] if common.kind is Kind.FLOAT else _INTEGER[symbol]
    return common, lambda a, b: convert(calculate(convert(a), convert(b)))


def _number(type_: Type) -> Type:
    """Pointers are calculated with as numbers where C would refuse: for looking at their bits."""
    return types.UNSIGNED_LONG if type_.kind is Kind.POINTER else type_


def _common(left: Type, right: Type) -> Type:
    """The usual arithmetic conversions of promoted types (6.3.1.8)."""
    if left.kind is Kind.FLOAT or right.kind is Kind.FLOAT:
        reals = [each for each in (left, right) if each.kind is Kind.FLOAT]
        return max(reals, key=lambda each: each.size or 0)
    if left.size == right.size:
        return right if left.is_signed else left
    return max(left, right, key=lambda each: each.size or 0)


# -- pointers ------------------------------------------------------------------------------------


def _pointer_operation(symbol: str, left: Type, right: Type) -> tuple[Type, Operation]:
    if Kind.FLOAT in {left.kind, right.kind}:
        raise ValueProblem("A pointer and a floating-point number cannot be added.")
    if left.kind is right.kind:
        size = _target_size(left)
        if symbol == "+":
            raise ValueProblem("Two pointers cannot be added.")
        if size != _target_size(right):
            raise ValueProblem(
                "The difference of pointers to different types has no meaning: cast one of them."
            )
        return types.LONG, lambda a, b: _divide(types_signed(a - b), size)
    if left.kind is Kind.POINTER:
        size = _target_size(left)
        sign = 1 if symbol == "+" else -1
        return left, lambda a, b: int(a + sign * b * size) & MASK
    if symbol == "-":
        raise ValueProblem("A pointer cannot be subtracted from a number.")
    size = _target_size(right)
    return right, lambda a, b: int(a * size + b) & MASK


def _target_size(pointer: Type) -> int:
    size = pointer.target.bare.size if pointer.target is not None else 1
    if not size:
        raise ValueProblem(f"The size of what a {pointer.name} points to is not known.")
    return size


def types_signed(number: float) -> int:
    """Read the lower 64 bits as a signed number."""
    return int(conversion(types.LONG)(number))


# -- numbers -------------------------------------------------------------------------------------


def _shift(symbol: str, left: Type, right: Type) -> tuple[Type, Operation]:
    """The result has the type of the left operand alone (6.5.7)."""
    if Kind.FLOAT in {left.kind, right.kind}:
        raise ValueProblem(f"There is no {symbol} of floating-point numbers.")
    convert, bits = conversion(left), 8 * (left.size or 4)

    def shift(a: float, b: float) -> float:
        if b < 0:
            raise ValueProblem(f"Shifted by a negative number, {b}.")
        if symbol == ">>":
            return int(a) >> int(min(b, bits))
        return convert(int(a) << int(b)) if b < bits else 0

    return left, shift


def _divide(a: float, b: float) -> int:
    """Towards zero (6.5.5)."""
    a, b = int(a), int(b)
    if b == 0:
        raise ValueProblem("Division by zero.")
    quotient = abs(a) // abs(b)
    return quotient if (a < 0) == (b < 0) else -quotient


def _remainder(a: float, b: float) -> float:
    return a - _divide(a, b) * b


def _divide_reals(a: float, b: float) -> float:
    if b:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1, b)


def _multiply_reals(a: float, b: float) -> float:
    return a * b


_INTEGER: dict[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
}
_REAL: dict[str, Operation] = {
    "+": operator.add,
    "-": operator.sub,
    "*": _multiply_reals,
    "/": _divide_reals,
}


# -- one operand -----------------------------------------------------------------------------------


def unary(symbol: str, of: Number) -> Number:
    """Calculate `-x`, `+x` or `~x` (6.5.3.3)."""
    type_ = _number(promoted(of.type))
    if symbol == "~":
        if type_.kind is Kind.FLOAT:
            raise ValueProblem("There is no ~ of floating-point numbers.")
        return Number(type_, conversion(type_)(~int(of.number)))
    return Number(type_, conversion(type_)(-of.number if symbol == "-" else of.number))
