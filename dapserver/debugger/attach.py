"""Attaching to a running process: every thread traced, none stopped."""

from __future__ import annotations

import os
import time

from dapserver.debugger import refusal
from dapserver.debugger.census import listed
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.process import Process
from dapserver.debugger.reaper import Reaper
from dapserver.debugger.stop import Reason
from dapserver.debugger.stopping import GRACE
from dapserver.debugger.thread import State
from dapserver.ptrace import procfs
from dapserver.ptrace.wait import ANY, wait

CLEAN_PASSES = 2
"""Listings of /proc/PID/task without a new thread after which every thread is traced."""

_MOST_PASSES = 100
"""Then it is good enough: only a program that keeps creating untraced threads gets here."""

_MOST_TRIES, _MOMENT = 10, 0.001
"""How often a process is tried that has no thread that can be traced, and seconds between."""

_DRAIN_EVERY = 64
"""Threads seized between two looks at what stopped meanwhile: 0.3 ms."""


def attach(pid: int, *, non_stop: bool = False) -> Process:
    """Trace all threads of a process without stopping any; *pid* may be any thread's id.

    Raises DebuggerError saying why not, if none can be traced.
    """
    refusal.check_pid(pid)
    for _ in range(_MOST_TRIES):
        process = _found(pid, non_stop=non_stop)
        if process is not None and _seized(process):
            process.attached()
            return process
        # It is not there, or all its threads that were listed have ended. Or it executes a program just now:
        # then another thread takes the leader's id, and for a moment nobody has it. (exec.c)
        time.sleep(_MOMENT)
    raise refusal.no_such_process(pid)


def _found(pid: int, *, non_stop: bool) -> Process | None:
    """The process of a thread, if it is there; DebuggerError if it cannot be traced."""
    try:
        process = Process(procfs.thread_group(pid), non_stop=non_stop)
        refusal.check_process(process.pid)
    except ProcessLookupError:
        return None
    return process


def _seized(process: Process) -> bool:
    """Whether some thread is traced now."""
    try:
        seize_all(process)
    except DebuggerError:
        release(process)
        raise
    return bool(process.threads)


def seize_all(process: Process) -> None:
    """Trace every thread that is not traced yet, while threads come and go."""
    clean = 0
    with Reaper(process) as reaper:
        for _ in range(_MOST_PASSES):
            clean = 0 if _pass(process, reaper) else clean + 1
            if clean == CLEAN_PASSES:
                return


def _pass(process: Process, reaper: Reaper) -> bool:
    """Go through one listing; whether there may be threads that it did not show."""
    unclean = False
    traced: set[int] = set()
    leader, *others = listed(process) or [process.pid]
    for count, tid in enumerate([*others, leader]):  # the leader last, as Reaper asks
        if count % _DRAIN_EVERY == 0:
            traced |= drain(process)
        if tid not in process.threads and tid not in traced:
            unclean |= _seize(process, reaper, tid)
    drain(process)
    return unclean


def drain(process: Process) -> set[int]:
    """Handle all that has stopped or ended: creators wait for us, and their children are to be known.

    The tids of those are returned. All statuses are taken before the first thread is resumed, which
    comes to an end even in a storm. `waitpid(-1)` gives those of the youngest threads first, so that
    otherwise the old dead would pile up behind the new living, and slow all that is done. (relay.c)
    """
    taken = []
    while status := wait(ANY):
        taken.append(status)
    for early in taken:
        process.handle(*early)
    return {tid for tid, _ in taken}


def release(process: Process) -> None:
    """Let go of all threads again, after an attach that failed half way."""
    if not process.threads:
        return
    process.stopping.begin(Reason.PAUSE, next(iter(process.threads.values())))
    deadline = time.monotonic() + GRACE
    while process.expected and time.monotonic() < deadline:
        drain(process)
    for thread in process.threads.values():
        if thread.state is State.STOPPED:
            process.detach_thread(thread)


def _seize(process: Process, reaper: Reaper, tid: int, tries: int = _MOST_TRIES) -> bool:
    """Trace one thread; whether there may be threads that no listing has shown yet.

    That is so if it was not traced until now, for it may have created another meanwhile, whether
    it still lives or not. (relay.c)
    """
    try:
        reaper.seize(tid)
    except ProcessLookupError:
        return True  # it ended since the listing
    except PermissionError:
        return _refused(process, reaper, tid, tries)
    return True


def _refused(process: Process, reaper: Reaper, tid: int, tries: int) -> bool:
    """EPERM: ours already by its creator's TRACECLONE, or a zombie, or really refused."""
    try:
        dead, tracer = procfs.fate(process.pid, tid)
    except ProcessLookupError:
        return True
    if tracer == os.getpid():
        if tid == process.pid and not dead:
            process.adopt_leader()
        return False
    if dead:
        return tid != process.pid  # a leader may stay a zombie as long as its process lives
    if process.threads:
        if tracer:
            # The others could be seized, so the process may be traced: this one is another's.
            raise refusal.traced_already(process.pid, tracer)
        return True
    if tries > 1:  # a thread that dies, or whose process executes a program, is refused for a moment
        time.sleep(_MOMENT)
        return _seize(process, reaper, tid, tries - 1)
    raise refusal.not_permitted(process.pid, tid)
