"""What has happened to the threads of a process: for timelines, and for what was there a moment ago."""

from __future__ import annotations

import contextlib
import functools
import os
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from dapserver.debugger.events import Event, Stopped, ThreadExited, ThreadStarted
from dapserver.debugger.stop import Reason
from dapserver.debugger.thread import Thread
from dapserver.ptrace import procfs

MOST_LIVES = 20_000
"""Ended threads that are remembered: 3 MB."""

MOST_STOPS = 1_000

_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")


class Life(NamedTuple):
    """An ended thread. Times are microseconds of the monotonic clock."""

    tid: int
    name: str
    start: int
    end: int


@dataclass(slots=True)
class Halt:
    """A stop and how long it lasted, in microseconds of the monotonic clock; `end` 0: it lasts."""

    reason: Reason
    tid: int
    all_threads: bool
    start: int
    end: int = 0


class History:
    """Remembers lives and stops, newest last, each with a number by which news can be asked for."""

    def __init__(self) -> None:
        self.started = self.exited = 0
        self._ends: deque[tuple[ThreadExited, int]] = deque(maxlen=MOST_LIVES)
        """And when: as they came, for a storm has no time for more."""
        self.halts: list[Halt] = []
        self._lasting: list[Halt] = []
        """Those of them that have no end yet: there are few, and steps make many halts."""

    def record(self, events: Iterable[Event]) -> None:
        """Take in what just happened."""
        now = microseconds()
        for event in events:
            kind = type(event)
            if kind is ThreadStarted:
                self.started += 1
            elif kind is ThreadExited:
                self.exited += 1
                self._ends.append((event, now))  # type: ignore[arg-type]
            elif kind is Stopped:
                self._halted(event, now)  # type: ignore[arg-type]

    @property
    def lives(self) -> list[Life]:
        """The lives that have ended, as far as they are remembered."""
        return [Life(end.tid, end.name, int(end.born * 1e6), now) for end, now in self._ends]

    def _halted(self, event: Stopped, now: int) -> None:
        stop = event.stop
        if any(halt.all_threads or halt.tid == stop.tid for halt in self._lasting):
            return  # a pause of what stands still already
        halt = Halt(stop.reason, stop.tid, stop.all_threads, now)
        self.halts.append(halt)
        self._lasting.append(halt)
        if len(self.halts) > MOST_STOPS:
            del self.halts[0]

    def resumed(self, tid: int | None) -> None:
        """End the stops of one thread, or of all."""
        now = microseconds()
        for halt in self._lasting:
            if tid is None or halt.tid == tid:
                halt.end = now
        self._lasting = [halt for halt in self._lasting if not halt.end]

    @property
    def cursor(self) -> int:
        """Grows with each life that ends; for `ended_since`."""
        return self.exited

    def ended_since(self, cursor: int) -> list[Life]:
        """The lives that ended after *cursor* was given, as far as they are remembered."""
        lives = self.lives
        return lives[len(lives) - min(max(0, self.exited - cursor), len(lives)) :]


def microseconds() -> int:
    """Now, by the monotonic clock."""
    return time.monotonic_ns() // 1000


def start_time(pid: int, thread: Thread) -> int:
    """When a thread was created: as seen by us, or in steps of a clock tick as the kernel says."""
    if thread.found:
        with contextlib.suppress(ProcessLookupError):
            thread.born = since_boot(procfs.stat(pid, thread.tid).start_time) / 1e6
            thread.found = False  # it is known now, also once the thread has ended
    return int(thread.born * 1e6)


def since_boot(ticks: int) -> int:
    """Convert clock ticks since boot, as in /proc/PID/stat, to microseconds of the monotonic clock.

    The clock since boot goes on while the machine is suspended, the monotonic one does not.
    """
    return ticks * _TICK - _suspended()


@functools.cache  # once: the two readings are never at the same moment, and a time must not jitter
def _suspended() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000 - microseconds()
