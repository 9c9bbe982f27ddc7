"""A shell with job control on a terminal of its own, as a user has it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Self

READ_SIZE = 4096


class Terminal:
    """bash on a pseudo-terminal. What is awaited is looked for behind what was found last."""

    def __init__(self, directory: Path) -> None:
        self._master, slave = os.openpty()
        self._shown = ""
        self.shell = subprocess.Popen(
            # The terminal must be the controlling one, or there is no job control.
            ["setsid", "--ctty", "bash", "--noprofile", "--norc", "-i"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=directory,
            env={**os.environ, "PS1": "ready> ", "TERM": "dumb", "HISTFILE": ""},
        )
        os.close(slave)
        self.expect("ready> ")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        # The end of the terminal hangs up on the shell, and that on its jobs.
        os.close(self._master)
        try:
            self.shell.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.shell.pid, signal.SIGKILL)
            self.shell.wait()
            raise

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def expect(self, text: str, timeout: float = 10) -> str:
        """Wait until the terminal shows *text*; what it showed before."""
        deadline = time.monotonic() + timeout
        while text not in self._shown:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._master], [], [], left)[0]:
                raise TimeoutError(f"{text!r} is not on the terminal: {self._shown!r}")
            self._shown += os.read(self._master, READ_SIZE).decode(errors="replace")
        before, _, self._shown = self._shown.partition(text)
        return before
