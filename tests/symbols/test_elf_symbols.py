"""Which symbol an address belongs to: the rules one by one, on tables made in memory."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pytest

from dapserver.symbols.elf_symbols import Nearest, SymbolTable
from tests.symbols.files import read, readelf_symbols, run, shapes

LOCAL, GLOBAL, WEAK = 0, 1, 2
NOTYPE, OBJECT, FUNC, SECTION, FILE, TLS, IFUNC = 0, 1, 2, 3, 4, 6, 10
UNDEF, TEXT, ABS = 0, 1, 0xFFF1
TEXT_END = 0x9000


@dataclass(frozen=True)
class Symbol:
    name: str
    start: int
    size: int = 0
    type: int = FUNC
    binding: int = GLOBAL
    section: int = TEXT


def table(*symbols: Symbol) -> SymbolTable:
    names, rows = bytearray(b"\0"), bytearray(24)
    for symbol in symbols:
        info = symbol.binding << 4 | symbol.type
        rows += struct.pack("<IBBHQQ", len(names), info, 0, symbol.section, symbol.start, symbol.size)
        names += symbol.name.encode() + b"\0"
    return SymbolTable(memoryview(rows), memoryview(names), [0, TEXT_END])


def name_at(address: int, *symbols: Symbol) -> str | None:
    nearest = table(*symbols).nearest(address)
    return nearest and nearest.name


def test_offset_and_size() -> None:
    assert table(Symbol("f", 0x1000, 0x20)).nearest(0x1010) == Nearest("f", 0x10, 0x20)


@pytest.mark.parametrize("address", [0, 0xFFF, 0x1020, 1 << 63, (1 << 64) - 1])
def test_a_sized_symbol_does_not_claim_what_is_not_its_own(address: int) -> None:
    assert name_at(address, Symbol("f", 0x1000, 0x20)) is None


def test_an_inner_function_goes_before_an_outer_one() -> None:
    nested = Symbol("outer", 0x1000, 0x40), Symbol("inner", 0x1010, 0x10)
    assert name_at(0x1008, *nested) == "outer"
    assert name_at(0x1018, *nested) == "inner"
    assert name_at(0x1028, *nested) == "outer"


def test_a_function_goes_before_an_object_within_it() -> None:
    assert name_at(0x1018, Symbol("f", 0x1000, 0x40), Symbol("jumps", 0x1010, 0x10, OBJECT)) == "f"


def test_bindings() -> None:
    same = [Symbol(n, 0x1000, 8, FUNC, b) for n, b in [("l", LOCAL), ("w", WEAK), ("g", GLOBAL)]]
    assert name_at(0x1004, *same) == "g"
    assert name_at(0x1004, *same[:2]) == "w"
    assert name_at(0x1004, *reversed(same)) == "g"


def test_of_equals_the_plainest_name() -> None:
    same = [Symbol(name, 0x1000, 8) for name in ("__read", "_read", "read", "read_alias")]
    assert name_at(0x1004, *same) == "read"
    assert name_at(0x1004, *reversed(same)) == "read"


def test_a_shorter_symbol_of_the_same_start_ends_first() -> None:
    assert name_at(0x1010, Symbol("short", 0x1000, 8), Symbol("long", 0x1000, 0x20, FUNC, LOCAL)) == ("long")


def test_a_label_is_given_up_to_the_next_symbol() -> None:
    symbols = Symbol("label", 0x1000, 0, NOTYPE, LOCAL), Symbol("f", 0x1010, 8)
    assert name_at(0x100F, *symbols) == "label"
    assert name_at(0x1010, *symbols) == "f"
    assert name_at(0x1018, *symbols) is None


def test_a_label_ends_with_its_section() -> None:
    label = Symbol("label", TEXT_END - 8)
    assert name_at(TEXT_END - 1, label) == "label"
    assert name_at(TEXT_END, label) is None


def test_a_label_in_a_function_that_ended_is_not_given() -> None:
    assert name_at(0x1030, Symbol("f", 0x1000, 0x20), Symbol("in_it", 0x1010)) is None


def test_a_label_of_an_unknown_section_is_not_given() -> None:
    assert name_at(0x1008, Symbol("label", 0x1000, section=77)) is None


@pytest.mark.parametrize(
    "symbol",
    [
        Symbol("imported", 0x1000, 8, section=UNDEF),
        Symbol("number", 0x1000, 8, section=ABS),
        Symbol("file.c", 0x1000, 8, FILE),
        Symbol(".text", 0x1000, 8, SECTION),
        Symbol("thread_local", 0x1000, 8, TLS),
        Symbol("", 0x1000, 8),
    ],
)
def test_what_names_no_address(symbol: Symbol) -> None:
    assert name_at(0x1004, symbol) is None


def test_an_indirect_function_is_a_function() -> None:
    assert name_at(0x1004, Symbol("object", 0x1000, 8, OBJECT), Symbol("i", 0x1000, 8, IFUNC)) == "i"


def test_marks_of_the_arm_abi_hide_nothing() -> None:
    marks = Symbol("bare", 0x1000), Symbol("$d", 0x1008, 0, NOTYPE, LOCAL)
    assert name_at(0x100C, *marks) == "bare"


def test_a_default_version_is_no_part_of_the_name() -> None:
    assert name_at(0x1000, Symbol("memcpy@@GLIBC_2.14", 0x1000, 8)) == "memcpy"
    assert name_at(0x1000, Symbol("memcpy@GLIBC_2.2.5", 0x1000, 8)) == "memcpy@GLIBC_2.2.5"


def test_long_names_and_names_of_other_scripts() -> None:
    for name in ("x" * 127, "x" * 128, "x" * 5000, "größe", "名前"):
        assert name_at(0x1000, Symbol(name, 0x1000, 8)) == name


def test_a_size_that_wraps_around_the_address_space() -> None:
    symbol = Symbol("damaged", (1 << 64) - 8, (1 << 64) - 1)
    assert name_at((1 << 64) - 2, symbol) == "damaged"
    assert name_at(0x1000, symbol) is None


def test_a_size_that_covers_everything_hides_nothing() -> None:
    functions = [Symbol(f"f{i}", 0x1000 + 16 * i, 16) for i in range(2000)]
    everything = Symbol("damaged", 0, (1 << 64) - 1)
    assert name_at(0x1000 + 16 * 1500 + 4, everything, *functions) == "f1500"


def test_an_empty_table() -> None:
    assert SymbolTable(memoryview(b""), memoryview(b""), []).nearest(0) is None


# -- the same rules on a real file --------------------------------------------------------------


def test_shapes() -> None:
    path = shapes()
    start = {symbol.name: symbol.start for symbol in readelf_symbols(path)}
    size = {symbol.name: symbol.size for symbol in readelf_symbols(path)}
    nearest = read(path).symbols.nearest
    assert nearest(start["inner"]) == Nearest("inner", 0, size["inner"])
    assert nearest(start["outer"]) == Nearest("outer", 0, size["outer"])
    assert nearest(start["outer"] + size["outer"] - 1) == Nearest("outer", size["outer"] - 1, size["outer"])
    assert nearest(start["outer"] + size["outer"]) is None
    assert nearest(start["bare"] + 1) == Nearest("bare", 1, 0)
    assert nearest(start["hidden"] + 1) == Nearest("hidden", 1, size["hidden"])
    assert nearest(start["__exported"] + 1) == Nearest("same_code", 1, size["__exported"])
    assert nearest(start["table"] + 4) == Nearest("table", 4, size["table"])


def test_a_stripped_file_names_what_it_exports_and_guesses_nothing() -> None:
    start = {symbol.name: symbol.start for symbol in readelf_symbols(shapes("-rdynamic"))}
    stripped = shapes("-rdynamic", "-s")
    assert ".symtab" not in run("readelf", "--wide", "--sections", stripped)
    symbols = read(stripped).symbols
    assert symbols.nearest(start["hidden"]) is None
    found = symbols.nearest(start["__exported"] + 1)
    assert found is not None
    assert found.name == "same_code"
