"""The threads that no event tells of, found by counting.

PTRACE_O_TRACECLONE tells of a new thread if its creator was traced when its clone(2) began. One
that is seized in the middle of it, and then gets no processor for a while, has an untraced child
afterwards, whose children are untraced too (relay.c); and CLONE_UNTRACED is there to hide a thread
(unusual_clones.c). The kernel knows how many there are, so a look costs microseconds when none is missing.
"""

from __future__ import annotations

import os
import time

from dapserver.debugger.process import Process
from dapserver.debugger.reaper import Reaper
from dapserver.ptrace import procfs

LOOKS = (0.001, 0.01, 0.05, 0.25, 1.0)
"""Seconds after a thread was seized at which its process is counted: a clone(2) takes microseconds,
but a thread in the middle of one may have to wait for a processor."""

_MOST_PASSES = 20
"""Short-lived threads may be gone when they are reached for, and have made others."""


class Census:
    """Counts the threads of one process, and seizes those that are not traced."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._looks: list[float] = []
        self._done = False
        self.next_look: float | None = None
        """When `take` is due, on the monotonic clock."""
        self._restart()

    def finish(self) -> None:
        """Seize no more threads: those that are not traced from now on were let go."""
        self._done, self.next_look = True, None

    def take(self) -> None:
        """Seize the threads that are not traced, and look again later if there were any."""
        if self._done:
            return
        if untraced(self._process):
            if _seize_untraced(self._process):
                self._restart()
                return
        elif self.next_look is None:
            return
        self._set_next()

    def _restart(self) -> None:
        now = time.monotonic()
        self._looks = [now + after for after in LOOKS]
        self._set_next()

    def _set_next(self) -> None:
        now = time.monotonic()
        while self._looks and self._looks[0] <= now:
            del self._looks[0]
        self.next_look = self._looks[0] if self._looks else None


def untraced(process: Process) -> list[int]:
    """The listed tids that are not known, if the kernel counts more threads than are known.

    Some may be ours nevertheless: their creator's stop has not been handled yet.
    """
    pid, known = process.pid, process.threads
    try:
        if pid in known:
            complete = procfs.thread_count(pid) == len(known)
        elif procfs.state(pid, pid) in "ZX":
            complete = procfs.thread_count(pid) == len(known) + 1
        else:
            complete = False
        return [] if complete else [tid for tid in procfs.tasks(pid) if tid not in known]
    except ProcessLookupError:
        return []


def _seize_untraced(process: Process) -> bool:
    """Seize until none is missing; whether any was seized."""
    found = False
    with Reaper(process) as reaper:
        for _ in range(_MOST_PASSES):
            seized = gone = False
            for tid in untraced(process):
                try:
                    reaper.seize(tid)
                except ProcessLookupError:
                    gone = True
                except PermissionError:  # ours by its creator, or dying
                    if tid == process.pid and is_ours(tid):
                        process.adopt_leader()
                else:
                    seized = True
            found |= seized
            if not seized and not gone:
                break
    return found


def is_ours(tid: int) -> bool:
    """Whether a thread is alive and traced by us."""
    try:
        status = procfs.status(tid)
    except ProcessLookupError:
        return False
    return status["State"][0] not in "ZX" and int(status["TracerPid"]) == os.getpid()
