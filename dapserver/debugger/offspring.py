"""Processes that the traced one makes: let go at once, and never left with breakpoints in them.

A child of fork(2) has a copy of the breakpoints, which nobody would handle: they are taken out before
it is let go. One that shares the memory (vfork(2), posix_spawn(3)) stays traced as a guest, who passes
each breakpoint without a word, until it executes a program or ends. (children.c)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from signal import SIGTRAP
from typing import TYPE_CHECKING

from dapserver.debugger.breakpoints.moving_out import move_out, take_trap
from dapserver.ptrace import api
from dapserver.ptrace.kinship import share_memory
from dapserver.ptrace.registers import Architecture, Registers
from dapserver.ptrace.wait import Kind, WaitStatus, decode, wait

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.sites import Sites

GRACE, MOMENT = 0.2, 0.0005
"""Seconds to wait for a guest to stop, and between two looks: it may be in an uninterruptible wait."""


class Offspring:
    """The guests of one process, and what becomes of its children."""

    def __init__(self, pid: int, architecture: Architecture) -> None:
        self.sites: Sites | None = None
        """What is in the code of the process; None if nothing ever was."""
        self._pid = pid
        self._architecture = architecture
        self._guests: set[int] = set()
        self._awaited: set[int] = set()
        """Children whose first stop is still to come."""
        self._early: set[int] = set()
        """Children whose first stop came before that of who made them."""
        self._gathered: list[tuple[int, WaitStatus | None]] = []
        """Guests that stand still, with the status that is to be passed on."""

    def announced(self, tid: int) -> None:
        """Somebody has made this child."""
        if tid in self._early:
            self._early.discard(tid)
        else:
            self._awaited.add(tid)

    def take(self, tid: int, status: WaitStatus) -> None:
        """Handle a stop of a thread that is traced, but not one of the process."""
        try:
            if tid in self._guests:
                self._pass_on(tid, status)
                return
            if tid in self._awaited:
                self._awaited.discard(tid)
            else:
                self._early.add(tid)
            if self.sites is None or self.sites.never_any:
                _let_go(tid, status)
            elif share_memory(self._architecture.kcmp, self._pid, tid):
                self._guests.add(tid)
                self._pass_on(tid, status)
            else:
                self.sites.take_out_of(tid)
                _let_go(tid, status)
        except ProcessLookupError:
            return  # killed: its end is on the way

    def ended(self, tid: int) -> None:
        """A thread has ended that is not one of the process."""
        self._guests.discard(tid)
        self._awaited.discard(tid)

    def gather(self) -> None:
        """Let the children go, and stop the guests, outside of copies: the sites are about to be taken
        out of the memory that these share.
        """
        for tid, status in _statuses(self._awaited):
            self.ended(tid) if status.ended else self.take(tid, status)
        self._awaited.clear()
        for tid in list(self._guests):
            try:
                api.interrupt(tid)
            except ProcessLookupError:
                self._guests.discard(tid)
        for tid, status in _statuses(self._guests):
            self._guests.discard(tid)
            if not status.ended:
                self._hold(tid, status)

    def _hold(self, tid: int, status: WaitStatus) -> None:
        try:
            if status.kind is Kind.EXEC:
                _let_go(tid, status)  # it has a memory of its own
                return
            trapped = self._at_site(tid, status)
            if self.sites is not None:
                if status.kind is Kind.EVENT_STOP:
                    late = take_trap(self.sites, self._architecture, tid, lambda *_: None)
                    trapped, status = (True, late) if late is not None else (trapped, status)
                move_out(self.sites, self._architecture, tid, status.kind, lambda *_: None)
            self._gathered.append((tid, None if trapped else status))
        except ProcessLookupError:
            return
        except ValueError:  # 32-bit code
            self._gathered.append((tid, status))

    def dismiss(self) -> None:
        """Let those go that were gathered."""
        gathered, self._gathered = self._gathered, []
        for tid, status in gathered:
            try:
                api.detach(tid) if status is None else _let_go(tid, status)
            except ProcessLookupError:
                continue

    def _pass_on(self, tid: int, status: WaitStatus) -> None:
        """Resume a guest as if nobody had looked, or let it go: its memory is its own by now."""
        if status.kind is Kind.EXEC:
            self._guests.discard(tid)
            _let_go(tid, status)
        elif status.kind is Kind.GROUP_STOP:
            api.listen(tid)
        elif status.kind is Kind.SIGNAL_DELIVERY_STOP and not self._at_site(tid, status):
            api.cont(tid, status.value)
        else:
            api.cont(tid)

    def _at_site(self, tid: int, status: WaitStatus) -> bool:
        """Whether a guest has trapped at a site; it is moved to the copy of the instruction then."""
        if status.kind is not Kind.SIGNAL_DELIVERY_STOP or status.value != SIGTRAP or not self.sites:
            return False
        registers = Registers.read(self._architecture, tid)
        slot = self.sites.slot_of(registers.pc - 1)
        if slot is None:
            return False
        registers.pc = slot
        registers.write(tid)
        return True


def _statuses(tids: set[int]) -> Iterator[tuple[int, WaitStatus]]:
    """Those of certain threads, as they come, until none is left in the set or the grace is over."""
    end = time.monotonic() + GRACE
    while tids and time.monotonic() < end:
        for tid in list(tids):
            if taken := wait(tid):
                yield tid, decode(taken[1])
        if tids:
            time.sleep(MOMENT)


def _let_go(tid: int, status: WaitStatus) -> None:
    api.detach(tid, status.value if status.kind is Kind.SIGNAL_DELIVERY_STOP else 0)
