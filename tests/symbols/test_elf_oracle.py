"""Real files, read by us, by readelf, by addr2line and by gdb."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from dapserver.symbols.elf import ElfFile
from tests.symbols.files import (
    OracleSymbol,
    libc,
    program,
    read,
    readelf_symbols,
    run,
    shapes,
    this_python,
    unversioned,
)

FUNCTIONS = {"FUNC", "IFUNC"}
SAMPLE = 400

FILES: dict[str, Callable[[], Path]] = {
    "libc": libc,
    "python": this_python,
    "c": shapes,
    "c-static": lambda: shapes("-static"),
    "c-stripped": lambda: shapes("-rdynamic", "-s"),
    "c-compressed": lambda: shapes("-gz=zlib"),
    "rust": lambda: program("hello.rs"),
    "go": lambda: program("hello.go"),
}


@pytest.fixture(params=FILES)
def path(request: pytest.FixtureRequest) -> Path:
    return FILES[request.param]()


def test_sections(path: Path) -> None:
    numbers = " ".join(["([0-9a-f]+)"] * 4)
    row = re.compile(rf"^ +\[ *(\d+)\] (\S*) +\S+ +{numbers} .* (\d+) +(\d+) +\d+$", re.MULTILINE)
    text = run("readelf", "--wide", "--sections", path)
    expected = [
        (int(index), name, *(int(word, 16) for word in words), int(link), int(info))
        for index, name, *words, link, info in row.findall(text)
    ]
    assert len(expected) > 5
    got = [
        (s.index, s.name, s.address, s.offset, s.size, s.entry_size, s.link, s.info)
        for s in read(path).sections
    ]
    assert got == expected


def test_segments(path: Path) -> None:
    row = re.compile(r"^  \S+ +0x(\S+) 0x(\S+) 0x(\S+) 0x(\S+) 0x(\S+) ([RWE ]{3}) (\S+)$", re.MULTILINE)
    text = run("readelf", "--wide", "--segments", path)
    expected = [
        (*(int(word, 16) for word in words), flags.replace(" ", ""), int(align, 0))
        for *words, flags, align in row.findall(text)
    ]
    got = [
        (
            s.offset,
            s.address,
            s.physical_address,
            s.file_size,
            s.memory_size,
            "".join(letter for bit, letter in ((4, "R"), (2, "W"), (1, "E")) if s.flags & bit),
            s.alignment,
        )
        for s in read(path).segments
    ]
    assert got == expected
    entry = re.search(r"Entry point 0x(\S+)", text)
    assert entry is not None
    assert read(path).header.entry == int(entry[1], 16)


def test_build_id_and_interpreter(path: Path) -> None:
    elf = read(path)
    notes = run("readelf", "--wide", "--notes", path)
    build_id = re.search(r"Build ID: (\S+)", notes)
    assert (elf.build_id and elf.build_id.hex()) == (build_id and build_id[1])
    assert len(list(elf.notes)) == len(re.findall(r"^  \S+ +0x\w{8}\t", notes, re.MULTILINE))
    text = run("readelf", "--wide", "--segments", path)
    interpreter = re.search(r"program interpreter: (\S+)\]", text)
    assert elf.interpreter == (interpreter and interpreter[1])


def test_dynamic(path: Path) -> None:
    text = run("readelf", "--wide", "--dynamic", path)
    tags = [int(tag, 16) for tag in re.findall(r"^ 0x(\w+) \(", text, re.MULTILINE)]
    assert [tag for tag, _ in read(path).dynamic] == [tag for tag in tags if tag]


def plausible(symbols: Iterable[OracleSymbol], address: int) -> set[str]:
    """By brute force: the names for *address*, from all symbols that contain it."""
    containing = [s for s in symbols if s.start <= address < s.start + s.size]
    containing = [s for s in containing if s.type in FUNCTIONS] or containing
    innermost = max((s.start for s in containing), default=None)
    return {s.name for s in containing if s.start == innermost}


def test_every_function_is_found_and_no_byte_too_many(path: Path) -> None:
    """At the first and last byte of functions, and at the first byte behind them."""
    symbols = list(readelf_symbols(path))
    functions = [s for s in symbols if s.type in FUNCTIONS and s.size]
    nearest = read(path).symbols.nearest
    for function in functions[:: len(functions) // SAMPLE + 1]:
        end = function.start + function.size
        for address in (function.start, end - 1, end):
            expected, found = plausible(symbols, address), nearest(address)
            if expected:
                assert found is not None, hex(address)
                assert unversioned(found.name) in expected, hex(address)
            else:
                assert found is None or found.size == 0, (hex(address), found)


def test_objects_are_found(path: Path) -> None:
    symbols = list(readelf_symbols(path))
    objects = [s for s in symbols if s.type == "OBJECT" and s.size]
    nearest = read(path).symbols.nearest
    for variable in objects[:: len(objects) // SAMPLE + 1]:
        address = variable.start + variable.size // 2
        found = nearest(address)
        assert found is not None, variable
        assert unversioned(found.name) in plausible(symbols, address), variable


def addresses_within_functions(path: Path) -> list[int]:
    symbols = [s for s in readelf_symbols(path) if s.type == "FUNC" and s.size > 1]
    return [s.start + s.size // 2 for s in symbols[:: len(symbols) // SAMPLE + 1]]


def starts_by_name(path: Path) -> dict[str, set[int]]:
    starts: dict[str, set[int]] = defaultdict(set)
    for symbol in readelf_symbols(path):
        starts[symbol.name].add(symbol.start)
    return starts


def expect_same_start(elf: ElfFile, address: int, starts: set[int]) -> None:
    """Others may prefer another name of the same code."""
    found = elf.symbols.nearest(address)
    assert found is not None, hex(address)
    assert address - found.offset in starts, (hex(address), found)


def without_debug_info(path: Path, directory: Path) -> Path:
    """A copy with symbols alone: given more, or /usr/lib/debug, tools name what is inlined."""
    plain = directory / "plain"
    run("objcopy", "--strip-debug", "--remove-section=.gnu_debuglink", path, plain)
    build_id = read(plain).build_id
    if build_id:
        plain.write_bytes(plain.read_bytes().replace(build_id, bytes(len(build_id))))
    return plain


@pytest.mark.parametrize("name", ["libc", "c", "c-stripped", "go", "rust"])
def test_addr2line_agrees(name: str, tmp_path: Path) -> None:
    path = without_debug_info(FILES[name](), tmp_path)
    addresses, starts, elf = addresses_within_functions(path), starts_by_name(path), read(path)
    lines = run("addr2line", "-f", "-e", path, *map(hex, addresses)).splitlines()[::2]
    assert len(lines) == len(addresses)
    for address, function in zip(addresses, lines, strict=True):
        expect_same_start(elf, address, starts[unversioned(function)])


@pytest.mark.parametrize("name", ["libc", "c", "python", "rust"])
def test_gdb_agrees(name: str, tmp_path: Path) -> None:
    path = without_debug_info(FILES[name](), tmp_path)
    addresses, starts, elf = addresses_within_functions(path), starts_by_name(path), read(path)
    script = tmp_path / "script"
    settings = ["set print demangle off", "set debug-file-directory /nonexistent"]
    questions = [f"info symbol {address:#x}" for address in addresses]
    script.write_text("\n".join([*settings, f"file {path}", *questions]))
    answers = run("gdb", "-nx", "-q", "-batch", "-x", script).splitlines()
    named = [line for line in answers if " in section " in line]
    assert len(named) == len(addresses)
    for address, line in zip(addresses, named, strict=True):
        expect_same_start(elf, address, starts[re.split(r" \+ \d+ in section| in section", line)[0]])
