"""What puts the code right if we are killed: a process of its own that holds a list.

It reads from a pipe which bytes belong where, and what no longer matters. The pipe ends when we do,
however that happens, and then it writes back what is left. A thread that is at a breakpoint by then
executes the copy of its instruction, which stays.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Callable

RECORD = struct.Struct("<QB?")
"""An address, the byte that belongs there, and whether another is there now."""


class Guardian:
    """Starts the process with the first breakpoint, and tells it of each."""

    def __init__(self, living: Callable[[], int]) -> None:
        self._living = living
        self._process: subprocess.Popen[bytes] | None = None

    def guard(self, address: int, original: bytes) -> None:
        """Have *original* put back at *address* if we are killed. To be called before it is changed."""
        self._tell(address, original[0], changed=True)

    def release(self, address: int) -> None:
        """The byte at *address* is as it was."""
        if self._process is not None:
            self._tell(address, 0, changed=False)

    def dismiss(self) -> None:
        """There is nothing to put back any more."""
        if self._process is not None and self._process.stdin is not None:
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
        memory = os.open(f"/proc/{self._living()}/mem", os.O_RDWR)
        try:
            command = [sys.executable, "-I", "-S", __file__, str(memory)]
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


def main(memory: int) -> None:
    """Read records until the pipe ends; then write what is changed."""
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
    for address, byte in changed.items():
        try:
            os.pwrite(memory, bytes((byte,)), address)
        except OSError:
            continue


if __name__ == "__main__":
    main(int(sys.argv[1]))
