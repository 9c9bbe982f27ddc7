"""Stacks as a person reads them: functions, inlined ones too, with their places in the source."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from dapserver.debugger.memory import Memory
from dapserver.debugger.modules import Module, Modules
from dapserver.ptrace.registers import Registers

if TYPE_CHECKING:
    from dapserver.debugger.unwinding import PhysicalFrame, Unwinder


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
        self._walked: dict[int, list[StackFrame]] = {}
        self._walks: dict[int, Iterator[StackFrame]] = {}

    def frames(self, tid: int, registers: Registers, start: int, count: int) -> tuple[list[StackFrame], bool]:
        """Give *count* frames from the *start*th, innermost first, and whether there are more."""
        if tid not in self._walks:
            self._walks[tid] = self._walk(registers)
            self._walked[tid] = []
        walked = self._walked[tid]
        walked += islice(self._walks[tid], max(0, start + count + 1 - len(walked)))
        return walked[start : start + count], len(walked) > start + count

    def forget(self, tid: int) -> None:
        """A thread runs again."""
        self._walks.pop(tid, None)
        self._walked.pop(tid, None)

    def renew(self) -> None:
        """The process runs another program, with other memory."""
        self._walks.clear()
        self._walked.clear()
        self.memory.renew()

    def caller(self, tid: int, frame: StackFrame) -> StackFrame | None:
        """Give the next frame out that has registers of its own; None if there is none."""
        walked = self._walked.get(tid, [])
        index = next((i for i, each in enumerate(walked) if each.physical is frame.physical), len(walked))
        while index < len(walked) and walked[index].physical is frame.physical:
            index += 1
            if index == len(walked):
                walked += islice(self._walks[tid], 1)
        return walked[index] if index < len(walked) else None

    def _walk(self, registers: Registers) -> Iterator[StackFrame]:
        if self._unwinder is None:
            from dapserver.debugger.unwinding import Unwinder  # noqa: PLC0415 - 30 ms of start-up

            self._unwinder = Unwinder(self._modules, self._living)
        innermost = True
        for physical in self._unwinder.walk(registers, self.memory.read):
            yield from self._describe(physical, innermost=innermost)
            innermost = False

    def _describe(self, physical: PhysicalFrame, *, innermost: bool) -> Iterator[StackFrame]:
        """The frames that the source knows where the machine has one."""
        module = physical.module
        registers = None if innermost else physical.registers
        place = str(self._modules.place(physical.pc if innermost else physical.lookup_pc))
        source = self._modules.source_info(module) if module is not None else None
        known = source.frames_at(physical.lookup_pc - module.bias) if source and module else []
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
