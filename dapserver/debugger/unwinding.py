"""The physical frames of a stopped thread: who called whom, as far as that can honestly be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from dapserver.debugger.code_map import CodeMap
from dapserver.debugger.modules import Module, Modules
from dapserver.debugger.page_cache import PageCache, ReadMemory
from dapserver.ptrace.registers import Registers
from dapserver.symbols.abi import AARCH64, AARCH64_ADDRESS_MASK, X86_64, Abi
from dapserver.symbols.cfi_program import Row, Rule, RuleKind
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.expressions import evaluate

MASK = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class PhysicalFrame:
    """A function's activation. Registers are by DWARF number, addresses the process's."""

    pc: int
    sp: int
    cfa: int | None
    """The canonical frame address: the stack pointer before the call; None if it cannot be told."""
    lookup_pc: int
    """Where to look for function and line: in frames that made a call, the call's last byte."""
    module: Module | None
    """Whose code `lookup_pc` lies in."""
    registers: Mapping[int, int]
    """What is known of this frame's registers, `pc` and `sp` included."""
    saved: Mapping[int, int]
    """Where in memory the registers are kept that frames further in have saved."""
    is_signal_frame: bool
    """The trampoline that the kernel made a signal handler return to."""


@dataclass(frozen=True, slots=True)
class _Caller:
    """The registers of a frame that was called from, and whether it was interrupted, not calling."""

    registers: dict[int, int]
    saved: dict[int, int]
    is_interrupted: bool = False


class Unwinder:
    """Unwinds the stacks of one process; keeps what it learned of the process's modules."""

    def __init__(self, modules: Modules, living: Callable[[], int]) -> None:
        """*living* gives the id of a thread of the process that lives, as for `Modules`."""
        self._code = CodeMap(modules, living)

    def unwind(self, registers: Registers, memory: ReadMemory, limit: int) -> list[PhysicalFrame]:
        """Give at most *limit* frames, innermost first; at least one. Never raises for garbage."""
        return list(islice(self.walk(registers, memory), limit))

    def walk(
        self, registers: Registers | Mapping[str, int], memory: ReadMemory, *, has_called: bool = False
    ) -> Iterator[PhysicalFrame]:
        """Give frames while somebody asks, innermost first; *memory* is read a page at a time.

        *registers* may be few, of a function that *has_called* another, as in a stack that no thread is on.
        The end is where call frame information says so (the return address is undefined), where
        the return address is 0, where nothing tells the caller, or where a frame repeats.
        """
        self._code.refresh()
        known = dict(registers.items())
        abi = X86_64 if "rip" in known else AARCH64
        start = {number: known[name] for name, number in abi.numbers.items() if name in known}
        first = _Caller(start, {}, is_interrupted=not has_called)
        return _Walk(abi, self._code, PageCache(memory)).frames(first)


class _Walk:
    """One stack."""

    def __init__(self, abi: Abi, code: CodeMap, memory: PageCache) -> None:
        self.abi = abi
        self.code = code
        self.memory = memory

    def frames(self, first: _Caller) -> Iterator[PhysicalFrame]:
        caller: _Caller | None = first
        seen: set[tuple[int, int]] = set()
        while caller is not None:
            frame, row = self._frame(caller)
            if (frame.pc, frame.sp) in seen:
                return
            seen.add((frame.pc, frame.sp))
            yield frame
            caller = self._checked_caller(frame, row)

    def _checked_caller(self, frame: PhysicalFrame, row: Row | None) -> _Caller | None:
        """The caller, if it is one: a call returns to code. What was interrupted may be anywhere."""
        try:
            caller = self._caller(frame, row)
        except (OSError, DwarfError, KeyError):  # no memory there; nonsense; a register not known
            return None
        if caller is None or caller.is_interrupted:
            return caller
        pc = caller.registers[self.abi.pc]
        if frame.module is not None and self.code.is_fault_of_go(frame.module, frame.lookup_pc):
            return replace(caller, is_interrupted=True)
        return caller if self._returns_to(pc) else None

    def _returns_to(self, pc: int) -> bool:
        return pc != 0 and self.code.is_code(pc - 1)

    def _frame(self, at: _Caller) -> tuple[PhysicalFrame, Row | None]:
        pc, sp = at.registers[self.abi.pc], at.registers[self.abi.sp]
        lookup_pc = pc if at.is_interrupted else (pc - 1) & MASK
        module = self.code.module(lookup_pc)
        row = self.code.row(module, lookup_pc) if module is not None else None
        if row is not None:
            cfa = self._cfa(row, at.registers)
            is_signal_frame = row.is_signal_frame
        else:
            cfa = None
            is_signal_frame = self._is_sigreturn(pc)
        frame = PhysicalFrame(pc, sp, cfa, lookup_pc, module, at.registers, at.saved, is_signal_frame)
        return frame, row

    def _cfa(self, row: Row, registers: Mapping[int, int]) -> int | None:
        rule = row.cfa
        try:
            if rule.expression is not None:
                return evaluate(rule.expression, registers, self.memory.read)
            return (registers[rule.register] + rule.offset) & MASK
        except (OSError, DwarfError, KeyError):
            return None

    # -- with call frame information ---------------------------------------------------------

    def _caller(self, frame: PhysicalFrame, row: Row | None) -> _Caller | None:
        if row is None:
            return self._without_information(frame)
        if frame.cfa is None:
            return None
        abi = self.abi
        registers = {n: frame.registers[n] for n in abi.callee_saved if n in frame.registers}
        saved = {n: frame.saved[n] for n in registers if n in frame.saved}
        registers[abi.sp] = frame.cfa
        for number, rule in row.rules.items():
            self._apply(number, rule, frame, registers, saved)
        if not self._has_caller(row):
            return None
        pc = registers[row.return_column]
        if row.is_return_address_signed:
            pc &= AARCH64_ADDRESS_MASK
        registers[abi.pc] = pc
        return _Caller(registers, saved, row.is_signal_frame)

    def _has_caller(self, row: Row) -> bool:
        """Whether there is a return address: a leaf of aarch64 has no rule for its link register."""
        rule = row.rules.get(row.return_column)
        if rule is None:
            return row.return_column == self.abi.link
        return rule.kind is not RuleKind.UNDEFINED

    def _apply(
        self,
        number: int,
        rule: Rule,
        frame: PhysicalFrame,
        registers: dict[int, int],
        saved: dict[int, int],
    ) -> None:
        """Put the caller's register *number* into *registers* and *saved*; leave it out if it is lost."""
        kind = rule.kind
        if kind is RuleKind.OFFSET or kind is RuleKind.EXPRESSION:
            address = self._value(rule, frame)
            registers[number] = self.memory.word(address)
            saved[number] = address
            return
        registers.pop(number, None)
        saved.pop(number, None)
        if kind is RuleKind.SAME_VALUE or kind is RuleKind.REGISTER:
            source = number if kind is RuleKind.SAME_VALUE else rule.value
            if source in frame.registers:
                registers[number] = frame.registers[source]
            if source in frame.saved:
                saved[number] = frame.saved[source]
        elif kind is not RuleKind.UNDEFINED:
            registers[number] = self._value(rule, frame)

    def _value(self, rule: Rule, frame: PhysicalFrame) -> int:
        """What an offset or an expression gives; both build on the CFA."""
        cfa = frame.cfa or 0
        if rule.expression:
            return evaluate(rule.expression, frame.registers, self.memory.read, cfa)
        return (cfa + rule.value) & MASK

    # -- without -----------------------------------------------------------------------------

    def _without_information(self, frame: PhysicalFrame) -> _Caller | None:
        if frame.is_signal_frame:
            return self._interrupted(frame)
        if frame.lookup_pc == frame.pc and (called := self._called_just_now(frame)):
            return called
        return self._by_frame_pointer(frame)

    def _is_sigreturn(self, pc: int) -> bool:
        """Whether a signal handler returns to *pc*: musl says so in no other way."""
        try:
            return self.memory.read(pc, len(self.abi.sigreturn)) == self.abi.sigreturn
        except OSError:
            return False

    def _interrupted(self, frame: PhysicalFrame) -> _Caller:
        """The registers that the kernel saved on the stack when it called a signal handler."""
        saved = {n: frame.sp + offset for n, offset in self.abi.signal_frame.items()}
        registers = {n: self.memory.word(address) for n, address in saved.items()}
        return _Caller(registers, saved, is_interrupted=True)

    def _called_just_now(self, frame: PhysicalFrame) -> _Caller | None:
        """The caller of an innermost frame that is not set up, if there is one."""
        # Outside of code it came by a call through a bad pointer: nothing was pushed since.
        above = self._bytes_above_return_address(frame.pc) if self.code.is_code(frame.pc) else 0
        if above is None:
            return None
        registers, saved = dict(frame.registers), dict(frame.saved)
        if self.abi.link is not None:
            pc = registers[self.abi.link]
        else:
            saved[self.abi.pc] = frame.sp + above
            pc = self.memory.word(frame.sp + above)
            registers[self.abi.sp] = frame.sp + above + 8
            saved.pop(self.abi.sp, None)
        registers[self.abi.pc] = pc
        return _Caller(registers, saved) if self._returns_to(pc) else None

    def _bytes_above_return_address(self, pc: int) -> int | None:
        """How many bytes were pushed since the call, if the instruction at *pc* tells."""
        for instructions, pushed in self.abi.no_frame:
            try:
                if self.memory.read(pc, len(instructions)) == instructions:
                    return pushed
            except OSError:
                return None
        return None

    def _by_frame_pointer(self, frame: PhysicalFrame) -> _Caller | None:
        """The caller by the chain of frame pointers, if that leads to code."""
        fp = frame.registers[self.abi.fp]
        if fp < frame.sp or fp % 8:
            return None
        pc = self.memory.word(fp + 8)
        if not self._returns_to(pc):
            return None
        saved = {self.abi.fp: fp, self.abi.pc: fp + 8}
        registers = {self.abi.fp: self.memory.word(fp), self.abi.pc: pc, self.abi.sp: fp + 16}
        return _Caller(registers, saved)
