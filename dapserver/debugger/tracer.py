"""One wake-up of the tracer: drain the wait statuses, hand each to its process, resume.

`waitpid(-1)` walks along all tracees until one has something to say, and along all of them when
none has: 50 ns each, so that beside 2,000 sleeping threads every clone would cost two such walks.
So with many tracees those are asked one by one that are likely to have stopped: the one that
SIGCHLD names, those whose stop is expected, those that stopped lately. A walk along all, for what
nobody expected, takes at most a fifth of the time.
"""

from __future__ import annotations

import time

from dapserver.debugger.census import Census
from dapserver.debugger.events import Event, Renamed
from dapserver.debugger.process import Process
from dapserver.ptrace.wait import ANY, ChildSignal, wait

FEW = 200
"""Tracees up to which a walk along all is the cheapest way to ask."""

AT_ONCE = 4
"""Statuses of one walk that are handled before others are looked for: most walks find no more."""

RECENT = 48
"""How many tids that stopped lately are remembered."""

WALK_SHARE = 4
"""After a walk along many tracees, at least this many times as long without one."""

TIME_LIMIT = 0.001
"""Seconds after which a wake-up returns although stops keep coming, so that their events are
written and requests get a turn."""

BUSY, STORM = 0.0002, 4
"""A wake-up that begins within BUSY seconds of the last, as STORM before it did, is in a storm."""

LINGER = 0.00005
"""Seconds to watch for the next stop before the wake-up returns, in a storm and where one is near."""


class Tracer:
    """Feeds one process with its statuses. Must live in the thread that seized (ptrace(2))."""

    def __init__(self, signal: ChildSignal, process: Process) -> None:
        self._signal = signal
        self._process = process
        self.census = Census(process)
        self._recent: dict[int, None] = {}
        self._walk_allowed = 0.0
        self._walk_owed = False
        self._unfinished = False
        self._active = 0.0
        self._streak = 0

    def wake(self) -> list[Event]:
        """Handle what the kernel has to say and what is due by the clock; what happened."""
        begin = time.monotonic()
        end = begin + TIME_LIMIT
        self._drain(self._signal.take(), end)
        self._streak = self._streak + 1 if begin - self._active < BUSY else 0
        # Going through the loop for each stop would be half the cost where they come this fast.
        while self._is_stop_near() and time.monotonic() < end:
            if (hint := self._signal.watch(LINGER)) is None:
                break
            self._drain(hint, end)
        self._check_clock()
        self._active = time.monotonic()
        return self._process.take_events()

    def _is_stop_near(self) -> bool:
        near, self._process.stop_is_near = self._process.stop_is_near, False
        return near or self._streak >= STORM

    def _drain(self, hint: int | None, end: float) -> None:
        if len(self._process.threads) <= FEW:
            self._walk(end)
        else:
            self._ask_likely(hint, end)
            self._walk_if_due(end, signalled=hint is not None)

    @property
    def deadline(self) -> float | None:
        """When `wake` is due even without a signal, on the monotonic clock."""
        process = self._process
        due = [process.names.next_look, process.stopping.deadline, self.census.next_look]
        if self._unfinished:
            due.append(0.0)
        elif self._walk_owed:
            due.append(self._walk_allowed)
        return min((time for time in due if time is not None), default=None)

    def _walk(self, end: float) -> None:
        """Handle all statuses that there are, up to *end*; a few at once, the rest once all are taken.

        `waitpid(-1)` gives those of the youngest threads first. In a storm the children of one that
        was resumed would have their turns before the old, who would wait for ever. (relay.c)
        """
        handle = self._process.handle
        for _ in range(AT_ONCE):
            if (status := wait(ANY)) is None:
                self._unfinished = self._walk_owed = False
                return
            handle(*status)
        taken = []
        while (status := wait(ANY)) and time.monotonic() < end:
            taken.append(status)
        self._unfinished = self._walk_owed = status is not None
        for early in [*taken, status] if status else taken:
            handle(*early)

    def _walk_if_due(self, end: float, *, signalled: bool) -> None:
        self._walk_owed |= signalled
        start = time.monotonic()
        if self._walk_owed and start >= self._walk_allowed:
            self._walk(max(end, start + TIME_LIMIT / 4))
            now = time.monotonic()
            self._walk_allowed = now + WALK_SHARE * (now - start)

    def _ask_likely(self, hint: int | None, end: float) -> None:
        if hint is not None:
            self._ask(hint)
        found = True
        while found:
            found = False
            for tid in [*self._process.expected, *self._recent]:
                found |= self._ask(tid)
            if time.monotonic() > end:
                self._unfinished = True
                return
        self._unfinished = False

    def _ask(self, tid: int) -> bool:
        status = wait(tid)
        if status is None:
            return False
        self._process.handle(*status)
        recent = self._recent
        recent.pop(tid, None)
        if tid in self._process.threads:
            recent[tid] = None
            if len(recent) > RECENT:
                del recent[next(iter(recent))]
        return True

    def _check_clock(self) -> None:
        process = self._process
        now = time.monotonic()
        look = process.names.next_look
        if look is not None and look <= now and (renamed := process.names.look(process.threads, now)):
            process.events.append(Renamed(renamed))
        look = self.census.next_look
        if look is not None and look <= now:
            self.census.take()
        if process.stopping.pending:
            self._report_stops(now)

    def _report_stops(self, now: float) -> None:
        stopping = self._process.stopping
        stopping.overdue(now)
        if stopping.complete and (stopping.non_stop or not self._unfinished):
            self.census.take()  # what is found joins an all-stop, which is not complete then
            stopping.report()
