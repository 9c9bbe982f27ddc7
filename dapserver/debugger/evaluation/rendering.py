"""Results to text, as the letter behind an expression wants them."""

from __future__ import annotations

from dataclasses import replace

from dapserver.debugger.evaluation.operands import seen_through
from dapserver.debugger.values import characters, numbers
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.shown import Format, text
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import SCALARS, Kind

STRING_LIMIT = 10_000  # characters of `,s`


def rendered(value: Value, letter: str, how: Format) -> str:
    """Write a value; scalars by a letter of `Compiled.format`, structures with all in them in hex for x."""
    if letter in {"x", "X"}:
        shown = text(value, replace(how, is_hex=True))
        return shown.upper().replace("0X", "0x") if letter == "X" else shown
    try:
        if letter == "s":
            return text(value, replace(how, characters=STRING_LIMIT, length=STRING_LIMIT))
        shown_value, _ = seen_through(value)
        if letter and shown_value.bare.kind in SCALARS:
            return _number(shown_value, letter)
    except (ValueProblem, DwarfError):
        pass  # said in its place by what writes values
    return text(value, how)


def _number(value: Value, letter: str) -> str:
    if letter == "f":
        return repr(value.real())
    bits = 8 * value.size if value.bit_size is None else value.bit_size
    data = value.data()
    number = int.from_bytes(data, "little") if value.bare.kind is Kind.FLOAT else value.number()
    unsigned = number & (1 << bits) - 1
    if letter == "d":
        return str(unsigned - (1 << bits) if unsigned >> bits - 1 else unsigned)
    if letter == "u":
        return str(unsigned)
    if letter == "c":
        return characters.character(numbers.signed_64(unsigned) & 0xFF, "")
    if letter == "a":
        symbol = value.space.symbol(unsigned)
        return f"{unsigned:#x} <{symbol}>" if symbol else f"{unsigned:#x}"
    return format(unsigned, "#o").replace("o", "") if letter == "o" else f"{unsigned:b}"
