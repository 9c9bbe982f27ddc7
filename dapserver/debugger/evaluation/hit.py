"""The innermost frame of a thread that met a breakpoint, as its condition sees it.

A condition may be evaluated thousands of times a second, at few places of the code. So what a name
means at a place is found once (`Meanings`); a hit then takes registers and memory alone. No stack
is unwound: only the row of call frame information at that place is needed, and that is kept too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dapserver.debugger.evaluation.context import FrameContext, hides_nothing, special, truth_type
from dapserver.debugger.evaluation.operands import Number, Operand
from dapserver.debugger.unwinding import PhysicalFrame
from dapserver.debugger.values.frame import FrameState
from dapserver.debugger.values.places import ConstantPlace, MemoryPlace
from dapserver.debugger.values.registers import PARTS
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.value import Value
from dapserver.ptrace.registers import Registers
from dapserver.symbols.abi import ABIS, Abi
from dapserver.symbols.cfi import CallFrames
from dapserver.symbols.cfi_program import Row
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.locations import expression_at
from dapserver.symbols.dwarf.locations_evaluation import register_of
from dapserver.symbols.dwarf.reading import DwarfError, sleb128
from dapserver.symbols.dwarf.types import LONG, Kind, Type
from dapserver.symbols.expressions import evaluate

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.debugger.values.frame import Frame
    from dapserver.debugger.values.space import Space
    from dapserver.symbols.dwarf.entries import Entry

MASK = (1 << 64) - 1
KEPT = 4096  # meanings; then they are found again
ADDR, FBREG, BREG_0, CALL_FRAME_CFA = 0x03, 0x91, 0x70, 0x9C  # DW_OP_*

Meaning = Callable[["Hit"], "Operand | None"]
Address = Callable[["Hit"], int]


class Meanings:
    """What names mean at places in one process's code. Forget them when modules come or go."""

    def __init__(self, space: Space, architecture: str) -> None:
        """*architecture* as in `ptrace.registers.Architecture.name`."""
        self.space = space
        self.abi: Abi = ABIS[architecture]
        self.register_names = {number: name for name, number in self.abi.numbers.items()}
        self._known: dict[tuple[int, str], Meaning] = {}
        self._truths: dict[int, Type] = {}
        self._rows: dict[int, Row | None] = {}
        self._frames: dict[Module, CallFrames] = {}

    def forget(self) -> None:
        """Modules were loaded, unloaded, or the process executed another program."""
        for cache in (self._known, self._truths, self._rows, self._frames):
            cache.clear()

    def of(self, name: str, hit: Hit) -> Operand | None:
        """Give what *name* means at a hit."""
        meaning = self._known.get((hit.pc, name))
        if meaning is None:
            meaning = self._found(name, hit)
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[hit.pc, name] = meaning
        return meaning(hit)

    def truth(self, hit: Hit) -> Type:
        """Give the type that comparisons have in the code at a hit."""
        found = self._truths.get(hit.pc)
        if found is None:
            found = self._truths[hit.pc] = truth_type(hit.scope().language)
        return found

    def row(self, pc: int) -> Row | None:
        """Give the call frame information at an address."""
        if pc not in self._rows:
            self._rows[pc] = self._row(pc)
        return self._rows[pc]

    def _row(self, pc: int) -> Row | None:
        module = self.space.module_at(pc)
        image = self.space.modules.image(module) if module is not None else None
        if module is None or image is None:
            return None
        if module not in self._frames:
            self._frames[module] = CallFrames.of(image)
        try:
            return self._frames[module].row(pc - module.bias)
        except DwarfError:
            return None

    def _found(self, name: str, hit: Hit) -> Meaning:
        scope = hit.scope()
        try:
            declared = scope.declared(name)
            if declared is not None:
                return _variable(*declared) or (lambda at: at.scope().find(name))
        except DwarfError:
            pass  # another one of the name may be whole: find looks for it
        found = scope.find(name)
        if found is None or hides_nothing(name, found):
            return lambda at: special(name, at.tid, at.thread_name)
        if (of_this := _member_of_this(name, scope)) is not None and of_this(hit) is not None:
            return of_this
        if isinstance(found.place, ConstantPlace):
            return lambda _: found  # an enumerator
        return lambda at: at.scope().find(name)


def _member_of_this(name: str, scope: Scope) -> Meaning | None:
    this = scope.declared("this")
    pointer = _variable(*this) if this is not None else None
    if pointer is None:
        return None

    def member(hit: Hit) -> Operand | None:
        whole = pointer(hit)
        return whole.dereferenced().find_member(name) if isinstance(whole, Value) else None

    return member


def _variable(frame: Frame, entry: Entry) -> Meaning | None:
    """The meaning of a variable that is where many are; None for others, which a Scope must find."""
    type_ = frame.type_of(entry)
    bare = type_.bare
    if bare.kind in {Kind.ARRAY, Kind.UNKNOWN} and (bare.count is None or bare.target is None):
        return None
    expression = frame.expression(entry)
    if not expression or any(origin.value(At.CONST_VALUE) is not None for origin in entry.origins()):
        return None
    place = _place(expression, frame, type_)
    is_moved = any((origin.string(At.NAME) or "").startswith("&") for origin in entry.origins())
    if place is None or not is_moved:
        return place

    def dereferenced(hit: Hit) -> Operand | None:
        """Of Go's that outlive their function, the frame has a pointer."""
        pointer = place(hit)
        return pointer.dereferenced() if isinstance(pointer, Value) else None

    return dereferenced


def _place(expression: bytes, frame: Frame, type_: Type) -> Meaning | None:
    space, size = frame.space, type_.bare.size or 0
    if expression[0] == ADDR and len(expression) == 9:
        fixed = Value.at(space, type_, int.from_bytes(expression[1:], "little") + frame.bias)
        return lambda _: fixed
    number = register_of(expression)
    if number is not None:
        if size > 8 or number not in frame.state.physical.registers:
            return None
        return lambda hit: Value(space, type_, ConstantPlace(hit.number(number).to_bytes(8, "little")))
    address = _address(expression, frame)
    if address is None:
        return None
    return lambda hit: Value(space, type_, MemoryPlace(space, address(hit)))


def _address(expression: bytes, frame: Frame) -> Address | None:
    """Where `DW_OP_fbreg n` or `DW_OP_bregN n` is."""
    opcode, (offset, end) = expression[0], sleb128(expression + b"\0", 1)
    if end != len(expression):
        return None
    if BREG_0 <= opcode < BREG_0 + 32:
        return _relative(_in_register(opcode - BREG_0), offset)
    base = _frame_base(frame) if opcode == FBREG else None
    return _relative(base, offset) if base is not None else None


def _frame_base(frame: Frame) -> Address | None:
    base = expression_at(frame.entries[-1], frame.address, At.FRAME_BASE) if frame.entries else None
    if base == bytes([CALL_FRAME_CFA]):
        return Hit.cfa
    number = register_of(base) if base else None
    return _in_register(number) if number is not None else None


def _in_register(number: int) -> Address:
    return lambda hit: hit.number(number)


def _relative(base: Address, offset: int) -> Address:
    return lambda hit: base(hit) + offset & MASK


class Hit:
    """A `Context` of one stop. Make a new one for each; they are cheap."""

    __slots__ = ("_meanings", "_scope", "_state", "pc", "registers", "space", "thread_name", "tid")

    def __init__(
        self,
        meanings: Meanings,
        registers: Registers,
        tid: int,
        thread_name: Callable[[], str],
        state: Callable[[], FrameState] | None = None,
    ) -> None:
        """Take the registers of a stopped thread; its program counter must be the breakpoint's address.

        *state* gives more for what needs it: callers, vector registers.
        """
        self.space = meanings.space
        self.space.refresh()
        self.registers = registers
        self.pc = registers.pc
        self.tid = tid
        self.thread_name = thread_name
        self._meanings = meanings
        self._state = state
        self._scope: Scope | None = None

    # -- as a Context ------------------------------------------------------------------------------

    @property
    def problem(self) -> str | None:
        return self.scope().problem

    @property
    def truth(self) -> Type:
        return self._meanings.truth(self)

    def find(self, name: str) -> Operand | None:
        return self._meanings.of(name, self)

    def find_type(self, name: str) -> Type | None:
        return self.scope().find_type(name)

    def register(self, name: str) -> Operand | None:
        meanings = self._meanings
        common = {"pc": meanings.abi.pc, "sp": meanings.abi.sp, "fp": meanings.abi.fp}
        name = meanings.register_names[common[name]] if name in common else name
        if name in meanings.abi.numbers and name not in PARTS:
            unsigned = self.registers[name]
            return Number(LONG, unsigned - (1 << 64) if unsigned >> 63 else unsigned)
        return FrameContext(self.scope(), self.tid, self.thread_name).register(name)

    def names(self) -> Iterable[str]:
        return FrameContext(self.scope(), self.tid, self.thread_name).names()

    # -- what meanings are made of -------------------------------------------------------------------

    def number(self, register: int) -> int:
        """Give a general register by its DWARF number."""
        return self.registers[self._meanings.register_names[register]]

    def cfa(self) -> int:
        """Give the canonical frame address; DwarfError if it is not known."""
        row = self._meanings.row(self.pc)
        if row is None:
            raise DwarfError("there is no call frame information here")
        rule = row.cfa
        if rule.expression is not None:
            return evaluate(rule.expression, self._numbers(), self.space.read)
        return self.number(rule.register) + rule.offset & MASK

    def scope(self) -> Scope:
        """Make the whole frame, for what is not to be had at less."""
        if self._scope is None:
            self._scope = Scope(self.space, self._state() if self._state is not None else self._own_state())
        return self._scope

    def _numbers(self) -> dict[int, int]:
        known = dict(self.registers.items())
        return {number: known[name] for name, number in self._meanings.abi.numbers.items() if name in known}

    def _own_state(self) -> FrameState:
        try:
            cfa: int | None = self.cfa()
        except DwarfError:
            cfa = None
        numbers = self._numbers()
        module = self.space.module_at(self.pc)
        sp = numbers[self._meanings.abi.sp]
        frame = PhysicalFrame(self.pc, sp, cfa, self.pc, module, numbers, {}, is_signal_frame=False)
        return FrameState(frame, thread_pointer=dict(self.registers.items()).get("fs_base"))
