"""Changing a value to what a person has typed."""

from __future__ import annotations

import ast
import re

from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import RECORDS, REFERENCES, Kind, Type

NULLS = frozenset({"NULL", "nullptr", "nil", "0x0"})
TRUTHS = {"true": 1, "false": 0}
INTEGER = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|\d+)[uUlL]*")
NAME = re.compile(r"[\w:.$]+")


def write_text(value: Value, text: str, scope: Scope | None = None) -> None:
    """Change *value* to what *text* says: a number, character, name of a constant or variable, a string.

    ValueProblem says what is wrong with it.
    """
    text = text.strip()
    value = value.referenced()
    bare = value.bare
    if bare.kind is Kind.ARRAY:
        _write_string(value, text)
        return
    if (copied := _named(text, scope)) is not None and _is_alike(copied, bare):
        value.write_data(copied.data())
        return
    if bare.kind in RECORDS:
        raise _refused(bare, text)
    value.write_number(_number(bare, text, copied))


def _number(bare: Type, text: str, named: Value | None) -> float:
    words = {**TRUTHS, **dict.fromkeys(NULLS, 0)}
    if bare.kind is Kind.ENUM:
        words |= {enumerator.name: enumerator.value for enumerator in bare.enumerators}
    if (last := re.split(r"::|\.", text)[-1]) in words:
        return words[last]
    if match := INTEGER.fullmatch(text):
        return _integer(bare, text, match)
    if bare.kind is Kind.FLOAT:
        try:
            return float(text.rstrip("fFlL") if "inf" not in text.lower() else text)
        except ValueError:
            raise _refused(bare, text) from None
    if len(text) >= 3 and text[0] == text[-1] == "'":
        return ord(_unquoted(bare, text))
    if named is not None:
        return named.real() if named.bare.kind is Kind.FLOAT else named.number()
    raise _refused(bare, text)


def _integer(bare: Type, text: str, match: re.Match[str]) -> int:
    sign, digits = match.groups()
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits[1:]}"
    number = int(digits, 0) * (-1 if sign == "-" else 1)
    size = bare.size or 8
    if bare.kind is not Kind.FLOAT and not -(1 << 8 * size - 1) <= number < 1 << 8 * size:
        raise ValueProblem(f"{text} does not fit a value of type {bare.name}, which has {8 * size} bits.")
    return number


def _named(text: str, scope: Scope | None) -> Value | None:
    if scope is None or not NAME.fullmatch(text) or text[0].isdigit():
        return None
    found = scope.find(text)
    return found.referenced() if found is not None else None


def _is_alike(value: Value, bare: Type) -> bool:
    """Whether bytes can be copied; of records they must."""
    other = value.bare
    if bare.kind in {Kind.STRUCT, Kind.UNION, Kind.COMPLEX}:
        if other.name != bare.name:
            raise ValueProblem(f"A value of type {other.name} cannot become one of type {bare.name}.")
        return True
    return other.kind is bare.kind and other.size == bare.size and bare.kind not in REFERENCES


def _write_string(value: Value, text: str) -> None:
    """Change an array of characters, the rest of which becomes zero."""
    bare = value.bare
    target = bare.target.bare if bare.target is not None else None
    if target is None or target.kind is not Kind.CHARACTER or target.size != 1 or text[:1] != '"':
        raise _refused(bare, text)
    data = _unquoted(bare, text).encode()
    if len(data) > value.size:
        raise ValueProblem(f"The string has {len(data)} bytes, but there is room for {value.size}.")
    value.write_data(data.ljust(value.size, b"\0"))


def _unquoted(bare: Type, text: str) -> str:
    """C's character and string literals are Python's, as far as anybody types them here."""
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        raise _refused(bare, text) from None
    if not isinstance(found, str) or (text[0] == "'" and len(found) != 1):
        raise _refused(bare, text)
    return found


def _refused(bare: Type, text: str) -> ValueProblem:
    hints = {
        Kind.ENUM: "a name of one of its constants or a number",
        Kind.BOOLEAN: "true or false",
        Kind.FLOAT: "a number like 1.5 or 1e-3",
        Kind.POINTER: "an address like 0x1234, or the name of a pointer",
        Kind.CHARACTER: "a character like 'a', or a number",
        Kind.INTEGER: "a number like 42 or 0x2a, or the name of a variable",
        Kind.ARRAY: 'a "string" for an array of characters; change other elements one by one',
    }
    hint = hints.get(bare.kind, "the name of a variable of the same type; change members one by one")
    return ValueProblem(f"{text} is no value of type {bare.name}: give {hint}.")
