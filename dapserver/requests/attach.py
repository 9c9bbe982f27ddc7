"""attach: to a running process, or to the next one of a program."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from dapserver.debugger import attach as attaching
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.stop import Reason
from dapserver.protocol.wire import request
from dapserver.ptrace import procfs
from dapserver.requests.arguments import AttachArguments
from dapserver.session import Session

LOOK_EVERY = 0.01
"""Seconds between two looks at /proc while waiting for a program: no event tells of a start."""


@request("attach")
async def attach(session: Session, arguments: AttachArguments) -> None:
    refuse_second(session)
    pid = arguments.process_id
    if pid is None:
        pid = await _wait_for(arguments)
    process = attaching.attach(pid, non_stop=arguments.non_stop)
    session.adopt(process, None, arguments)
    if arguments.stop_on_entry:
        process.stopping.begin(Reason.PAUSE, next(iter(process.threads.values())))


def refuse_second(session: Session) -> None:
    """One session debugs one process."""
    if session.process is not None:
        raise DebuggerError(
            f"This session debugs process {session.process.pid} already; "
            f"start another session for another process."
        )


async def _wait_for(arguments: AttachArguments) -> int:
    """The pid of the next process of a program: one that does not run yet."""
    program = arguments.program
    if not arguments.wait_for or program is None:
        raise DebuggerError(
            "attach: give 'processId', or 'program' (a path or a name) together with 'waitFor': true."
        )
    known = set(procfs.processes())
    while True:
        now = set(procfs.processes())
        for pid in sorted(now - known):
            if _runs(pid, program):
                return pid
        # A process changes its program by exec, so a pid is not done with before its first look
        # finds what it will be: those younger than a look are looked at again.
        known = {pid for pid in now if pid in known or _age(pid) > 1}
        await asyncio.sleep(LOOK_EVERY)


def _age(pid: int) -> float:
    try:
        started = procfs.stat(pid).start_time / os.sysconf("SC_CLK_TCK")
    except ProcessLookupError:
        return 0
    with open("/proc/uptime", "rb") as uptime:
        return float(uptime.read().split()[0]) - started


def _runs(pid: int, program: str) -> bool:
    """Whether a process runs the program of this path, or of this name."""
    try:
        executable = procfs.executable(pid)
        if executable is None or pid == os.getpid():
            return False
        if "/" in program:
            return os.path.realpath(program) == executable or _same_file(program, pid)
        return program in (Path(executable).name, procfs.comm(pid))
    except ProcessLookupError:
        return False


def _same_file(program: str, pid: int) -> bool:
    try:
        return os.path.samefile(program, f"/proc/{pid}/exe")
    except OSError:
        return False
