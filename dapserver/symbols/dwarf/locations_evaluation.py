"""Where a variable is, from its location expression (DWARF 5, 2.5 and 2.6)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from operator import add, eq, ge, gt, le, lt, mul, ne, sub, truediv
from typing import Protocol

from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.reading import DAMAGE, DwarfError, sleb128, uleb128
from dapserver.symbols.dwarf.units import Unit
from dapserver.symbols.expressions import MASK, OPERATIONS, Evaluation, signed

FBREG = b"\x91"  # DW_OP_fbreg
PIECE_LIMIT = 1 << 20  # bits
NESTING_LIMIT = 8
FLOAT, SIGNED = frozenset({0x04}), frozenset({0x05, 0x06, 0x0D})  # DW_ATE_*
FLOAT_FORMATS = {4: "<f", 8: "<d"}


class NotKnown(DwarfError):
    """What an expression needs is not kept anywhere: a register that a call has lost, an entry value."""


class Machine(Protocol):
    """What expressions ask of a frame. Each raises DwarfError where that is not known."""

    bias: int
    """What to add to the addresses of the file."""

    def register(self, number: int) -> int: ...

    def register_data(self, number: int) -> bytes: ...

    def read(self, address: int, size: int) -> bytes:
        """Read memory; what it raises goes through."""

    def frame_base(self) -> int: ...

    def frame_address(self) -> int:
        """Give the canonical frame address."""

    def thread_local(self, offset: int) -> int:
        """Give the address of what is at *offset* in the thread's block of the file."""

    def entry_value(self, expression: bytes) -> int:
        """Give what *expression* had for a value when the function was entered."""

    def expression(self, entry: Entry) -> bytes | None:
        """Give the location expression of another entry in this frame."""


@dataclass(frozen=True, slots=True)
class InMemory:
    address: int


@dataclass(frozen=True, slots=True)
class InRegister:
    number: int


@dataclass(frozen=True, slots=True)
class Bytes:
    """The value itself (DW_OP_implicit_value)."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Computed:
    """The value itself, as large as its type says (DW_OP_stack_value)."""

    number: float


@dataclass(frozen=True, slots=True, eq=False)
class PointerTo:
    """A pointer that does not exist, to a variable that may (DW_OP_implicit_pointer)."""

    entry: Entry
    offset: int


@dataclass(frozen=True, slots=True)
class Part:
    location: Location | None
    bits: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Parts:
    parts: tuple[Part, ...]


Location = InMemory | InRegister | Bytes | Computed | PointerTo | Parts


def locate(
    expression: bytes,
    unit: Unit,
    machine: Machine,
    *initial: int,
    object_address: int | None = None,
    nesting: int = 0,
) -> Location | None:
    """Find where *expression* says that a variable is; None: optimized out.

    Raises DwarfError if that cannot be told; what the machine's memory raises goes through.
    """
    if nesting > NESTING_LIMIT:
        raise DwarfError("expressions that need each other without end")
    try:
        if expression[:1] == FBREG:  # most have nothing else, and frames have many variables
            offset, end = sleb128(expression, 1)
            if end == len(expression):
                return InMemory((machine.frame_base() + offset) & MASK)
        return _Locating(
            expression, unit, machine, list(initial), object_address=object_address, nesting=nesting
        ).location()
    except (*DAMAGE, TypeError, OverflowError) as error:
        if isinstance(error, DwarfError):
            raise
        raise DwarfError(f"a damaged expression: {error}") from None


class _Registers:
    """A machine's registers as a mapping."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def __getitem__(self, number: int) -> int:
        return self._machine.register(number)


class _Locating(Evaluation):
    def __init__(
        self,
        data: bytes,
        unit: Unit,
        machine: Machine,
        stack: list[int],
        *,
        object_address: int | None,
        nesting: int,
    ) -> None:
        super().__init__(data, _Registers(machine), machine.read, stack)  # type: ignore[arg-type]
        self.unit = unit
        self.machine = machine
        self.object_address = object_address
        self.nesting = nesting
        self.found: Location | None = None
        self.parts: list[Part] = []
        self.bits = 0

    def location(self) -> Location | None:
        if not self.data:
            return None
        self.run_all()
        if self.parts:
            return Parts(tuple(self.parts))
        return self._here()

    def _here(self) -> Location | None:
        if self.found is not None:
            return self.found
        if not self.stack:
            return None
        top = self.stack[-1]
        if not isinstance(top, int):
            raise DwarfError("a location that is no address")
        return InMemory(top)

    def push(self, value: float) -> None:
        if isinstance(value, float):
            self.stack.append(value)  # type: ignore[arg-type]
        else:
            super().push(value)

    def combine(self, opcode: int, binary: Callable[[int, int], int]) -> None:
        if isinstance(self.stack[-1], float) or isinstance(self.stack[-2], float):
            right, left = self.stack.pop(), self.stack.pop()
            self.push(_FLOAT_BINARY[opcode](left, right))
        else:
            super().combine(opcode, binary)

    # -- where ---------------------------------------------------------------------------------

    def piece(self, bits: int, skipped: int = 0) -> None:
        self.bits += bits
        if not 0 <= bits <= PIECE_LIMIT or skipped > PIECE_LIMIT or self.bits > PIECE_LIMIT:
            raise DwarfError("a value of too large pieces")
        self.parts.append(Part(self._here(), bits, skipped))
        self.found = None
        self.stack.clear()

    def in_register(self, number: int) -> None:
        self.found = InRegister(number)

    def stack_value(self) -> None:
        self.found = Computed(self.stack.pop())

    def implicit_value(self) -> None:
        self.found = Bytes(self.block())

    def implicit_pointer(self) -> None:
        target = self.fixed(self.unit.encoding.offset_size)
        offset = self.sleb()
        if target:  # gcc 12 writes 0 in split debug information of version 5: what it meant is lost
            self.found = PointerTo(self.unit.entry_at(target), offset)

    # -- what ----------------------------------------------------------------------------------

    def block(self) -> bytes:
        length = self.uleb()
        self.position += length
        if self.position > len(self.data):
            raise DwarfError("a block that goes on behind its expression")
        return self.data[self.position - length : self.position]

    def address(self) -> None:
        self.push(self.fixed(self.unit.encoding.address_size) + self.machine.bias)

    def indexed_address(self) -> None:
        self.push(self.unit.indexed_address(self.uleb()) + self.machine.bias)

    def indexed_constant(self) -> None:
        self.push(self.unit.indexed_address(self.uleb()))

    def frame_base(self) -> None:
        self.push(self.machine.frame_base() + self.sleb())

    def thread_local(self) -> None:
        offset = self.stack.pop()
        self.push(self.machine.thread_local(self.unit.info.thread_local_offset(offset)))

    def entry_value(self) -> None:
        self.push(self.machine.entry_value(self.block()))

    def this_object(self) -> None:
        if self.object_address is None:
            raise DwarfError("an expression about an object that has no address")
        self.push(self.object_address)

    def call(self, entry: Entry) -> None:
        """Evaluate the location of another entry on this stack (2.5.1.5)."""
        expression = self.machine.expression(entry)
        if expression is None:
            return
        if self.nesting >= NESTING_LIMIT:
            raise DwarfError("expressions that call each other without end")
        inner = _Locating(
            expression,
            entry.unit,
            self.machine,
            self.stack,
            object_address=self.object_address,
            nesting=self.nesting + 1,
        )
        inner.run_all()

    def call_in_unit(self, size: int) -> None:
        self.call(Entry(self.unit, self.fixed(size)))

    def call_anywhere(self) -> None:
        self.call(self.unit.entry_at(self.fixed(self.unit.encoding.offset_size)))

    def variable_value(self) -> None:
        """Push what another variable holds (DW_OP_GNU_variable_value)."""
        entry = self.unit.entry_at(self.fixed(self.unit.encoding.offset_size))
        expression = self.machine.expression(entry)
        location = (
            locate(expression, entry.unit, self.machine, nesting=self.nesting + 1) if expression else None
        )
        if isinstance(location, InMemory):
            self.push(int.from_bytes(self.machine.read(location.address, 8), "little"))
        elif isinstance(location, InRegister):
            self.push(self.machine.register(location.number))
        elif isinstance(location, Computed):
            self.push(location.number)
        else:
            raise DwarfError("a variable whose value is not known")

    # -- typed values (2.5.1.6, 2.5.1.7) ---------------------------------------------------------

    def base_type(self) -> tuple[int, int]:
        """The encoding and the size of a base type; (0, 8) is the generic one."""
        offset = self.uleb()
        if offset == 0:
            return 0, 8
        entry = Entry(self.unit, offset)
        size = entry.number(At.BYTE_SIZE) or 0
        if not 0 < size <= 16:
            raise DwarfError("a base type of no sensible size")
        return entry.number(At.ENCODING) or 0, size

    def constant_of_type(self) -> None:
        encoding, _ = self.base_type()
        length = self.fixed(1)
        self.position += length
        self.push(_typed(self.data[self.position - length : self.position], encoding))

    def register_of_type(self) -> None:
        number = self.uleb()
        encoding, size = self.base_type()
        self.push(_typed(self.machine.register_data(number)[:size], encoding))

    def deref_of_type(self) -> None:
        size = self.fixed(1)
        encoding, _ = self.base_type()
        self.push(_typed(self.memory(self.stack.pop(), min(size, 16)), encoding))

    def convert(self) -> None:
        encoding, size = self.base_type()
        value: float = self.stack.pop()
        if encoding in FLOAT:
            self.push(float(value if isinstance(value, float) else signed(value)))
        else:
            self.push(_typed((int(value) & MASK).to_bytes(8, "little")[:size], encoding))

    def reinterpret(self) -> None:
        encoding, size = self.base_type()
        value: float = self.stack.pop()
        if isinstance(value, float):
            data = struct.pack(FLOAT_FORMATS[size], value)
        else:
            data = value.to_bytes(8, "little")[:size]
        self.push(_typed(data, encoding))


def _typed(data: bytes, encoding: int) -> float:
    if encoding in FLOAT:
        return float(struct.unpack(FLOAT_FORMATS[len(data)], data)[0])
    return int.from_bytes(data, "little", signed=encoding in SIGNED)


def register_of(expression: bytes) -> int | None:
    """Give the register that an expression is the plain name of (`DW_OP_reg5`), else None."""
    if len(expression) == 1 and 0x50 <= expression[0] <= 0x6F:
        return expression[0] - 0x50
    if expression[:1] == b"\x90":
        number, end = uleb128(expression, 1)
        return number if end == len(expression) else None
    return None


_FLOAT_BINARY: dict[int, Callable[[float, float], float]] = {
    0x1B: truediv,
    0x1C: sub,
    0x1E: mul,
    0x22: add,
    0x29: lambda left, right: int(eq(left, right)),
    0x2A: lambda left, right: int(ge(left, right)),
    0x2B: lambda left, right: int(gt(left, right)),
    0x2C: lambda left, right: int(le(left, right)),
    0x2D: lambda left, right: int(lt(left, right)),
    0x2E: lambda left, right: int(ne(left, right)),
}


def _register(number: int) -> Callable[[_Locating], None]:
    return lambda on: on.in_register(number)


# By the names of DWARF 5, 7.7.1, then those of GNU.
_Locating.operations = {
    **OPERATIONS,
    0x03: _Locating.address,
    **{0x50 + number: _register(number) for number in range(32)},
    0x90: lambda on: on.in_register(on.uleb()),
    0x91: _Locating.frame_base,
    0x93: lambda on: on.piece(8 * on.uleb()),
    0x97: _Locating.this_object,
    0x98: lambda on: on.call_in_unit(2),
    0x99: lambda on: on.call_in_unit(4),
    0x9A: _Locating.call_anywhere,
    0x9B: _Locating.thread_local,
    0x9C: lambda on: on.push(on.machine.frame_address()),
    0x9D: lambda on: on.piece(on.uleb(), on.uleb()),
    0x9E: _Locating.implicit_value,
    0x9F: _Locating.stack_value,
    0xA0: _Locating.implicit_pointer,
    0xA1: _Locating.indexed_address,
    0xA2: _Locating.indexed_constant,
    0xA3: _Locating.entry_value,
    0xA4: _Locating.constant_of_type,
    0xA5: _Locating.register_of_type,
    0xA6: _Locating.deref_of_type,
    0xA8: _Locating.convert,
    0xA9: _Locating.reinterpret,
    0xE0: _Locating.thread_local,  # GNU_push_tls_address
    0xF0: lambda _: None,  # GNU_uninit
    0xF2: _Locating.implicit_pointer,
    0xF3: _Locating.entry_value,
    0xF4: _Locating.constant_of_type,
    0xF5: _Locating.register_of_type,
    0xF6: _Locating.deref_of_type,
    0xF7: _Locating.convert,
    0xF9: _Locating.reinterpret,
    0xFB: _Locating.indexed_address,
    0xFC: _Locating.indexed_constant,
    0xFD: _Locating.variable_value,
}
