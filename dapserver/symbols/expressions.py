"""Evaluate DWARF expressions (DWARF 5, 2.5): what all have in common.

That is what call frame information may hold (6.4.2); dwarf/locations_evaluation.py adds what only
a variable's location can mean.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub, xor
from typing import Any

from dapserver.symbols.dwarf.reading import DwarfError, sleb128, uleb128, unsigned

MASK = (1 << 64) - 1
SIGN = 1 << 63
# DW_OP_skip and DW_OP_bra can loop.
OPERATION_LIMIT = 10_000
STACK_LIMIT = 256

ReadMemory = Callable[[int, int], bytes]
"""(address, size) -> that many bytes; OSError if they cannot be read."""


def evaluate(expression: bytes, registers: Mapping[int, int], memory: ReadMemory, *initial: int) -> int:
    """Give the value on top of the stack after *expression*, which starts with *initial* on it.

    *registers* are by DWARF number. Raises DwarfError if the expression is damaged, uses what has
    no meaning in call frame information, or needs a register that is not known; what *memory*
    raises goes through.
    """
    evaluation = Evaluation(expression, registers, memory, [value & MASK for value in initial])
    try:
        return evaluation.run()
    except (LookupError, ValueError, ArithmeticError, struct.error) as error:
        raise DwarfError(f"a damaged expression: {error}") from None


class Evaluation:
    """One expression on its way. Positions are of *data*, the stack's top is its last."""

    operations: Mapping[int, Callable[[Any], object]] = {}
    """By opcode; `binary` ones are apart."""

    def __init__(
        self, data: bytes, registers: Mapping[int, int], memory: ReadMemory, stack: list[int]
    ) -> None:
        self.data = data
        self.position = 0
        self.registers = registers
        self.memory = memory
        self.stack = stack

    def run(self) -> int:
        self.run_all()
        return self.stack[-1]

    def run_all(self) -> None:
        operations = self.operations
        for _ in range(OPERATION_LIMIT):
            if self.position == len(self.data):
                return
            opcode = self.data[self.position]
            self.position += 1
            if operation := operations.get(opcode):
                operation(self)
            elif binary := BINARY.get(opcode):
                self.combine(opcode, binary)
            else:
                raise DwarfError(f"the operation {opcode:#x}, which is unknown or has no meaning here")
        raise DwarfError("an expression without an end")

    def combine(self, _opcode: int, binary: Callable[[int, int], int]) -> None:
        right, left = self.stack.pop(), self.stack.pop()
        self.push(binary(left, right))

    def push(self, value: int) -> None:
        if len(self.stack) >= STACK_LIMIT:
            raise DwarfError("an expression whose stack grows without end")
        self.stack.append(value & MASK)

    # -- operands ----------------------------------------------------------------------------

    def uleb(self) -> int:
        value, self.position = uleb128(self.data, self.position)
        return value

    def sleb(self) -> int:
        value, self.position = sleb128(self.data, self.position)
        return value

    def fixed(self, size: int, *, is_signed: bool = False) -> int:
        value = unsigned(self.data, self.position, size)
        self.position += size
        return value - (1 << 8 * size) if is_signed and value >> (8 * size - 1) else value

    # -- operations --------------------------------------------------------------------------

    def register(self, number: int) -> None:
        self.push(self.registers[number] + self.sleb())

    def deref(self, size: int) -> None:
        self.push(int.from_bytes(self.memory(self.stack.pop(), size), "little"))

    def pick(self, index: int) -> None:
        if index >= len(self.stack):
            raise DwarfError("an expression that picks below its stack")
        self.push(self.stack[-1 - index])

    def swap(self) -> None:
        self.stack[-1], self.stack[-2] = self.stack[-2], self.stack[-1]

    def rotate(self) -> None:
        self.stack[-3:] = [self.stack[-1], self.stack[-3], self.stack[-2]]

    def skip(self, *, is_taken: bool) -> None:
        distance = self.fixed(2, is_signed=True)
        if is_taken:
            self.position += distance
            if not 0 <= self.position <= len(self.data):
                raise DwarfError("an expression that branches out of itself")


def signed(value: int) -> int:
    """Read 64 bits as a signed number."""
    return value - (1 << 64) if value & SIGN else value


def _divide(left: int, right: int) -> int:
    """Division of signed numbers that rounds towards zero, as in C."""
    quotient = abs(signed(left)) // abs(signed(right))
    return quotient if (left ^ right) & SIGN == 0 else -quotient


def _modulo(left: int, right: int) -> int:
    return left % right


def _shifted(shift: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """A shift by more than any register has bits must not become a number of that many bits."""
    return lambda left, right: shift(left, min(right, 64))


def _compared(compare: Callable[[int, int], bool]) -> Callable[[int, int], int]:
    return lambda left, right: int(compare(signed(left), signed(right)))


# By the names of DWARF 5, 7.7.1.
BINARY: dict[int, Callable[[int, int], int]] = {
    0x1A: and_,
    0x1B: _divide,
    0x1C: sub,
    0x1D: _modulo,
    0x1E: mul,
    0x21: or_,
    0x22: add,  # plus
    0x24: _shifted(lambda left, right: left << right),  # shl
    0x25: _shifted(lambda left, right: left >> right),  # shr
    0x26: _shifted(lambda left, right: signed(left) >> right),  # shra
    0x27: xor,
    0x29: _compared(eq),
    0x2A: _compared(ge),
    0x2B: _compared(gt),
    0x2C: _compared(le),
    0x2D: _compared(lt),
    0x2E: _compared(ne),
}


def _literal(value: int) -> Callable[[Evaluation], None]:
    return lambda on: on.push(value)


def _base_register(number: int) -> Callable[[Evaluation], None]:
    return lambda on: on.register(number)


def _constant(size: int, *, is_signed: bool) -> Callable[[Evaluation], None]:
    return lambda on: on.push(on.fixed(size, is_signed=is_signed))


OPERATIONS: dict[int, Callable[[Evaluation], object]] = {
    0x06: lambda on: on.deref(8),
    **{0x08 + 2 * i: _constant(1 << i, is_signed=False) for i in range(4)},  # const1u to const8u
    **{0x09 + 2 * i: _constant(1 << i, is_signed=True) for i in range(4)},  # const1s to const8s
    0x10: lambda on: on.push(on.uleb()),  # constu
    0x11: lambda on: on.push(on.sleb()),  # consts
    0x12: lambda on: on.pick(0),  # dup
    0x13: lambda on: on.stack.pop(),  # drop
    0x14: lambda on: on.pick(1),  # over
    0x15: lambda on: on.pick(on.fixed(1)),
    0x16: Evaluation.swap,
    0x17: Evaluation.rotate,
    0x19: lambda on: on.push(abs(signed(on.stack.pop()))),
    0x1F: lambda on: on.push(-on.stack.pop()),  # neg
    0x20: lambda on: on.push(~on.stack.pop()),  # not
    0x23: lambda on: on.push(on.stack.pop() + on.uleb()),  # plus_uconst
    0x28: lambda on: on.skip(is_taken=bool(on.stack.pop())),  # bra
    0x2F: lambda on: on.skip(is_taken=True),
    **{0x30 + i: _literal(i) for i in range(32)},
    **{0x70 + i: _base_register(i) for i in range(32)},  # breg0 to breg31
    0x92: lambda on: on.register(on.uleb()),  # bregx
    0x94: lambda on: on.deref(min(on.fixed(1), 8)),  # deref_size
    0x96: lambda _: None,  # nop
}

Evaluation.operations = OPERATIONS


def constant_offset(expression: bytes) -> int | None:
    """Give the constant of an expression that only adds one (`DW_OP_plus_uconst n`), else None."""
    if expression[:1] != b"\x23":
        return None
    value, end = uleb128(expression, 1)
    return value if end == len(expression) else None
