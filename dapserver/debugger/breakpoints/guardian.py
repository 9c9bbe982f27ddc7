"""What puts the program right if we are killed: a process of its own that holds a list.

It reads from a pipe which bytes belong where, and what no longer matters. The pipe ends when we do,
however that happens, and then it writes back what is left. A thread that is at a breakpoint by then
executes the copy of its instruction, which stays. Debug registers it clears too, by tracing each thread
for a moment.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable

RECORD = struct.Struct("<QB?")
"""An address, the byte that belongs there, and whether another is there now."""

REGISTERS = 0
"""As an address: threads have debug registers."""


class Guardian:
    """Starts the process with the first breakpoint, and tells it of each."""

    def __init__(self, living: Callable[[], int]) -> None:
        self._living = living
        self._process: subprocess.Popen[bytes] | None = None
        self._registers = False

    def guard(self, address: int, original: bytes) -> None:
        """Have *original* put back at *address* if we are killed. To be called before it is changed."""
        self._tell(address, original[0], changed=True)

    def release(self, address: int) -> None:
        """The byte at *address* is as it was."""
        if self._process is not None:
            self._tell(address, 0, changed=False)

    def guard_registers(self) -> None:
        """Have the debug registers of all threads cleared if we are killed."""
        if not self._registers:
            self._registers = True
            self._tell(REGISTERS, 0, changed=True)

    def release_registers(self) -> None:
        """No thread has any of them any more."""
        if self._registers:
            self._registers = False
            self.release(REGISTERS)

    def dismiss(self) -> None:
        """There is nothing to put back any more, but debug registers of threads that cannot be stopped."""
        if self._process is not None and self._process.stdin is not None and not self._registers:
            process, self._process = self._process, None
            process.kill()  # it must not write into what another program has there now
            assert process.stdin is not None
            process.stdin.close()
            process.wait()

    def _tell(self, address: int, original: int, *, changed: bool) -> None:
        if self._process is None:
            self._process = self._start()
        assert self._process.stdin is not None
        os.write(self._process.stdin.fileno(), RECORD.pack(address, original, changed))

    def _start(self) -> subprocess.Popen[bytes]:
        """A program of its own: it shares nothing with us that could end it, and starts while we go on."""
        living = self._living()
        memory = os.open(f"/proc/{living}/mem", os.O_RDWR)
        try:
            command = [sys.executable, "-I", "-S", __file__, str(memory), str(living)]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[memory],
                # What is sent to our process group is not for it. A session of its own would be a
                # scheduling group too (sched(7), "The autogroup feature"), whose first turn on a busy
                # machine may take seconds to come.
                process_group=0,
                cwd="/",
            )
        finally:
            os.close(memory)
        return process


def main(memory: int, tid: int) -> None:
    """Read records until the pipe ends; then write what is changed. *tid* is a thread of the program."""
    tasks = os.open(f"/proc/{tid}/task", os.O_RDONLY)  # of no other program, whatever becomes of the id
    changed: dict[int, int] = {}
    with os.fdopen(0, "rb", buffering=0) as pipe:
        rest = b""
        while data := pipe.read(1 << 16):
            rest += data
            whole = len(rest) - len(rest) % RECORD.size
            for address, byte, is_changed in RECORD.iter_unpack(rest[:whole]):
                changed.pop(address, None)
                if is_changed:
                    changed[address] = byte
            rest = rest[whole:]
    has_registers = changed.pop(REGISTERS, None) is not None
    for address, byte in changed.items():
        try:
            os.pwrite(memory, bytes((byte,)), address)
        except OSError:
            continue
    if has_registers:
        _clear_registers(tasks)


_SEIZE, _INTERRUPT, _POKEUSER, _DETACH = 0x4206, 0x4207, 6, 17
_CONTROL = 848 + 8 * 7  # DR7 in struct user, sys/user.h
_WALL = 0x40000000
_PATIENCE, _MOMENT = 0.5, 0.0005
"""Seconds for a thread to stop, and between two looks."""


def _clear_registers(tasks: int) -> None:
    ptrace = ctypes.CDLL(None).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    for name in os.listdir(tasks):
        tid = int(name)
        if ptrace(_SEIZE, tid, 0, 0) == 0 and ptrace(_INTERRUPT, tid, 0, 0) == 0:
            status = _stopped(tid)
            if os.WIFSTOPPED(status):
                ptrace(_POKEUSER, tid, _CONTROL, 0)
                number = 0 if status >> 16 else os.WSTOPSIG(status)
                ptrace(_DETACH, tid, 0, 0 if number == signal.SIGTRAP else number)


def _stopped(tid: int) -> int:
    """The status of a thread; 0 if it does not stop."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            found, status = os.waitpid(tid, _WALL | os.WNOHANG)
        except ChildProcessError:
            break
        if found:
            return status
        time.sleep(_MOMENT)
    return 0


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
