"""Programs that run from breakpoint to breakpoint."""

from __future__ import annotations

from typing import Any

from dapserver.client import DapClient, Message
from tests.conftest import Program
from tests.support.breakpoints import line_of, top
from tests.support.build import FIXTURES
from tests.support.session import resume
from tests.support.target import Target

UNOPTIMIZED = ("-O0",)


def started(program: Program, name: str, *args: str, flags: tuple[str, ...] = UNOPTIMIZED) -> Target:
    target = program(name, *args, flags=flags)
    target.wait_line("main")
    return target


def expect_stop(client: DapClient, fixture: str, marker: str, *ids: int) -> Message:
    """Wait for a stop at a breakpoint; it is where it should be."""
    stopped = client.wait_event("stopped")
    assert stopped["hitBreakpointIds"] == list(ids)
    frame = top(client, stopped["threadId"])
    assert frame["line"] == line_of(fixture, marker)
    assert frame["source"]["path"] == str(FIXTURES / fixture)
    return stopped


def through(client: DapClient, target: Target, order: str) -> tuple[str, list[Message]]:
    """Give an order, and resume at each stop until it is obeyed: its answer, and the innermost frames."""
    frames: list[Message] = []
    seen = len(client.events("stopped"))
    word = order.partition(" ")[0]
    told = len(target.lines)
    target.write_line(order)
    while not any(line.startswith(word) for line in target.lines[told:]):
        client.threads()
        if len(client.events("stopped")) > seen + len(frames):
            stopped = client.wait_event("stopped")
            frames.append(top(client, stopped["threadId"]))
            resume(client, stopped["threadId"])
    assert len(client.events("stopped")) == seen + len(frames)
    return next(line for line in target.lines[told:] if line.startswith(word)), frames


def set_addresses(client: DapClient, *addresses: int, **more: Any) -> list[Message]:
    wanted = [{"instructionReference": hex(address), **more} for address in addresses]
    return list(client.request("setInstructionBreakpoints", breakpoints=wanted)["breakpoints"])
