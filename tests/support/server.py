"""The server under test, on TCP and on stdio."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Self

from dapserver.client import DapClient
from tests.support.build import ROOT
from tests.support.waiting import wait_until

COMMAND = [sys.executable, "-m", "dapserver"]
LISTENING = re.compile(r"dapserver: listening on (.*):(\d+)\n")


class Server:
    """`dapserver --port 0`, with more arguments if wanted. Its stderr is kept in `errors`."""

    def __init__(self, *args: str, command: Sequence[str] = ()) -> None:
        self.process = subprocess.Popen(
            [*(command or COMMAND), "--port", "0", *args], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        self.errors: list[str] = []
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()
        wait_until(lambda: self.errors or self.process.poll() is not None, 20, "the server is up")
        greeting = LISTENING.fullmatch("".join(self.errors[:1]))
        if greeting is None:
            self.process.kill()
            self.process.wait()
            self._collector.join(10)
            raise AssertionError(f"the server did not start: {''.join(self.errors)}")
        self.host, self.port = greeting[1], int(greeting[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self.process.pid

    def connect(self) -> DapClient:
        return DapClient.tcp(self.port)

    def close(self) -> None:
        """End it as a service manager would: by SIGTERM, and it must be gone, with 0, in 10 s."""
        if self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self._collector.join(10)
            if self.process.stderr is not None:
                self.process.stderr.close()
        text = "".join(self.errors)
        assert code == 0, f"the server ended with {code}: {text}"
        assert "Traceback" not in text, text

    def _collect(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.errors.append(line)


def stdio_client() -> DapClient:
    """A session of its own on stdin and stdout, as an editor starts it."""
    return DapClient.stdio(COMMAND, cwd=ROOT)
