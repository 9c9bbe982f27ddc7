"""Stacks: the tops of 500 at once, and all of one that is 5,000 frames deep."""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.client import Message, Received
from tests.bench.debuggers import Debugger
from tests.bench.figures import Figure, Goal
from tests.bench.session import Session, attached
from tests.bench.targets import Loops, Program, Target

THREADS = 500
DEPTH = 5_000
MAIN_AND_READER = 2  # threads of the workload besides its sleepers
WIDE = f"a stop with {THREADS} threads"
DEEP = f"a stack of {DEPTH:,} frames, warm"
DESCRIBED = 1_000  # as many as ours gives at once


def of_many(bench: Bench) -> None:
    figure = bench.figure(WIDE, "`stopped` → all top frames", "ms", Goal(times_peer=("gdb", 0.5)))
    for _ in bench.rounds(WIDE):
        for debugger in bench.debuggers():
            with bench.attempt(debugger, WIDE):
                _tops(bench, debugger, figure)


def _tops(bench: Bench, debugger: Debugger, figure: Figure) -> None:
    with (
        Target("herd", THREADS - MAIN_AND_READER, root=bench.root) as target,
        attached(debugger, target) as session,
    ):
        session.ensure_running()
        client, stopped = session.client, _pause(session, target)
        threads = client.request("threads")[1]["threads"]
        stacks = client.requests(
            "stackTrace", ({"threadId": each["id"], "startFrame": 0, "levels": 1} for each in threads)
        )
        figure.add(debugger.name, (client.received[-1].time - stopped.time) / 1e6)
        told = sum(len(stack["stackFrames"]) for stack in stacks)
        if told != THREADS:
            bench.complain(debugger, WIDE, f"{told} top frames of {len(threads)} threads")


def of_depth(bench: Bench) -> None:
    """Its last frame alone: what is between here and there is unwound, and not described."""
    unwound = bench.figure(DEEP, "to the last frame", "us a frame", Goal(40))
    described = bench.figure(DEEP, f"{DESCRIBED:,} described", "us a frame")
    for _ in bench.rounds(DEEP):
        for debugger in bench.debuggers():
            target = Loops("deep", DEPTH, root=bench.root)
            with bench.attempt(debugger, DEEP), target, attached(debugger, target) as session:
                session.ensure_running()
                target.work()
                for figure, start, levels in ((unwound, DEPTH - 1, 1), (described, 0, DESCRIBED)):
                    took, frames = _warm(session, target, start, levels)
                    figure.add(debugger.name, took * 1e3 / (start + levels))
                    if len(frames) != levels:
                        bench.complain(debugger, DEEP, f"{len(frames)} frames from {start} on")


def _warm(session: Session, target: Program, start: int, levels: int) -> tuple[float, list[Message]]:
    """Milliseconds for these frames at a second stop, when their code is known; and the frames."""
    took, body = 0.0, Message()
    for _ in range(2):
        stopped = _pause(session, target).decode()["body"]
        words = {"threadId": stopped["threadId"], "startFrame": start, "levels": levels}
        took, body = session.client.request("stackTrace", words)
        session.client.request("continue", {"threadId": stopped["threadId"]})
    return took, body["stackFrames"]


def _pause(session: Session, target: Program) -> Received:
    seen = len(session.client.received)
    session.client.send("pause", {"threadId": session.main_thread(target.pid)})
    return session.client.event("stopped", since=seen)
