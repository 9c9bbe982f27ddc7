"""Clients that die at any byte, and clients that never read."""

from __future__ import annotations

import os
import signal
import socket
import struct

import pytest

from dapserver.client import DapClient, encode
from tests.conftest import Connect, Program
from tests.support.server import COMMAND, Server, stdio_client
from tests.support.session import attach, wait_settled
from tests.support.steps import (
    end_of,
    expect_untraced,
    fields,
    is_gone,
    launch,
    live_children,
    obey,
    tracer_of,
    wait_alive,
)
from tests.support.tally import tally
from tests.support.target import Target, python_target
from tests.support.waiting import wait_until


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def session_bytes(pid: int) -> bytes:
    """A whole session as a client sends it."""
    requests = [
        ("initialize", {"adapterID": "dapserver"}),
        ("attach", {"processId": pid}),
        ("configurationDone", {}),
        ("threads", {}),
        ("pause", {"threadId": pid}),
        ("stackTrace", {"threadId": pid}),
        ("continue", {"threadId": pid}),
        ("threads", {}),
    ]
    return b"".join(
        encode({"seq": seq, "type": "request", "command": command, "arguments": arguments})
        for seq, (command, arguments) in enumerate(requests, 1)
    )


def die_after(data: bytes, port: int, *, reset: bool) -> None:
    """Connect, send, and be gone: with a farewell of the kernel's, or by a reset."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(data)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_client_that_dies_at_any_byte(crowd: Target, server: Server, reset: bool, full: bool) -> None:
    everything = session_bytes(crowd.pid)
    for end in range(0, len(everything) + 1, 1 if full else 11):
        die_after(everything[:end], server.port, reset=reset)
        # Before the next one comes: at most one may trace it.
        wait_until(lambda: not live_children(server.pid), what="the session has ended")
        expect_untraced(crowd)
        assert not set(crowd.states().values()) & {"t", "T"}, f"after {end} bytes"
    obey(crowd, "spawn 1")


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_a_client_that_dies_in_a_storm(crowd: Target, server: Server, reset: bool) -> None:
    crowd.write_line("churn 1000000 8")
    for end in (100, 200, 300, 400, 10_000):
        die_after(session_bytes(crowd.pid)[:end], server.port, reset=reset)
        wait_until(lambda: not live_children(server.pid), what="the session has ended")
        expect_untraced(crowd)
        assert not set(crowd.states().values()) & {"t", "T"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_editor_that_is_killed(crowd: Target, number: signal.Signals) -> None:
    """It is the parent of a server on stdio, whose stdin and stdout end with it."""
    editor_code = EDITOR.format(command=COMMAND, pid=crowd.pid)
    with python_target(editor_code, cwd=os.getcwd()) as editor:
        editor.wait_line("attached", 20)
        crowd.wait_for(lambda: 0 not in crowd.tracers())
        editor.signal(number)
        editor.expect_exit()
        expect_untraced(crowd)
        obey(crowd, "spawn 1")


EDITOR = """
from dapserver.client import DapClient
client = DapClient.stdio({command})
client.attach({pid})
client.wait_until(lambda: client.live_threads())
print("attached")
input()
"""


def test_stdin_that_ends_is_a_client_that_left(crowd: Target) -> None:
    with stdio_client() as client:
        attach(client, crowd)
        assert client.process is not None
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.process.wait(10) == 0
        expect_untraced(crowd)


@pytest.mark.parametrize("farewell", ["disconnect", "terminate"])
def test_the_last_wish_of_a_client_that_hangs_up_at_once(
    crowd: Target, server: Server, farewell: str
) -> None:
    """An editor that closes does not wait for the answer to its `disconnect`."""
    with server.connect() as client:
        attach(client, crowd)
        wish = {"seq": 99, "type": "request", "command": farewell, "arguments": {"terminateDebuggee": True}}
        client.send_raw(encode(wish))
        client.close()
        assert crowd.expect_exit() < 0


# -- clients that never read ---------------------------------------------------------------------


def memory(pid: int) -> int:
    """Resident bytes of a process's own."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    raise KeyError("RssAnon")


STORM = 20_000
"""Threads: enough to fill what the kernel and the transport hold for a client several times."""


def storm(target: Target) -> int:
    """Let so many threads come and go; the milliseconds that it took the program."""
    return fields(obey(target, f"churn {STORM} 8", 60))["ms"]


def test_R45_a_client_that_never_reads_neither_slows_the_target_nor_fills_our_memory(
    crowd: Target, connect: Connect, program: Program, full: bool
) -> None:
    reader_target = program("crowd.c", "3")
    reader_target.wait_line("main")
    reader = connect()
    attach(reader, reader_target)
    with_reader = storm(reader_target)

    client = connect()
    attach(client, crowd)
    (session,) = crowd.tracers()
    before = memory(session)
    duration = max(storm(crowd) for _ in range(6 if full else 2))
    # This is generous to a machine that does other things too; a target that waits for its
    # client would wait for ever.
    assert duration < 3 * with_reader + 1000
    # What the transport and the history hold, and a little more; not what any storm more would add.
    assert memory(session) - before < (24 if full else 16) << 20

    # And it is still as good a session as any, once somebody reads.
    obey(crowd, "spawn 2")
    wait_settled(client, crowd)
    assert set(client.threads()) == crowd.tids()
    wait_alive(reader, len(reader_target.tids()))


def test_a_client_that_asks_but_never_reads(crowd: Target, connect: Connect) -> None:
    """Its requests are not read either, from some point on: it fills its own buffers, not ours."""
    client = connect()
    attach(client, crowd)
    (session,) = crowd.tracers()
    obey(crowd, "spawn 500")
    before = memory(session)
    flood = encode({"seq": 7, "type": "request", "command": "threads"}) * 2000
    sent = ask_without_reading(client, flood)
    assert sent < 100 << 20, "the server reads on and on"
    obey(crowd, f"churn {STORM // 4} 8", 60)
    # The answers to what it has read at once, and what the transport holds.
    assert memory(session) - before < 64 << 20
    client.close()
    expect_untraced(crowd)
    obey(crowd, "spawn 1")


def ask_without_reading(client: DapClient, flood: bytes) -> int:
    """Send until the other side takes no more for a while; the number of bytes."""
    sent = 0
    with socket.socket(fileno=os.dup(client._wire.reader)) as sock:
        sock.settimeout(1)
        try:
            while sent < 100 << 20:
                sent += sock.send(flood)
        except TimeoutError:
            pass
        # The flag belongs to the connection, not to this descriptor of it.
        sock.setblocking(True)
    return sent


def test_a_client_that_reads_nothing_hears_of_the_end(connect: Connect, program: Program) -> None:
    target = program("crowd.c", "3")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    obey(target, f"churn {STORM} 8", 60)
    target.write_line("exit 5")
    assert target.expect_exit() == 5
    assert end_of(client) == 5
    assert not tally(client).alive


def test_a_client_that_does_not_read_what_its_program_writes(connect: Connect) -> None:
    client = connect()
    script = f"head -c {OUTPUT} /dev/zero | tr '\\0' x; exit 3"
    pid = launch(client, "/bin/sh", "-c", script)
    session = tracer_of(pid)
    filled = wait_until(lambda: is_gone(pid) and memory(session), 60, "the program has ended")
    assert filled < 100 << 20
    # What was dropped for want of a reader is dropped; the end is told all the same.
    assert end_of(client) == 3


OUTPUT = 200 << 20
"""Bytes, many more than may wait for a client."""
