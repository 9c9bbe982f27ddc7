"""What a caller's code tells of a result: whether it takes it, and where it wants it. x86-64."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dapserver.debugger.decoding import decoder
from dapserver.symbols.abi import X86_64

if TYPE_CHECKING:
    from collections.abc import Iterator

    from capstone import CsInsn

    from dapserver.debugger.values.frame import Frame

NAMES = {
    0: frozenset({"rax", "eax", "ax", "al", "ah"}),
    1: frozenset({"rdx", "edx", "dx", "dl", "dh"}),
    17: frozenset({"xmm0", "ymm0", "zmm0"}),
    18: frozenset({"xmm1", "ymm1", "zmm1"}),
}
"""Of the parts of registers, by DWARF number. Others are taken for read."""

NO_ARGUMENT = 0
"""Of these the one that is never an argument of a call."""

INSTRUCTIONS, LONGEST = 64, 15
"""How many are looked at; bytes of one."""

WORD = re.compile(r"\w+")

CLEARING = frozenset({"xor", "xorps", "xorpd", "pxor", "sub"})
"""Of a register with itself, they do not depend on it."""


def is_taken(frame: Frame, register: int) -> bool:
    """Tell whether the code that was returned to reads a register before it is written over.

    It is followed over unconditional jumps, and where it goes on if a condition does not hold. False if
    that does not come to an end.
    """
    names = NAMES.get(register)
    if names is None:
        return True
    for instruction in _code_behind(frame):
        if _reads(instruction, names) or instruction.mnemonic == "ret":  # passed on
            return True
        if instruction.mnemonic == "call":
            return register != NO_ARGUMENT
        _, written = instruction.regs_access()
        if not names.isdisjoint(map(instruction.reg_name, written)):
            return False
    return False


def _reads(instruction: CsInsn, names: frozenset[str]) -> bool:
    first, *others = instruction.op_str.split(", ")
    if instruction.mnemonic in CLEARING and [first] == others:
        return False
    # What it says of vector registers it reads is not complete: all but the first operand are read.
    used = WORD.findall(" ".join([first] * ("[" in first) + others))
    read, _ = instruction.regs_access()
    return not names.isdisjoint([*used, *map(instruction.reg_name, read)])


def wanted_at(frame: Frame) -> int | None:
    """Give where the caller wants a result that is in memory: the hidden first argument of its call.

    None unless shortly before the call an address is put into rdi that the call has left in registers.
    """
    for instruction in reversed(_code_before(frame)[:-1]):
        if instruction.mnemonic in {"call", "ret"} or instruction.mnemonic.startswith("j"):
            return None
        _, written = instruction.regs_access()
        if not {"rdi", "edi"}.isdisjoint(map(instruction.reg_name, written)):
            return _address_put(frame, instruction)
    return None


def _address_put(frame: Frame, instruction: CsInsn) -> int | None:
    """Give what `lea` or `mov` between registers puts into one, if the others are still as they were."""
    from capstone import x86  # noqa: PLC0415 - 40 ms of start-up

    source = instruction.operands[-1]
    if instruction.mnemonic == "lea" and source.mem.index == x86.X86_REG_INVALID:
        register, offset = source.mem.base, int(source.mem.disp)
    elif instruction.mnemonic == "mov" and source.type == x86.X86_OP_REG:
        register, offset = source.reg, 0
    else:
        return None
    number = X86_64.numbers.get(instruction.reg_name(register) or "")
    if number is None or number not in {X86_64.sp, *X86_64.callee_saved}:
        return None
    return frame.register(number) + offset


def _code_behind(frame: Frame) -> Iterator[CsInsn]:
    """The instructions that are executed next."""
    from capstone import x86  # noqa: PLC0415 - 40 ms of start-up

    pc = frame.state.physical.pc
    for _ in range(INSTRUCTIONS):
        try:
            code = frame.space.memory.read(pc, LONGEST)
        except OSError:
            return
        instruction = next(decoder().disasm(code, pc, 1), None)
        if instruction is None:
            return
        yield instruction
        pc += instruction.size
        if instruction.mnemonic == "jmp":
            if instruction.operands[0].type != x86.X86_OP_IMM:
                return
            pc = instruction.operands[0].imm & (1 << 64) - 1


def _code_before(frame: Frame) -> list[CsInsn]:
    """The instructions of the function up to the call that has returned."""
    found = frame.source.function_at(frame.address - 1) if frame.source is not None else None
    for low, high in found[1].ranges if found is not None else ():
        if low < frame.address <= high:
            start = low + frame.bias
            code = frame.space.memory.read(start, frame.state.physical.pc - start)
            return list(decoder().disasm(code, start))
    return []
