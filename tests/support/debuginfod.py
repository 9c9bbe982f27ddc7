"""A debuginfod(8) on loopback, and what asks it."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from dapserver.client import DapClient
from tests.support.build import ROOT
from tests.support.server import COMMAND
from tests.support.waiting import wait_until


class DebugServer:
    """Serves the files in a directory, which must have at least one with this build id."""

    def __init__(self, directory: Path, build_id: str) -> None:
        self.port = free_port()
        self._process = subprocess.Popen(
            ["debuginfod", "-F", "-d", ":memory:", "-p", str(self.port), "-Z", ".tar", str(directory)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            self.wait_for(build_id)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def wait_for(self, build_id: str) -> None:
        """Wait until it has a file."""
        wait_until(lambda: self._has(build_id), 30, "the files are indexed")

    def _has(self, build_id: str) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://127.0.0.1:{self.port}/buildid/{build_id}/debuginfo") as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def asking_client(cache: Path, port: int | None, **environment: str) -> DapClient:
    """A session that asks the server on a port; None: no server is named."""
    urls = {"DEBUGINFOD_URLS": f"http://127.0.0.1:{port}"} if port is not None else {}
    inherited = {name: value for name, value in os.environ.items() if name != "DEBUGINFOD_URLS"}
    env = {**inherited, "no_proxy": "127.0.0.1", "DEBUGINFOD_CACHE_PATH": str(cache), **urls, **environment}
    return DapClient.stdio(COMMAND, cwd=ROOT, env=env)
