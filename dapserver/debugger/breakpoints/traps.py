"""What a SIGTRAP means: a breakpoint, the end of a step, or the program's own.

A thread that comes to a breakpoint is moved to the copy of the instruction there (`sites`) at once, so
that it passes it whenever it is resumed, by whomever. If nothing is to happen there, it goes on: one
stop for each hit, and no other thread is disturbed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dapserver.debugger.stop import Reason
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import api
from dapserver.ptrace.registers import Registers
from dapserver.ptrace.signals import SignalInfo
from dapserver.ptrace.wait import WaitStatus

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Site, Sites
    from dapserver.debugger.process import Process

_SI_KERNEL = 0x80  # int3 on x86: arch/x86/kernel/traps.c
_TRAP_BRKPT, _TRAP_TRACE = 1, 2  # sigaction(2)
_INT3 = b"\xcc"


class Verdict(NamedTuple):
    """A thread is to stop where it is."""

    reason: Reason
    breakpoints: tuple[int, ...] = ()
    text: str | None = None


class Judge(Protocol):
    """Decides about threads that come to a site."""

    def __call__(self, thread: Thread, site: Site, registers: Registers) -> Verdict | None: ...


class Traps:
    """Takes the SIGTRAPs of one process."""

    def __init__(self, process: Process, sites: Sites, judge: Judge) -> None:
        self.sites = sites
        self._process = process
        self._judge = judge
        self.on_exec: Callable[[], None] = lambda: None

    def take(self, thread: Thread, status: WaitStatus) -> bool:
        """Handle a SIGTRAP; False: it is the program's own."""
        try:
            code = SignalInfo.parse(api.siginfo(thread.tid)).code
            registers = Registers.read(self._process.architecture, thread.tid)
            if code == _TRAP_TRACE:
                return self._stepped(thread, status, registers)
            if code in (_SI_KERNEL, _TRAP_BRKPT):
                return self._trapped(thread, status, registers)
        except ProcessLookupError:
            thread.state = State.DYING
            return True
        except ValueError:
            return False  # 32-bit code
        self._make_way(thread, status)
        return False

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
        if self.sites.rescue is not None:
            self.sites.rescue.look_after(thread)
        registers.pc = site.slot
        registers.write(thread.tid)
        if thread.wanted_stopped:
            thread.unreported = site
            self._process.hold_later(thread)
            return True
        registers.pc = site.address
        self._decide(thread, self._judge(thread, site, registers))
        return True

    def _stepped(self, thread: Thread, status: WaitStatus, registers: Registers) -> bool:
        if not thread.single_step:
            return False
        self._note(thread, status)
        step = thread.step
        if thread.wanted_stopped:
            self._process.hold_later(thread)  # what it does when it is resumed is decided then
            return True
        if step is None:
            thread.single_step = False
            self._process.resume_thread(thread)
            return True
        self._decide(thread, self.advance(thread, registers))
        return True

    def advance(self, thread: Thread, registers: Registers) -> Verdict | None:
        """Let a step decide where it is by now; breakpoints that it has come to count."""
        sites, step = self.sites, thread.step
        assert step is not None
        if (inside := sites.site_of_slot(registers.pc)) is not None:
            shown = sites.shown_pc(registers.pc)
            if shown == inside.address:
                return None  # not done with the copy yet
            registers.pc = shown
            registers.write(thread.tid)
        site = sites.active(registers.pc)
        if site is not None:
            at = registers.pc
            registers.pc = site.slot
            registers.write(thread.tid)
            registers.pc = at
            if (verdict := self._judge(thread, site, registers)) is not None:
                return verdict
        return step.arrived(registers)

    def judge_unreported(self, thread: Thread) -> bool:
        """A thread is about to be resumed: whether it is to stop for what it met before."""
        site, thread.unreported = thread.unreported, None
        if site is None or not site.owners:
            return False
        registers = self._process.registers(thread)
        verdict = self._judge(thread, site, registers)
        if verdict is None:
            return False
        self._begin(thread, verdict)
        return True

    def thread_ended(self, thread: Thread) -> None:
        """A thread that was to do a step is gone: those who wait for it are to see where things are."""
        step, thread.step = thread.step, None
        if step is None:
            return
        step.end()
        other = next(iter(self._process.threads.values()), None)
        if other is not None and not self._process.non_stop and step.in_charge:
            self._process.stopping.begin(Reason.STEP, other, text=f"Thread {thread.tid} has ended.")

    def executed(self, caller: Thread, thread: Thread) -> None:
        """The process runs another program now: all that was in its memory is gone."""
        for each in (caller, thread):
            each.step = each.unreported = None
            each.single_step = False
        self.sites.forget()
        self.on_exec()

    # -- what becomes of the thread ----------------------------------------------------------------

    def _decide(self, thread: Thread, verdict: Verdict | None) -> None:
        if verdict is None:
            self._process.resume_thread(thread)
            return
        self._begin(thread, verdict)
        self._process.hold_later(thread)

    def _begin(self, thread: Thread, verdict: Verdict) -> None:
        if thread.step is not None:
            thread.step.end()
            thread.step = None
        thread.single_step = False
        self._process.stopping.begin(
            verdict.reason, thread, breakpoints=verdict.breakpoints, text=verdict.text
        )

    def _make_way(self, thread: Thread, status: WaitStatus) -> None:
        """A trap of the program's own is to have the effect that it always had."""
        if self.sites.rescue is not None:
            signal = thread.signal
            self._note(thread, status)
            thread.signal = signal
            self.sites.rescue.make_way(thread)

    def _note(self, thread: Thread, status: WaitStatus) -> None:
        thread.status = status
        thread.state = State.STOPPED
        thread.signal = 0
        self._process.expected.pop(thread.tid, None)

    def _let_go(self, thread: Thread, status: WaitStatus) -> None:
        self._note(thread, status)
        if thread.wanted_stopped:
            self._process.hold_later(thread)
        else:
            self._process.resume_thread(thread)
