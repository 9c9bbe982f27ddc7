"""What registers will hold a few instructions on, as far as moves and sums tell. x86-64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from capstone import CsInsn

MASK = (1 << 64) - 1
HALF, WORD = 4, 8

KEPT = ("rbx", "rbp", "rsp", "r12", "r13", "r14", "r15")
"""By calls (System V ABI, AMD64 supplement, 3.2.1)."""

_LETTERS = "abcd"
WHOLE = {
    **{f"e{x}x": f"r{x}x" for x in _LETTERS},
    **{f"{x}{part}": f"r{x}x" for x in _LETTERS for part in "xlh"},
    **{f"{part}{x}": f"r{x}" for x in ("si", "di", "bp", "sp") for part in ("e", "")},
    **{f"{x}l": f"r{x}" for x in ("si", "di", "bp", "sp")},
    **{f"r{n}{part}": f"r{n}" for n in range(8, 16) for part in "dwb"},
}
"""The register that one is a part of."""


def whole(name: str) -> str:
    """Give the register that one is a part of: writing 4 bytes makes the others zero."""
    return WHOLE.get(name, name)


def _extended(value: int) -> int:
    """The lower 4 bytes, with their sign."""
    low = value & 0xFFFFFFFF
    return low | MASK ^ 0xFFFFFFFF if low >> 31 else low


def operation(instruction: CsInsn) -> str:
    """Give its mnemonic without prefixes: `jmp` for `bnd jmp` and `notrack jmp`."""
    return str(instruction.mnemonic).rpartition(" ")[2]


RESULTS: Mapping[str, Callable[[int, int], int]] = {
    "mov": lambda _, other: other,
    "movabs": lambda _, other: other,
    "movsxd": lambda _, other: _extended(other),
    "add": lambda one, other: one + other,
    "sub": lambda one, other: one - other,
    "shl": lambda one, other: one << (other & 63),
}
"""What instructions make of their two operands."""

DEPENDING = frozenset({"add", "sub", "shl"})
"""On the first one."""


class Foresight:
    """Registers and memory on one way through the code. What is not known is left out.

    Memory is taken for what it is now, but for what is stored on the way: what a call changes there is not
    seen.
    """

    def __init__(
        self,
        registers: Mapping[str, int],
        word: Callable[[int], int | None],
        stored: Mapping[int, int | None] | None = None,
    ) -> None:
        """*word* reads 8 bytes of memory; *stored* is what others will be, by address; None: something."""
        self._registers = dict(registers)
        self._word = word
        self._stored = dict(stored or {})

    def copy(self) -> Self:
        """The same, for another way from here on."""
        return type(self)(self._registers, self._word, self._stored)

    def operand(self, instruction: CsInsn, operand: Any) -> int | None:
        """Give what an operand of 4 or 8 bytes is when the instruction is reached; None if unknown."""
        from capstone import x86  # noqa: PLC0415 - 40 ms of start-up

        if operand.type == x86.X86_OP_IMM:
            return int(operand.imm) & MASK
        if operand.size not in {HALF, WORD}:
            return None
        if operand.type == x86.X86_OP_REG:
            found = self._registers.get(whole(instruction.reg_name(operand.reg)))
        else:
            address = self.address(instruction, operand.mem)
            found = None if address is None else self._load(address)
        return None if found is None else found & (1 << 8 * operand.size) - 1

    def address(self, instruction: CsInsn, memory: Any) -> int | None:
        """Give where an operand in memory is."""
        if memory.segment:
            return None
        found = int(memory.disp)
        for register, scale in ((memory.base, 1), (memory.index, memory.scale)):
            if register:
                name = instruction.reg_name(register)
                known = self._registers.get(name)
                value = instruction.address + instruction.size if name == "rip" else known
                if value is None:
                    return None
                found += value * scale
        return found & MASK

    def execute(self, instruction: CsInsn) -> None:
        """Go on behind an instruction."""
        if operation(instruction) == "call":
            self._registers = {name: self._registers[name] for name in KEPT if name in self._registers}
            return
        result = self._result(instruction)
        _, written = instruction.regs_access()
        for name in map(instruction.reg_name, written):
            self._registers.pop(whole(name), None)
        self._store(instruction, result)

    def _result(self, instruction: CsInsn) -> int | None:
        """What the first operand becomes, or rax."""
        name = operation(instruction)
        if name == "lea":
            return self.address(instruction, instruction.operands[1].mem)
        if name == "cdqe":
            value = self._registers.get("rax")
            return None if value is None else _extended(value)
        compute = RESULTS.get(name)
        if compute is None or len(instruction.operands) < 2:
            return None
        one, other = (self.operand(instruction, each) for each in instruction.operands)
        if other is None or (one is None and name in DEPENDING):
            return None
        return compute(one or 0, other) & (1 << 8 * int(instruction.operands[0].size)) - 1

    def _store(self, instruction: CsInsn, result: int | None) -> None:
        from capstone import CS_AC_WRITE, x86  # noqa: PLC0415 - 40 ms of start-up

        if not instruction.operands:
            if result is not None:
                self._registers["rax"] = result
            return
        first = instruction.operands[0]
        if first.type == x86.X86_OP_REG:
            if result is not None and first.size in {HALF, WORD}:
                self._registers[whole(instruction.reg_name(first.reg))] = result
        elif first.type == x86.X86_OP_MEM and first.access & CS_AC_WRITE:
            address = self.address(instruction, first.mem)
            if address is not None:
                self._stored[address] = result if first.size == WORD else None

    def _load(self, address: int) -> int | None:
        if address in self._stored:
            return self._stored[address]
        if any(abs(address - each) < WORD for each in self._stored):
            return None
        return self._word(address)
