"""What puts the program right if we are killed: a process of its own (`putting_right`).

It has a table in common with us, a file without a name (memfd_create(2)), and looks into it in the end only:
each step over a call changes the code twice, and to wake a process takes longer than that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from dapserver.debugger.breakpoints import putting_right
from dapserver.debugger.breakpoints.putting_right import RECORD, REGISTERS
from dapserver.ptrace import procfs


class Guardian:
    """Starts the process with the first breakpoint, and notes each."""

    def __init__(self, living: Callable[[], int]) -> None:
        self._living = living
        self._process: subprocess.Popen[bytes] | None = None
        self._table = -1
        self._places: dict[int, int] = {}
        """Of addresses in the table, in records."""
        self._registers = False

    def guard(self, address: int, original: bytes) -> None:
        """Have *original* put back at *address* if we are killed. To be called before it is changed."""
        self._note(address, original[0], changed=True)

    def release(self, address: int) -> None:
        """The byte at *address* is as it was."""
        if self._process is not None:
            self._note(address, 0, changed=False)

    def guard_registers(self) -> None:
        """Have the debug registers of all threads cleared if we are killed."""
        if not self._registers:
            self._registers = True
            self._note(REGISTERS, 0, changed=True)

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
            os.close(self._table)
            self._table = -1
            self._places.clear()

    def _note(self, address: int, original: int, *, changed: bool) -> None:
        if self._process is None or (address not in self._places and self._process.poll() is not None):
            self._process = self._start()  # or another, if somebody has killed it
        place = self._places.setdefault(address, len(self._places))
        os.pwrite(self._table, RECORD.pack(address, original, changed), place * RECORD.size)

    def _start(self) -> subprocess.Popen[bytes]:
        """A program of its own: it shares nothing with us that could end it, and starts while we go on."""
        # Opened here, where it is certain which program they are of.
        living = self._living()
        memory = os.open(f"/proc/{living}/mem", os.O_RDWR)
        leader = procfs.status(living)["Tgid"]  # it is there as long as any thread, if only as a zombie
        tasks = os.open(f"/proc/{leader}/task", os.O_RDONLY)
        if self._table < 0:
            self._table = os.memfd_create("breakpoints")
        try:
            descriptors = [self._table, memory, tasks]
            command = [sys.executable, "-I", "-S", putting_right.__file__, *map(str, descriptors)]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=descriptors,
                # What is sent to our process group is not for it. A session of its own would be a
                # scheduling group too (sched(7), "The autogroup feature"), whose first turn on a busy
                # machine may take seconds to come.
                process_group=0,
                cwd="/",
            )
        finally:
            os.close(memory)
            os.close(tasks)
        return process
