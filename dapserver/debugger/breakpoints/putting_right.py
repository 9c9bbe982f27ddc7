"""The program that puts another right whose debugger was killed. Run alone, with little to import.

It waits at a pipe that ends when the debugger does, however that happens. Then it reads from a table which
bytes belong where, and writes them back. A thread that is at a breakpoint by then executes the copy of its
instruction, which stays. Debug registers it clears too, by tracing each thread for a moment.
"""

from __future__ import annotations

import os
import struct
import sys
import time

RECORD = struct.Struct("<QB?6x")
"""Of the table: an address, the byte that belongs there, and whether another is there now."""

REGISTERS = 0
"""As an address: threads have debug registers."""


def main(table: int, memory: int, tasks: int) -> None:
    """Wait until the pipe ends; then put right what is changed.

    The descriptors are of a file with the table, of /proc/PID/mem and of /proc/PID/task.
    """
    os.read(0, 1)
    records = RECORD.iter_unpack(os.pread(table, os.fstat(table).st_size, 0))
    changed = {address: byte for address, byte, is_changed in records if is_changed}
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
_SIGTRAP, _EPERM = 5, 1
_PATIENCE, _MOMENT = 2.0, 0.0005
"""Seconds for a thread to be let go and to stop, and between two looks."""


def _clear_registers(tasks: int) -> None:
    import ctypes  # noqa: PLC0415 - it is to begin quickly

    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long] * 4
    end = time.monotonic() + _PATIENCE
    for name in os.listdir(tasks):
        tid = int(name)
        # The pipe ends a moment before the debugger lets go of its tracees (do_exit of the kernel).
        while ptrace(_SEIZE, tid, 0, 0) and ctypes.get_errno() == _EPERM and time.monotonic() < end:
            time.sleep(_MOMENT)
        if ptrace(_INTERRUPT, tid, 0, 0) == 0 and os.WIFSTOPPED(status := _stopped(tid)):
            ptrace(_POKEUSER, tid, _CONTROL, 0)
            number = 0 if status >> 16 else os.WSTOPSIG(status)
            ptrace(_DETACH, tid, 0, 0 if number == _SIGTRAP else number)


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
    main(*(int(word) for word in sys.argv[1:]))
