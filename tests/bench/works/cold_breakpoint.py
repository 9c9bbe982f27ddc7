"""The first breakpoint by `file:line` of a debugger that has read nothing yet, in big programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.client import Message, RawClient
from tests.bench.debuggers import ours_on_stdio
from tests.bench.figures import OURS, Goal
from tests.bench.installed import ceph_osd, libpython
from tests.bench.machine import peak_memory
from tests.bench.session import attached
from tests.bench.targets import PROGRAMS, Program
from tests.support.build import build

PYTHON_SOURCE = "longobject.c", 1000
OSD_SOURCE = "OSD.cc", 3500
# Enough for it to wait for a cluster that is not there, in several threads, for minutes.
OSD_WORDS = ["-f", "-i", "0", "--no-config-file", "--mon-host", "127.0.0.1"]
for _who in ("client", "cluster", "service"):
    OSD_WORDS += [f"--auth-{_who}-required", "none"]
SETTLED_THREADS = 9


@dataclass(frozen=True, slots=True)
class Subject:
    name: str
    executable: Path
    arguments: Sequence[object]
    threads: int
    source: tuple[str, int]
    """A line that every version has; its path is another in each."""


def in_python(bench: Bench) -> None:
    if library := libpython(bench):
        words = (library, "-c", "import signal; signal.pause()")
        subject = Subject("libpython", build(str(PROGRAMS / "embedder.c")), words, 1, PYTHON_SOURCE)
        _measure(bench, subject, Goal(300, times_peer=("gdb", 1.0)), Goal())


def in_the_biggest(bench: Bench) -> None:
    if executable := ceph_osd(bench):
        subject = Subject("ceph-osd", executable, OSD_WORDS, SETTLED_THREADS, OSD_SOURCE)
        _measure(bench, subject, Goal(times_peer=("gdb", 0.5)), Goal(times_peer=("gdb", 1.0)))


def _measure(bench: Bench, subject: Subject, time_goal: Goal, memory_goal: Goal) -> None:
    file, line = subject.source
    name = f"first breakpoint, {subject.name}"
    time = bench.figure(name, f"attach → {file}:{line} set", "ms", time_goal)
    memory = bench.figure(name, "peak memory", "MB", memory_goal)
    lines: dict[str, int] = {}
    for _ in bench.rounds(name):
        for debugger in (ours_on_stdio(bench.root), *bench.debuggers()[1:]):
            with (
                bench.attempt(debugger, name),
                Program(subject.executable, *subject.arguments, root=bench.root) as program,
            ):
                program.wait_asleep(subject.threads)
                with attached(debugger, program, lambda client: _ask(client, subject)) as session:
                    place, when = _verified(session.client)
                    memory.add(debugger.name, peak_memory(session.pid))
                time.add(debugger.name, (when - session.attach_sent) / 1e6)
                lines[debugger.name] = place["line"]
    if OURS in lines and lines.get("gdb", lines[OURS]) != lines[OURS]:
        bench.complain(bench.ours, name, f"is at line {lines[OURS]}, gdb's at {lines['gdb']}")


def _ask(client: RawClient, subject: Subject) -> None:
    path, line = subject.source
    client.send("setBreakpoints", {"source": {"path": path}, "breakpoints": [{"line": line}]})


def _verified(client: RawClient) -> tuple[Message, int]:
    """The breakpoint, when it has a place: by the response, or by an event where it comes later."""
    position = 0
    found: list[tuple[Message, int]] = []

    def arrived() -> bool:
        nonlocal position
        for received in client.received[position:]:
            position += 1
            body = received.decode().get("body") or {} if b'"verified"' in received.raw else {}
            told = [body["breakpoint"]] if "breakpoint" in body else body.get("breakpoints", [])
            found.extend((each, received.time) for each in told if each.get("verified"))
        return bool(found)

    client.wait(arrived, "a verified breakpoint")
    return found[0]
