"""Steps: over a line, into a call, out of a function, by an instruction.

A thread executes one instruction after the other while it is in the line; what it calls on the way it
runs through, up to a breakpoint of the step's own at the return address. A breakpoint of that kind
counts for one thread and for one activation: the stack pointer tells a recursive call's from ours.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.traps import Verdict
from dapserver.debugger.lines import Lines, Region, within
from dapserver.debugger.stop import Reason
from dapserver.symbols.abi import X86_64

if TYPE_CHECKING:
    from collections.abc import Callable

    from dapserver.debugger.breakpoints.sites import Sites
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.thread import Thread
    from dapserver.ptrace.registers import Registers

DONE = Verdict(Reason.STEP)

LONGEST_CALL = 15
"""Bytes of the call instruction before a return address, at most."""

STUB = 8
"""Instructions between a call and the function in another module (the procedure linkage table)."""


class Kind(Enum):
    OVER = auto()
    INTO = auto()
    OUT = auto()


class Caller:
    """Where a frame returns to."""

    __slots__ = ("pc", "sp")

    def __init__(self, pc: int, sp: int) -> None:
        self.pc = pc
        self.sp = sp
        """The stack pointer there."""


class Step:
    """One step of one thread."""

    def __init__(
        self,
        thread: Thread,
        kind: Kind,
        *,
        by_instruction: bool,
        lines: Lines,
        sites: Sites,
        memory: Memory,
        caller: Callable[[Registers], Caller | None],
        in_charge: bool = True,
    ) -> None:
        """*caller* unwinds one frame. *in_charge*: the end of the thread is the end of the step."""
        self.thread = thread
        self.in_charge = in_charge
        self._kind = kind
        self._by_instruction = by_instruction
        self._lines = lines
        self._sites = sites
        self._memory = memory
        self._caller = caller
        self._region = Region(0, [], [], [])
        self._start = 0
        self._last = (0, 0)
        self._target: tuple[int, int] | None = None
        """A site of ours, and the lowest stack pointer with which it counts."""
        self._is_last_target = False
        self._return: tuple[int, int] | None = None
        """Of a call that was entered and whose function is not reached yet, where it returns to."""
        self._stub = 0

    def begin(self, registers: Registers) -> None:
        """Prepare the thread, which is stopped; *registers* are those that it shows."""
        self._start, self._last = registers.pc, (registers.pc, registers.sp)
        region = self._lines.at(registers.pc)
        if self._kind is Kind.OUT:
            self._begin_out(registers, region)
        elif region is None and not self._by_instruction:
            self._begin_out(registers, None)  # nothing tells of lines here
        else:
            self._region = region or self._region
            self.thread.single_step = True

    def end(self) -> None:
        """Take back what is in the process because of this step."""
        self._drop_target()
        self.thread.single_step = False

    def arrived(self, registers: Registers) -> Verdict | None:  # noqa: PLR0911 - a case each
        """One instruction was executed: whether the step is done."""
        pc, sp = registers.pc, registers.sp
        (last_pc, last_sp), self._last = self._last, (pc, sp)
        if self._return is not None:
            return self._in_stub(pc)
        above = self._word(sp)
        called = above is not None and sp < last_sp and last_pc < above <= last_pc + LONGEST_CALL
        if called and above is not None:
            return self._entered(pc, above, sp + 8)
        if above is not None and sp < last_sp and self._is_handler(above):
            self._run_to(last_pc, last_sp)
            return None
        if self._by_instruction:
            return DONE
        if within(pc, self._region.code):
            return None
        if within(pc, self._region.function):
            return self._elsewhere_in_function(pc)
        if sp > last_sp and self._word(last_sp) == pc:
            return self._returned(registers)
        if above is None:
            return DONE
        return self._entered(pc, above, sp + 8)  # a jump: the callee returns for us

    def reached(self, thread: Thread, registers: Registers) -> Verdict | None:
        """A thread has come to a site of this step: whether the step is done."""
        if thread is not self.thread or self._target is None or registers.sp < self._target[1]:
            return None
        self._drop_target()
        if self._is_last_target:
            return DONE
        self.thread.single_step = True
        self._last = (registers.pc, registers.sp)
        if self._by_instruction:
            return DONE
        if within(registers.pc, self._region.code):
            return None
        if within(registers.pc, self._region.function):
            return self._elsewhere_in_function(registers.pc)
        return self._returned(registers)

    # -- where it is by now --------------------------------------------------------------------------

    def _elsewhere_in_function(self, pc: int) -> Verdict | None:
        region = self._lines.at(pc)
        if region is None or region.line == 0:
            return None
        if self._kind is Kind.OUT:
            return DONE  # of an inlined function
        if self._kind is Kind.OVER and any(not within(self._start, copy) for copy in region.inlined):
            return None  # a function that is inlined into the line
        if any(pc == low for low, _ in region.code):
            return DONE
        self._region = region  # in the middle of a line: on to the start of one
        return None

    def _entered(self, pc: int, return_address: int, sp: int) -> Verdict | None:
        """A function was called."""
        if self._by_instruction:
            if self._kind is Kind.INTO:
                return DONE
            self._run_to(return_address, sp)
            return None
        if self._kind is Kind.INTO:
            self._return, self._stub = (return_address, sp), STUB
            return self._in_stub(pc)
        self._run_to(return_address, sp)
        return None

    def _in_stub(self, pc: int) -> Verdict | None:
        """On the way into a call: at a function with lines, at none, or still on the way."""
        assert self._return is not None
        body = self._lines.body(pc)
        if body is not None:
            self._return = None
            if body == pc:
                return DONE
            self._is_last_target = True
            self._run_to(body, 0)
            return None
        self._stub -= 1
        if self._stub > 0:
            return None
        (address, sp), self._return = self._return, None
        self._run_to(address, sp)
        return None

    def _returned(self, registers: Registers) -> Verdict | None:
        if self._lines.at(registers.pc) is not None:
            return DONE
        self._begin_out(registers, None)
        return None

    def _is_handler(self, return_address: int) -> bool:
        """Whether a signal handler was entered: it returns to the kernel's trampoline."""
        try:
            return self._memory.read(return_address, len(X86_64.sigreturn)) == X86_64.sigreturn
        except OSError:
            return False

    # -- running freely ------------------------------------------------------------------------------

    def _begin_out(self, registers: Registers, region: Region | None) -> None:
        if region is not None and region.inlined:
            self._region = region._replace(code=region.inlined[0])
            self.thread.single_step = True
            return
        caller = self._caller(registers)
        self.thread.single_step = False
        if caller is not None:
            self._is_last_target = True
            self._run_to(caller.pc, caller.sp)

    def _run_to(self, address: int, sp: int) -> None:
        self._sites.add(address, self)
        self._target = (address, sp)
        self.thread.single_step = False

    def _drop_target(self) -> None:
        if self._target is not None:
            self._sites.discard(self._target[0], self)
            self._target = None

    def _word(self, address: int) -> int | None:
        try:
            data = self._memory.read(address, 8)
        except OSError:
            return None
        return int.from_bytes(data, "little") if len(data) == 8 else None
