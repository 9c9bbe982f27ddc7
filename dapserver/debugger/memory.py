"""A process's memory through /proc/PID/mem (proc_pid_mem(5)): read while it runs, text written too."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Protocol


class Patches(Protocol):
    """What is in memory because of us, and is to be seen by nobody."""

    def hide(self, address: int, data: bytes) -> bytes:
        """Bytes that were read, as they would be without us."""

    def keep(self, address: int, data: bytes) -> bytes:
        """Bytes that are to be written, with ours in their places."""


class Memory:
    """The memory of one process. No ptrace request is made: any thread may read."""

    def __init__(self, living: Callable[[], int]) -> None:
        """*living* gives the id of a thread of the process that lives."""
        self._living = living
        self._descriptor = -1
        self.patches: Patches | None = None
        self.on_write: Callable[[int, int], None] = lambda _address, _size: None
        """Hears what was written for the user, and how many bytes."""

    def read(self, address: int, size: int) -> bytes:
        """Give *size* bytes, fewer at the end of what is mapped; OSError if there are none."""
        data = self.read_raw(address, size)
        return data if self.patches is None else self.patches.hide(address, data)

    def read_raw(self, address: int, size: int) -> bytes:
        """As `read`, with breakpoints and all."""
        try:
            return os.pread(self._open(), size, address)
        except OverflowError:  # pread(2) takes no offset in the upper half
            raise OSError(f"no memory at {address:#x}") from None

    def word(self, address: int) -> int | None:
        """The 8 bytes at an address as a number; None if they are not in memory."""
        try:
            data = self.read(address, 8)
        except OSError:
            return None
        return int.from_bytes(data, "little") if len(data) == 8 else None

    def write(self, address: int, data: bytes) -> None:
        """Write *data*, read-only pages included; OSError if it does not fit in what is mapped."""
        self.write_raw(address, data if self.patches is None else self.patches.keep(address, data))
        self.on_write(address, len(data))

    def write_raw(self, address: int, data: bytes) -> None:
        """Write *data* over breakpoints and all; OSError as `write`."""
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
