"""An instruction made over so that it does the same elsewhere, and then goes on behind its original.

A breakpoint takes the first byte of an instruction away. To pass it, a thread executes this copy
instead: no other thread misses the breakpoint meanwhile (R36), nobody has to be stopped, and there is
no single step that signals, clones and exits could cross (R37). What is told of the copy's address is
told as of the original (`original_pc`). x86-64; the encodings are those of Intel's manual, volume 2.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.decoding import decoder

if TYPE_CHECKING:
    from capstone import CsInsn

LONGEST = 15
"""Bytes of an instruction."""

ROOM = 48
"""Bytes that a copy may take, and what leads back from it."""

_CALL, _JUMP, _SHORT_JUMP, _INDIRECT, _INT3 = 0xE8, 0xE9, 0xEB, 0xFF, 0xCC
_COUNTED = range(0xE0, 0xE4)  # loopne, loope, loop, jrcxz
_PREFIXES_OF_CALLS = b"\xf2\xf3\x2e\x3e\x26\x36"  # bnd, notrack: nothing to a push


@dataclass(frozen=True, slots=True)
class Copy:
    """The code of a copy. Its first instruction has the original's effect; the others lead back."""

    code: bytes
    size: int
    """Bytes of the original."""
    leads_back_at: int | None
    """Where in the code the original has been done, and only the way back is left."""


def copy(code: bytes, address: int, slot: int) -> Copy | None:
    """Make the instruction at *address*, which *code* begins with, over for the address *slot*.

    None if that cannot be: it is none, it is a breakpoint of the program's own, or it is one of the few
    that depend on where they are in another way.
    """
    instruction = next(decoder().disasm(code[:LONGEST], address, 1), None)
    if instruction is None or code[0] == _INT3:
        return None
    try:
        return _copy(instruction, slot)
    except struct.error:
        return None  # too far away for 32 bits


def original_pc(pc: int, address: int, slot: int, made: Copy) -> int | None:
    """Which instruction of the original a thread is at that is at *pc*; None if not in this copy."""
    if not slot <= pc < slot + len(made.code):
        return None
    back = made.leads_back_at
    return address + made.size if back is not None and pc >= slot + back else address


def _copy(instruction: CsInsn, slot: int) -> Copy | None:  # noqa: PLR0911 - a case each
    raw, address = bytes(instruction.bytes), instruction.address
    after = address + len(raw)
    opcode, second = instruction.opcode[0], instruction.opcode[1]
    if _is_relative_branch(instruction):
        target = instruction.operands[0].imm & (1 << 64) - 1
        if opcode == _CALL:
            pushed = _push(after)
            return Copy(pushed + _jump(slot + len(pushed), target), len(raw), None)
        if opcode in (_JUMP, _SHORT_JUMP):
            return Copy(_jump(slot, target), len(raw), None)
        if opcode in _COUNTED:
            at = raw.index(opcode)  # behind an address-size prefix: jecxz
            taken = raw[: at + 1] + b"\x05"
            return Copy(
                taken + _jump(slot + len(taken), after) + _jump(slot + len(taken) + 5, target), len(raw), None
            )
        condition = second - 0x80 if opcode == 0x0F else opcode - 0x70
        if not 0 <= condition < 16:
            return None  # xbegin
        far = bytes((0x0F, 0x80 | condition)) + struct.pack("<i", target - (slot + 6))
        return Copy(far + _jump(slot + 6, after), len(raw), len(far))
    if opcode == _INDIRECT and instruction.modrm >> 3 & 7 == 2:
        return Copy(_indirect_call(instruction, slot, after), len(raw), None)
    if opcode == _INDIRECT and instruction.modrm >> 3 & 7 == 3:
        return None  # a far call, which pushes where it is
    moved = _moved(instruction, slot, raw)
    return Copy(moved + _jump(slot + len(moved), after), len(raw), len(moved))


def _is_relative_branch(instruction: CsInsn) -> bool:
    from capstone import CS_GRP_BRANCH_RELATIVE, x86  # noqa: PLC0415 - 40 ms of start-up

    if not instruction.group(CS_GRP_BRANCH_RELATIVE):
        return False
    return bool(instruction.operands and instruction.operands[0].type == x86.X86_OP_IMM)


def _jump(at: int, target: int) -> bytes:
    return b"\xe9" + struct.pack("<i", target - (at + 5))


def _push(value: int) -> bytes:
    """Push 8 bytes and leave the flags alone: lea rsp,[rsp-8]; two moves of 4 bytes."""
    return b"\x48\x8d\x64\x24\xf8" + _store(0, value)


def _store(offset: int, value: int) -> bytes:
    """Mov dword [rsp+offset], low half; mov dword [rsp+offset+4], high half."""
    low, high = struct.pack("<I", value & 0xFFFFFFFF), struct.pack("<I", value >> 32)
    return b"\xc7\x44\x24" + bytes((offset,)) + low + b"\xc7\x44\x24" + bytes((offset + 4,)) + high


def _indirect_call(instruction: CsInsn, slot: int, after: int) -> bytes:
    """Push the target, which reads it as the call would; push it again; put the return address where
    it was first; ret takes the second one.
    """
    raw = bytes(instruction.bytes)
    start = next(i for i, byte in enumerate(raw) if byte not in _PREFIXES_OF_CALLS)
    moved = bytearray(_moved(instruction, slot - start, raw)[start:])
    at = moved.index(_INDIRECT) + 1
    moved[at] = moved[at] & 0b11000111 | 6 << 3  # FF /6
    return bytes(moved) + b"\xff\x34\x24" + _store(8, after) + b"\xc3"


def _moved(instruction: CsInsn, slot: int, raw: bytes) -> bytes:
    """The instruction itself; what it addresses relative to itself stays where it is."""
    if not instruction.disp_offset or instruction.modrm & 0b11000111 != 0b101:
        return raw
    displacement = instruction.address - slot + struct.unpack_from("<i", raw, instruction.disp_offset)[0]
    at = instruction.disp_offset
    return raw[:at] + struct.pack("<i", displacement) + raw[at + 4 :]
