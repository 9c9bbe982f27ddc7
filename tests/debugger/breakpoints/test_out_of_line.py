"""Copies of the instructions of real code do what their originals do, as capstone reads both."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import capstone
import pytest

from dapserver.debugger.breakpoints.out_of_line import LONGEST, ROOM, Copy, copy, original_pc
from tests.support.build import build
from tests.symbols.files import readelf_symbols

COUNT = 6000
BIAS = 0x5555_5000_0000
"""Where the code is executed, were it loaded."""

DISTANCES = [0x100_0000, -0x40_0000, 0x7000_0000]
"""From an instruction to its copy, in bytes."""

RELATIVE = re.compile(r"\[rip(?: ([+-]) (\w+))?\]")
BRANCHES = re.compile(r"(?:bnd |notrack )?(call|jmp|j\w+|loop\w*|xbegin) (0x[0-9a-f]+|\d+)$")


@cache
def decoder() -> Any:
    return capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)


def decoded(code: bytes, address: int) -> list[Any]:
    return list(decoder().disasm(code, address))


def c_library() -> Path:
    lines = Path("/proc/self/maps").read_text().splitlines()
    return next(Path(line.split()[-1]) for line in lines if line.endswith("/libc.so.6"))


FILES: dict[str, Callable[[], Path]] = {
    "libc": c_library,
    "every kind": lambda: build("instructions.c"),
    "Go": lambda: build("panics.go"),
}


def instructions(path: Path) -> Iterator[Any]:
    """Instructions of functions of a file, chosen at random, always the same ones."""
    data = path.read_bytes()
    functions = [each for each in readelf_symbols(path) if each.type == "FUNC" and each.size]
    random.Random(5).shuffle(functions)
    found = 0
    for function in functions:
        offset = function.start - load_offset(path)
        for instruction in decoded(data[offset : offset + function.size], function.start + BIAS):
            yield instruction
            found += 1
        if found > COUNT:
            return


@cache
def load_offset(path: Path) -> int:
    """What to take from the address of code to have its place in the file."""
    from dapserver.symbols.elf import ElfFile, SegmentFlag, SegmentType  # noqa: PLC0415

    image = ElfFile.parse(memoryview(path.read_bytes()))
    code = (each for each in image.segments if each.type == SegmentType.LOAD)
    (only,) = [each for each in code if each.flags & SegmentFlag.EXECUTE]
    return int(only.address - only.offset)


def effect(instruction: Any) -> str:
    """What an instruction does, with the addresses that it names relative to itself made absolute."""
    after = instruction.address + instruction.size

    def absolute(found: re.Match[str]) -> str:
        offset = int(found[2], 0) if found[2] else 0
        return f"[{after + (-offset if found[1] == '-' else offset):#x}]"

    return RELATIVE.sub(absolute, f"{instruction.mnemonic} {instruction.op_str}").strip()


def expected(original: Any, slot: int) -> list[str]:
    """What the instructions of a copy are to do, one after the other."""
    what = effect(original)
    after = original.address + original.size
    branch = BRANCHES.match(what)
    if branch and branch[1] == "call":
        return [*pushed(after), f"jmp {int(branch[2], 0):#x}"]
    if branch and branch[1] == "jmp":
        return [f"jmp {int(branch[2], 0):#x}"]
    if branch and branch[1].startswith(("loop", "jrcxz", "jecxz")):
        length = 3 if branch[1] == "jecxz" else 2
        return [f"{branch[1]} {slot + length + 5:#x}", f"jmp {after:#x}", f"jmp {int(branch[2], 0):#x}"]
    if branch:
        return [f"{branch[1]} {int(branch[2], 0):#x}", f"jmp {after:#x}"]
    if re.match(r"(bnd |notrack )?call ", what):
        operand = what.partition("call ")[2]
        return [f"push {operand}", "push qword ptr [rsp]", *stored(8, after), "ret"]
    return [what, f"jmp {after:#x}"]


def pushed(value: int) -> list[str]:
    return ["lea rsp, [rsp - 8]", *stored(0, value)]


def stored(offset: int, value: int) -> list[str]:
    low, high = struct.unpack("<II", struct.pack("<Q", value))
    places = [f"[rsp + {number(each)}]" if each else "[rsp]" for each in (offset, offset + 4)]
    return [f"mov dword ptr {place}, {number(half)}" for place, half in zip(places, (low, high), strict=True)]


def number(value: int) -> str:
    return f"{value:#x}" if value > 9 else str(value)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("file", FILES)
def test_copies_do_what_their_originals_do(file: str, distance: int) -> None:
    refused: set[str] = set()
    for original in instructions(FILES[file]()):
        slot = original.address + distance
        made = copy(bytes(original.bytes) + bytes(LONGEST), original.address, slot)
        if made is None:
            refused.add(original.mnemonic)
            continue
        assert len(made.code) <= ROOM
        assert made.size == original.size
        there = [effect(each) for each in decoded(made.code, slot)]
        assert there == expected(original, slot), (hex(original.address), effect(original))
        check_places(original, slot, made)
    assert refused <= {"int3", "xbegin", "lcall"}


def check_places(original: Any, slot: int, made: Copy) -> None:
    """Each byte of a copy is at the original, or behind it once that has been done."""
    address, after = original.address, original.address + original.size
    assert original_pc(slot - 1, address, slot, made) is None
    assert original_pc(slot + len(made.code), address, slot, made) is None
    assert original_pc(slot, address, slot, made) == address
    whole = effect(decoded(made.code, slot)[0]) == effect(original)
    size = decoded(made.code, slot)[0].size
    if whole and made.leads_back_at is not None:
        assert original_pc(slot + size, address, slot, made) == after


CANNOT = {
    "a breakpoint of the program's own": "cc",
    "no instruction": "06",
    "a transaction": "c7f810000000",
    "a far call, which pushes where it is": "ff1d10000000",
    "a far call by a register": "48ff18",
    "cut off": "48",
}


@pytest.mark.parametrize("which", CANNOT)
def test_what_cannot_be_copied(which: str) -> None:
    assert copy(bytes.fromhex(CANNOT[which]), 0x401000, 0x402000) is None


@pytest.mark.parametrize("code", ["e810000000", "488b0510000000", "0f8410000000", "7410"])
def test_what_is_too_far_away(code: str) -> None:
    assert copy(bytes.fromhex(code), 0x401000, 0x7FFF_0000_0000) is None
