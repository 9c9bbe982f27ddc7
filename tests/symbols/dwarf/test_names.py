"""The names and starts of functions, in the shapes that compilers give them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dapserver.symbols.dwarf import SourceFrame, SourceInfo
from tests.symbols.dwarf.variants import CPP, RUST, SOURCES, C, clang_compiled, compiled, debug_info
from tests.symbols.files import OracleSymbol, read, readelf_symbols, run

CPP_NAMES = {
    "main",
    "with_lambdas",
    "with_lambdas::(lambda)::operator()",
    "with_lambdas::(lambda)::operator()::(lambda)::operator()",
    "(anonymous namespace)::hidden",
    "(anonymous namespace)::hidden::Local::squared",
    "outer::inner::plain",
    "outer::inner::largest<int>",
    "outer::inner::Account::interest",
    "outer::inner::Account::pay",
    "outer::inner::Account::balance",
    "outer::inner::Account::Entry::doubled",
    "outer::inner::Account::~Account",
    "outer::inner::Savings::interest",
}
RUST_NAMES = {
    "modules::main",
    "modules::main::{closure#0}",
    "modules::shapes::deeper::total",
    "modules::shapes::{impl#0}::area",
    "modules::shapes::{impl#1}::area",
    "modules::shapes::Area::doubled<modules::shapes::Circle>",
    "modules::count<alloc::string::String>",
}
C_NAMES = {"main", "fold", "checked", "complain", "overflow", "by_value", "recursive"}


def functions(path: Path) -> list[OracleSymbol]:
    return [symbol for symbol in readelf_symbols(path) if symbol.type == "FUNC" and symbol.size]


def frames_everywhere(path: Path, info: SourceInfo) -> list[SourceFrame]:
    """The frames at every byte of the functions of the program's own source."""
    own = [s for s in functions(path) if (f := info.frames_at(s.start)) and f[-1].path]
    return [
        frame
        for s in own
        for address in range(s.start, s.start + s.size)
        for frame in info.frames_at(address)
    ]


@pytest.mark.parametrize(
    ("build", "names"),
    [
        (lambda: compiled(CPP, "-O0"), CPP_NAMES),
        (lambda: compiled(CPP, "-O0", "-gdwarf-4", "-fdebug-types-section"), CPP_NAMES),
        (lambda: clang_compiled(CPP, "-O0"), CPP_NAMES),
        (lambda: compiled(CPP, "-O2"), CPP_NAMES - {"outer::inner::Account::pay"}),
        (lambda: compiled(RUST), RUST_NAMES),
        (lambda: compiled(C, "-O0"), C_NAMES),
        (lambda: clang_compiled(C, "-O2"), {"main", "fold", "recursive", "sum_of_squares", "checked"}),
    ],
    ids=["cpp", "cpp-type-units", "cpp-clang", "cpp-O2", "rust", "c", "c-clang-O2"],
)
def test_names_are_qualified(build: Callable[[], Path], names: set[str]) -> None:
    path = build()
    found = {frame.function for frame in frames_everywhere(path, debug_info(path))}
    assert names <= found, names - found


def test_the_linker_s_name_comes_along() -> None:
    path = compiled(CPP, "-O0")
    info = debug_info(path)
    by_start: dict[int, set[str]] = {}  # a constructor has several names for one piece of code
    for symbol in functions(path):
        by_start.setdefault(symbol.start, set()).add(symbol.name)
    for start, names in by_start.items():
        if any(name.startswith("_ZN5outer") for name in names):
            assert info.frames_at(start)[-1].linkage_name in names


@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-O2", "-gdwarf-4")], ids=" ".join)
def test_a_function_starts_where_its_symbol_does(flags: tuple[str, ...]) -> None:
    path = compiled(C, *flags)
    info = debug_info(path)
    checked = 0
    for symbol in functions(path):
        frames = info.frames_at(symbol.start)
        if frames and "." not in symbol.name:
            assert frames[-1].low == symbol.start
            assert frames[-1].function == symbol.name
            checked += 1
    assert checked >= 3


def test_the_cold_part_of_a_function_belongs_to_it() -> None:
    path = compiled(C, "-O2")
    info = debug_info(path)
    by_name = {symbol.name: symbol for symbol in functions(path)}
    cold = [name for name in by_name if name.endswith(".cold")]
    assert cold
    for name in cold:
        frame = info.frames_at(by_name[name].start)[-1]
        assert frame.low == by_name[name.removesuffix(".cold")].start
        assert frame.function == name.partition(".")[0]


def test_an_inlined_call_says_where_it_was() -> None:
    """The way out of `square`, which is inlined twice over, in lines of the source."""
    path = compiled(C, "-O2")
    info = debug_info(path)
    source = (SOURCES / C).read_text().splitlines()
    frames = max(
        (
            frames
            for s in functions(path)
            if s.name.startswith("fold")
            for address in range(s.start, s.start + s.size)
            if (frames := info.frames_at(address)) and frames[0].function == "square"
        ),
        key=len,
    )
    assert [frame.function for frame in frames] == ["square", "sum_of_squares", "fold"]
    texts = [source[frame.line - 1] for frame in frames]
    assert ["x * x" in texts[0], "square(a) + square(b)" in texts[1], "total +=" in texts[2]] == [True] * 3
    assert [frame.path for frame in frames] == [str(SOURCES / C)] * 3
    assert texts[1][frames[1].column - 1 :].startswith("square(")


def test_code_that_the_linker_dropped_is_nowhere() -> None:
    path = compiled(CPP, "-O0", "-ffunction-sections", "-Wl,--gc-sections")
    info = debug_info(path)
    for address in (0, 1, 8, 0x40, (1 << 64) - 1, (1 << 64) - 2):
        assert info.frames_at(address) == []


def test_a_program_without_debug_information(tmp_path: Path) -> None:
    run("objcopy", "--strip-debug", compiled(C, "-O0"), tmp_path / "plain")
    assert SourceInfo.open(read(tmp_path / "plain")) is None
