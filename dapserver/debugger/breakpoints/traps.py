"""What a SIGTRAP means: a breakpoint, data that was touched, the end of a step, or the program's own.

A thread that comes to a breakpoint is moved to the copy of the instruction there (`sites`) at once, so
that it passes it whenever it is resumed, by whomever. If nothing is to happen there, it goes on: one
stop for each hit, and no other thread is disturbed.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.shield import unshield
from dapserver.debugger.stop import Reason
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import api
from dapserver.ptrace.debug_registers import TRAP_HWBKPT, take_trapped
from dapserver.ptrace.registers import Registers
from dapserver.ptrace.wait import WaitStatus

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.hardware import Hardware
    from dapserver.debugger.breakpoints.sites import Site, Sites
    from dapserver.debugger.process import Process

log = logging.getLogger(__name__)

_SI_KERNEL = 0x80  # int3 on x86: arch/x86/kernel/traps.c
# A single step; over a system call instruction, the kernel says TRAP_BRKPT (sigaction(2)).
_TRAP_BRKPT, _TRAP_TRACE = 1, 2
_HANDLER_ENTERED = 5  # a step that delivered a signal: ptrace_notify of signal_setup_done, kernel/signal.c
_STEPS = frozenset({_TRAP_BRKPT, _TRAP_TRACE, _HANDLER_ENTERED})
_INT3 = b"\xcc"

BRANCHES = 8
"""How many a thread is taken over at one stop: a line may be an endless loop, and a pause is to be heard."""


class Verdict(NamedTuple):
    """A thread is to stop where it is."""

    reason: Reason
    breakpoints: tuple[int, ...] = ()
    text: str | None = None


WAIT = Verdict(Reason.PAUSE)
"""A thread is to stand still, and nobody is told, until `Traps.go_on`."""


class Judge(Protocol):
    """Decides about threads that come to a site."""

    def __call__(self, thread: Thread, site: Site, registers: Registers, *, passed: bool) -> Verdict | None:
        """*passed*: it has been here before, and only a handler of a signal was executed since."""


class DataJudge(Protocol):
    """Decides about threads that have touched what is watched."""

    def __call__(self, thread: Thread, numbers: list[int], registers: Registers) -> Verdict | None:
        """*numbers*: the debug registers that have trapped."""


class Traps:
    """Takes the SIGTRAPs of one process."""

    def __init__(
        self, process: Process, sites: Sites, hardware: Hardware, judge: Judge, judge_data: DataJudge
    ) -> None:
        self.sites = sites
        self._hardware = hardware
        self._judge_data = judge_data
        sites.in_use = self.in_use
        self._process = process
        self._judge = judge
        self.on_exec: Callable[[], None] = lambda: None

    def take(self, thread: Thread, status: WaitStatus) -> bool:
        """Handle a SIGTRAP; False: it is the program's own."""
        try:
            code = api.signal_code(thread.tid)
            registers = Registers.read(self._process.architecture, thread.tid)
            if (handler := self._handler(code, thread)) is not None:
                return handler(thread, status, registers)
        except ProcessLookupError:
            thread.state = State.DYING
            return True
        except ValueError:
            return False  # 32-bit code
        except OSError:
            log.exception("thread %d at a breakpoint", thread.tid)  # and nothing may hold it there
            self._let_go(thread, status)
            return True
        self._make_way(thread, status)
        return False

    def _handler(self, code: int, thread: Thread) -> Callable[[Thread, WaitStatus, Registers], bool] | None:
        if code in _STEPS and thread.stepped:
            return self._stepped
        if code == _SI_KERNEL:
            return self._trapped
        if code == TRAP_HWBKPT and self._hardware.was_used:
            return self._touched
        return None

    def _trapped(self, thread: Thread, status: WaitStatus, registers: Registers) -> bool:
        address = registers.pc - 1
        site = self.sites.active(address)
        if site is None:
            if address not in self.sites and self.sites.really_is(address, _INT3):
                self._make_way(thread, status)
                return False
            registers.pc = address  # the site was removed after the thread had trapped (R34)
            registers.write(thread.tid)
            self._let_go(thread, status)
            return True
        self._note(thread, status)
        self.sites.rescue.look_after(thread)
        registers.pc = site.slot
        registers.write(thread.tid)
        thread.copy = site
        passed = self._has_passed(site, registers)
        if thread.wanted_stopped:
            thread.unreported = None if passed else site
            self._process.hold_later(thread)
            return True
        registers.pc = site.address
        verdict = self._judge(thread, site, registers, passed=passed)
        self._decide(thread, verdict or self._branch(thread, registers))
        return True

    def _touched(self, thread: Thread, status: WaitStatus, registers: Registers) -> bool:
        """A debug register has trapped. The instruction is done, so there is nothing to pass."""
        self._note(thread, status)
        self.sites.rescue.look_after(thread)
        verdict = self._verdict_on_data(thread, registers)
        if thread.wanted_stopped:
            thread.late = thread.late or verdict
            self._process.hold_later(thread)
        else:
            self._decide(thread, verdict)
        return True

    def _verdict_on_data(self, thread: Thread, registers: Registers) -> Verdict | None:
        if not self._hardware.was_used or not (numbers := take_trapped(thread.tid)):
            return None
        at = registers.pc
        registers.pc = self.sites.shown_pc(at)
        try:
            return self._judge_data(thread, numbers, registers)
        finally:
            registers.pc = at

    def _has_passed(self, site: Site, registers: Registers) -> bool:
        """Whether a thread had come here before a signal: its handler has returned."""
        if registers.sp not in site.passed:
            return False
        site.passed.discard(registers.sp)
        return True

    def leave_copy(self, thread: Thread) -> None:
        """Take a thread that is about to execute a handler out of a copy, to the program's own code."""
        site, thread.copy = thread.copy, None
        if site is None:
            return
        try:
            registers = Registers.read(self._process.architecture, thread.tid)
        except (ProcessLookupError, ValueError):
            return
        if self.sites.site_of_slot(registers.pc) is not site:
            return
        if self.sites.is_half_done(registers.pc):
            site.pinned = True  # half of a call is done: it must come back to the copy
            return
        if registers.pc == site.slot and thread.unreported is None and site.owners:
            site.passed.add(registers.sp)
        thread.unreported = None
        registers.pc = self.sites.shown_pc(registers.pc)
        registers.write(thread.tid)

    def _stepped(self, thread: Thread, status: WaitStatus, registers: Registers) -> bool:
        self._note(thread, status)
        step = thread.step
        verdict = self._verdict_on_data(thread, registers)
        if thread.wanted_stopped:
            thread.late = thread.late or verdict
            self._process.hold_later(thread)  # what it does when it is resumed is decided then
            return True
        if verdict is not None:
            self._decide(thread, verdict)
            return True
        if step is None:
            thread.single_step = False
            self._process.resume_thread(thread)
            return True
        self._decide(thread, self.advance(thread, registers) or self._branch(thread, registers))
        return True

    def _branch(self, thread: Thread, registers: Registers) -> Verdict | None:
        """Put a thread that is to execute but a branch where that leads, and see what its step says there."""
        for _ in range(BRANCHES):
            to = thread.step.branch(registers) if thread.step is not None else None
            if to is None:
                break
            registers.pc = to
            registers.write(thread.tid)
            if (verdict := self.advance(thread, registers)) is not None:
                return verdict
        return None

    def advance(self, thread: Thread, registers: Registers) -> Verdict | None:
        """Let a step decide where it is by now; breakpoints that it has come to count."""
        sites, step = self.sites, thread.step
        assert step is not None
        thread.copy = inside = sites.site_of_slot(registers.pc)
        if inside is not None:
            shown = sites.shown_pc(registers.pc)
            if shown == inside.address:
                thread.undisturbed = True  # a handler would return into the middle of the copy
                return None
            registers.pc = shown
            registers.write(thread.tid)
        site = sites.active(registers.pc)
        if site is not None and not registers.restarts:
            at = registers.pc
            registers.pc = site.slot
            registers.write(thread.tid)
            thread.copy = site
            registers.pc = at
            passed = self._has_passed(site, registers)
            if (verdict := self._judge(thread, site, registers, passed=passed)) is not None:
                return verdict
        try:
            return step.arrived(registers)
        except (DebuggerError, OSError) as error:
            return Verdict(Reason.STEP, text=f"The step ends here: {error}")

    def in_use(self) -> set[Site]:
        """The sites in whose copies threads may be."""
        for thread in self._process.threads.values():
            if thread.copy is not None and thread.state is State.STOPPED:
                with contextlib.suppress(ProcessLookupError, ValueError):
                    registers = Registers.read(self._process.architecture, thread.tid)
                    if self.sites.site_of_slot(registers.pc) is not thread.copy:
                        thread.copy = None
        return {thread.copy for thread in self._process.threads.values() if thread.copy is not None}

    def judge_unreported(self, thread: Thread) -> bool:
        """A thread is about to be resumed: whether it is to stop for what it met before."""
        site, thread.unreported = thread.unreported, None
        verdict, thread.late = thread.late, None
        if verdict is None and site is not None and site.owners:
            verdict = self._judge(thread, site, self._process.registers(thread), passed=False)
        if verdict is None:
            return False
        if verdict is WAIT:
            thread.waits = thread.wanted_stopped = True
            return False
        self._end_step(thread)
        self._begin(thread, verdict)
        return True

    def go_on(self, thread: Thread) -> None:
        """What a thread has waited for is done: it runs, if nobody else wants it stopped by now."""
        if thread.waits and self._process.threads.get(thread.tid) is thread:
            thread.waits = thread.wanted_stopped = False
            if thread.state is State.STOPPED:
                self._process.resume_thread(thread)

    def thread_ended(self, thread: Thread) -> None:
        """A thread that was to do a step is gone: those who wait for it are to see where things are."""
        step, thread.step = thread.step, None
        if step is None:
            return
        step.end()
        other = next(iter(self._process.threads.values()), None)
        if other is not None and not self._process.non_stop:
            self._process.stopping.begin(Reason.STEP, other, text=f"Thread {thread.tid} has ended.")

    def executed(self, caller: Thread, thread: Thread) -> None:
        """The process runs another program now: all that was in its memory is gone."""
        for each in (caller, thread):
            each.step = each.unreported = each.copy = each.late = None
            each.single_step = each.has_trapped = False
        self._hardware.forget()
        self.sites.forget()
        self.on_exec()

    # -- what becomes of the thread ----------------------------------------------------------------

    def _decide(self, thread: Thread, verdict: Verdict | None) -> None:
        if verdict is None:
            self._process.resume_thread(thread)
            return
        if verdict is WAIT:
            thread.waits = thread.wanted_stopped = True
            self._process.hold_later(thread)
            return
        self._end_step(thread)
        # Its SIGTRAP is harmless where it stands: waitpid(2) has taken it out of the thread, which goes on
        # without it if we are killed. But with TF, only as far as the next instruction. (R33)
        if thread.trap_flag or thread.interrupted:
            self._process.hold_later(thread)
        self._begin(thread, verdict)  # after it, so that the stop waits for this thread too

    def _end_step(self, thread: Thread) -> None:
        if thread.step is not None:
            thread.step.end()
            thread.step = None
        thread.single_step = False

    def _begin(self, thread: Thread, verdict: Verdict) -> None:
        self._process.stopping.begin(
            verdict.reason, thread, breakpoints=verdict.breakpoints, text=verdict.text
        )

    def _make_way(self, thread: Thread, status: WaitStatus) -> None:
        """A trap of the program's own is to have the effect that it always had."""
        signal = thread.signal
        self._note(thread, status)
        thread.signal = signal
        self.sites.rescue.make_way(thread)

    def _note(self, thread: Thread, status: WaitStatus) -> None:
        thread.status = status
        thread.state = State.STOPPED
        if thread.mask is not None:
            unshield(thread)
        thread.signal = 0
        self._process.expected.pop(thread.tid, None)

    def _let_go(self, thread: Thread, status: WaitStatus) -> None:
        self._note(thread, status)
        if thread.wanted_stopped:
            self._process.hold_later(thread)
        else:
            self._process.resume_thread(thread)
