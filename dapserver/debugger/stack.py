"""Stacks as a person reads them: functions, inlined ones too, with their places in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.memory import Memory
from dapserver.debugger.modules import Module, Modules
from dapserver.ptrace.registers import Registers

if TYPE_CHECKING:
    from dapserver.debugger.unwinding import PhysicalFrame, Unwinder
    from dapserver.symbols.dwarf.source import SourceFrame

MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One line of a stack."""

    pc: int
    function: str
    """Its name; `name+0x12` by the nearest symbol, or `module+0x12`, where no source is known."""
    path: str | None
    """The source file as the compiler was told of it."""
    line: int
    column: int
    is_inlined: bool
    is_signal_frame: bool
    module: Module | None
    registers: Mapping[int, int] | None
    """By DWARF number, as far as known; None in the innermost frame, whose are the thread's."""
    physical: PhysicalFrame
    inlined: int = 0
    """How many frames further in share `physical`: they are inlined into this one."""


@dataclass(slots=True)
class _Stack:
    """A thread's stack, as far as it has been walked."""

    frames: list[StackFrame]
    physical: Iterator[PhysicalFrame]
    ended: bool = False
    """Whether there are none behind them. While it is not known, none is unwound to know it."""


class Stacks:
    """The stacks of one process's stopped threads, walked as far as somebody asks.

    Its methods read files and memory but make no ptrace requests: they may run in a thread of
    their own, one at a time.
    """

    def __init__(self, modules: Modules, living: Callable[[], int]) -> None:
        self._modules = modules
        self._living = living
        self._unwinder: Unwinder | None = None
        self.memory = Memory(living)
        self._stacks: dict[int, _Stack] = {}
        self._known: dict[tuple[Module | None, int], tuple[str, Sequence[SourceFrame]]] = {}
        """What is at an address: threads that wait do so at the same places."""

    def frames(self, tid: int, registers: Registers, start: int, count: int) -> tuple[list[StackFrame], bool]:
        """Give *count* frames from the *start*th, innermost first, and whether there may be more."""
        if tid not in self._stacks:
            self._stacks[tid] = _Stack([], self._unwind(registers))
        stack = self._stacks[tid]
        self._extend(stack, start + count)
        more = not stack.ended or len(stack.frames) > start + count
        return stack.frames[start : start + count], more

    def is_at_hand(self, tid: int, registers: Registers, end: int) -> bool:
        """Whether the frames before the *end*th can be given without reading files."""
        if tid in self._stacks:
            return len(self._stacks[tid].frames) >= end
        return end == 1 and (self._modules.at(registers.pc), registers.pc) in self._known

    def forget(self, tid: int) -> None:
        """A thread runs again."""
        self._stacks.pop(tid, None)

    def renew(self) -> None:
        """The process runs another program, with other memory."""
        self._stacks.clear()
        self._known.clear()
        self.memory.renew()

    def caller(self, tid: int, frame: StackFrame) -> StackFrame | None:
        """Give the next frame out that has registers of its own; None if there is none."""
        stack = self._stacks.get(tid)
        if stack is None:
            return None
        walked = stack.frames
        index = next((i for i, each in enumerate(walked) if each.physical is frame.physical), len(walked))
        while index < len(walked) and walked[index].physical is frame.physical:
            index += 1
            if index == len(walked):
                self._extend(stack, index + 1)
        return walked[index] if index < len(walked) else None

    def walk_from(
        self, registers: Registers | Mapping[str, int], *, has_called: bool
    ) -> Iterator[StackFrame]:
        """Walk a stack that is not the selected thread's; *registers* may be few (`Unwinder.walk`)."""
        for physical in self._unwind(registers, has_called=has_called):
            yield from self._describe(physical, innermost=False)

    def _extend(self, stack: _Stack, count: int) -> None:
        """Walk on until there are *count* frames."""
        while len(stack.frames) < count:
            physical = next(stack.physical, None)
            if physical is None:
                stack.ended = True
                return
            stack.frames += self._describe(physical, innermost=not stack.frames)

    def _unwind(
        self, registers: Registers | Mapping[str, int], *, has_called: bool = False
    ) -> Iterator[PhysicalFrame]:
        if self._unwinder is None:
            from dapserver.debugger.unwinding import Unwinder  # noqa: PLC0415 - 30 ms of start-up

            self._unwinder = Unwinder(self._modules, self._living)
        return self._unwinder.walk(registers, self.memory.read, has_called=has_called)

    def _describe(self, physical: PhysicalFrame, *, innermost: bool) -> Iterator[StackFrame]:
        """The frames that the source knows where the machine has one."""
        module = physical.module
        registers = None if innermost else physical.registers
        place, known = self._source(module, physical.lookup_pc)
        for inlined, frame in enumerate(known):
            yield StackFrame(
                physical.pc,
                frame.function or place,
                frame.path,
                frame.line,
                frame.column,
                frame.is_inlined,
                physical.is_signal_frame,
                module,
                registers,
                physical,
                inlined,
            )
        if not known:
            is_signal = physical.is_signal_frame
            yield StackFrame(physical.pc, place, None, 0, 0, False, is_signal, module, registers, physical)

    def _source(self, module: Module | None, pc: int) -> tuple[str, Sequence[SourceFrame]]:
        """What is at an address: in words by the symbols, and the functions that the source knows there."""
        if (module, pc) not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            source = self._modules.source_info(module) if module is not None else None
            frames = source.frames_at(pc - module.bias) if source and module else []
            self._known[module, pc] = str(self._modules.place(pc)), frames
        return self._known[module, pc]
