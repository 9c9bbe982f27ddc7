"""What a thread executes next in any case: code without a branch, and where a branch leads. x86-64.

A single step takes as long as a hundred thousand instructions, and a breakpoint behind them hardly longer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from dapserver.debugger.decoding import decoder
from dapserver.debugger.foresight import operation

if TYPE_CHECKING:
    from capstone import CsInsn

MOST = 512
"""Bytes looked at."""

HINTS = b"\xf2\x2e\x3e"
"""Prefixes that a branch may have: bnd, and which way is likely (Intel's manual, volume 2)."""

_CARRY, _PARITY, _ZERO, _SIGN, _OVERFLOW = 1 << 0, 1 << 2, 1 << 6, 1 << 7, 1 << 11
"""Of eflags."""

_TO_THE_NEXT = b"\xe8\0\0\0\0"
"""A call that only pushes where it is."""

_OPERAND_SIZE = 0x66

_STACK = ("push", "pop", "enter", "leave")
"""How instructions begin that move the stack pointer."""


class Straight(NamedTuple):
    """Code that a thread goes through in any case, and has the same stack pointer then."""

    size: int
    calls: bool
    """Whether functions are called on the way, which are to return."""


@lru_cache(maxsize=4096)
def straight(code: bytes, *, with_calls: bool) -> Straight | None:
    """How far that goes from the start of *code*; None if for one instruction at most that is no call."""
    size = instructions = 0
    calls = False
    for instruction in decoder().disasm(code, 0):
        is_call = operation(instruction) == "call" and not _is_odd(instruction)
        if not (is_call and with_calls) and (is_call or _leads_elsewhere(instruction)):
            break
        size += instruction.size
        instructions += 2 if is_call else 1  # with a step, a call takes a stop inside it too
        calls |= is_call
    return Straight(size, calls) if instructions > 1 else None


def _is_odd(call: CsInsn) -> bool:
    """Whether it pushes where it is and no more, or is of another size on each make of processor."""
    return bytes(call.bytes) == _TO_THE_NEXT or _OPERAND_SIZE in call.prefix


def _leads_elsewhere(instruction: CsInsn) -> bool:
    """Whether something else may follow than the next instruction, or another stack pointer.

    What capstone says of groups and registers is not the whole truth (test_straight.py has a list).
    """
    import capstone  # noqa: PLC0415 - 40 ms of start-up
    from capstone import x86  # noqa: PLC0415

    groups = (
        *(capstone.CS_GRP_JUMP, capstone.CS_GRP_BRANCH_RELATIVE, capstone.CS_GRP_CALL, capstone.CS_GRP_RET),
        *(capstone.CS_GRP_INT, capstone.CS_GRP_IRET),
    )
    if any(map(instruction.group, groups)) or operation(instruction).startswith(_STACK):
        return True
    written = instruction.regs_access()[1]
    stack = (x86.X86_REG_RSP, x86.X86_REG_ESP, x86.X86_REG_SP, x86.X86_REG_SPL)
    return any(register in written for register in stack)


def destination(code: bytes, pc: int, eflags: int) -> int | None:
    """Where the branch leads that is at *pc*, and that *code* begins with; None if it is no relative one."""
    bare = code.lstrip(HINTS)
    pc += len(code) - len(bare)
    opcode = bare[:1]
    if opcode == b"\xeb" or (opcode and opcode[0] >> 4 == 7):
        after, size = 2, 1
    elif opcode == b"\xe9":
        after, size = 5, 4
    elif opcode == b"\x0f" and len(bare) > 1 and bare[1] >> 4 == 8:
        after, size = 6, 4
    else:
        return None
    if len(bare) < after:
        return None
    is_taken = opcode in {b"\xeb", b"\xe9"} or _holds(bare[after - size - 1] & 15, eflags)
    distance = int.from_bytes(bare[after - size : after], "little", signed=True)
    return pc + after + (distance if is_taken else 0)


def _holds(condition: int, eflags: int) -> bool:
    """Whether a condition holds, numbered as in the opcodes (volume 2, appendix B.1.4.7)."""
    carry, parity, zero, sign, overflow = (
        bool(eflags & flag) for flag in (_CARRY, _PARITY, _ZERO, _SIGN, _OVERFLOW)
    )
    less = sign != overflow
    return (overflow, carry, zero, carry or zero, sign, parity, less, zero or less)[condition >> 1] != (
        condition & 1
    )
