"""What a thread is doing, as /proc tells: no stop is needed for it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dapserver.debugger.history import start_time
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import api, procfs

_STATES = {"R": "running", "S": "sleeping", "D": "blocked", "T": "stopped", "I": "sleeping"}

_TICK = 1_000_000 // os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Activity:
    """A look at a live thread. Times are in microseconds, `start_time` by the monotonic clock."""

    state: str
    """paused, running, sleeping, blocked, stopped or ending."""
    waiting_for: str | None
    """The system call that it sleeps in."""
    cpu_time: int
    processor: int
    start_time: int


def look(pid: int, thread: Thread) -> Activity | None:
    """Look at a thread; None if it is gone."""
    try:
        stat = procfs.stat(pid, thread.tid)
    except ProcessLookupError:
        return None
    held = thread.state is State.STOPPED and thread.wanted_stopped
    state = "paused" if held else _STATES.get(stat.state, "ending")
    if stat.state == "t" and not held:
        state = "stopped" if thread.state is State.LISTENING else "running"
    return Activity(
        state=state,
        waiting_for=_waiting_for(pid, thread.tid) if state in {"sleeping", "blocked", "paused"} else None,
        cpu_time=stat.cpu_ticks * _TICK,
        processor=stat.processor,
        start_time=start_time(pid, thread),
    )


def _waiting_for(pid: int, tid: int) -> str | None:
    try:
        number = procfs.system_call(pid, tid)
    except OSError:
        return None
    return api.system_call_name(number) if number is not None else None
