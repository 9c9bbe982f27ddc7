"""disassemble: machine code around an address, as objdump has it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dapserver.client import DapClient
from dapserver.debugger.disassembly import decode
from tests.conftest import Connect, Program
from tests.support.build import FIXTURES, build
from tests.support.session import attach, pause
from tests.support.steps import refusal
from tests.support.target import Target

# "    1139:\t55                   \tpush   rbp"; "0000000000001139 <main>:" starts a function
CODE = re.compile(r"^ *([0-9a-f]+):\t((?:[0-9a-f]{2} )+) *\t?(.*)$", re.MULTILINE)
Code = dict[int, tuple[str, str]]
"""By address in the file: bytes and text."""


@pytest.fixture
def stacks(program: Program, connect: Connect) -> tuple[DapClient, Target]:
    target = program("stacks.c")
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    return client, target


def objdump(path: Path | str) -> Code:
    printed = subprocess.run(
        ["objdump", "-d", "-w", "-M", "intel", str(path)], capture_output=True, text=True, check=True
    ).stdout
    return {int(address, 16): (code.strip(), text) for address, code, text in CODE.findall(printed)}


def contiguous(code: Code, start: int, count: int) -> list[int]:
    """The addresses of *count* instructions, fewer at the end of a section: objdump leaves out padding."""
    found: list[int] = []
    while start in code and len(found) < count:
        found.append(start)
        start += len(code[start][0].split())
    return found


def contiguous_before(code: Code, address: int) -> list[int]:
    """The addresses of the instructions up to *address*, as far as nothing lies between two of them."""
    ends = {start + len(bytes_.split()): start for start, (bytes_, _) in code.items()}
    found = [address]
    while len(found) < 61 and (previous := ends.get(found[0])) is not None:
        found.insert(0, previous)
    return found


def frames(client: DapClient, target: Target, module: str) -> list[dict[str, Any]]:
    """The frames of all threads in a module, by the end of its path."""
    ids = {m["id"] for m in client.request("modules")["modules"] if m["path"].endswith(module)}
    stacks = [client.request("stackTrace", threadId=tid)["stackFrames"] for tid in sorted(target.tids())]
    return [frame for stack in stacks for frame in stack if frame.get("moduleId") in ids]


def bias(target: Target, path: str) -> int:
    maps = Path(f"/proc/{target.pid}/maps").read_text().splitlines()
    return min(int(line.split("-")[0], 16) for line in maps if line.endswith(path))


def disassemble(client: DapClient, reference: str | int, count: int, **more: Any) -> list[dict[str, Any]]:
    reference = f"{reference:#x}" if isinstance(reference, int) else reference
    body = client.request("disassemble", memoryReference=reference, instructionCount=count, **more)
    instructions: list[dict[str, Any]] = body["instructions"]
    assert len(instructions) == count
    return instructions


def addresses(instructions: list[dict[str, Any]]) -> list[int]:
    return [int(instruction["address"], 16) for instruction in instructions]


def test_forwards(stacks: tuple[DapClient, Target]) -> None:
    client, target = stacks
    executable = build("stacks.c")
    load, code = bias(target, str(executable)), objdump(executable)
    for frame in frames(client, target, str(executable)):
        start = int(frame["instructionPointerReference"], 16)
        found = disassemble(client, start, 20)
        expected = contiguous(code, start - load, 20)
        assert [address - load for address in addresses(found)][: len(expected)] == expected
        assert len(expected) > 1
        for instruction, address in zip(found, expected, strict=False):
            assert instruction["instructionBytes"] == code[address][0]
            assert instruction["instruction"].split()[0] in code[address][1]


@pytest.mark.parametrize("module", ["stacks", "libc.so.6"])
def test_backwards(stacks: tuple[DapClient, Target], module: str) -> None:
    """Instructions before an address end where it starts, and start where objdump says."""
    client, target = stacks
    paths = {m["name"]: m["path"] for m in client.request("modules")["modules"]}
    load, code = bias(target, paths[module]), objdump(paths[module])
    for frame in frames(client, target, paths[module]):
        pc = int(frame["instructionPointerReference"], 16)
        found = disassemble(client, pc, 61, instructionOffset=-60)
        assert addresses(found)[-1] == pc
        expected = contiguous_before(code, pc - load)
        valid = [each for each in found if each.get("presentationHint") != "invalid"]
        compared = min(len(valid), len(expected))
        assert compared > 5
        ours = [address - load for address in addresses(valid)]
        assert ours[-compared:] == expected[-compared:], set(ours) ^ set(expected)


def test_a_window_before_the_address(stacks: tuple[DapClient, Target]) -> None:
    """What lies between the two offsets is a part of what lies around the address."""
    client, target = stacks
    pc = frames(client, target, str(build("stacks.c")))[0]["instructionPointerReference"]
    around = disassemble(client, pc, 60, instructionOffset=-20)
    assert disassemble(client, pc, 10, instructionOffset=-20) == around[:10]
    later = disassemble(client, pc, 10, instructionOffset=15)
    assert addresses(later) == addresses(around[35:45])
    moved = disassemble(client, int(pc, 16) - 0x100, 5, offset=0x100)
    assert addresses(moved) == addresses(around[20:25])


def test_symbols_and_lines(stacks: tuple[DapClient, Target]) -> None:
    client, target = stacks
    executable = build("stacks.c")
    frame = next(f for f in frames(client, target, str(executable)) if f["name"] == "block")
    # The instruction before the return address is the call of read.
    call, after = disassemble(
        client, frame["instructionPointerReference"], 2, instructionOffset=-1, resolveSymbols=True
    )
    assert re.fullmatch(r"call 0x[0-9a-f]+ <.+>", call["instruction"]), call
    assert call["symbol"].startswith("block+0x")
    assert call["location"]["path"] == str(FIXTURES / "stacks.c")
    assert "read(never[0]" in (FIXTURES / "stacks.c").read_text().splitlines()[call["line"] - 1]
    assert "location" not in after  # told for the instruction before
    plain, _ = disassemble(client, frame["instructionPointerReference"], 2, instructionOffset=-1)
    assert "<" not in plain["instruction"]


def test_where_there_is_no_memory(stacks: tuple[DapClient, Target]) -> None:
    client, _ = stacks
    for offset in (-8, 0, 8):
        found = disassemble(client, "0x1000", 5, instructionOffset=offset)
        assert {each["presentationHint"] for each in found} == {"invalid"}
        assert len(set(addresses(found))) == 5
    found = disassemble(client, (1 << 64) - 1, 5, instructionOffset=-2)
    assert {each["presentationHint"] for each in found} == {"invalid"}


def test_bytes_that_are_no_instruction(stacks: tuple[DapClient, Target]) -> None:
    """The start of an ELF file is no code: each byte is still in one of the instructions."""
    client, target = stacks
    start = bias(target, str(build("stacks.c")))
    found = disassemble(client, start, 40)
    assert found[0]["instructionBytes"].startswith("7f")
    code = bytes.fromhex(" ".join(each["instructionBytes"] for each in found))
    assert code[:4] == b"\x7fELF"
    push_es, ret = decode(b"\x06\xc3", 0x1000)  # the first is none in 64-bit mode
    assert (push_es.text, push_es.code, ret.address) == ("(bad)", b"\x06", 0x1001)


def test_what_cannot_be_asked_for(stacks: tuple[DapClient, Target]) -> None:
    client, _ = stacks
    assert "address" in refusal(client, "disassemble", memoryReference="main", instructionCount=1)
    assert "too many" in refusal(client, "disassemble", memoryReference="0x1000", instructionCount=1_000_000)
