"""`dapserver demo`: the main job on any machine, seen from an editor's side of the wire."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from dapserver.client import DapClient
from dapserver.debugger.errors import DebuggerError
from dapserver.ptrace import procfs

PROGRAM = Path(__file__).with_name("demo_program.py")
THREADS = 12
"""How many threads the program creates in all."""

console = Console(highlight=False)


def run() -> None:
    """Start program and server, attach, print the events, pause once, leave; check what was seen."""
    with _program() as program, _server() as port:
        _say("program", f"pid {program.pid}, running, with one thread")
        _say("server", f"speaks DAP on 127.0.0.1:{port}")
        with DapClient.tcp(port) as client:
            _watch(client, program)
        _say("client", "disconnected; the program goes on")
        traced = _traced(program.pid)
        _say("program", f"alive: {program.poll() is None}, traced: {traced}")
        if traced or program.poll() is not None:
            raise DebuggerError("the demo's program did not survive the session: this is a bug")


def _watch(client: DapClient, program: subprocess.Popen[str]) -> None:
    client.attach(program.pid)
    _say("client", f"attached; threads: {_listing(client.threads())}")
    assert program.stdin is not None
    program.stdin.write("go\n")
    program.stdin.flush()
    started = _follow(client, program.pid)
    threads = client.threads()
    _say("summary", f"{started} threads started and exited; the list now: {_listing(threads)}")
    if started != THREADS or not set(threads) == client.live_threads() == {program.pid}:
        raise DebuggerError("the thread list is not what the program did: this is a bug")
    client.request("disconnect")
    client.wait_closed()


def _follow(client: DapClient, pid: int) -> int:
    """Print the events until all threads have come and gone; how many came."""
    begin = time.monotonic()
    names = client.threads()
    started = exited = 0
    while exited < THREADS:
        event = client.next_event()
        body = event.get("body", {})
        if event["event"] == "invalidated":
            before, names = names, names | client.threads()
            for tid in names.keys() & before.keys():
                if names[tid] != before[tid]:
                    _print(begin, "[yellow]renamed [/]", tid, names[tid])
        elif event["event"] == "thread" and body["threadId"] != pid:
            tid = body["threadId"]
            if body["reason"] == "started":
                started += 1
                names |= client.threads()
                _print(begin, "[green]started [/]", tid, names.get(tid, ""))
            else:
                exited += 1
                _print(begin, "[red]exited  [/]", tid, names.get(tid, ""))
            if started == THREADS // 2 and not client.events("stopped"):
                _pause_once(client, pid)
    return started


def _print(begin: float, what: str, tid: int, name: str) -> None:
    console.print(f"[dim]{time.monotonic() - begin:7.3f} s[/]  {what} {tid}  {escape(name)}")


def _pause_once(client: DapClient, pid: int) -> None:
    client.request("pause", threadId=pid)
    client.wait_until(lambda: bool(client.events("stopped")))
    frame = client.request("stackTrace", threadId=pid)["stackFrames"][0]
    client.request("continue", threadId=pid)
    _say("client", f"paused the whole program for a moment; its main thread was in {frame['name']}")


def _say(who: str, what: str) -> None:
    console.print(f"[bold]{who:8}[/] {what}")


def _listing(threads: dict[int, str]) -> str:
    return escape(", ".join(threads.values()))


@contextmanager
def _program() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _server() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "dapserver", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        match = re.fullmatch(r"dapserver: listening on .*:(\d+)\n", line)
        if match is None:
            raise DebuggerError(f"the server did not start: {line.strip()}")
        yield int(match[1])
    finally:
        process.terminate()
        process.communicate()


def _traced(pid: int) -> bool:
    """Whether it still is, a second after the session's process closed the connection to end."""
    deadline = time.monotonic() + 1
    while (traced := bool(int(procfs.status(pid)["TracerPid"]))) and time.monotonic() < deadline:
        time.sleep(0.001)
    return traced
