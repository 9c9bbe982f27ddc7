"""A second user, beside root who runs these tests."""

from __future__ import annotations

import os
from typing import Any

import pytest

from dapserver.client import DapClient, encode
from tests.support.build import ROOT
from tests.support.server import COMMAND, Server

OTHER_UID = 65534
"""`nobody`: a user that every system has, and that owns no processes."""

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can act as two users")


def as_other(*argv: str | os.PathLike[str], capability: str = "") -> list[str]:
    """The command line that runs *argv* as the other user, in the same process.

    It may read any file, because Python may lie in a home that others cannot enter; that gives no
    right to trace. *capability* is one more that it gets.
    """
    kept = "-all,+dac_read_search" + (f",+{capability}" if capability else "")
    who = [f"--reuid={OTHER_UID}", f"--regid={OTHER_UID}", "--clear-groups"]
    words = [os.fspath(word) for word in argv]
    return ["setpriv", *who, f"--inh-caps={kept}", f"--ambient-caps={kept}", *words]


def stdio_client_as_other() -> DapClient:
    return DapClient.stdio(as_other(*COMMAND), cwd=ROOT)


def server_as_other(monkeypatch: pytest.MonkeyPatch, *args: str) -> Server:
    """A server on TCP that the other user runs."""
    monkeypatch.setattr("tests.support.server.COMMAND", as_other(*COMMAND))
    return Server(*args)


def other_users_environment() -> dict[str, Any]:
    """For a Python of the other user's: it finds dapserver, and writes nothing beside it."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


def initialize_and(command: str, **arguments: object) -> bytes:
    """Two requests, as a client sends them."""
    requests = [("initialize", {"adapterID": "dapserver"}), (command, arguments)]
    return b"".join(
        encode({"seq": seq, "type": "request", "command": name, "arguments": values})
        for seq, (name, values) in enumerate(requests, 1)
    )
