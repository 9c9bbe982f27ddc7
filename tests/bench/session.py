"""A debugger attached to a target."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.client import Message, RawClient, Received, Refused
from tests.bench.debuggers import Debugger
from tests.bench.targets import Program
from tests.support.contract import thread_events

Configure = Callable[[RawClient], None]

SETTLED = 0.3  # seconds without an event, after which a peer is done with attaching


@dataclass(frozen=True, slots=True)
class Session:
    client: RawClient
    pid: int  # of the debugger's process
    attach_sent: int  # CLOCK_MONOTONIC nanoseconds

    def threads(self) -> tuple[Received, set[int]]:
        """The answer to `threads`, and whom it lists."""
        received = self.client.response(self.client.send("threads"))
        return received, {thread["id"] for thread in received.decode()["body"]["threads"]}

    def main_thread(self, pid: int) -> int:
        """The number of the main thread; peers may number threads as they like."""
        numbers = {tid for _, tid in thread_events(self.client.messages())}
        return pid if pid in numbers or not numbers else min(numbers)

    def ensure_running(self) -> None:
        """Continue the target if attaching left it stopped, as it does with gdb."""
        self.client.drain(SETTLED)
        state: Message = {}
        for message in self.client.messages():
            if message.get("event") in {"stopped", "continued"}:
                state = message
        if state.get("event") == "stopped":
            thread = state["body"].get("threadId") or self.main_thread(0)
            self.client.request("continue", {"threadId": thread})
            self.client.drain(SETTLED)


def initialize(client: RawClient) -> float:
    """Milliseconds to the answer."""
    return client.request("initialize", {"clientID": "bench", "adapterID": "bench"})[0]


@contextlib.contextmanager
def attached(
    debugger: Debugger, target: Program, configure: Configure | None = None, **more: Any
) -> Iterator[Session]:
    """What an editor does at F5; and at the end what it does at Shift+F5.

    *configure* sets breakpoints, *more* are arguments of attach.
    """
    with debugger.connect() as connection:
        client = connection.client
        initialize(client)
        sent = time.monotonic_ns()
        attach = client.send("attach", debugger.attach_arguments(target) | more)
        client.event("initialized")
        if configure:
            configure(client)
        client.response(client.send("configurationDone"))
        client.response(attach)
        yield Session(client, connection.pid, sent)
        with contextlib.suppress(Refused, ConnectionError, BrokenPipeError):
            client.request("disconnect", {"terminateDebuggee": False})
