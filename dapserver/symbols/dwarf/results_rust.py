"""Where functions of Rust leave their results, as far as that can be known: its ABI is unspecified.

One scalar is returned as C returns it, and two as two: each in the next register of its kind. What has
more in it and is larger than two registers is in memory. (rustc's `FnAbi::adjust_for_rust_abi`; LLVM's
RetCC_X86_64_C.) Of all else nothing is said here, nor of what `extern "C"` would make different.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dapserver.symbols.dwarf.reading import Budget
from dapserver.symbols.dwarf.results import (
    EIGHTBYTE,
    IN_MEMORY,
    RAX,
    RDX,
    SCALARS,
    WORDS,
    XMM0,
    XMM1,
    Part,
    Unknown,
    result_parts,
)
from dapserver.symbols.dwarf.types import Kind, Type
from dapserver.symbols.dwarf.types_parts import Member

PAIR = 2
TWO_REGISTERS = 16
"""Bytes."""


class Scalar(NamedTuple):
    """A number or an address in a value; bytes."""

    offset: int
    size: int
    is_float: bool


def rust_result_parts(type_: Type) -> Sequence[Part]:
    """Give the parts of a Rust function's result, or IN_MEMORY. Raises Unknown, and DwarfError."""
    size = type_.bare.size
    if size is None:
        raise Unknown
    found: set[Scalar | None] = set(_scalars(type_, 0, Budget(SCALARS, "members of a result")))
    scalars = sorted(each for each in found if each is not None)
    if None in found or len(scalars) > PAIR or _overlap(scalars):
        if size <= TWO_REGISTERS:
            raise Unknown
        return IN_MEMORY
    if len(scalars) == PAIR:
        return _pair(scalars, type_)
    return _single(scalars)


def _single(scalars: list[Scalar]) -> Sequence[Part]:
    if not scalars:
        return ()
    (only,) = scalars
    if only.is_float:
        return (Part(only.offset, only.size, XMM0),)
    if only.size <= EIGHTBYTE:
        return (Part(only.offset, only.size, RAX),)
    return Part(only.offset, EIGHTBYTE, RAX), Part(only.offset + EIGHTBYTE, EIGHTBYTE, RDX)


def _pair(scalars: list[Scalar], type_: Type) -> Sequence[Part]:
    if any(each.size > EIGHTBYTE for each in scalars):
        raise Unknown
    words, vectors = iter((RAX, RDX)), iter((XMM0, XMM1))
    parts = tuple(Part(each.offset, each.size, next(vectors if each.is_float else words)) for each in scalars)
    is_c_type = type_.bare.variant_part is None and not (type_.bare.own_name or "").startswith("(")
    if is_c_type and parts != tuple(result_parts(type_)):
        raise Unknown  # the function may be `extern "C"`
    return parts


def _overlap(scalars: list[Scalar]) -> bool:
    return len(scalars) == PAIR and scalars[0].offset + scalars[0].size > scalars[1].offset


def _scalars(type_: Type, offset: int, budget: Budget) -> Iterator[Scalar | None]:
    """Give the scalars in a value; None for what is no such."""
    bare = type_.bare
    budget.spend(1)
    if bare.size is None:
        raise Unknown
    if bare.kind in WORDS or (bare.kind is Kind.FLOAT and bare.size <= EIGHTBYTE):
        yield Scalar(offset, bare.size, bare.kind is Kind.FLOAT)
    elif bare.kind is Kind.STRUCT:
        for member in _members(bare):
            if not isinstance(member.offset, int) or member.bit_size is not None:
                raise Unknown
            yield from _scalars(member.type, offset + member.offset, budget)
    elif bare.size:
        yield None


def _members(bare: Type) -> Iterator[Member]:
    """All members, those of each variant and what tells them apart included."""
    yield from bare.members
    if bare.variant_part is not None:
        if bare.variant_part.discriminant is not None:
            yield bare.variant_part.discriminant
        for variant in bare.variant_part.variants:
            yield variant.member
