"""Names are bytes: of threads, of files, with anything in them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect
from tests.support.build import build
from tests.support.session import pause
from tests.support.steps import obey, tracer_of
from tests.support.target import Target, python_target
from tests.support.waiting import wait_until


def leave(client: DapClient, pid: int) -> None:
    client.request("disconnect")
    client.wait_closed()
    wait_until(lambda: tracer_of(pid) == 0)


NAMES = {
    "blanks": b" a  b ",
    "brackets": b"a [7] (b)",
    "braces": b"{0} {name} %s",
    "quotes": b"\"'\\",
    "newline": b"two\nlines",
    "controls": b"\x01\x1b[31m\x7f",
    "empty": b"",
    "UTF-8": "Fädchen".encode(),
    "no UTF-8": b"\xff\xfe\xc3",
    "half a character": "fünfzehn-bytes-ä".encode()[:15],
}

# Gives its main thread a name of the bytes in its argument, which are in hexadecimal.
NAMED = """
import ctypes, sys
PR_SET_NAME = 15
ctypes.CDLL(None).prctl(PR_SET_NAME, bytes.fromhex(sys.argv[1]), 0, 0, 0)
print("named")
input()
"""


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_thread_of_any_name_is_listed(connect: Connect, name: bytes) -> None:
    with python_target(NAMED, name.hex()) as target:
        target.wait_line("named")
        client = connect()
        client.attach(target.pid)
        shown = client.threads()[target.pid]
        text = name.decode(errors="replace")
        if text.isprintable():
            assert shown == f"{text} [{target.pid}]"
        leave(client, target.pid)


@pytest.mark.parametrize("name", [n for n in NAMES.values() if n], ids=[k for k in NAMES if NAMES[k]])
def test_a_program_in_a_file_of_any_name(connect: Connect, name: bytes, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(name)
    shutil.copy(build("crowd.c"), path)
    with Target(path, "2") as target:
        target.wait_line("main")
        client = connect()
        client.attach(target.pid)
        assert client.wait_event("process")["name"]
        pause(client, target.pid)
        for tid in client.threads():
            assert client.request("stackTrace", threadId=tid)["stackFrames"]
        assert client.request("modules")["modules"]
        client.request("continue", threadId=target.pid)
        obey(target, "spawn 1")
        leave(client, target.pid)
