"""Taking wait statuses while the tracer is blocked in PTRACE_SEIZE."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Self

from dapserver.debugger.process import Process
from dapserver.ptrace import procfs
from dapserver.ptrace.wait import wait

log = logging.getLogger(__name__)

LOOK_EVERY = 0.01
"""Seconds between two looks whether the tracer is blocked: PTRACE_SEIZE takes microseconds."""

LAST_RESORT = 1.0
"""Seconds after which a tracer that holds up an exec, and is held up by it, gives up."""


class Reaper:
    """Keeps the tracer from waiting for an exec that waits for the tracer.

    An exec in a process with threads holds cred_guard_mutex, which PTRACE_SEIZE wants, until all
    other threads are dead and waited for; and those that are traced already only we can wait for.
    Any thread of the tracer may do that (waitpid(2)), so one of its own does, when it must. What
    it cannot do is resume a leader from its PTRACE_EVENT_EXIT: so that is seized last.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._since: float | None = None
        """When the tracer called PTRACE_SEIZE; None while it does something else."""
        self._statuses: list[tuple[int, int]] = []
        """What was taken since then."""
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._done.set()
        self._thread.join()

    def seize(self, tid: int) -> None:
        """Seize a thread, also if an exec is under way; OSError as `api.seize`."""
        self._since = time.monotonic()
        try:
            self._process.seize(tid)
        finally:
            with self._lock:  # a status that is being taken is to be handled now
                self._since = None
            taken, self._statuses = self._statuses, []
            for status in taken:
                self._process.handle(*status)

    def _work(self) -> None:
        while not self._done.wait(LOOK_EVERY):
            with self._lock:
                if self._since is None:
                    continue
                blocked = time.monotonic() - self._since
                if blocked > LOOK_EVERY:
                    self._bury_the_dead()
                if blocked > LAST_RESORT:
                    self._give_up_if_we_block()

    def _bury_the_dead(self) -> None:
        for tid in list(self._process.threads):
            # A stop may be taken as well, as of any tracee: it is handled in its turn.
            if status := wait(tid):
                self._statuses.append(status)

    def _give_up_if_we_block(self) -> None:
        """End this process, which lets go of all tracees, if the leader waits for its tracer."""
        pid = self._process.pid
        try:
            if pid not in self._process.threads or procfs.state(pid, pid) != "t":
                return
        except ProcessLookupError:
            return
        log.error("process %d executes another program and waits for us while we wait for it: ending", pid)
        signal.raise_signal(signal.SIGKILL)
