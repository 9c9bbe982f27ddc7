"""Literals: text to numbers, with the types that C gives them (C11, 6.4.4); Rust's suffixes too."""

from __future__ import annotations

import re

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.syntax import Constant, Expression, Name, String
from dapserver.symbols.dwarf import types

INTEGER = re.compile(
    r"(0[xX][\da-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[\d_]+)([iu](?:8|16|32|64|128|size)|[uUlL]*)"
)
SIZED: dict[str, types.Type] = {
    "i8": types.SIGNED_CHAR, "u8": types.UNSIGNED_CHAR,
    "i16": types.SHORT, "u16": types.UNSIGNED_SHORT,
    "i32": types.INT, "u32": types.UNSIGNED_INT,
    "i64": types.LONG, "u64": types.UNSIGNED_LONG,
    "i128": types.INT128, "u128": types.UNSIGNED_INT128,
    "isize": types.LONG, "usize": types.UNSIGNED_LONG,
}  # fmt: skip
BITS: dict[types.Type, int] = {types.INT: 31, types.UNSIGNED_INT: 32, types.LONG: 63, types.UNSIGNED_LONG: 64,
        types.INT128: 127, types.UNSIGNED_INT128: 128}  # fmt: skip
NULL = types.Pointer(types.VOID)
CHARACTERS = {"": types.CHAR, "u8": types.CHAR, "b": types.UNSIGNED_CHAR, "L": types.INT,
              "u": types.UNSIGNED_SHORT, "U": types.UNSIGNED_INT}  # fmt: skip
WORDS: dict[str, Constant] = {
    "true": Constant(types.BOOL, 1),
    "false": Constant(types.BOOL, 0),
    "nullptr": Constant(NULL, 0),
    "NULL": Constant(NULL, 0),
    "nil": Constant(NULL, 0),
}
ESCAPES = {"n": 10, "t": 9, "r": 13, "a": 7, "b": 8, "f": 12, "v": 11, "e": 27}
ESCAPE = re.compile(
    r"\\(x[\da-fA-F]+|[0-7]{1,3}|u\{[\da-fA-F]+\}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)", re.DOTALL
)


def word(text: str) -> Expression:
    """Make a name, or what `true` and the like stand for.

    Names are looked up from the inside out, so Rust's `crate::` in front says nothing more.
    """
    return WORDS.get(text) or Name(re.sub(r"\s*::\s*", "::", text).removeprefix("crate::"))


def integer(text: str) -> Constant:
    """Make an integer: the first type that holds it, of those that its suffix and base allow (6.4.4.1)."""
    match = INTEGER.fullmatch(text)
    if match is None:
        raise DebuggerError(f"{text} is no number.")
    digits, suffix = match.groups()
    digits = digits.replace("_", "")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        digits = f"0o{digits[1:]}"
    try:
        number = int(digits, 0)
    except ValueError:
        raise DebuggerError(f"{text} is no number.") from None
    if suffix in SIZED:
        return Constant(SIZED[suffix], number)
    for type_ in _candidates(suffix.lower(), is_decimal=digits[0] != "0"):
        if number < 1 << BITS[type_]:
            return Constant(type_, number)
    raise DebuggerError(f"{text} is too large: numbers have at most 128 bits.")


def _candidates(suffix: str, *, is_decimal: bool) -> list[types.Type]:
    found: list[types.Type]
    if "u" in suffix:
        found = [types.UNSIGNED_INT, types.UNSIGNED_LONG, types.UNSIGNED_INT128]
    elif is_decimal:
        found = [types.INT, types.LONG, types.UNSIGNED_LONG, types.INT128, types.UNSIGNED_INT128]
    else:
        found = list(BITS)
    return [each for each in found if "l" not in suffix or each not in {types.INT, types.UNSIGNED_INT}]


def real(text: str) -> Constant:
    """Make a floating-point number."""
    suffix = next((each for each in ("f32", "f64") if text.endswith(each)), "")
    is_hex = text[:2].lower() == "0x"
    if not suffix and text[-1] in "fFlL" and not (is_hex and "p" not in text.lower()):
        suffix = text[-1].lower()
    digits = text.removesuffix(suffix) if len(suffix) > 1 else text[: len(text) - len(suffix)]
    type_ = {"f": types.FLOAT, "f32": types.FLOAT, "l": types.LONG_DOUBLE}.get(suffix, types.DOUBLE)
    try:
        return Constant(type_, float.fromhex(digits) if is_hex else float(digits))
    except (ValueError, OverflowError):
        raise DebuggerError(f"{text} is no number.") from None


def character(text: str) -> Constant:
    """Make a character, of type `char` as in C++ and gdb."""
    prefix, _, rest = text.partition("'")
    unescaped = _unescaped(rest[:-1])
    if prefix in {"L", "u", "U"} or len(unescaped) == 1:
        number = unescaped[0] if isinstance(unescaped[0], int) else ord(unescaped[0])
    else:
        raise DebuggerError(f"{text} is more than one character.")
    type_ = CHARACTERS[prefix] if number < 128 or prefix else types.UNSIGNED_INT
    return Constant(type_, number)


def string(*parts: str) -> String:
    """Make a string of literals that follow each other."""
    data = b""
    for part in parts:
        _, _, rest = str(part).partition('"')
        data += b"".join(_bytes(each) for each in _unescaped(rest[:-1]))
    return String(data)


def _bytes(each: int | str) -> bytes:
    if isinstance(each, str):
        return each.encode("utf-8", "surrogatepass")
    return bytes([each & 0xFF])


def _unescaped(text: str) -> list[int | str]:
    """Characters, and the numbers that escapes stand for (6.4.4.4)."""
    found: list[int | str] = []
    position = 0
    while position < len(text):
        match = ESCAPE.match(text, position)
        if match is None:
            found.append(text[position])
            position += 1
            continue
        found.append(_escape(match.group(1)))
        position = match.end()
    return found


def _escape(what: str) -> int | str:
    if what[0] in "uU" and len(what) > 1:
        number = int(what[1:].strip("{}"), 16)
        if number > 0x10FFFF:
            raise DebuggerError(f"There is no character {number:#x}.")
        return chr(number)
    if what[0] == "x" and len(what) > 1:
        return int(what[1:], 16) & 0xFF
    if what[0].isdigit() and what[0] < "8":
        return int(what, 8) & 0xFF
    return ESCAPES.get(what, what)
