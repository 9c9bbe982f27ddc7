"""More steps of a session and looks at a process, for the tests of races, requests and access."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from dapserver.client import DapClient, RequestFailed
from tests.support.tally import tally
from tests.support.target import Target
from tests.support.waiting import wait_until

# What a thread that a tracer holds looks like in /proc; a dying one cannot be held.
HELD, DYING = {"t"}, {"Z", "X"}


def launch(client: DapClient, program: str | Path, *args: str, **more: Any) -> int:
    """Launch, and let it go; the process id."""
    client.initialize()
    client.request("launch", program=str(program), args=list(args), **more)
    client.request("configurationDone")
    return int(client.wait_event("process")["systemProcessId"])


def wait_alive(client: DapClient, at_least: int) -> None:
    """Wait until the client knows of so many threads: for programs whose threads come and go."""
    client.wait_until(lambda: len(tally(client).alive) >= at_least)


def leave(client: DapClient, target: Target, **more: Any) -> None:
    """Disconnect; nobody traces the process afterwards."""
    client.request("disconnect", **more)
    client.wait_closed()
    expect_untraced(target)


def expect_untraced(target: Target) -> None:
    target.wait_for(lambda: target.tracers() <= {0}, what="nobody traces it")


def end_of(client: DapClient) -> int:
    """Wait for the end of the debugged process; its exit code."""
    code = client.wait_event("exited")["exitCode"]
    client.wait_event("terminated")
    return int(code)


def refusal(client: DapClient, command: str, /, **arguments: Any) -> str:
    """Send a request that must be refused; the sentence for the user."""
    try:
        client.request(command, **arguments)
    except RequestFailed as refused:
        error = refused.response["body"]["error"]
        assert error["showUser"] is True
        assert refused.response["message"], "the short message is missing"
        return str(error["format"]).format(**error.get("variables", {}))
    raise AssertionError(f"{command} was not refused")


def obey(target: Target, order: str, timeout: float = 20) -> str:
    """Give the program an order; the line with which it says that it is done."""
    target.write_line(order)
    return target.wait_line(order, timeout)


def fields(line: str) -> dict[str, int]:
    """The numbers of a line like `NAME id=1 ms=2`."""
    words = (word.partition("=") for word in line.split() if "=" in word)
    return {name: int(value, 0) for name, _, value in words}


def expect_good_books(target: Target) -> None:
    """End signal_ledger.c; it found no fault with any signal."""
    target.write_line("stop")
    books = fields(target.wait_line("ledger", 30))
    assert books["received"] > 0
    assert books["pings"] > 0
    faults = {name: count for name, count in books.items() if name not in ("sent", "received", "pings")}
    assert not any(faults.values()), books
    assert target.expect_exit() == 0


def held_threads(target: Target) -> set[int]:
    """Its threads that a tracer holds; an error if one that could be held is not."""
    states = target.states()
    loose = {tid: state for tid, state in states.items() if state not in HELD | DYING}
    assert not loose, f"not held: {loose}"
    return {tid for tid, state in states.items() if state in HELD}


def tracer_of(pid: int) -> int:
    """The TracerPid of a process; 0 if it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next(int(line.split()[1]) for line in lines if line.startswith("TracerPid:"))


def is_gone(pid: int) -> bool:
    """Whether a process is no more; a zombie that waits for its parent is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] in DYING
    except (FileNotFoundError, ProcessLookupError):
        return True


def expect_gone(pid: int) -> None:
    wait_until(lambda: is_gone(pid), 10, f"process {pid} is gone")


def live_children(pid: int) -> list[int]:
    """Its child processes that have not ended."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in children.split() if not is_gone(int(word))]


def job_control_news(pid: int, flags: int) -> os.waitid_result | None:
    """What the parent (this process) hears of a child's stops and continuations, without waiting."""
    return os.waitid(os.P_PID, pid, flags | os.WNOHANG)
