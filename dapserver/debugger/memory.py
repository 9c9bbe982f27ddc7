"""A process's memory through /proc/PID/mem (proc_pid_mem(5)): read while it runs, text written too."""

from __future__ import annotations

import os
from collections.abc import Callable


class Memory:
    """The memory of one process. No ptrace request is made: any thread may read."""

    def __init__(self, living: Callable[[], int]) -> None:
        """*living* gives the id of a thread of the process that lives."""
        self._living = living
        self._descriptor = -1

    def read(self, address: int, size: int) -> bytes:
        """Give *size* bytes, fewer at the end of what is mapped; OSError if there are none."""
        try:
            return os.pread(self._open(), size, address)
        except OverflowError:  # pread(2) takes no offset in the upper half
            raise OSError(f"no memory at {address:#x}") from None

    def write(self, address: int, data: bytes) -> None:
        """Write *data*, read-only pages included; OSError if it does not fit in what is mapped."""
        try:
            written = os.pwrite(self._open(), data, address)
        except OverflowError:
            written = 0
        if written != len(data):
            raise OSError(f"only {written} of {len(data)} bytes could be written at {address:#x}")

    def renew(self) -> None:
        """After an exec the process has other memory."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _open(self) -> int:
        if self._descriptor < 0:
            self._descriptor = os.open(f"/proc/{self._living()}/mem", os.O_RDWR | os.O_CLOEXEC)
        return self._descriptor
