"""Stacks as a person reads them: functions, inlined ones too, with their places in the source."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

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


class Stacks:
    """The stacks of one process's stopped threads, walked as far as somebody asks.

    Its methods read files and memory but make no ptrace requests: they may run in a thread of
    their own, one at a time.
    """

    def __init__(self, modules: Modules, living: Callable[[], int]) -> None:
        self._modules = modules
        self._living = living
        self._unwinder: Unwinder | None = None
        self._memory = -1
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
        if self._memory >= 0:
            os.close(self._memory)
            self._memory = -1

    def _walk(self, registers: Registers) -> Iterator[StackFrame]:
        if self._unwinder is None:
            from dapserver.debugger.unwinding import Unwinder  # noqa: PLC0415 - 30 ms of start-up

            self._unwinder = Unwinder(self._modules, self._living)
        innermost = True
        for physical in self._unwinder.walk(registers, self._read_memory):
            yield from self._describe(physical, innermost=innermost)
            innermost = False

    def _read_memory(self, address: int, size: int) -> bytes:
        if self._memory < 0:
            self._memory = os.open(f"/proc/{self._living()}/mem", os.O_RDONLY | os.O_CLOEXEC)
        return os.pread(self._memory, size, address)

    def _describe(self, physical: PhysicalFrame, *, innermost: bool) -> Iterator[StackFrame]:
        """The frames that the source knows where the machine has one."""
        module = physical.module
        registers = None if innermost else physical.registers
        place = str(self._modules.place(physical.pc if innermost else physical.lookup_pc))
        source = self._modules.source_info(module) if module is not None else None
        known = source.frames_at(physical.lookup_pc - module.bias) if source and module else []
        for frame in known:
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
            )
        if not known:
            is_signal = physical.is_signal_frame
            yield StackFrame(physical.pc, place, None, 0, 0, False, is_signal, module, registers)
