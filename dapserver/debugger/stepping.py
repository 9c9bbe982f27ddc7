"""Steps: over a line, into a call, out of a function, by an instruction.

A thread executes one instruction after the other while it is in the line; what it calls on the way, and
code without a branch, it runs through, up to a breakpoint of the step's own. A breakpoint of that kind
counts for one thread and for one activation: the stack pointer tells a recursive call's from ours. A
branch needs no thread: its flags tell where it leads.
"""

from __future__ import annotations

import contextlib
from enum import Enum, auto
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dapserver.debugger.breakpoints.traps import Verdict
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.escapes import Pad, Panic
from dapserver.debugger.lines import Lines, Region, within
from dapserver.debugger.stop import Reason
from dapserver.debugger.straight import MOST, destination, straight
from dapserver.symbols.abi import X86_64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dapserver.debugger.breakpoints.sites import Sites
    from dapserver.debugger.escapes import Escapes
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.thread import Thread
    from dapserver.ptrace.registers import Registers

DONE = Verdict(Reason.STEP)

LONGEST = 15
"""Bytes of an instruction."""

PREFIXES = bytes((0xF2, 0xF3, 0x2E, 0x36, 0x3E, 0x26, 0x64, 0x65, 0x66, 0x67, *range(0x40, 0x50)))
"""That may be before the opcode of a call (Intel's manual, volume 2)."""

JUMP_R11, RESOLVER_SIZE = b"\x41\xff\xe3", 512
"""How the dynamic linker's resolver ends, and bytes that are more than it has."""

FAR = 4096
"""Bytes between stack pointers that are on different stacks; a goroutine's begins with 2 KB."""

G_IN_TLS = -8
"""Where, from a thread's fs_base, Go has the address of the goroutine that the thread runs (runtime.g)."""

FRAMES = 64
"""Around ours in which somebody may recover."""

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


class Places(NamedTuple):
    """What a step has to know of the process."""

    lines: Lines
    sites: Sites
    memory: Memory
    callers: Callable[[Registers], Iterator[Caller]]
    """Unwinds the stack; nothing where that begins with a guess."""
    escapes: Escapes


class Step:
    """One step of one thread."""

    def __init__(
        self,
        thread: Thread,
        kind: Kind,
        *,
        by_instruction: bool,
        places: Places,
        into: int | None = None,
    ) -> None:
        """*into*: the address of the only call that it goes into, if it goes over all others."""
        self.thread = thread
        self._kind = kind if into is None else Kind.OVER
        self._into = into
        self._by_instruction = by_instruction
        self._lines = places.lines
        self._sites = places.sites
        self._memory = places.memory
        self._callers = places.callers
        self._escapes = places.escapes
        self._region = Region(0, [], [], [])
        self._start = 0
        self._last = (0, 0)
        self._target: tuple[int, int] | None = None
        """A site of ours, and the lowest stack pointer with which it counts."""
        self._watched: list[int] = []
        """All sites of ours: those of the ways out are others once a library is loaded."""
        self._landings: dict[int, int | None] = {}
        """Where the thread may come to while an exception is thrown, and the lowest stack pointer with which
        that counts; None: in whichever frame that is."""
        self._is_last_target = False
        self._left: int | None = None
        """An address in the function whose return is waited for."""
        self._is_in_handler = False
        """Whether it runs to where a handler of a signal returns to."""
        self._return: tuple[int, int] | None = None
        """Of a call that was entered and whose function is not reached yet, where it returns to."""
        self._stub = 0
        self._goroutine: int | None = None
        """Whose step it is, if it is a goroutine's: it may go on in another thread, on another stack."""

    def begin(self, registers: Registers) -> None:
        """Prepare the thread, which is stopped; *registers* are those that it shows."""
        self._start, self._last = registers.pc, (registers.pc, registers.sp)
        if self._lines.is_go(registers.pc):
            self._goroutine = self._memory.word(registers["fs_base"] + G_IN_TLS)
        region = self._lines.at(registers.pc)
        if self._kind is Kind.OUT:
            self._begin_out(registers, region)
        elif region is None and not self._by_instruction:
            self._begin_out(registers, None)  # nothing tells of lines here
        else:
            self._region = region or self._region
            self._go_on_in_line(registers.pc, registers.sp)

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
        follows = last_pc <= pc <= last_pc + LONGEST
        above = None if follows and sp >= last_sp else self._memory.word(sp)
        if above is not None and not follows and self._is_handler(above):
            self._run_to(last_pc, last_sp)
            self._is_in_handler = True
            return None
        if above is not None and sp < last_sp and self._has_called(last_pc, above) and pc != above:
            return self._entered(pc, above, sp + 8, last_pc)
        if self._by_instruction:
            return DONE
        if within(pc, self._region.code):
            self._go_on_in_line(pc, sp)
            return None
        if within(pc, self._region.function):
            return self._elsewhere_in_function(pc)
        if sp > last_sp and self._memory.word(last_sp) == pc:
            verdict = self._returned(registers)
            self.thread.returned = last_pc if verdict is DONE else None
            return verdict
        above = self._memory.word(sp)
        if above is None:
            return DONE
        return self._entered(pc, above, sp + 8, last_pc)  # a jump: the callee returns for us

    def reached(self, thread: Thread, registers: Registers) -> Verdict | None:
        """A thread has come to a site of this step: whether the step is done."""
        if self._target is None or not self._is_mine(thread, registers):
            return None
        if self._is_landing(registers):
            return self._landed(thread, registers, self._target[1])
        if registers.pc != self._target[0]:
            self._escape(registers, self._target[1])
            return None
        if registers.sp < self._target[1] and not self._is_on_another_stack(registers):
            return None
        self._drop_target()
        self._follow(thread)
        return self._continued(registers)

    def _is_mine(self, thread: Thread, registers: Registers) -> bool:
        if self._goroutine is None:
            return thread is self.thread
        return self._memory.word(registers["fs_base"] + G_IN_TLS) == self._goroutine

    def _is_on_another_stack(self, registers: Registers) -> bool:
        """Whether Go has moved the goroutine to a larger stack meanwhile (runtime.morestack)."""
        assert self._target is not None
        return self._goroutine is not None and self._target[1] - registers.sp > FAR

    def _follow(self, thread: Thread) -> None:
        """The goroutine goes on in this thread."""
        self.thread.step, self.thread.single_step = None, False
        self.thread = thread
        thread.step = self

    def _continued(self, registers: Registers) -> Verdict | None:
        """What it ran through is over: whether the step is."""
        if self._is_last_target:
            self.thread.returned = self._left
            return DONE
        self.thread.single_step = True
        self.thread.undisturbed, self._is_in_handler = self._is_in_handler, False
        self._last = (registers.pc, registers.sp)
        if self._return is not None:
            return None  # on its way into a call still
        if self._by_instruction:
            return DONE
        if within(registers.pc, self._region.code):
            self._go_on_in_line(registers.pc, registers.sp)
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

    def _has_called(self, pc: int, return_address: int) -> bool:
        """Whether there is a call at *pc* that returns to an address (not a push of that)."""
        if not pc < return_address <= pc + LONGEST:
            return False
        try:
            code = self._memory.read(pc, return_address - pc).lstrip(PREFIXES)
        except OSError:
            return False
        return code[:1] == b"\xe8" or (code[:1] == b"\xff" and len(code) > 1 and code[1] >> 3 & 7 == 2)

    def _entered(self, pc: int, return_address: int, sp: int, call: int) -> Verdict | None:
        """A function was called, by the instruction at *call*."""
        if self._by_instruction:
            if self._kind is Kind.INTO:
                return DONE
            self._run_to(return_address, sp)
            return None
        if self._kind is Kind.INTO or call == self._into:
            self._return, self._stub = (return_address, sp), STUB
            return self._in_stub(pc)
        self._run_to(return_address, sp)
        return None

    def _in_stub(self, pc: int) -> Verdict | None:
        """On the way into a call: at a function with lines, at none, or still on the way."""
        assert self._return is not None
        if (jump := self._resolved_at(pc)) is not None and jump != pc:
            self._run_to(jump, 0)
            return None
        body = self._lines.body(pc)
        if body is not None:
            self._return = None
            if body == pc:
                return DONE
            self._is_last_target, self._left = True, None
            self._run_to(body, 0)
            return None
        self._stub -= 1
        if self._stub > 0:
            return None
        (address, sp), self._return = self._return, None
        self._run_to(address, sp)
        return None

    def _escape(self, registers: Registers, outermost: int) -> None:
        """The thread leaves functions otherwise than by returning: on from where it comes out."""
        landing = self._escapes.landing(registers)
        if isinstance(landing, Panic):
            frames = list(self._outer_frames(registers, outermost))
            self._expect({each.pc: each.sp for each in reversed(frames)})
        elif isinstance(landing, Pad):
            self._expect({landing.pc: None})
        elif landing is not None and landing.sp >= outermost and landing.pc != registers.pc:
            self._drop_target()
            self._is_last_target, self._left = self._is_last_target or landing.is_jump, None
            self._run_to(landing.pc, landing.sp)

    def _is_landing(self, registers: Registers) -> bool:
        if registers.pc not in self._landings:
            return False
        lowest = self._landings[registers.pc]
        return lowest is None or registers.sp >= lowest

    def _landed(self, thread: Thread, registers: Registers, outermost: int) -> Verdict | None:
        """A frame goes on that was thrown through; so do we if it is not further in, and handles that."""
        if self._landings[registers.pc] is None:
            self._expect({})
            if registers.sp < outermost or not self._escapes.is_handler(registers):
                return None
        self._drop_target()
        self._follow(thread)
        self._is_last_target = False  # what was to be returned to is gone
        return self._continued(registers)

    def _outer_frames(self, registers: Registers, outermost: int) -> Iterator[Caller]:
        """The frames around ours: who recovers, returns to one of them."""
        outer = (each for each in self._callers(registers) if each.sp > outermost)
        return islice(outer, FRAMES)

    def _expect(self, landings: dict[int, int | None]) -> None:
        """Watch these places while an exception is thrown, and no others."""
        for each in self._landings.keys() - {self._target[0]} if self._target else ():
            self._sites.discard(each, self)
            self._watched.remove(each)
        self._landings = landings
        self._watch(*landings)

    def _resolved_at(self, pc: int) -> int | None:
        """Where the dynamic linker jumps to the function that it is just looking for, if *pc* is in that."""
        if not self._lines.is_resolver(pc):
            return None
        try:
            at = self._memory.read(pc, RESOLVER_SIZE).find(JUMP_R11)
        except OSError:
            return None
        return pc + at if at >= 0 else None

    def _returned(self, registers: Registers) -> Verdict | None:
        region = self._lines.at(registers.pc)
        if region is not None and self._kind is not Kind.OUT and not self._by_instruction:
            if region.line and any(registers.pc == low for low, _ in region.code):
                return DONE
            self._region = region  # through the rest of the line that has called
            return None
        if region is not None:
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

    def _go_on_in_line(self, pc: int, sp: int) -> None:
        """By one instruction, or through those that follow in any case."""
        self.thread.single_step = True
        # Where no code was changed yet, all that this needs would take longer.
        if self._by_instruction or self._kind is Kind.OUT or self._sites.never_any:
            return
        with_calls = self._kind is Kind.OVER and self._into is None
        high = next((high for low, high in self._region.code if low <= pc < high), pc)
        try:
            code = self._memory.read(pc, min(high - pc, MOST))
            if run := straight(code, with_calls=with_calls):
                self._run_to(pc + run.size, sp, leaves=run.calls or self.thread.signal != 0)
        except (DebuggerError, OSError):  # no room for a breakpoint: by one instruction, then
            self._drop_target()

    def _begin_out(self, registers: Registers, region: Region | None) -> None:
        if region is not None and region.inlined:
            self._region = region._replace(code=region.inlined[0])
            self.thread.single_step = True
            return
        caller = next(self._callers(registers), None)
        self.thread.single_step = False
        if caller is not None:
            self._is_last_target, self._left = True, registers.pc
            self._run_to(caller.pc, caller.sp)

    def _run_to(self, address: int, sp: int, *, leaves: bool = True) -> None:
        """*leaves*: functions may be left otherwise than by returning meanwhile."""
        self._target = (address, sp)
        self._watch(address)
        if leaves:
            self._watch(*self._escapes.addresses())
        self.thread.single_step = self.thread.undisturbed = False

    def _watch(self, *addresses: int) -> None:
        for each in addresses:
            self._sites.add(each, self)
            self._watched.append(each)

    def disturbed(self) -> None:
        """A signal comes to the thread: its handler may leave otherwise than by returning."""
        if self._target is not None:
            with contextlib.suppress(DebuggerError, OSError):  # no room for a breakpoint
                self._watch(*(self._escapes.addresses().keys() - set(self._watched)))

    def branch(self, registers: Registers) -> int | None:
        """Where the thread is to be put instead of executing a branch within its function; None: nowhere."""
        if self._by_instruction or not self.thread.single_step or self._return is not None:
            return None
        pc = registers.pc
        if registers.restarts or not within(pc, self._region.code):
            return None
        try:
            to = destination(self._memory.read(pc, LONGEST), pc, registers["eflags"])
        except OSError:
            return None
        if to is None or not within(to, self._region.function):
            return None
        self._last = (to, registers.sp)
        return to

    def _drop_target(self) -> None:
        for each in self._watched:
            self._sites.discard(each, self)
        self._watched, self._target, self._landings = [], None, {}
