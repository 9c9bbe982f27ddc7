"""Every row of call frame information equal to what readelf prints, in real files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dapserver.symbols.abi import AARCH64, X86_64, Abi
from dapserver.symbols.cfi import CallFrames
from dapserver.symbols.cfi_program import Row, Rule, RuleKind
from tests.symbols.files import libc, program, read, run, shapes, this_python

EM_AARCH64 = 183
# Without links to debug files: they have a section header of .eh_frame, and no bytes.
DUMP = "--debug-dump=frames-interp,no-follow-links"
IN_REGISTER = re.compile(r"r\d+ \((\w+)\)")  # "r1 (rdx)", as in longjmp
ENTRY = re.compile(r"^[0-9a-f]+ [0-9a-f]+ [0-9a-f]+ (?:CIE|FDE cie=\w+ pc=([0-9a-f]+)\.\.([0-9a-f]+))")


@dataclass(frozen=True, slots=True)
class OracleRow:
    start: int
    cells: dict[str, str]
    """By column: CFA, ra, and names of registers."""


@dataclass(frozen=True, slots=True)
class OracleEntry:
    start: int
    end: int
    rows: list[OracleRow]


def oracle_entries(path: Path) -> Iterator[OracleEntry]:
    """The FDEs of `readelf --debug-dump=frames-interp` that have rows of their own."""
    entry: OracleEntry | None = None
    columns: list[str] = []
    for line in run("readelf", "--wide", DUMP, path).splitlines():
        if found := ENTRY.match(line):
            if entry is not None:
                yield entry
            start, end = found[1], found[2]
            entry = OracleEntry(int(start, 16), int(end, 16), []) if start else None
        elif line.startswith("   LOC"):
            columns = line.split()
        elif entry is not None and re.match(r"^[0-9a-f]{16} ", line):
            location, *cells = IN_REGISTER.sub(r"\1", line).split()
            entry.rows.append(OracleRow(int(location, 16), dict(zip(columns[1:], cells, strict=True))))
    if entry is not None:
        yield entry


def cells(row: Row, abi: Abi) -> dict[str, str]:
    """*row* in the words of readelf."""
    names = {number: name for name, number in abi.numbers.items()} | {abi.pc: "ra"}
    names[row.return_column] = "ra"
    plain = row.cfa.expression is None
    cfa = f"{names[row.cfa.register]}{row.cfa.offset:+d}" if plain else "exp"
    return {"CFA": cfa} | {names[number]: cell(rule, names) for number, rule in row.rules.items()}


def cell(rule: Rule, names: dict[int, str]) -> str:
    if rule.kind is RuleKind.REGISTER:
        return names[rule.value]
    template = {
        RuleKind.UNDEFINED: "u",
        RuleKind.SAME_VALUE: "s",
        RuleKind.OFFSET: "c{:+d}",
        RuleKind.VAL_OFFSET: "v{:+d}",
        RuleKind.EXPRESSION: "exp",
        RuleKind.VAL_EXPRESSION: "vexp",
    }[rule.kind]
    return template.format(rule.value)


FILES: dict[str, Callable[[], Path]] = {
    "the C library": libc,
    "this python": this_python,
    "static": lambda: shapes("-static"),
    "optimised": lambda: shapes("-O2", "-fomit-frame-pointer"),
    "debug_frame": lambda: shapes("-g", "-fno-asynchronous-unwind-tables"),
    "Rust": lambda: program("hello.rs"),
    "Go": lambda: program("hello.go"),
}


@pytest.mark.parametrize("file", FILES)
def test_rows_equal_readelfs(file: str) -> None:
    elf = read(path := FILES[file]())
    frames = CallFrames.of(elf)
    abi = AARCH64 if elf.header.machine == EM_AARCH64 else X86_64
    compared = 0
    for entry in oracle_entries(path):
        if not entry.rows:  # nothing but its CIE's rules
            continue
        ends = [row.start for row in entry.rows[1:]] + [entry.end]
        for expected, end in zip(entry.rows, ends, strict=True):
            for pc in {expected.start, end - 1} if end > expected.start else ():
                row = frames.row(pc)
                assert row is not None, f"{pc:#x}"
                ours = cells(row, abi)
                # It prints a column for each register of the entry; "u": no rule in this row.
                theirs = {name: text for name, text in expected.cells.items() if text != "u"}
                assert {name: text for name, text in ours.items() if text != "u"} == theirs, f"{pc:#x}"
                compared += 1
    assert compared > 5
