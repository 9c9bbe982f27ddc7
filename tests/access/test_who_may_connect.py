"""Whoever reaches the server may trace what its user may: so who reaches it?"""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from dapserver.client import DapClient, encode
from tests.access.users import (
    OTHER_UID,
    as_other,
    initialize_and,
    needs_root,
    other_users_environment,
    server_as_other,
)
from tests.conftest import Program
from tests.support.build import ROOT
from tests.support.server import COMMAND, Server
from tests.support.session import attach, wait_settled
from tests.support.steps import leave, live_children, obey, refusal
from tests.support.target import Target
from tests.support.waiting import wait_until

# Connects, sends what stdin holds, and prints what comes back until the server hangs up.
STRANGER = """
import socket, sys
address = sys.argv[1]
host, _, port = address.rpartition(":")
try:
    if host:
        client = socket.create_connection((host, int(port)), 10)
    else:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(address)
    client.sendall(sys.stdin.buffer.read())
    if sys.argv[2] == "go":
        sys.exit()
    received = b""
    while data := client.recv(65536):
        received += data
    print("received", len(received))
except OSError as error:
    print("failed", type(error).__name__)
"""


def stranger(address: str, data: bytes, then: str = "listen") -> str:
    """Connect as the other user and send *data*; what became of it."""
    done = subprocess.run(
        as_other(sys.executable, "-c", STRANGER, address, then),
        input=data,
        capture_output=True,
        env=other_users_environment(),
        check=False,
        timeout=30,
    )
    return done.stdout.decode().strip()


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server whose stderr is this test's alone."""
    with Server() as server:
        yield server


def expect_logged(server: Server, *words: str) -> None:
    wait_until(lambda: any("refused" in line for line in server.errors), what="a refusal is logged")
    line = next(line for line in server.errors if "refused" in line)
    for word in words:
        assert word in line
    assert line.startswith("dapserver: ")


# -- TCP on loopback ------------------------------------------------------------------------------


@needs_root
def test_another_user_is_not_let_in_on_tcp(own_server: Server, crowd: Target) -> None:
    address = f"127.0.0.1:{own_server.port}"
    answer = stranger(address, initialize_and("attach", processId=crowd.pid))
    assert answer in ("received 0", "failed ConnectionResetError")
    expect_logged(own_server, str(OTHER_UID))
    assert crowd.tracers() == {0}
    with own_server.connect() as client:
        attach(client, crowd)
        leave(client, crowd)


@needs_root
def test_another_user_who_is_gone_at_once_is_not_taken_for_root(own_server: Server, tmp_path: Path) -> None:
    """The kernel shows the socket of a connection that was closed as root's."""
    sign = tmp_path / "taken over"
    launch = initialize_and("launch", program="/bin/touch", args=[str(sign)])
    launch += encode({"seq": 3, "type": "request", "command": "configurationDone"})
    # While the server cannot accept, the kernel does; when it looks, the client has gone.
    os.kill(own_server.pid, signal.SIGSTOP)
    stranger(f"127.0.0.1:{own_server.port}", launch, then="go")
    wait_until(lambda: states_of_clients(own_server.port) <= {FIN_WAIT2, TIME_WAIT})
    os.kill(own_server.pid, signal.SIGCONT)
    with own_server.connect() as client:  # is served after the stranger
        client.initialize()
        client.request("disconnect")
    wait_until(lambda: not live_children(own_server.pid), what="both sessions have ended")
    assert not sign.exists()
    expect_logged(own_server)


FIN_WAIT2, TIME_WAIT = "05", "06"  # include/net/tcp_states.h


def states_of_clients(port: int) -> set[str]:
    """The states of the sockets that are connected to a port, from /proc/net/tcp."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {line[3] for line in lines if line[2].endswith(f":{port:04X}")}


@needs_root
def test_another_user_does_not_get_in_by_another_address_of_this_machine(tmp_path: Path) -> None:
    """In a network of its own, where this machine has an address that is not loopback's."""
    sign = tmp_path / "taken over"
    script = ["unshare", "--net", sys.executable, str(Path(__file__).parent / "two_addresses.py")]
    done = subprocess.run(
        [*script, str(sign)], capture_output=True, text=True, cwd=ROOT, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "received 0" in done.stdout or "ConnectionResetError" in done.stdout, done.stdout
    assert not sign.exists()


@needs_root
def test_root_is_let_in_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        server_as_other(monkeypatch) as server,
        Target(*as_other("/bin/sleep", "1000")) as target,
        server.connect() as client,
    ):
        target.wait_for(lambda: target.status("Name") == "sleep")
        attach(client, target)
        leave(client, target)


@needs_root
def test_the_same_user_is_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with server_as_other(monkeypatch) as server:
        answer = stranger(f"127.0.0.1:{server.port}", initialize_and("disconnect"))
        assert int(answer.removeprefix("received ")) > 100


needs_ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this kernel has no IPv6")


@needs_ipv6
def test_ipv6_on_loopback() -> None:
    with Server("--host", "::1") as server:
        assert server.host == "[::1]"
        with DapClient.tcp(server.port, "::1") as client:
            client.initialize()
            client.request("disconnect")


@needs_root
@needs_ipv6
def test_another_user_is_not_let_in_on_ipv6() -> None:
    with Server("--host", "::1") as server:
        answer = stranger(f"::1:{server.port}", initialize_and("disconnect"))
        assert answer in ("received 0", "failed ConnectionResetError")
        expect_logged(server, str(OTHER_UID))


# -- other addresses, with a token --------------------------------------------------------------

TOKEN = "correct-horse-battery-staple"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    file.chmod(0o600)
    return file


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dapserver where it is to end by itself, with one line of complaint."""
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=ROOT, check=False, timeout=30
    )
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("dapserver: ")
    return done


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_an_address_for_all_needs_a_token(host: str) -> None:
    done = run("--port", "0", "--host", host)
    assert done.returncode == 2
    assert "--token-file" in done.stderr


def test_a_token_that_others_can_read_is_none(token_file: Path) -> None:
    token_file.chmod(0o644)
    done = run("--port", "0", "--token-file", str(token_file))
    assert done.returncode == 1
    assert "chmod 600" in done.stderr


@pytest.mark.parametrize("token", ["", "\n", "short", "\xff\xfe"])
def test_a_token_that_is_too_short(token_file: Path, token: str) -> None:
    token_file.write_bytes(token.encode("latin-1"))
    done = run("--port", "0", "--token-file", str(token_file))
    assert done.returncode == 1
    assert str(token_file) in done.stderr


def test_no_token_file() -> None:
    done = run("--port", "0", "--token-file", "/no/such/file")
    assert done.returncode == 1
    assert "/no/such/file" in done.stderr


@pytest.fixture
def token_server(token_file: Path) -> Iterator[Server]:
    with Server("--host", "0.0.0.0", "--token-file", str(token_file)) as server:
        yield server


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_the_token_opens_the_door(token_file: Path, crowd: Target, host: str) -> None:
    with Server("--host", host, "--token-file", str(token_file)) as server, server.connect() as client:
        client.attach(crowd.pid, token=TOKEN)
        wait_settled(client, crowd)
        assert set(client.threads()) == crowd.tids()
        leave(client, crowd)


WRONG = {
    "none": {},
    "wrong": {"token": "correct-horse-battery-stable"},
    "beginning": {"token": TOKEN[:-1]},
    "longer": {"token": TOKEN + "!"},
    "with a newline": {"token": TOKEN + "\n"},
    "empty": {"token": ""},
    "null": {"token": None},
    "number": {"token": 7},
    "list": {"token": [TOKEN]},
    "not ASCII": {"token": "käse" * 7},
    "half a character": {"token": "\ud83d"},
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
def test_without_the_token_nothing_is_debugged(
    token_server: Server, crowd: Target, arguments: dict[str, object], tmp_path: Path
) -> None:
    sign = tmp_path / "sign"
    with token_server.connect() as client:
        client.initialize()
        sentence = refusal(client, "attach", processId=crowd.pid, **arguments)
        assert "token" in sentence
        assert str(crowd.pid) not in sentence
        refusal(client, "launch", program="/bin/touch", args=[str(sign)], **arguments)
        client.request("disconnect")
    assert crowd.tracers() == {0}
    assert not sign.exists()


def test_without_the_token_nothing_is_answered(token_server: Server) -> None:
    with token_server.connect() as client:
        client.initialize()
        for command in ("threads", "modules", "pause", "terminate", "restart", "fetchCoffee"):
            assert "token" in refusal(client, command, threadId=1)
        # A mistake in the arguments is no way to learn anything either.
        assert "token" in refusal(client, "attach", processId=[])
        client.request("disconnect")


def test_a_wrong_token_is_logged(token_file: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Server("--token-file", str(token_file), "--log", str(log)) as server:
        with server.connect() as client:
            client.initialize()
            refusal(client, "attach", processId=1, token="a wrong one, for sure")
            client.request("disconnect")
        expect_logged(server, "token")
    text = log.read_text()
    assert "refused" in text
    assert TOKEN not in text


def test_the_right_token_is_not_in_the_log(token_file: Path, tmp_path: Path, crowd: Target) -> None:
    log = tmp_path / "log"
    with (
        Server("--token-file", str(token_file), "--log", str(log)) as server,
        server.connect() as client,
    ):
        client.attach(crowd.pid, token=TOKEN)
        leave(client, crowd)
    assert str(crowd.pid) in log.read_text()
    assert TOKEN not in log.read_text()


# -- the Unix socket ------------------------------------------------------------------------------


class UnixServer:
    """`dapserver --socket PATH`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.process = subprocess.Popen(
            [*COMMAND, "--socket", str(path)], cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        assert self.process.stderr.readline() == f"dapserver: listening on {path}\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.terminate()
        errors = self.process.communicate(timeout=10)[1]
        assert self.process.returncode == 0
        assert "Traceback" not in errors

    def next_error(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.readline()


@pytest.fixture
def unix_server(tmp_path: Path) -> Iterator[UnixServer]:
    tmp_path.chmod(0o755)
    with UnixServer(tmp_path / "socket") as server:
        yield server


def test_the_socket_is_its_users_alone(unix_server: UnixServer, crowd: Target) -> None:
    status = unix_server.path.stat()
    assert stat.S_ISSOCK(status.st_mode)
    assert stat.S_IMODE(status.st_mode) == 0o600
    with DapClient.unix(str(unix_server.path)) as client:
        attach(client, crowd)
        leave(client, crowd)


@needs_root
def test_another_user_cannot_open_the_socket(unix_server: UnixServer) -> None:
    wide_open_directory(unix_server.path)
    assert stranger(str(unix_server.path), b"") == "failed PermissionError"


@needs_root
def test_another_user_is_not_let_in_even_if_it_can_open_the_socket(
    unix_server: UnixServer, crowd: Target
) -> None:
    wide_open_directory(unix_server.path)
    unix_server.path.chmod(0o666)
    answer = stranger(str(unix_server.path), initialize_and("attach", processId=crowd.pid))
    assert answer in ("received 0", "failed ConnectionResetError", "failed BrokenPipeError")
    line = unix_server.next_error()
    assert "refused" in line
    assert str(OTHER_UID) in line
    assert crowd.tracers() == {0}


def wide_open_directory(path: Path) -> None:
    """Let everybody reach *path*: pytest's directories are private."""
    for parent in list(path.parents)[:-2]:
        parent.chmod(parent.stat().st_mode | 0o055)


def test_the_socket_goes_with_the_server(tmp_path: Path) -> None:
    with UnixServer(tmp_path / "socket"):
        pass
    assert not (tmp_path / "socket").exists()


def test_a_socket_that_a_killed_server_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with UnixServer(path), DapClient.unix(str(path)) as client:
        client.initialize()
        client.request("disconnect")


def test_a_socket_that_is_in_use_is_left_alone(unix_server: UnixServer) -> None:
    done = run("--socket", str(unix_server.path))
    assert done.returncode == 1
    with DapClient.unix(str(unix_server.path)) as client:
        client.initialize()
        client.request("disconnect")


def test_a_file_in_the_place_of_the_socket_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("precious")
    done = run("--socket", str(file))
    assert done.returncode == 1
    assert file.read_text() == "precious"


# -- many ------------------------------------------------------------------------------------------


def test_the_end_of_one_session_is_nothing_to_the_others(own_server: Server, crowd: Target) -> None:
    with own_server.connect() as client:
        attach(client, crowd)
        for _ in range(5):
            with own_server.connect() as other:
                other.initialize()
        obey(crowd, "spawn 1")
        wait_settled(client, crowd)
        leave(client, crowd)
    assert json.dumps(own_server.errors[1:]) == "[]"


@pytest.mark.parametrize("make_ends", [os.pipe, lambda: [end.detach() for end in socket.socketpair()]])
def test_a_server_ends_with_the_editor_that_reads_its_errors(
    tmp_path: Path, make_ends: Callable[[], tuple[int, int]]
) -> None:
    """An editor that is killed tells nobody; Node.js gives its children sockets for pipes."""
    path = tmp_path / "socket"
    ours, theirs = make_ends()
    process = subprocess.Popen([*COMMAND, "--socket", str(path)], cwd=ROOT, stderr=theirs)
    os.close(theirs)
    try:
        with os.fdopen(ours, "rb", buffering=0) as errors:
            assert errors.readline().decode() == f"dapserver: listening on {path}\n"
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
    assert not path.exists()
