"""Launching a program under our control, from its first instruction.

The program is started by `ptrace/hold.py`: in a process of its own, here or in the client's
terminal, it waits until it is traced and only then executes the program.
"""

from __future__ import annotations

import contextlib
import os
import resource
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Self

from dapserver.debugger import refusal
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.events import ThreadStarted
from dapserver.debugger.process import Process
from dapserver.ptrace import hold
from dapserver.ptrace.wait import Kind, decode, wait_until_stop

# Before anything raises it for its own needs.
_SOFT_LIMIT = resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Holder:
    """The socket by which a held process is found: command line for it, its pid, and the word go."""

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="dapserver-")  # mode 0700
        self._path = str(Path(self._directory.name) / "hold")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self._path)
        self.listener.listen(1)
        self.listener.setblocking(False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.listener.close()
        self._directory.cleanup()

    def command(self, program: str, arguments: list[str]) -> list[str]:
        """What is to be executed instead of the program."""
        script = hold.__file__
        return [
            sys.executable,
            "-I",
            "-S",
            script,
            self._path,
            str(_SOFT_LIMIT),
            program,
            *arguments,
        ]


def start_held(command: list[str], cwd: str | None, env: dict[str, str], output: tuple[int, int]) -> None:
    """Execute a `Holder.command` with stdout and stderr on these descriptors, stdin empty."""
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output[0],
            stderr=output[1],
            start_new_session=True,
        )
    except ValueError as error:  # a null byte
        raise DebuggerError(f"Cannot start {command[-1]!r}: {error}.") from None
    except OSError as error:
        raise DebuggerError(f"Cannot start in {cwd or os.getcwd()!r}: {error.strerror}.") from None
    process.returncode = 0  # it is waited for as a tracee, not by subprocess


def take_over(connection: socket.socket, program: str, *, non_stop: bool) -> Process:
    """Trace the held process at the other end and let it execute the program.

    Returns it standing at the program's first instruction, with one thread, held. Raises
    DebuggerError if the program cannot be executed.
    """
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid = struct.unpack("iii", credentials)[0]
    process = Process(pid, non_stop=non_stop, kill_on_exit=True)
    try:
        process.seize(pid)
    except PermissionError:
        raise refusal.not_permitted(pid, pid) from None
    connection.setblocking(False)
    connection.sendall(b"\n")
    _wait_for_exec(process, connection, program)
    process.events[:] = [ThreadStarted(pid)]  # its exec is how it begins, not news
    return process


def _wait_for_exec(process: Process, connection: socket.socket, program: str) -> None:
    """Handle stops until the exec, and hold that; or say why it failed."""
    while not process.exited:
        tid, status = wait_until_stop(process.pid)
        executed = decode(status).kind is Kind.EXEC
        if executed:
            process.threads[tid].wanted_stopped = True
        process.handle(tid, status)
        if executed:
            return
    with contextlib.suppress(BlockingIOError, ConnectionError):
        if failure := connection.recv(16):
            why = os.strerror(int(failure))
            raise DebuggerError(f"Cannot run {program!r}: {why}. Check 'program' and 'cwd'.")
    raise DebuggerError("The program ended before its first instruction.")
