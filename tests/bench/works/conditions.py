"""Breakpoints whose condition is false nearly always: hits a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.client import Message, RawClient
from tests.bench.debuggers import Debugger
from tests.bench.figures import BEST, OURS, Figure, Goal
from tests.bench.session import Session, attached
from tests.bench.targets import Loops

HITS = 100_000
HITS_BY_SEVERAL = 20_000
HITS_OF_SLOW_PEERS = 2_000  # of lldb-dap and dlv, which need minutes for more
THREADS = 4
HARDWARE_SLOTS = 4
SLOW = {"lldb-dap", "dlv"}
NAME = "condition false nearly always"
RUN_TIMEOUT = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One program that passes a breakpoint."""

    debugger: Debugger
    hits: int
    threads: int = 1
    language: str = "C"
    watched: int = 0
    """Data breakpoints besides, on what is never touched: so many slots are not free."""

    def target(self) -> Loops:
        words = [self.threads, self.hits] if self.language == "C" else [self.hits]
        return Loops("hot", *words, root=self.debugger.root, language=self.language)


def measure(bench: Bench) -> None:
    def figure(measure: str, peer: str, times: float) -> Figure:
        return bench.figure(NAME, measure, "hits/s", Goal(times_peer=(peer, times), more_is_better=True))

    taken, free = figure("no slot free", BEST, 1.5), figure("slots free", BEST, 2.5)
    several, go = figure(f"{THREADS} threads", "gdb", 1.5), figure("Go", "dlv", 1.5)
    for _ in bench.rounds(NAME):
        _add(bench, taken, Run(bench.ours, HITS, watched=HARDWARE_SLOTS))
        for debugger in bench.debuggers():
            hits = HITS_OF_SLOW_PEERS if debugger.name in SLOW else HITS
            _add(bench, free, Run(debugger, hits))
            _add(bench, several, Run(debugger, min(hits, HITS_BY_SEVERAL), THREADS))
        for debugger in bench.go_debuggers():
            _add(bench, go, Run(debugger, HITS_OF_SLOW_PEERS, language="Go"))
        _count(bench)
    # The peers were measured once for both: they use no slots for this.
    taken.samples |= {who: values for who, values in free.samples.items() if who != OURS}


def _add(bench: Bench, figure: Figure, run: Run) -> None:
    """Let all hits but the last be false ones; the program's own time is what counts."""
    with bench.attempt(run.debugger, NAME), run.target() as target:
        with _at_the_breakpoint(run, target, condition=f"i == {run.hits - 1}") as session:
            client = session.client
            stopped = client.event("stopped", timeout=RUN_TIMEOUT).decode()["body"]
            client.request("continue", {"threadId": stopped["threadId"]})
            target.finish()
            stops = sum(b'"stopped"' in received.raw for received in client.received)
        begin, end = target.results()[0]
        figure.add(run.debugger.name, run.hits * 1e9 / (end - begin))
        if stops != 1:
            bench.complain(run.debugger, NAME, f"{figure.measure}: {stops} stops instead of 1")


@contextmanager
def _at_the_breakpoint(run: Run, target: Loops, **more: object) -> Iterator[Session]:
    """The program has begun, below a breakpoint with these properties."""

    def configure(client: RawClient) -> None:
        client.send("setBreakpoints", target.breakpoints("hot", **more))

    with attached(run.debugger, target, configure) as session:
        session.ensure_running()
        if run.watched:
            _watch(session.client, run.watched)
        session.client.received.clear()
        target.begin()
        yield session


def _watch(client: RawClient, count: int) -> None:
    names = [{"name": f"spare[{number}]"} for number in range(count)]
    known: list[Message] = client.requests("dataBreakpointInfo", names)
    wanted = [{"dataId": each["dataId"], "accessType": "write"} for each in known]
    client.request("setDataBreakpoints", {"breakpoints": wanted})


def _count(bench: Bench) -> None:
    """Every hit of every thread is one: a hit count that is reached by the last of them alone."""
    run = Run(bench.ours, HITS_BY_SEVERAL, THREADS)
    with (
        bench.attempt(run.debugger, NAME),
        run.target() as target,
        _at_the_breakpoint(run, target, hitCondition=str(run.hits)) as session,
    ):
        client = session.client
        stopped = client.event("stopped", timeout=RUN_TIMEOUT).decode()["body"]
        stack = client.request("stackTrace", {"threadId": stopped["threadId"], "levels": 1})[1]
        frame = stack["stackFrames"][0]["id"]
        passed = client.request("evaluate", {"expression": "passed", "frameId": frame})[1]["result"]
        if passed != str(run.hits - 1):
            bench.complain(run.debugger, NAME, f"hit {run.hits} after {passed} had passed")
