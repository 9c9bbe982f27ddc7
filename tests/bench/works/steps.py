"""1,000 times `next` in a loop."""

from __future__ import annotations

import time

from tests.bench.bench import Bench
from tests.bench.client import RawClient
from tests.bench.debuggers import Debugger
from tests.bench.figures import BEST, Figure, Goal
from tests.bench.session import attached
from tests.bench.targets import Loops

STEPS = 1_000
LINES = 4  # of a round of the loop, each with one step
NAME = f"{STEPS:,} `next` in a loop"


def measure(bench: Bench) -> None:
    goal = Goal(times_peer=(BEST, 2), more_is_better=True)
    in_c, in_go = bench.figure(NAME, "C", "steps/s", goal), bench.figure(NAME, "Go", "steps/s", goal)
    for _ in bench.rounds(NAME):
        for debugger in bench.debuggers():
            _add(bench, in_c, debugger)
        for debugger in bench.go_debuggers():
            _add(bench, in_go, debugger)


def _add(bench: Bench, figure: Figure, debugger: Debugger) -> None:
    target = Loops("steps", root=debugger.root, language=figure.measure)

    def configure(client: RawClient) -> None:
        client.send("setBreakpoints", target.breakpoints("step"))

    with bench.attempt(debugger, NAME), target:
        with attached(debugger, target, configure) as session:
            session.ensure_running()
            client, seen = session.client, len(session.client.received)
            target.begin()
            thread = client.event("stopped", since=seen).decode()["body"]["threadId"]
            client.request("setBreakpoints", target.breakpoints())
            before = _round(client, thread)
            took, thread = _step(client, thread)
            figure.add(debugger.name, STEPS / took)
            after = _round(client, thread)
        if after - before != STEPS / LINES:
            bench.complain(debugger, NAME, f"went from round {before} to {after}")


def _step(client: RawClient, thread: int) -> tuple[float, int]:
    """Seconds for all steps, and the thread in the end: a goroutine may be moved to another."""
    begin = time.monotonic()
    for _ in range(STEPS):
        seen = len(client.received)
        client.send("next", {"threadId": thread})
        thread = client.event("stopped", since=seen).decode()["body"]["threadId"]
    return time.monotonic() - begin, thread


def _round(client: RawClient, tid: int) -> int:
    stack = client.request("stackTrace", {"threadId": tid, "levels": 1})[1]
    frame = stack["stackFrames"][0]["id"]
    return int(client.request("evaluate", {"expression": "i", "frameId": frame})[1]["result"])
