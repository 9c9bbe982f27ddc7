"""Thousands of threads that are created and end at once, under each debugger."""

from __future__ import annotations

from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.debuggers import Debugger
from tests.bench.figures import BARE, OURS, UNTRACED, Figure, Goal
from tests.bench.machine import peak_memory
from tests.bench.session import attached
from tests.bench.stream import complaint, peer_complaint
from tests.bench.targets import BareTracer, Target

THREADS = 10_000

LAG = "last event, after the end"


@dataclass(frozen=True, slots=True)
class Storm:
    alive: int
    sleepers: int
    goal: Goal

    @property
    def name(self) -> str:
        alive = "one by one" if self.alive == 1 else f"{self.alive} alive"
        beside = f", {self.sleepers:,} asleep" if self.sleepers else ""
        return f"{THREADS:,} threads, {alive}{beside}"


def one_by_one(bench: Bench) -> None:
    measure(bench, Storm(1, 0, Goal(times_bare=1.25)))


def many_alive(bench: Bench) -> None:
    measure(bench, Storm(64, 0, Goal(times_bare=1.25, times_peer=("gdb", 0.25))))


def in_a_crowd(bench: Bench) -> None:
    measure(bench, Storm(64, 2_000, Goal(times_bare=1.5)))


def measure(bench: Bench, storm: Storm) -> None:
    total = bench.figure(storm.name, "total", "ms", storm.goal)
    lag = bench.figure(storm.name, LAG, "ms")
    memory = bench.figure(storm.name, "peak memory", "MB")
    for _ in bench.rounds(storm.name):
        with _target(storm) as target:
            total.add(UNTRACED, _work(target))
        with _target(storm) as target:
            tracer = BareTracer(target)
            total.add(BARE, _work(target))
        counts = tracer.counts()
        if counts != f"{THREADS} {THREADS + storm.sleepers + 1}":
            raise RuntimeError(f"the bare tracer counted {counts}")
        for debugger in bench.debuggers():
            with bench.attempt(debugger, storm.name):
                _under(debugger, storm, bench, (total, lag, memory))


def _target(storm: Storm, debugger: Debugger | None = None) -> Target:
    root = debugger.root if debugger else None
    return Target("storm", THREADS, storm.alive, storm.sleepers, root=root)


def _work(target: Target) -> float:
    target.work()
    begin, end = target.results()[0]
    return (end - begin) / 1e6


def _under(debugger: Debugger, storm: Storm, bench: Bench, figures: tuple[Figure, Figure, Figure]) -> None:
    total, lag, memory = figures
    with _target(storm, debugger) as target:
        with attached(debugger, target) as session:
            session.ensure_running()
            before = target.tids()
            with session.client.recording():
                total.add(debugger.name, _work(target))
            memory.add(debugger.name, peak_memory(session.pid))
        (_, end), *tids = target.results()
    messages = session.client.messages()
    check = complaint if debugger.name == OURS else peer_complaint
    if wrong := check(messages, before, [tid for (tid,) in tids]):
        bench.complain(debugger, storm.name, wrong)
    last = [r.time for r, m in zip(session.client.received, messages, strict=True) if _exit(m)]
    if last:
        lag.add(debugger.name, (last[-1] - end) / 1e6)


def _exit(message: dict[str, object]) -> bool:
    body = message.get("body")
    return message.get("event") == "thread" and isinstance(body, dict) and body["reason"] == "exited"
