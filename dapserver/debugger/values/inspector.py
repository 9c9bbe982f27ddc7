"""The values of a process's stopped threads: from a frame of a stack to what names mean there."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, cast

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.goroutines import Goroutines
from dapserver.debugger.values.frame import FrameState
from dapserver.debugger.values.registers import (
    NT_PRFPREG,
    VECTOR_SET_SIZE,
    VECTORS,
    register_values,
    vectors_from,
)
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.space import Space
from dapserver.debugger.values.value import Value
from dapserver.ptrace import api
from dapserver.symbols.abi import ABIS

if TYPE_CHECKING:
    from dapserver.debugger.modules import Modules
    from dapserver.debugger.process import Process
    from dapserver.debugger.stack import StackFrame, Stacks
    from dapserver.debugger.thread import Thread
    from dapserver.ptrace.registers import Registers

NO_SYSTEM_CALL = -1


class Inspector:
    """Makes scopes of frames and keeps them until their thread runs again."""

    def __init__(self, process: Process, stacks: Stacks, modules: Modules) -> None:
        self.space = Space(stacks.memory, modules)
        self._process = process
        self._stacks = stacks
        self._scopes: dict[int, dict[tuple[int, int], Scope]] = {}
        self._states: dict[int, dict[int, FrameState]] = {}
        """Of each thread the physical frames that were looked at, by identity."""
        self.goroutines = Goroutines(process, stacks, self.space)

    def scope(self, thread: Thread, frame: StackFrame) -> Scope:
        """Give the names of a frame. Makes ptrace requests: call it in the tracer's thread.

        What its methods do needs none and may be done in another thread.
        """
        self.space.refresh()  # in non-stop mode other threads have run meanwhile
        scopes = self._scopes.setdefault(thread.tid, {})
        key = (id(frame.physical), frame.inlined)
        if key not in scopes:
            states = self._states.setdefault(thread.tid, {})
            state = states.get(id(frame.physical))
            if state is None or frame.registers is None:
                states[id(frame.physical)] = state = self._state(thread, frame)
            scopes[key] = Scope(self.space, state, frame.inlined)
        return scopes[key]

    def forget(self, tid: int) -> None:
        """A thread runs again."""
        self.goroutines.forget()
        self._forget_frames(tid)

    def _forget_frames(self, tid: int) -> None:
        self._scopes.pop(tid, None)
        self._states.pop(tid, None)
        self.space.refresh()

    def registers(self, scope: Scope) -> list[tuple[str, Value]]:
        """Give the registers of a frame that are known there."""
        return list(register_values(scope.frame))

    # -- frames ------------------------------------------------------------------------------------

    def _state(self, thread: Thread, frame: StackFrame) -> FrameState:
        registers = self._process.registers(thread)
        known = dict(registers.items())
        if frame.registers is not None:
            return self._outer_state(thread.tid, frame, known.get("fs_base"))
        numbers = ABIS[self._process.architecture.name].numbers
        return FrameState(
            frame.physical,
            caller=lambda: self._caller(thread.tid, frame, known.get("fs_base")),
            vectors=self._vectors(thread),
            write_register=lambda number, data: self._write(thread, frame, number, data),
            names=self._process.architecture.registers,
            others={name: value for name, value in known.items() if name not in numbers},
            thread_pointer=known.get("fs_base"),
            returned=thread.returned,
        )

    def _outer_state(self, tid: int, frame: StackFrame, thread_pointer: int | None) -> FrameState:
        return FrameState(
            frame.physical,
            caller=lambda: self._caller(tid, frame, thread_pointer),
            names=self._process.architecture.registers,
            thread_pointer=thread_pointer,
        )

    def _caller(self, tid: int, frame: StackFrame, thread_pointer: int | None) -> FrameState | None:
        outer = self._stacks.caller(tid, frame)
        if outer is None:
            return None
        states = self._states.setdefault(tid, {})
        if id(outer.physical) not in states:
            states[id(outer.physical)] = self._outer_state(tid, outer, thread_pointer)
        return states[id(outer.physical)]

    def _vectors(self, thread: Thread) -> dict[int, bytes]:
        name = self._process.architecture.name
        with contextlib.suppress(OSError):
            data = api.other_register_set(thread.tid, NT_PRFPREG, VECTOR_SET_SIZE[name])
            return vectors_from(name, bytes(data))
        return {}

    # -- writing -----------------------------------------------------------------------------------

    def _write(self, thread: Thread, frame: StackFrame, number: int, data: bytes) -> None:
        """Change a register of the innermost frame: the thread's own."""
        try:
            if number in frame.physical.registers:
                self._write_general(thread, frame, number, data)
            else:
                self._write_vector(thread, number, data)
        except ProcessLookupError:
            raise DebuggerError(f"Thread {thread.tid} has just ended.") from None
        except OSError as error:
            raise DebuggerError(f"The kernel refuses this value: {error.strerror}.") from None
        # Values that were made before have these registers in their places.
        self._forget_frames(thread.tid)

    def _write_general(self, thread: Thread, frame: StackFrame, number: int, data: bytes) -> None:
        architecture = self._process.architecture
        names = {each: name for name, each in ABIS[architecture.name].numbers.items()}
        registers: Registers = self._process.registers(thread)
        value = int.from_bytes(data[:8], "little")
        registers[names[number]] = value
        if names[number] == architecture.pc and architecture.syscall is not None:
            # Or the kernel would take the thread back to the system call that it is in.
            registers[architecture.syscall] = NO_SYSTEM_CALL
        self._process.set_registers(thread, registers)
        cast("dict[int, int]", frame.physical.registers)[number] = value

    def _write_vector(self, thread: Thread, number: int, data: bytes) -> None:
        name = self._process.architecture.name
        vector = VECTORS[name][number]
        registers = api.other_register_set(thread.tid, NT_PRFPREG, VECTOR_SET_SIZE[name])
        registers[vector.offset : vector.offset + vector.size] = data[: vector.size]
        api.set_other_register_set(thread.tid, NT_PRFPREG, registers)
