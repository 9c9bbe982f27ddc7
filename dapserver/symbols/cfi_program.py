"""Execute the instructions of call frame information up to an address (DWARF 5, 6.4.2-6.4.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from dapserver.symbols import encoding
from dapserver.symbols.cfi_entries import Cie, Fde
from dapserver.symbols.dwarf.reading import DwarfError, sleb128, uleb128, unsigned

# Far more than any compiler emits; damaged bytes must not cost more than this.
INSTRUCTION_LIMIT = 30_000
STATE_LIMIT = 64
REGISTER_LIMIT = 256


class RuleKind(Enum):
    """How a register of the caller is found (DWARF 5, 6.4.1). A register without one: the ABI says."""

    UNDEFINED = auto()
    SAME_VALUE = auto()
    OFFSET = auto()
    """In memory, at the CFA plus `Rule.value`."""
    VAL_OFFSET = auto()
    """The CFA plus `Rule.value`."""
    REGISTER = auto()
    """In the register `Rule.value`."""
    EXPRESSION = auto()
    """In memory, where `Rule.expression` says."""
    VAL_EXPRESSION = auto()
    """What `Rule.expression` gives."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule of one register; `value` or `expression` as its kind needs."""

    kind: RuleKind
    value: int = 0
    expression: bytes = b""


@dataclass(frozen=True, slots=True)
class Cfa:
    """The canonical frame address: the expression's value if there is one, else register + offset."""

    register: int
    offset: int
    expression: bytes | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What holds at one address: how to find the CFA and the caller's registers, by DWARF number."""

    cfa: Cfa
    rules: Mapping[int, Rule]
    return_column: int
    is_signal_frame: bool
    is_return_address_signed: bool
    """aarch64: the return address carries a pointer authentication code (DW_CFA_AARCH64_negate_ra_state)."""


UNDEFINED = Rule(RuleKind.UNDEFINED)
SAME_VALUE = Rule(RuleKind.SAME_VALUE)


def row_at(fde: Fde, pc: int) -> Row:
    """Find the row of *fde* that covers the address *pc*.

    Raises one of `cfi_entries.DAMAGE` if the instructions are damaged.
    """
    machine = _Machine(fde.cie, fde.start)
    machine.run(fde.cie.instructions, pc)
    machine.initial = dict(machine.rules)
    machine.run(fde.instructions, pc)
    if machine.cfa is None:
        raise DwarfError("no rule for the canonical frame address")
    return Row(
        machine.cfa,
        machine.rules,
        fde.cie.return_column,
        fde.cie.is_signal_frame,
        machine.is_signed,
    )


class _Machine:
    """The state that instructions change."""

    def __init__(self, cie: Cie, location: int) -> None:
        self.cie = cie
        self.location = location
        self.cfa: Cfa | None = None
        self.rules: dict[int, Rule] = {}
        self.initial: dict[int, Rule] = {}
        self.is_signed = False
        self._saved: list[tuple[dict[int, Rule], Cfa | None]] = []
        self._data = b""
        self._position = 0

    def run(self, instructions: bytes, pc: int) -> None:
        """Execute until the location passes *pc*."""
        self._data, self._position = instructions, 0
        for _ in range(INSTRUCTION_LIMIT):
            if self._position >= len(instructions) or self.location > pc:
                return
            opcode = instructions[self._position]
            self._position += 1
            primary, operand = opcode & 0xC0, opcode & 0x3F
            if primary == 0x40:  # DW_CFA_advance_loc
                self.location += operand * self.cie.code_alignment
            elif primary == 0x80:  # DW_CFA_offset
                self.rules[operand] = Rule(RuleKind.OFFSET, self.uleb() * self.cie.data_alignment)
            elif primary == 0xC0:  # DW_CFA_restore
                self.restore(operand)
            elif handler := _HANDLERS.get(opcode):
                handler(self)
            else:
                raise DwarfError(f"the call frame instruction {opcode:#x}")
        raise DwarfError("too many call frame instructions")

    # -- operands ----------------------------------------------------------------------------

    def uleb(self) -> int:
        value, self._position = uleb128(self._data, self._position)
        return value

    def sleb(self) -> int:
        value, self._position = sleb128(self._data, self._position)
        return value

    def register(self) -> int:
        register = self.uleb()
        if register >= REGISTER_LIMIT:
            raise DwarfError(f"the register {register}")
        return register

    def block(self) -> bytes:
        size = self.uleb()
        start = self._position
        self._position += size
        if self._position > len(self._data):
            raise DwarfError("an expression behind the end of its entry")
        return self._data[start : self._position]

    # -- locations ---------------------------------------------------------------------------

    def nop(self) -> None:
        pass

    def set_loc(self) -> None:
        # Relative to its own place in the section, which is not known here: no compiler emits that.
        if self.cie.pointer_encoding & encoding.APPLICATION:
            raise DwarfError("a relative DW_CFA_set_loc")
        self.location, self._position = encoding.pointer(
            self._data, self._position, self.cie.pointer_encoding
        )

    def advance(self, size: int) -> None:
        self.location += unsigned(self._data, self._position, size) * self.cie.code_alignment
        self._position += size

    # -- the canonical frame address ---------------------------------------------------------

    def def_cfa(self) -> None:
        self.cfa = Cfa(self.register(), self.uleb())

    def def_cfa_sf(self) -> None:
        self.cfa = Cfa(self.register(), self.sleb() * self.cie.data_alignment)

    def def_cfa_register(self) -> None:
        self.cfa = Cfa(self.register(), self.plain_cfa().offset)

    def def_cfa_offset(self) -> None:
        self.cfa = Cfa(self.plain_cfa().register, self.uleb())

    def def_cfa_offset_sf(self) -> None:
        self.cfa = Cfa(self.plain_cfa().register, self.sleb() * self.cie.data_alignment)

    def def_cfa_expression(self) -> None:
        self.cfa = Cfa(0, 0, self.block())

    def plain_cfa(self) -> Cfa:
        if self.cfa is None or self.cfa.expression is not None:
            raise DwarfError("a change of a canonical frame address that is no register and offset")
        return self.cfa

    # -- registers ---------------------------------------------------------------------------

    def set_rule(self, rule: Rule) -> None:
        self.rules[self.register()] = rule

    def offset(self, kind: RuleKind, factor: int = 1) -> None:
        register = self.register()
        self.rules[register] = Rule(kind, self.uleb() * self.cie.data_alignment * factor)

    def offset_sf(self, kind: RuleKind) -> None:
        register = self.register()
        self.rules[register] = Rule(kind, self.sleb() * self.cie.data_alignment)

    def in_register(self) -> None:
        register = self.register()
        self.rules[register] = Rule(RuleKind.REGISTER, self.register())

    def expression(self, kind: RuleKind) -> None:
        register = self.register()
        self.rules[register] = Rule(kind, expression=self.block())

    def restore(self, register: int) -> None:
        if register in self.initial:
            self.rules[register] = self.initial[register]
        else:
            self.rules.pop(register, None)

    # -- states ------------------------------------------------------------------------------

    def remember(self) -> None:
        if len(self._saved) >= STATE_LIMIT:
            raise DwarfError("too many remembered states of call frame information")
        self._saved.append((dict(self.rules), self.cfa))

    def recall(self) -> None:
        self.rules, self.cfa = self._saved.pop()

    def negate_signed(self) -> None:
        self.is_signed = not self.is_signed


# DWARF 5, 7.24, and the extensions of GNU and Arm ("DWARF for the Arm 64-bit Architecture").
_HANDLERS: dict[int, Callable[[_Machine], object]] = {
    0x00: _Machine.nop,
    0x01: _Machine.set_loc,
    0x02: lambda machine: machine.advance(1),
    0x03: lambda machine: machine.advance(2),
    0x04: lambda machine: machine.advance(4),
    0x05: lambda machine: machine.offset(RuleKind.OFFSET),
    0x06: lambda machine: machine.restore(machine.register()),
    0x07: lambda machine: machine.set_rule(UNDEFINED),
    0x08: lambda machine: machine.set_rule(SAME_VALUE),
    0x09: _Machine.in_register,
    0x0A: _Machine.remember,
    0x0B: _Machine.recall,
    0x0C: _Machine.def_cfa,
    0x0D: _Machine.def_cfa_register,
    0x0E: _Machine.def_cfa_offset,
    0x0F: _Machine.def_cfa_expression,
    0x10: lambda machine: machine.expression(RuleKind.EXPRESSION),
    0x11: lambda machine: machine.offset_sf(RuleKind.OFFSET),
    0x12: _Machine.def_cfa_sf,
    0x13: _Machine.def_cfa_offset_sf,
    0x14: lambda machine: machine.offset(RuleKind.VAL_OFFSET),
    0x15: lambda machine: machine.offset_sf(RuleKind.VAL_OFFSET),
    0x16: lambda machine: machine.expression(RuleKind.VAL_EXPRESSION),
    0x2C: _Machine.negate_signed,  # DW_CFA_AARCH64_negate_ra_state_with_pc
    0x2D: _Machine.negate_signed,  # DW_CFA_AARCH64_negate_ra_state
    0x2E: _Machine.uleb,  # DW_CFA_GNU_args_size: not needed to unwind
    0x2F: lambda machine: machine.offset(RuleKind.OFFSET, -1),  # DW_CFA_GNU_negative_offset_extended
}
