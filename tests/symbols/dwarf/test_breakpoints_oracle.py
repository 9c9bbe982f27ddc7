"""Where breakpoints by file and line go, for each line of each fixture, beside gdb."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from unittest import mock

import pytest

from dapserver.symbols.dwarf import SourceInfo
from dapserver.symbols.dwarf.functions import declaration_line
from tests.support.build import COMMANDS, FIXTURES, build
from tests.symbols.dwarf.gdb_breakpoints import breakpoints
from tests.symbols.dwarf.variants import CLANG, debug_info

EXTRA = {"plugin.c": ("-shared", "-fPIC"), "linked.c": ("-Wl,--unresolved-symbols=ignore-all",)}
GCC_ALONE = {"entry_values.c", "instructions.c", "just_in_time.c", "paces.c", "restorer.c"}
"""They use what clang has not."""
NAMES = sorted(
    path.name for suffix in ("c", "cpp") for path in FIXTURES.glob(f"*.{suffix}") if path.name != "tiny32.c"
)
WITH_CLANG = {
    suffix: [CLANG[suffix][0], *(word for word in COMMANDS[suffix][1:] if word != "-O1")] for suffix in CLANG
}


def compiled(name: str, compiler: str, level: str) -> Path:
    commands = WITH_CLANG if compiler == "clang" else {}
    with mock.patch.dict(COMMANDS, commands):
        return build(name, level, "-w", *EXTRA.get(name, ()))


BEFORE = "a line before a function: gdb moves into it"
THUNK = "a thunk, in no function"
PROLOGUE = "the end of a prologue, or the entry"
ELSEWHERE = "a part of the function that lies elsewhere: its start is an entry for gdb"
MORE = "more places of the line in one function"


class Answers:
    """Ours and gdb's, for each line of a fixture."""

    def __init__(self, name: str, compiler: str, level: str) -> None:
        path = compiled(name, compiler, level)
        self.info = debug_info(path)
        self.lines = range(1, len((FIXTURES / name).read_text().splitlines()) + 1)
        places = breakpoints(path, [f"{name}:{line}" for line in self.lines])
        self.theirs = {line: places[f"{name}:{line}"] for line in self.lines}
        self.ours = {
            line: [place.address for place in self.info.addresses(str(FIXTURES / name), line)]
            for line in self.lines
        }

    def reasons(self) -> Counter[str]:
        """Why answers differ, and at how many lines; "" where they do not."""
        return Counter(reason(self.info, line, self.ours[line], self.theirs[line]) for line in self.lines)


def reason(info: SourceInfo, line: int, ours: list[int], theirs: list[int]) -> str:
    """Name what makes two answers differ; "" if nothing does."""
    if ours == theirs:
        return ""
    if [each for each in ours if not is_before(info, line, each)] == [
        each for each in theirs if not is_before(info, line, each)
    ]:
        return BEFORE
    return reason_of_optimized_code(info, set(ours), set(theirs))


def reason_of_optimized_code(info: SourceInfo, ours: set[int], theirs: set[int]) -> str:
    extra = ours ^ theirs
    if any(info.function_at(each) is None for each in extra):
        return THUNK
    if {behind_prologue(info, each) for each in ours} == {behind_prologue(info, each) for each in theirs}:
        return PROLOGUE
    if any(in_another_part(info, each) for each in extra):
        return ELSEWHERE
    if ours > theirs:
        return MORE
    return "another"


def is_before(info: SourceInfo, line: int, address: int) -> bool:
    """Whether a line is before the function that is entered at an address, or just before it."""
    found = info.function_at(address)
    if found is None:
        return False
    low = found[1].ranges[0][0]
    return line < declaration_line(found[1].entry) and address in {low, info.after_prologue(low)}


def behind_prologue(info: SourceInfo, address: int) -> int:
    found = info.function_at(address)
    low = found[1].ranges[0][0] if found else address
    return info.after_prologue(low) if address == low else address


def in_another_part(info: SourceInfo, address: int) -> bool:
    found = info.function_at(address)
    return found is not None and any(low <= address < high for low, high in found[1].ranges[1:])


def compilers(name: str) -> list[str]:
    return ["gcc"] if name in GCC_ALONE else ["gcc", "clang"]


def known(name: str, compiler: str) -> set[str]:
    """One line each with a lambda, or with the block that atomic_load is made of, has two places here."""
    return {MORE} if (name, compiler) in {("containers.cpp", "gcc"), ("newborn.c", "gcc")} else set()


CASES = [(name, compiler) for name in NAMES for compiler in compilers(name)]


@pytest.mark.parametrize(("name", "compiler"), CASES, ids=[f"{name}-{each}" for name, each in CASES])
def test_unoptimized_each_line_is_where_gdb_has_it(name: str, compiler: str) -> None:
    reasons = Answers(name, compiler, "-O0").reasons()
    assert set(reasons) - known(name, compiler) <= {"", BEFORE, THUNK}


@pytest.mark.parametrize(("name", "compiler"), CASES, ids=[f"{name}-{each}" for name, each in CASES])
def test_optimized_each_difference_has_a_reason(name: str, compiler: str) -> None:
    """Of 100 lines, 65 are the same, 32 are before a function, 1 or 2 of any other kind."""
    reasons = Answers(name, compiler, "-O2").reasons()
    assert set(reasons) - known(name, compiler) <= {"", BEFORE, THUNK, PROLOGUE, ELSEWHERE}


if __name__ == "__main__":
    for level in ("-O0", "-O2"):
        for name, compiler in CASES:
            print(level, name, compiler, dict(Answers(name, compiler, level).reasons()))
