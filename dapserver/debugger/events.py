"""What happened in a traced process, as values. Named tuples: a storm makes 20,000 of them."""

from __future__ import annotations

from typing import NamedTuple

from dapserver.debugger.stop import Stop


class ThreadStarted(NamedTuple):
    tid: int


class ThreadExited(NamedTuple):
    tid: int
    name: str
    """The last one that was known; "" if none was."""
    born: float
    """When it was first seen, in seconds of the monotonic clock."""


class Stopped(NamedTuple):
    """A stop is complete: each thread that it concerns has stopped."""

    stop: Stop


class Executed(NamedTuple):
    """The process runs another program now; its other threads have ended."""

    tid: int


class Renamed(NamedTuple):
    """Threads have another name than they had at their birth or in the last answer."""

    tids: tuple[int, ...]


class ProcessExited(NamedTuple):
    """The last thread is gone. `signal` is 0 unless it was killed by one."""

    exit_code: int
    signal: int


Event = ThreadStarted | ThreadExited | Stopped | Executed | Renamed | ProcessExited
