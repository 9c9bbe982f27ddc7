"""Taking exit statuses while the tracer is blocked in PTRACE_SEIZE."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable
from typing import Self

LOOK_EVERY = 0.01
"""Seconds between two looks whether the tracer is blocked: PTRACE_SEIZE takes microseconds."""

_FLAGS = os.WEXITED | os.WNOHANG | 0x40000000  # __WALL


class Reaper:
    """Keeps an attach from waiting for an exec that waits for us.

    An exec in a process with threads holds cred_guard_mutex, which PTRACE_SEIZE wants, until all
    other threads are dead and waited for; and those that are traced already only we can wait for.
    Any thread of the tracer may do that (waitpid(2)), so one of its own does, when it must. What
    it could not do is resume the leader from its PTRACE_EVENT_EXIT: so that is seized last.
    """

    def __init__(self, tids: Callable[[], Iterable[int]]) -> None:
        self._tids = tids
        self._blocked_since = 0.0
        self._statuses: list[tuple[int, int]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def about_to_block(self) -> None:
        """Say that the tracer may be blocked from now on."""
        self._blocked_since = time.monotonic()

    def take(self) -> list[tuple[int, int]]:
        """Say that it is not any more; the (tid, raw wait status) that were taken meanwhile."""
        self._blocked_since = 0.0
        taken, self._statuses = self._statuses, []
        return taken

    def _work(self) -> None:
        while not self._done.wait(LOOK_EVERY):
            since = self._blocked_since
            if since and time.monotonic() - since > LOOK_EVERY:
                for tid in list(self._tids()):
                    self._bury(tid)

    def _bury(self, tid: int) -> None:
        try:
            info = os.waitid(os.P_PID, tid, _FLAGS)
        except ChildProcessError:
            return
        if info is not None:
            exited = info.si_code == os.CLD_EXITED
            dumped = info.si_code == os.CLD_DUMPED
            raw = info.si_status << 8 if exited else signal.Signals(info.si_status) | dumped << 7
            self._statuses.append((tid, int(raw)))
