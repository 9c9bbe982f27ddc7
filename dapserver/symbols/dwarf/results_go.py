"""Where functions of Go leave their results: Go's internal ABI on amd64, "Function call argument and result
passing" (src/cmd/compile/abi-internal.md of Go), since 1.17.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.reading import Budget
from dapserver.symbols.dwarf.results import EIGHTBYTE, SCALARS, WORDS, Part, Unknown
from dapserver.symbols.dwarf.types import Kind, Type

INTEGERS = (0, 3, 2, 5, 4, 8, 9, 10, 11)
"""rax, rbx, rcx, rdi, rsi, r8 to r11."""

FLOATS = tuple(range(17, 32))
"""xmm0 to xmm14."""

BLANK = "_"
"""The name of results that have none."""

T = TypeVar("T")

REGISTER_ABI = "regabi"
"""In DW_AT_producer, if the compiler was told to use it, as it is by default."""


def results_of(function: Entry) -> list[tuple[str, Entry]]:
    """Give the names and entries of a function's results, in their order. Raises Unknown, and DwarfError."""
    found: dict[str, Entry] = {}
    for child in function.children():
        if child.tag != Tag.FORMAL_PARAMETER or not _first(
            child, lambda of: of.number(At.VARIABLE_PARAMETER)
        ):
            continue
        name = _first(child, lambda of: of.string(At.NAME)) or BLANK
        if name == BLANK and name in found:
            raise Unknown
        found.setdefault(name, child)  # one that the compiler has taken apart is there several times
    return list(found.items())


def _first(entry: Entry, read: Callable[[Entry], T | None]) -> T | None:
    return next((value for origin in entry.origins() if (value := read(origin)) is not None), None)


def uses_registers(function: Entry) -> bool:
    """Tell whether a function leaves results in registers, not on the stack as all did before."""
    return REGISTER_ABI in (function.unit.root.string(At.PRODUCER) or "")


def go_result_parts(types: Sequence[Type]) -> list[Sequence[Part] | None]:
    """Give the parts of each of a function's results; None for one on the stack. Raises DwarfError."""
    found: list[Sequence[Part] | None] = []
    integers = floats = 0
    for type_ in types:
        try:
            parts = list(_assigned(type_, integers, floats))
        except Unknown:
            found.append(None)
            continue
        used = sum(part.register in FLOATS for part in parts)
        floats += used
        integers += len(parts) - used
        found.append(parts)
    return found


def _assigned(type_: Type, integers: int, floats: int) -> Iterator[Part]:
    """Give each scalar the next register of its kind. Raises Unknown if there is none left."""
    for offset, size, is_float in _scalars(type_, 0, Budget(SCALARS, "members of a result")):
        registers, index = (FLOATS, floats) if is_float else (INTEGERS, integers)
        if index >= len(registers):
            raise Unknown
        yield Part(offset, size, registers[index])
        floats, integers = floats + is_float, integers + (not is_float)


def _scalars(type_: Type, offset: int, budget: Budget) -> Iterator[tuple[int, int, bool]]:
    """(offset, size, whether it is a float) of what a value consists of; Unknown if it has no registers."""
    bare = type_.bare
    size = bare.size
    budget.spend(1)
    if size is None:
        raise Unknown
    if bare.kind in WORDS or bare.kind is Kind.FUNCTION:
        yield offset, min(size, EIGHTBYTE), False
    elif bare.kind is Kind.FLOAT:
        yield offset, size, True
    elif bare.kind is Kind.COMPLEX:
        yield offset, size // 2, True
        yield offset + size // 2, size // 2, True
    elif bare.kind is Kind.STRUCT:
        for member in bare.members:
            if not isinstance(member.offset, int):
                raise Unknown
            yield from _scalars(member.type, offset + member.offset, budget)
    elif bare.kind is Kind.ARRAY and bare.target is not None and bare.count == 1:
        yield from _scalars(bare.target, offset, budget)
    elif bare.kind is not Kind.ARRAY or bare.count != 0:
        raise Unknown
