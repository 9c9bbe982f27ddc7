"""Where results are, by their types; and types that make no sense.

What compilers do is in tests/requests/test_return_values.py.
"""

from __future__ import annotations

import pytest

from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.results import IN_MEMORY, RAX, RDX, ST0, XMM0, XMM1, Part, Unknown, result_parts
from dapserver.symbols.dwarf.results_go import go_result_parts
from dapserver.symbols.dwarf.results_rust import rust_result_parts
from dapserver.symbols.dwarf.types import (
    CHAR,
    DOUBLE,
    FLOAT,
    INT,
    INT128,
    LONG,
    LONG_DOUBLE,
    UNKNOWN,
    VOID,
    Array,
    Fundamental,
    Kind,
    Qualified,
    Record,
    Type,
)
from dapserver.symbols.dwarf.types_parts import Member

FLOAT128 = Fundamental("__float128", Kind.FLOAT, 16)
NOTHING = Record("nothing", [], 0)


def record(size: int, **members: tuple[int, Type]) -> Record:
    return Record("some", [Member(name, type_, offset) for name, (offset, type_) in members.items()], size)


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        (INT, [(0, 4, RAX)]),
        (Qualified(INT), [(0, 4, RAX)]),
        (INT128, [(0, 8, RAX), (8, 8, RDX)]),
        (FLOAT, [(0, 4, XMM0)]),
        (FLOAT128, [(0, 16, XMM0)]),
        (LONG_DOUBLE, [(0, 16, ST0)]),
        (NOTHING, []),
        (record(16, x=(0, FLOAT), y=(4, INT), z=(8, DOUBLE)), [(0, 8, RAX), (8, 8, XMM0)]),
        (record(12, x=(0, Array(FLOAT, 3))), [(0, 8, XMM0), (8, 4, XMM1)]),
        (record(8, x=(0, DOUBLE), rest=(8, Array(INT, None))), [(0, 8, XMM0)]),
    ],
)
def test_registers(type_: Type, expected: list[tuple[int, int, int]]) -> None:
    assert list(result_parts(type_)) == [Part(*each) for each in expected]


@pytest.mark.parametrize(
    "type_",
    [
        record(24, x=(0, Array(LONG, 3))),
        record(5, x=(0, CHAR), y=(1, INT)),  # not aligned
        record(32, x=(0, LONG_DOUBLE), y=(16, LONG)),
        record(100),
    ],
)
def test_memory(type_: Type) -> None:
    assert result_parts(type_) == IN_MEMORY


@pytest.mark.parametrize("type_", [UNKNOWN, VOID, record(4, x=(8, INT)), record(8, x=(0, UNKNOWN))])
def test_what_makes_no_sense(type_: Type) -> None:
    with pytest.raises(Unknown):
        result_parts(type_)


def endless() -> list[Type]:
    itself = record(8)
    members = [Member(name, itself, 0) for name in "abcdefgh"]
    itself._members = members
    return [itself, record(8, x=(0, Array(NOTHING, 1 << 60)))]


@pytest.mark.parametrize("type_", endless(), ids=["itself", "array"])
def test_what_has_no_end(type_: Type) -> None:
    with pytest.raises((DwarfError, Unknown)):
        result_parts(type_)


def test_what_has_no_end_in_rust() -> None:
    with pytest.raises((DwarfError, Unknown)):
        rust_result_parts(endless()[0])


def test_go_has_nine_registers_for_numbers() -> None:
    found = go_result_parts([LONG] * 10)
    assert [parts[0].register for parts in found[:9] if parts] == [0, 3, 2, 5, 4, 8, 9, 10, 11]
    assert found[9] is None


def test_go_gives_what_does_not_fit_no_register() -> None:
    large = record(64, x=(0, INT), y=(8, Array(LONG, 2)))
    assert go_result_parts([large, INT, DOUBLE]) == [None, [Part(0, 4, RAX)], [Part(0, 8, XMM0)]]
