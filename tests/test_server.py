"""The server that forks a process for each session."""

from __future__ import annotations

from pathlib import Path

from dapserver.server import LATE
from tests.conftest import Program
from tests.support.server import Server
from tests.support.waiting import wait_until
from tests.symbols.files import libc, read


def maps(pid: int | str) -> str:
    return Path(f"/proc/{pid}/maps").read_text()


def test_what_sessions_import_late_is_imported_while_nobody_waits() -> None:
    assert LATE[-1] == "capstone"  # its library can be seen from outside

    with Server() as server:
        wait_until(lambda: "libcapstone" in maps(server.pid), 30, "all is imported")
        client = server.connect()
        assert client.request("initialize", adapterID="dapserver")["supportsConfigurationDoneRequest"]
        client.close()


def test_the_c_library_is_looked_into_while_nobody_waits(program: Program) -> None:
    build_id = read(libc()).build_id or b""

    def debug_file(pid: int | str) -> list[str]:
        return [line for line in maps(pid).splitlines() if f"/{build_id.hex()[2:]}.debug" in line]

    target = program("crowd.c", "0")
    target.wait_line("main")
    with Server() as server:
        wait_until(lambda: debug_file(server.pid), 30, "its debug file is open")
        with server.connect() as client:
            client.attach(target.pid)
            client.request("pause", threadId=target.pid)
            client.wait_event("stopped")
            innermost, *_ = client.request("stackTrace", threadId=target.pid)["stackFrames"]
            assert innermost["name"].startswith("__libc_read at read.c:"), innermost
            session = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().strip()
            assert debug_file(session) == debug_file(server.pid)  # it has not opened it itself
            client.request("disconnect")
