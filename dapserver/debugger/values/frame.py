"""Where the variables of one frame are: its registers, its frame base, what it was called with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from dapserver.debugger.values import numbers, places
from dapserver.debugger.values.errors import ValueProblem
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf import locations_evaluation as where
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.locations import expression_at, stated_at
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import SCALARS, UNKNOWN, Array, Kind, Pointer, Type
from dapserver.symbols.dwarf.types_reading import DynamicCount

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.debugger.unwinding import PhysicalFrame
    from dapserver.debugger.values.space import Space
    from dapserver.symbols.dwarf.source import SourceInfo

WORD = 8
EXPRESSION_NESTING = 32
COUNT_LIMIT = 1 << 40


def _unwritable(_number: int, _data: bytes) -> None:
    raise ValueProblem("This register cannot be changed: the function has lost it, or it is a caller's.")


@dataclass(slots=True, eq=False)
class FrameState:
    """What a frame's variables depend on. Registers are by DWARF number."""

    physical: PhysicalFrame
    caller: Callable[[], FrameState | None] = lambda: None
    vectors: Mapping[int, bytes] = field(default_factory=dict)
    """Registers that are no general ones, in the innermost frame."""
    write_register: Callable[[int, bytes], None] = _unwritable
    """Writes a register of the thread: in the innermost frame."""
    names: tuple[str, ...] = ()
    """The general registers in the kernel's order, in the innermost frame."""
    others: Mapping[str, int] = field(default_factory=dict)
    """Registers of the kernel's that DWARF has no number for."""
    thread_pointer: int | None = None
    """Where the C library keeps its thread: `fs_base` of x86-64."""
    returned: int | None = None
    """In the innermost frame: an address in the function that the thread has just come back from."""
    _frame: Frame | None = None

    def frame_in(self, space: Space) -> Frame:
        """Give the frame for expressions; the same one each time."""
        if self._frame is None:
            self._frame = Frame(space, self)
        return self._frame


class Frame:
    """A physical frame as location expressions see it (a `locations_evaluation.Machine`)."""

    def __init__(self, space: Space, state: FrameState) -> None:
        self.space = space
        self.state = state
        self.module: Module | None = state.physical.module
        self.bias = self.module.bias if self.module is not None else 0
        self.address = state.physical.lookup_pc - self.bias
        """The file's own address to look things up by."""
        self._frame_base: int | None = None
        self._entry_values: dict[bytes, int | None] = {}
        self._generation = space.generation

    @functools.cached_property
    def source(self) -> SourceInfo | None:
        """The debug information of the frame's module."""
        return self.space.modules.source_info(self.module) if self.module is not None else None

    @functools.cached_property
    def entries(self) -> list[Entry]:
        """Of the functions inlined there, innermost first, and last of the one that has the frame."""
        return self.source.entries_at(self.address) if self.source is not None else []

    # -- what expressions ask --------------------------------------------------------------------

    def register(self, number: int) -> int:
        try:
            return self.state.physical.registers[number]
        except KeyError:
            data = self.state.vectors.get(number)
        if data is None:
            raise where.NotKnown(f"register {number} was not saved")
        return int.from_bytes(data[:WORD], "little")

    def register_data(self, number: int) -> bytes:
        if number in self.state.physical.registers:
            return self.state.physical.registers[number].to_bytes(WORD, "little")
        data = self.state.vectors.get(number)
        if data is None:
            raise where.NotKnown(f"register {number} was not saved")
        return data

    def read(self, address: int, size: int) -> bytes:
        return self.space.read(address, size)

    def frame_base(self) -> int:
        if self._frame_base is None:
            function = self.entries[-1] if self.entries else None
            expression = expression_at(function, self.address, At.FRAME_BASE) if function else None
            if function is None or expression is None:
                raise where.NotKnown("the function does not tell where its frame is")
            found = self._located(expression, function)
            if isinstance(found, where.InRegister):
                self._frame_base = self.register(found.number)
            elif isinstance(found, where.InMemory):
                self._frame_base = found.address
            elif isinstance(found, where.Computed):
                self._frame_base = int(found.number)
            else:
                raise where.NotKnown("the function does not tell where its frame is")
        return self._frame_base

    def frame_address(self) -> int:
        cfa = self.state.physical.cfa
        if cfa is None:
            raise where.NotKnown("there is no call frame information here")
        return cfa

    def thread_local(self, offset: int) -> int:
        from dapserver.debugger.values.thread_locals import thread_block  # noqa: PLC0415 - rarely needed

        if self.module is None or self.state.thread_pointer is None:
            raise where.NotKnown("the thread's block of variables is not known")
        return thread_block(self.space, self.module, self.state.thread_pointer) + offset

    def entry_value(self, expression: bytes) -> int:
        from dapserver.debugger.values.call_sites import argument_at_call  # noqa: PLC0415 - of -O2 alone

        if self._generation != self.space.generation:
            self._generation = self.space.generation
            self._entry_values.clear()
        if expression not in self._entry_values:
            self._entry_values[expression] = None
            state = self.state.caller()
            if state is not None:
                with self.space.nested(EXPRESSION_NESTING):
                    found = argument_at_call(self, state.frame_in(self.space), expression)
                self._entry_values[expression] = found
        value = self._entry_values[expression]
        if value is None:
            raise where.NotKnown("what the function was called with is not known")
        return value

    def expression(self, entry: Entry) -> bytes | None:
        for origin in entry.origins():
            found = expression_at(origin, self.address)
            if found is not None:
                return found
        return None

    # -- values ------------------------------------------------------------------------------------

    def value(self, entry: Entry, declared_type: Type | None = None) -> Value:
        """Make the value of a variable's entry. Never raises: what is not known, reading it tells."""
        type_ = UNKNOWN
        try:
            type_ = declared_type or self.type_of(entry)
            type_ = self.sized(type_)
            return Value(self.space, type_, self._place(entry, type_))
        except where.NotKnown:
            place: places.Place = places.NOWHERE
        except (DwarfError, ValueProblem) as error:
            place = places.BrokenPlace(str(error))
        return Value(self.space, type_, place)

    def type_of(self, entry: Entry) -> Type:
        """Give the type of a variable's entry. Raises DwarfError."""
        assert self.source is not None
        return self.source.declarations.types.of(entry) or UNKNOWN

    def _place(self, entry: Entry, type_: Type) -> places.Place:
        stated = stated_at(entry, self.address)
        if stated is None:
            return places.NOWHERE
        if stated.constant is not None:
            return places.ConstantPlace(_constant(stated.constant, type_))
        found = self._located(stated.expression, stated.by) if stated.expression else None
        return self._as_place(found, type_)

    def _located(self, expression: bytes, entry: Entry, *initial: int) -> where.Location | None:
        return where.locate(expression, entry.unit, self, *initial, nesting=0)

    def _as_place(self, location: where.Location | None, type_: Type) -> places.Place:  # noqa: PLR0911
        if location is None:
            return places.NOWHERE
        if isinstance(location, where.InMemory):
            return places.MemoryPlace(self.space, location.address)
        if isinstance(location, where.InRegister):
            return self.register_place(location.number)
        if isinstance(location, where.Bytes):
            return places.ConstantPlace(location.data)
        if isinstance(location, where.Computed):
            return places.ConstantPlace(_constant(location.number, type_))
        if isinstance(location, where.PointerTo):
            return self._synthetic_pointer(location, type_)
        return places.PiecesPlace(
            tuple(
                places.Piece(self._as_place(part.location, type_), part.bits, part.skipped)
                for part in location.parts
            )
        )

    def _synthetic_pointer(self, location: where.PointerTo, type_: Type) -> places.Place:
        def pointee() -> Value:
            whole = self.value(location.entry)
            target = type_.bare.target
            return Value(self.space, target or whole.type, whole.place, whole.offset + location.offset)

        return places.SyntheticPointerPlace(pointee)

    def register_place(self, number: int) -> places.Place:
        """Give a register of this frame; callers' are changed where they were saved."""
        physical = self.state.physical

        def write(data: bytes) -> None:
            saved = physical.saved.get(number)
            if saved is not None:
                self.space.write(saved, data)
                cast("dict[int, int]", physical.registers)[number] = int.from_bytes(data[:WORD], "little")
            else:
                self.state.write_register(number, data)

        self.register_data(number)  # so that a lost one is noticed now
        return places.RegisterPlace(lambda: self.register_data(number), write)

    # -- arrays whose length only the frame knows --------------------------------------------------

    def sized(self, type_: Type, depth: int = 8) -> Type:
        """Give a type with the length that a variable-length array has in this frame (5.13)."""
        if type_.kind is not Kind.ARRAY and type_.kind is not Kind.TYPEDEF:
            return type_
        bare = type_.bare
        if bare.kind is not Kind.ARRAY or bare.target is None or depth == 0:
            return type_
        target = self.sized(bare.target, depth - 1)
        dynamic = bare.dynamic_count
        if isinstance(dynamic, DynamicCount) and bare.count is None:
            return Array(target, self._count(dynamic, bare.lower_bound), lower_bound=bare.lower_bound)
        if target is not bare.target:
            return Array(target, bare.count, lower_bound=bare.lower_bound)
        return type_

    def _count(self, dynamic: DynamicCount, lower_bound: int) -> int | None:
        try:
            if isinstance(dynamic.source, bytes):
                number = self._number(dynamic.source)
            else:
                number = self.value(dynamic.source).number()
        except (DwarfError, ValueProblem):
            return None
        count = number - lower_bound + 1 if dynamic.is_upper_bound else number
        return count if 0 <= count < COUNT_LIMIT else None

    def _number(self, expression: bytes) -> int:
        """What an expression leaves on its stack, which is no address here."""
        found = self._located(expression, self.entries[-1])
        if isinstance(found, where.InMemory):
            return numbers.signed_64(found.address)
        if isinstance(found, where.Computed):
            return int(found.number)
        raise where.NotKnown("a length that is not known")

    def evaluated(self, expression: bytes, entry: Entry) -> int:
        """Give the number that an expression of *entry* leaves. Raises DwarfError."""
        found = self._located(expression, entry)
        if isinstance(found, where.InMemory):
            return found.address
        if isinstance(found, where.Computed):
            return int(found.number)
        if isinstance(found, where.InRegister):
            return self.register(found.number)
        raise where.NotKnown("an expression without a number")

    def static_pointer(self, type_: Type, address: int) -> Value:
        """Make a pointer to what the file has at *address*."""
        return Value.of_number(self.space, Pointer(type_), address + self.bias)


def _constant(raw: float | bytes, type_: Type) -> bytes:
    """The bytes of a constant under its type."""
    if isinstance(raw, bytes):
        return raw
    bare = type_.bare
    if bare.kind in SCALARS and bare.size is not None:
        if bare.kind is Kind.FLOAT and isinstance(raw, int):
            return raw.to_bytes(8, "little")[: bare.size]  # the number's bytes, not the number
        return numbers.encoded(bare, raw)
    return (int(raw) & numbers.MASK_64).to_bytes(WORD, "little")
