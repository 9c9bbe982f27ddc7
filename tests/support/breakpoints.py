"""Breakpoints of a session, and where they are in the fixtures."""

from __future__ import annotations

from typing import Any

from dapserver.client import DapClient, Message
from tests.support.build import FIXTURES


def line_of(fixture: str, marker: str) -> int:
    """The line of a fixture that `@MARKER` is written in."""
    lines = (FIXTURES / fixture).read_text().splitlines()
    (found,) = [number for number, line in enumerate(lines, 1) if f"@{marker}" in line.split()]
    return found


def set_lines(client: DapClient, fixture: str, *markers: str, **more: Any) -> list[Message]:
    """Have breakpoints at just these lines of a fixture; *more* holds for each."""
    wanted = [{"line": line_of(fixture, marker), **more} for marker in markers]
    source = {"path": str(FIXTURES / fixture)}
    return list(client.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"])


def set_functions(client: DapClient, *names: str, **more: Any) -> list[Message]:
    """Have breakpoints at just these functions; *more* holds for each."""
    wanted = [{"name": name, **more} for name in names]
    return list(client.request("setFunctionBreakpoints", breakpoints=wanted)["breakpoints"])


def top(client: DapClient, tid: int) -> Message:
    """The innermost frame of a stopped thread."""
    return dict(client.request("stackTrace", threadId=tid, levels=1)["stackFrames"][0])


def step(client: DapClient, tid: int, kind: str = "next", **more: Any) -> Message:
    """Do a step, wait for its end, and return the innermost frame then."""
    client.request(kind, threadId=tid, **more)
    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "step", stopped
    assert stopped["threadId"] == tid
    return top(client, tid)
