"""The calls that a thread has before it in the line that it is in: what a step may be to go into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from dapserver.debugger.decoding import decoder
from dapserver.debugger.foresight import Foresight, operation
from dapserver.debugger.lines import Lines, Region, within
from dapserver.debugger.linkage import Linkage
from dapserver.symbols.demangle import demangle

if TYPE_CHECKING:
    from capstone import CsInsn

    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Modules
    from dapserver.ptrace.registers import Registers

LONGEST = 15
"""Bytes of an instruction."""

ENDS = frozenset({"jmp", "ret", "ud2", "hlt"})
"""Instructions behind which the code does not go on."""

LIMIT = 5000
"""Instructions of a line that are looked at."""


class Call(NamedTuple):
    """A call, and the function that it will lead to."""

    address: int
    function: str
    line: int
    """Of the call; 0: not known."""
    column: int


class Calls:
    """Finds calls in the code of one process. Makes no ptrace request: may run in a thread of its own."""

    def __init__(self, modules: Modules, memory: Memory) -> None:
        self._modules = modules
        self._memory = memory
        self._lines = Lines(modules)
        self._linkage = Linkage(modules, memory)

    def ahead(self, registers: Registers) -> list[Call]:
        """Give the calls that a thread may come to before it leaves its line, in their order.

        The code is followed, over both ways of a condition. Left out are functions without lines, at which
        no step would stop, and calls through a pointer that has no value yet.
        """
        region = self._lines.at(registers.pc)
        if region is None:
            return []
        found: dict[int, Call] = {}
        for instruction, foresight in self._walk(registers, region):
            target = self._target(instruction, foresight, region)
            function = self._function(target) if target is not None else None
            if function is not None and instruction.address not in found:
                found[instruction.address] = Call(
                    instruction.address, function, *self._place(instruction.address)
                )
        return list(found.values())

    # -- following the code ------------------------------------------------------------------------

    def _walk(self, registers: Registers, region: Region) -> Iterator[tuple[CsInsn, Foresight]]:
        """The instructions of the line that may be executed next, and what is known before each."""
        start = registers.pc
        ways = [(start, Foresight(dict(registers.items()), self._memory.word))]
        seen: set[int] = set()
        while ways and len(seen) < LIMIT:
            pc, foresight = ways.pop()
            while pc not in seen and len(seen) < LIMIT and self._is_on_the_way(pc, start, region):
                seen.add(pc)
                instruction = self._instruction(pc)
                if instruction is None:
                    break
                if within(pc, region.code):
                    yield instruction, foresight
                jump = _jump(instruction)
                foresight.execute(instruction)
                if jump is not None and operation(instruction) != "jmp":
                    ways.append((jump, foresight.copy()))
                elif operation(instruction) in ENDS:
                    if jump is None:
                        break
                    pc = jump
                    continue
                pc += instruction.size

    def _is_on_the_way(self, pc: int, start: int, region: Region) -> bool:
        """Whether code belongs to the line, or to what is inlined into it."""
        if within(pc, region.code):
            return True
        if not within(pc, region.function):
            return False
        there = self._lines.at(pc)
        return there is not None and any(not within(start, copy) for copy in there.inlined)

    def _instruction(self, pc: int) -> CsInsn | None:
        try:
            return next(decoder().disasm(self._memory.read(pc, LONGEST), pc, 1), None)
        except OSError:
            return None

    # -- where calls lead --------------------------------------------------------------------------

    def _target(self, instruction: CsInsn, foresight: Foresight, region: Region) -> int | None:
        """The function that an instruction calls, by a jump at the end of another one too."""
        if operation(instruction) not in {"call", "jmp"} or not instruction.operands:
            return None
        target = foresight.operand(instruction, instruction.operands[0])
        if target is None or (operation(instruction) == "jmp" and within(target, region.function)):
            return None
        return self._linkage.followed(target)

    def _function(self, address: int) -> str | None:
        """The name of a function that a step would stop in."""
        if self._lines.body(address) is None:
            return None
        place = self._modules.place(address)
        if place.symbol is not None and not place.offset:
            return demangle(place.symbol)
        source = self._modules.source_info(place.module) if place.module is not None else None
        frames = source.frames_at(address - place.module.bias) if source and place.module else []
        return frames[-1].function if frames else None

    def _place(self, address: int) -> tuple[int, int]:
        module = self._modules.at(address)
        source = self._modules.source_info(module) if module is not None else None
        frames = source.frames_at(address - module.bias) if source and module else []
        return (frames[0].line, frames[0].column) if frames else (0, 0)


def _jump(instruction: CsInsn) -> int | None:
    """Where an instruction may jump to; None if it does not, or where is not in it."""
    from capstone import CS_GRP_JUMP, x86  # noqa: PLC0415 - 40 ms of start-up

    if not instruction.group(CS_GRP_JUMP) or not instruction.operands:
        return None
    operand = instruction.operands[0]
    return operand.imm & (1 << 64) - 1 if operand.type == x86.X86_OP_IMM else None
