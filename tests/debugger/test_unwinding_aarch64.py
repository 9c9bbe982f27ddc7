"""The other architecture's conventions, on any machine: link register, signed return addresses."""

from __future__ import annotations

import os
from collections.abc import Mapping

from dapserver.debugger.modules import Module, Modules
from dapserver.debugger.unwinding import PhysicalFrame, Unwinder
from dapserver.ptrace import registers
from dapserver.ptrace.registers import Registers
from dapserver.symbols.abi import AARCH64
from dapserver.symbols.cfi_program import UNDEFINED, Cfa, Row, Rule, RuleKind

FP, LINK, SP = 29, 30, 31
STACK = 0x7000_0000
CODE = Module(1, "/program", ("", 0, 0), [])
LEAF, CALLER, FIRST, UNKNOWN = 0x1000, 0x2000, 0x3000, 0x4000
SIGNATURE = 0x55 << 48


def row(cfa: int, rules: Mapping[int, Rule], *, signed: bool = False, signal: bool = False) -> Row:
    return Row(Cfa(SP, cfa), rules, LINK, signal, signed)


IN_FRAME = {FP: Rule(RuleKind.OFFSET, -32), LINK: Rule(RuleKind.OFFSET, -24)}


class Code:
    """A program of a few functions of 0x1000 bytes."""

    def __init__(self, rows: Mapping[int, Row]) -> None:
        self.rows = rows

    def refresh(self) -> None:
        pass

    def module(self, address: int) -> Module | None:
        return CODE if LEAF <= address < UNKNOWN + 0x1000 else None

    def is_code(self, address: int) -> bool:
        return self.module(address) is not None

    def is_fault_of_go(self, _module: Module, _address: int) -> bool:
        return False

    def row(self, _module: Module, address: int) -> Row | None:
        return self.rows.get(address & ~0xFFF)


def unwind(rows: Mapping[int, Row], words: Mapping[int, int], **values: int) -> list[PhysicalFrame]:
    """Unwind with the stack holding *words* at offsets from STACK."""
    architecture = registers.AARCH64
    content = bytearray(0x1000)
    for at, value in words.items():
        content[at : at + 8] = value.to_bytes(8, "little")

    def memory(address: int, _size: int) -> bytes:
        if address != STACK:
            raise OSError
        return bytes(content)

    given = Registers(architecture, bytearray(architecture.size))
    for name, value in {"sp": STACK, **values}.items():
        given[name] = value
    unwinder = Unwinder(Modules(os.getpid), os.getpid)
    unwinder._code = Code(rows)  # type: ignore[assignment]
    return unwinder.unwind(given, memory, 10)


def test_the_link_register_and_the_stack() -> None:
    rows = {LEAF: row(0, {}), CALLER: row(32, IN_FRAME), FIRST: row(0, {LINK: UNDEFINED})}
    words = {0: STACK + 0x80, 8: FIRST + 8}
    leaf, caller, first = unwind(rows, words, pc=LEAF + 4, x30=CALLER + 8, x29=STACK, x19=77)
    assert (leaf.pc, leaf.lookup_pc, leaf.cfa) == (LEAF + 4, LEAF + 4, STACK)
    assert (caller.pc, caller.lookup_pc, caller.cfa) == (CALLER + 8, CALLER + 7, STACK + 32)
    assert (first.pc, first.sp) == (FIRST + 8, STACK + 32)
    assert first.registers[FP] == STACK + 0x80
    assert first.saved == {FP: STACK, LINK: STACK + 8}
    assert {frame.registers[19] for frame in (leaf, caller, first)} == {77}
    assert first.registers[AARCH64.pc] == first.pc


def test_a_signed_return_address() -> None:
    rows = {CALLER: row(32, IN_FRAME, signed=True), FIRST: row(0, {LINK: UNDEFINED})}
    frames = unwind(rows, {8: FIRST + 8 | SIGNATURE}, pc=CALLER + 8)
    assert [frame.pc for frame in frames] == [CALLER + 8, FIRST + 8]


def test_frame_records_where_there_is_no_information() -> None:
    rows = {FIRST: row(0, {LINK: UNDEFINED})}
    words = {0x40: STACK + 0x80, 0x48: UNKNOWN + 0x20, 0x80: 0, 0x88: FIRST + 8}
    frames = unwind(rows, words, pc=UNKNOWN + 8, x29=STACK + 0x40)
    assert [frame.pc for frame in frames] == [UNKNOWN + 8, UNKNOWN + 0x20, FIRST + 8]
    assert frames[1].sp == STACK + 0x50


def test_a_call_through_a_bad_pointer() -> None:
    rows = {FIRST: row(0, {LINK: UNDEFINED})}
    frames = unwind(rows, {}, pc=16, x30=FIRST + 8)
    assert [frame.pc for frame in frames] == [16, FIRST + 8]
    assert frames[1].sp == STACK


def test_a_leaf_that_claims_to_be_its_own_caller() -> None:
    frames = unwind({LEAF: row(0, {})}, {}, pc=LEAF + 4, x30=LEAF + 4)
    assert [frame.pc for frame in frames] == [LEAF + 4]
