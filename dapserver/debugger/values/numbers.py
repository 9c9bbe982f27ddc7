"""Bytes to numbers and back, by type; little-endian."""

from __future__ import annotations

import math
import struct

from dapserver.debugger.values.errors import ValueProblem
from dapserver.symbols.dwarf.types import REFERENCES, SCALARS, Kind, Type

MASK_64 = (1 << 64) - 1
FLOAT_FORMATS = {2: "<e", 4: "<f", 8: "<d"}
SIGNED_KINDS = frozenset({Kind.INTEGER, Kind.CHARACTER, Kind.ENUM, Kind.BOOLEAN})
EXTENDED_SIZE = 10  # the x87's format; `long double` pads it
EXTENDED_BIAS = 16383
QUAD_BIAS = 16383


def signed_64(number: int) -> int:
    """Read the lower 64 bits as a signed number."""
    number &= MASK_64
    return number - (1 << 64) if number >> 63 else number


def integer(bare: Type, data: bytes) -> int:
    """Give the number that *data* is under a scalar type."""
    if bare.kind not in SCALARS and bare.kind not in REFERENCES and bare.kind is not Kind.MEMBER_POINTER:
        raise ValueProblem(f"A value of type {bare.name} is no number.")
    if bare.kind is Kind.FLOAT:
        return int(real(data))
    return int.from_bytes(data, "little", signed=bare.is_signed and bare.kind in SIGNED_KINDS)


def real(data: bytes) -> float:
    """Give a floating-point number of 2, 4, 8, 10 or 16 bytes; the long ones are x87's."""
    if form := FLOAT_FORMATS.get(len(data)):
        return float(struct.unpack(form, data)[0])
    sign, exponent, mantissa = extended_parts(data)
    if exponent == 0x7FFF:
        return math.nan if mantissa << 1 & MASK_64 else sign * math.inf
    try:
        return sign * math.ldexp(mantissa, exponent - EXTENDED_BIAS - 63)
    except OverflowError:
        return sign * math.inf


def extended_parts(data: bytes) -> tuple[int, int, int]:
    """Give sign (1 or -1), biased exponent and 64-bit mantissa of an x87 number."""
    mantissa = int.from_bytes(data[:8], "little")
    upper = int.from_bytes(data[8:EXTENDED_SIZE], "little")
    return (-1 if upper >> 15 else 1), upper & 0x7FFF, mantissa


def encoded(bare: Type, number: float) -> bytes:
    """Give the bytes of *number* under a scalar type; integers wrap as in C."""
    size = bare.size
    if size is None or (
        bare.kind not in SCALARS and bare.kind not in REFERENCES and bare.kind is not Kind.MEMBER_POINTER
    ):
        raise ValueProblem(f"A number is no value of type {bare.name}.")
    if bare.kind is Kind.FLOAT:
        return encoded_real(number, size)
    if bare.kind is Kind.BOOLEAN:
        number = bool(number)
    try:
        whole = int(number)
    except (OverflowError, ValueError):  # infinity, not a number: undefined in C
        whole = 0
    return (whole & (1 << 8 * size) - 1).to_bytes(size, "little")


def encoded_real(number: float, size: int) -> bytes:
    """Give the bytes of a floating-point number of *size*; what is too large becomes infinite."""
    if form := FLOAT_FORMATS.get(size):
        try:
            return struct.pack(form, number)
        except OverflowError:
            return struct.pack(form, math.copysign(math.inf, number))
    return _extended(float(number)).ljust(size, b"\0")


def _extended(number: float) -> bytes:
    sign = 0x8000 if math.copysign(1, number) < 0 else 0
    if math.isnan(number) or math.isinf(number):
        mantissa, exponent = (3 << 62 if math.isnan(number) else 1 << 63), 0x7FFF
    elif number == 0:
        mantissa = exponent = 0
    else:
        fraction, power = math.frexp(abs(number))
        mantissa, exponent = int(math.ldexp(fraction, 64)), power + EXTENDED_BIAS - 1
    return mantissa.to_bytes(8, "little") + (sign | exponent).to_bytes(2, "little")
