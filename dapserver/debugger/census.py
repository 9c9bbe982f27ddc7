"""The threads that no event tells of, found by counting.

PTRACE_O_TRACECLONE tells of a new thread if its creator was traced when its clone(2) began. One
that is seized in the middle of it, and then gets no processor for a while, has an untraced child
afterwards, whose children are untraced too (relay.c); and CLONE_UNTRACED is there to hide a thread
(unusual_clones.c). The kernel knows how many there are, so a look costs microseconds when none is missing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection

from dapserver.debugger.process import Process
from dapserver.debugger.reaper import Reaper
from dapserver.ptrace import procfs

LOOKS = (0.001, 0.01, 0.05, 0.25, 1.0)
"""Seconds after a thread was seized at which its process is counted: a clone(2) takes microseconds,
but a thread in the middle of one may have to wait for a processor."""

_MOST_PASSES = 1000
"""Of looks: half of the threads that live for some microseconds are gone when they are reached for, and have
made others."""


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
        if not _is_complete(self._process):
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


def _is_complete(process: Process, refused: Collection[int] = ()) -> bool:
    """Whether the kernel counts no more threads than are known, and those that were *refused*.

    The count is taken at one moment. A listing is not: it ends where its reader stands on a thread
    that is gone, and does not show those behind it. (unusual_clones.c, relay)
    """
    pid, known = process.pid, process.threads
    others = [tid for tid in refused if tid not in known]
    count = len(known) + len(others)
    try:
        if pid in known or pid in others:
            return procfs.thread_count(pid) == count
        return procfs.state(pid, pid) in "ZX" and procfs.thread_count(pid) == count + 1
    except ProcessLookupError:
        return True


def _seize_untraced(process: Process) -> bool:
    """Seize until none is missing; whether there were any, also if none of them lives."""
    found = False
    refused: set[int] = set()
    with Reaper(process) as reaper:
        for _ in range(_MOST_PASSES):
            if _is_complete(process, refused):
                break
            tids = listed(process)
            refused.intersection_update(tids)
            for tid in tids:
                if tid not in process.threads and tid not in refused:
                    try:
                        found |= _seize(process, reaper, tid)
                    except PermissionError:
                        refused.add(tid)
    return found


def listed(process: Process) -> list[int]:
    """The tids that /proc lists now; none if the process is gone."""
    try:
        return procfs.tasks(process.pid)
    except ProcessLookupError:
        return []


def _seize(process: Process, reaper: Reaper, tid: int) -> bool:
    """Seize a thread; whether it was not traced until now, and may have made another since.

    Raises PermissionError for one that will be counted without being seized: ours already by its
    creator, whose stop has not been handled yet; another tracer's; a leader that is dead or about to
    be, and then stays for as long as its process lives.
    """
    try:
        reaper.seize(tid)
    except ProcessLookupError:
        return True
    except PermissionError:
        dead, tracer = _fate(process, tid)
        if dead and not tracer and tid != process.pid:
            return True
        is_ours = tid == process.pid and not dead and tracer == os.getpid()
        if is_ours and process.adopt_leader():
            return False
        raise
    return True


def _fate(process: Process, tid: int) -> tuple[bool, int]:
    """Whether a thread is dead, and its tracer or 0."""
    try:
        return procfs.fate(process.pid, tid)
    except ProcessLookupError:
        return True, 0
