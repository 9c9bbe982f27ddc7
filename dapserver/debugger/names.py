"""Names of threads: never old in an answer, and noticed when given soon after birth.

A name is set by the thread itself, with no event that a tracer could see, most often in its first
millisecond. So names are read when somebody looks at them, and for young threads also unasked.
"""

from __future__ import annotations

import os
import resource
import time
from collections import deque
from collections.abc import Iterable

from dapserver.debugger.thread import Thread

FRESH = 0.5
"""Seconds for which a name that was read is good enough for an answer."""

YOUNG = 1.25
"""Seconds of a thread's life in which its name is watched."""

INTERVAL = 0.25
"""Seconds between two looks at the young threads' names."""

SLICE = 256
"""Names read at once: the target's stops wait meanwhile, 2 us for each."""

_SPARE_FDS = 256


class Names:
    """Reads names, and keeps /proc/TID/comm open as long as the limit on open files allows."""

    def __init__(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        most = 1 << 20 if hard == resource.RLIM_INFINITY else hard
        self._fds_left = most - _SPARE_FDS
        self._young: deque[tuple[Thread, float]] = deque()
        """Whose names are watched, and until when."""
        self._renamed: dict[int, None] = {}
        self._next_look = self._next_tell = 0.0

    # -- when somebody looks ---------------------------------------------------------------

    def stale(self, threads: Iterable[Thread], now: float) -> list[Thread]:
        """The threads whose names are too old for an answer."""
        oldest = now - FRESH
        return [thread for thread in threads if thread.name_read < oldest]

    def read(self, thread: Thread, now: float) -> bool:
        """Read a thread's name; whether it differs from one that was known."""
        try:
            data = self._read_comm(thread)
        except OSError:
            return False  # it is gone; its last name stays
        known, thread.name = thread.name, data.decode("utf-8", "replace").rstrip("\n")
        thread.name_read = now
        return bool(known) and thread.name != known

    def _read_comm(self, thread: Thread) -> bytes:
        if thread.comm_fd >= 0:
            return os.pread(thread.comm_fd, 64, 0)
        fd = os.open(f"/proc/{thread.tid}/comm", os.O_RDONLY | os.O_CLOEXEC)
        if self._fds_left <= 0:
            try:
                return os.read(fd, 64)
            finally:
                os.close(fd)
        self._fds_left -= 1
        thread.comm_fd = fd
        return os.read(fd, 64)

    def forget(self, thread: Thread) -> None:
        """Close what is held open for a thread that is gone."""
        if thread.comm_fd >= 0:
            os.close(thread.comm_fd)
            thread.comm_fd = -1
            self._fds_left += 1

    # -- unasked ---------------------------------------------------------------------------

    def inherit(self, thread: Thread, creator: Thread | None) -> None:
        """Give a newborn its creator's name, as the kernel does, and watch for one of its own."""
        if creator is not None:
            if not creator.name:
                self.read(creator, time.monotonic())
            thread.name = creator.name
        self.watch(thread)

    def watch(self, thread: Thread) -> None:
        """Watch a thread that may be young, or has just begun another program."""
        self._young.append((thread, time.monotonic() + YOUNG))

    def renew(self, thread: Thread) -> None:
        """After an exec: another name, behind another descriptor."""
        self.forget(thread)
        thread.name_read = 0.0
        self.watch(thread)

    @property
    def next_look(self) -> float | None:
        """When `look` is due, on the monotonic clock."""
        return self._next_look if self._young or self._renamed else None

    def look(self, alive: dict[int, Thread], now: float) -> tuple[int, ...]:
        """Read a slice of the young threads' names; every `INTERVAL`, the tids with another name."""
        young = self._young
        for _ in range(min(SLICE, len(young))):
            thread, until = young.popleft()
            if alive.get(thread.tid) is not thread:
                continue
            if self.read(thread, now):
                self._renamed[thread.tid] = None
            if now < until:
                young.append((thread, until))
        self._next_look = now + (INTERVAL if len(young) <= SLICE else INTERVAL / 16)
        if not self._renamed or now < self._next_tell:
            return ()
        self._next_tell = now + INTERVAL
        renamed, self._renamed = self._renamed, {}
        return tuple(renamed)
