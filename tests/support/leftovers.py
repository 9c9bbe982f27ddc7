"""Find processes that tests started and did not end.

All descendants inherit a mark in their environment, so that even those count that were
orphaned; a server, its sessions, launched programs and their children.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from tests.support.waiting import wait_until

MARK = "DAPSERVER_TESTS"


def mark_descendants() -> None:
    os.environ[MARK] = str(os.getpid())


def expect_none() -> None:
    """Wait a little for processes that are just ending, then complain about the rest."""
    try:
        wait_until(lambda: not _marked(), 5, "all processes of the tests are gone")
    except TimeoutError:
        raise AssertionError(f"processes left behind: {_marked()}") from None


def _marked() -> dict[int, str]:
    mark = f"{MARK}={os.getpid()}".encode()
    found = {}
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (directory / "environ").read_bytes().split(b"\0"):
                command = (directory / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(directory.name)] = command
    found.pop(os.getpid(), None)
    return found
