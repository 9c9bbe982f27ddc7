"""The server that forks a process for each session."""

from __future__ import annotations

from pathlib import Path

from dapserver.server import LATE
from tests.support.server import Server
from tests.support.waiting import wait_until


def test_what_sessions_import_late_is_imported_while_nobody_waits() -> None:
    assert LATE[-1] == "capstone"  # its library can be seen from outside

    def maps(pid: int) -> str:
        return Path(f"/proc/{pid}/maps").read_text()

    with Server() as server:
        wait_until(lambda: "libcapstone" in maps(server.pid), 30, "all is imported")
        client = server.connect()
        assert client.request("initialize", adapterID="dapserver")["supportsConfigurationDoneRequest"]
        client.close()
