"""Threads of the program that make a system call for us: rarely, quickly, and unnoticed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import procfs
from dapserver.ptrace.injection import INSTRUCTION, SUITABLE, SystemCall, injection
from dapserver.ptrace.wait import wait

if TYPE_CHECKING:
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Modules
    from dapserver.debugger.process import Process

PATIENCE, MOMENT = 0.05, 0.00005
"""Seconds for a thread to stop, and between two looks; then another is asked."""

_CHUNK = 1 << 16


class Errands:
    """Finds a thread, and stops it for a moment if none stands still."""

    def __init__(self, process: Process, memory: Memory, modules: Modules) -> None:
        self._process = process
        self._memory = memory
        self._modules = modules
        self._instruction: int | None = None

    @contextmanager
    def by_any(self) -> Iterator[SystemCall]:
        """Give a function that makes a system call, by number and arguments: its result, or -errno.

        DebuggerError if no thread can do that.
        """
        for thread in self._candidates():
            if can_call(thread):
                with self.by(thread) as call:
                    yield call
                return
            with self._stopped(thread) as stands:
                if stands:
                    with self.by(thread) as call:
                        yield call
                    return
        raise DebuggerError("No thread of the program can make a system call for dapserver just now.")

    @contextmanager
    def by(self, thread: Thread) -> Iterator[SystemCall]:
        """Give such a function that a certain thread executes, for which `can_call` holds.

        DebuggerError if that might end the program, by a filter that does not expect it (seccomp(2)).
        """
        assert thread.status is not None
        thread.trap_flag = True
        if procfs.status(self._process.pid, thread.tid).get("Seccomp", "0") != "0":
            raise DebuggerError("The program has a filter for system calls (seccomp).")
        with injection(thread.tid, self._system_call(), thread.status.kind, self._process.handle) as call:
            yield call

    def forget(self) -> None:
        """The memory is another."""
        self._instruction = None

    def _candidates(self) -> list[Thread]:
        """Those that stand still first."""
        threads = list(self._process.threads.values())
        stopped = [each for each in threads if can_call(each)]
        return stopped + [each for each in threads if each.state is State.RUNNING]

    @contextmanager
    def _stopped(self, thread: Thread) -> Iterator[bool]:
        """Stop a thread that runs, if it does within the patience, and resume it."""
        process, wanted = self._process, thread.wanted_stopped
        thread.wanted_stopped = True
        try:
            process.stopping.interrupt(thread)
            end = time.monotonic() + PATIENCE
            while thread.state is State.RUNNING and time.monotonic() < end:
                if status := wait(thread.tid):
                    process.handle(*status)
                else:
                    time.sleep(MOMENT)
            yield can_call(thread)
        finally:
            thread.wanted_stopped = wanted
            if not wanted and thread.state is State.STOPPED:
                process.resume_thread(thread)

    def _system_call(self) -> int:
        """Where there is an instruction that makes one: the vDSO has some, and each libc."""
        if self._instruction is None:
            self._instruction = next(self._instructions(), None)
        if self._instruction is None:
            raise DebuggerError("There is no system call instruction in the program's code.")
        return self._instruction

    def _instructions(self) -> Iterator[int]:
        mappings = [m for module in self._modules for m in module.mappings if m.executable]
        for mapping in sorted(mappings, key=lambda m: m.end - m.start):
            for start in range(mapping.start, mapping.end, _CHUNK):
                try:
                    code = self._memory.read(start, min(_CHUNK, mapping.end - start))
                except OSError:
                    break
                if (at := code.find(INSTRUCTION)) >= 0:
                    yield start + at


def can_call(thread: Thread) -> bool:
    """Whether a thread is in a stop in which it can make a system call for us."""
    return thread.state is State.STOPPED and thread.status is not None and thread.status.kind in SUITABLE
