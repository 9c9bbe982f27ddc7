"""Making threads stop: who is wanted stopped, who is still missing, and when it is reported."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dapserver.debugger.events import Event, Stopped
from dapserver.debugger.stop import Reason, Stop
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import api, procfs

GRACE, PATIENCE = 0.2, 3
"""After so many looks at so many seconds' distance a stop is reported although threads are missing,
if all of those are in uninterruptible waits: a vfork parent, or one that waits for a dead file
server, may take for ever. It stops when it can. One that merely gets no processor is waited for."""


@dataclass(slots=True, eq=False)
class Pending:
    """A stop on its way: reported once no thread is missing."""

    stop: Stop
    missing: set[Thread]
    deadline: float
    patience: int = PATIENCE


class Stopping:
    """The stops of a process that are being made.

    With all-stop (the default) there is one at a time and it concerns all threads, those included
    that are born meanwhile. With non-stop each concerns one thread.
    """

    def __init__(
        self,
        threads: dict[int, Thread],
        expected: dict[int, None],
        events: list[Event],
        *,
        non_stop: bool,
    ) -> None:
        self.non_stop = non_stop
        self.held = False
        """Whether threads that are born now are to stand still: all-stop, and not continued yet."""
        self.pending: list[Pending] = []
        self._threads = threads
        self._expected = expected
        self._events = events

    @property
    def all_held(self) -> bool:
        """Whether every thread is to stand still, so that nobody waits for the tracer."""
        return self.held and all(thread.wanted_stopped for thread in self._threads.values())

    def begin(
        self,
        reason: Reason,
        thread: Thread,
        signal: int = 0,
        *,
        breakpoints: tuple[int, ...] = (),
        text: str | None = None,
    ) -> None:
        """Begin a stop for which *thread* is the reason."""
        if reason is Reason.PAUSE and thread.signal:  # it stands already, and for that
            reason, signal = Reason.SIGNAL, thread.signal
        stop = Stop(reason, thread.tid, not self.non_stop, signal, breakpoints, text)
        concerned = [thread] if self.non_stop else list(self._threads.values())
        missing = {t for t in concerned if self._must_stop(t)}
        self.held = not self.non_stop
        if self.pending and not self.non_stop:
            pending = self.pending[0]
            pending.missing |= missing
            if pending.stop.reason is Reason.PAUSE:  # a fault met on the way is the better reason
                pending.stop = stop
        else:
            self.pending.append(Pending(stop, missing, time.monotonic() + GRACE))

    def stop_all(self, thread: Thread) -> None:
        """Begin a stop of all threads, whatever mode was chosen and whatever stops are under way."""
        self.non_stop = False
        self.pending.clear()
        self.begin(Reason.PAUSE, thread)

    def _must_stop(self, thread: Thread) -> bool:
        """Want a thread stopped; whether its stop is still to come."""
        thread.wanted_stopped, thread.waits = True, False
        if thread.state is State.STOPPED:
            return False
        if thread.state is not State.NEWBORN and thread.tid not in self._expected:
            self.interrupt(thread)
        return True

    def interrupt(self, thread: Thread) -> None:
        """Make a thread stop. One that is not there any more has ended, or executes a program and
        has the leader's id by now: in both cases a status of it is still to come.
        """
        try:
            api.interrupt(thread.tid)
        except ProcessLookupError:
            thread.state = State.DYING
            return
        thread.interrupted = True
        self._expected[thread.tid] = None

    def join(self, thread: Thread) -> None:
        """Let a thread that was born during an all-stop stand still too."""
        if self._must_stop(thread) and self.pending:
            self.pending[0].missing.add(thread)

    def seen(self, thread: Thread) -> None:
        """A thread has stopped or ended: no stop waits for it any more."""
        for pending in self.pending:
            pending.missing.discard(thread)

    def survived(self, caller: Thread, thread: Thread) -> None:
        """Pass on to *thread*, the leader, what is wanted of *caller*, who executed a program.

        All other threads end by that, and the caller goes on under the leader's id: a stop that
        concerns it is complete with the leader's next stop.
        """
        thread.wanted_stopped, thread.waits = caller.wanted_stopped, caller.waits
        self.held = self.held and thread.wanted_stopped
        concerning = [p for p in self.pending if p.stop.all_threads or p.stop.tid == caller.tid]
        self.pending[:] = concerning if thread.wanted_stopped else []
        for pending in self.pending:
            pending.missing = {thread}
            pending.stop = replace(pending.stop, tid=thread.tid)

    def release(self, thread: Thread) -> None:
        """Want a thread running again; a stop that still waits for it is given up."""
        thread.wanted_stopped = thread.waits = False
        for pending in self.pending:
            pending.missing.discard(thread)
            if pending.stop.tid == thread.tid and pending.stop.all_threads:
                other = next((t.tid for t in self._threads.values() if t.wanted_stopped), thread.tid)
                pending.stop = Stop(Reason.PAUSE, other, all_threads=True)
        self.pending[:] = [p for p in self.pending if p.stop.tid != thread.tid]
        # Once the last was let go one by one, there is nothing left for newborns to join.
        self.held = self.held and any(t.wanted_stopped for t in self._threads.values())

    def release_all(self) -> None:
        """Want all threads running, those born from now on included."""
        self.held = False
        self.pending.clear()
        for thread in self._threads.values():
            thread.wanted_stopped = thread.waits = False

    @property
    def deadline(self) -> float | None:
        """When `overdue` is to be called, on the monotonic clock."""
        return min((pending.deadline for pending in self.pending), default=None)

    def overdue(self, now: float) -> None:
        """Look at the threads that are missing; report the stops that need not wait for them."""
        for pending in self.pending:
            if pending.deadline <= now:
                pending.deadline = now + GRACE
                pending.patience = pending.patience - 1 if _all_stuck(pending.missing) else PATIENCE
                if pending.patience == 0:
                    pending.missing.clear()

    @property
    def complete(self) -> bool:
        """Whether there is a stop to report: one for which no thread is missing."""
        return any(not pending.missing for pending in self.pending)

    def report(self) -> None:
        """Report the stops that are complete."""
        for pending in [p for p in self.pending if not p.missing]:
            self.pending.remove(pending)
            stop = pending.stop
            if stop.tid not in self._threads:
                # It ended on the way. Something must be shown as the reason, if anything is left.
                alive = next(iter(self._threads), None)
                if alive is None or not stop.all_threads:
                    continue
                stop = Stop(Reason.PAUSE, alive, all_threads=True)
            self._events.append(Stopped(stop))


def _all_stuck(threads: Iterable[Thread]) -> bool:
    """Whether all are in uninterruptible waits."""
    try:
        return all(procfs.state(thread.tid) == "D" for thread in threads)
    except ProcessLookupError:
        return False  # its end is on the way
