"""Floating-point numbers as text: as many digits as tell every value of a size from all others."""

from __future__ import annotations

import decimal
import math

from dapserver.debugger.values import numbers

# 1 + mantissa bits * log10(2), rounded up: C's FLT_DECIMAL_DIG and so on, as gdb has it
DIGITS = {2: 5, 4: 9, 8: 17}
FRACTION_BITS = {2: 10, 4: 23, 8: 52}
EXTENDED_DIGITS = 21
INFINITE_EXPONENT = 0x7FFF


def text(data: bytes) -> str:
    """Write a number of 2, 4, 8, 10 or 16 bytes as C's `%g` does with all digits that count."""
    size = len(data)
    if size not in DIGITS:
        return _extended(data)
    number = numbers.real(data)
    if math.isnan(number):
        bits = int.from_bytes(data, "little")
        payload = bits & (1 << FRACTION_BITS[size]) - 1
        return f"{'-' if bits >> 8 * size - 1 else ''}nan({payload:#x})"
    return f"{number:.{DIGITS[size]}g}"


def _extended(data: bytes) -> str:
    """An x87 number, which no float of Python's holds."""
    sign, exponent, mantissa = numbers.extended_parts(data)
    minus = "-" if sign < 0 else ""
    if exponent == INFINITE_EXPONENT:
        # The highest bit is there in all numbers.
        payload = mantissa & (1 << 63) - 1
        return f"{minus}nan({mantissa:#x})" if payload else f"{minus}inf"
    if mantissa == 0:
        return f"{minus}0"
    with decimal.localcontext(prec=60, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN):
        power = max(exponent, 1) - numbers.EXTENDED_BIAS - 63
        whole = decimal.Decimal(mantissa) * decimal.Decimal(2) ** power
    return minus + _general(whole, EXTENDED_DIGITS)


def _general(number: decimal.Decimal, digits: int) -> str:
    """C's `%g`: no trailing zeros, an exponent where the number is large or small."""
    scientific = f"{number:.{digits - 1}e}"
    mantissa, _, exponent = scientific.partition("e")
    power = int(exponent)
    if -4 <= power < digits:
        plain = f"{number:.{digits - 1 - power}f}"
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02}"
