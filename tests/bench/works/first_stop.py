"""From attach to all that a person can see of a stop: each thread, its frames, their locals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.client import Message, RawClient
from tests.bench.figures import OURS, Goal
from tests.bench.installed import libpython
from tests.bench.machine import peak_memory
from tests.bench.session import attached
from tests.bench.targets import PROGRAMS, Program
from tests.support.build import FIXTURES, build

LOCALS = {"arguments", "locals"}
FOREVER_MS = 10_000_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A program that sleeps in all of its threads."""

    name: str
    executable: Path
    threads: int
    goal: Goal
    arguments: Sequence[object] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """How much a debugger has shown."""

    threads: int
    frames: int
    variables: int


def measure(bench: Bench) -> None:
    half, faster = Goal(times_peer=("gdb", 0.5)), Goal(times_peer=("gdb", 1.0))
    flags = {"stacks.c": "-O0", "stacks.cpp": "-O0", "stacks.rs": "-Copt-level=0"}
    c, cpp, rust = (build(str(PROGRAMS / name), flag) for name, flag in flags.items())
    subjects = [Subject("C", c, 6, half), Subject("C++", cpp, 4, faster), Subject("Rust", rust, 6, faster)]
    if library := libpython(bench):
        embedder = build(str(PROGRAMS / "embedder.c"))
        words = (library, FIXTURES / "threads.py", 5, 0, FOREVER_MS)
        subjects.append(Subject("Python", embedder, 6, half, words))
    for subject in subjects:
        _measure(bench, subject)


def _measure(bench: Bench, subject: Subject) -> None:
    name = f"attach → all of a stop, {subject.name}"
    time = bench.figure(name, f"{subject.threads} threads", "ms", subject.goal)
    memory = bench.figure(name, "peak memory", "MB")
    most: dict[str, Seen] = {}
    for _ in bench.rounds(name):
        for debugger in bench.debuggers():
            with (
                bench.attempt(debugger, name),
                Program(subject.executable, *subject.arguments, root=bench.root) as program,
            ):
                program.wait_asleep(subject.threads)
                with attached(debugger, program, stopOnEntry=True) as session:
                    session.client.event("stopped")
                    most[debugger.name] = _look(session.client)
                    answered = session.client.received[-1].time
                    memory.add(debugger.name, peak_memory(session.pid))
                time.add(debugger.name, (answered - session.attach_sent) / 1e6)
                for refusal in session.client.refusals[:1]:
                    bench.complain(debugger, name, refusal)
    _compare(bench, name, subject, most)


def _look(client: RawClient) -> Seen:
    threads = client.request("threads")[1]["threads"]
    stacks = client.requests("stackTrace", ({"threadId": thread["id"]} for thread in threads))
    frames = [frame for stack in stacks for frame in stack["stackFrames"]]
    scopes = client.requests("scopes", ({"frameId": frame["id"]} for frame in frames))
    references = [scope["variablesReference"] for body in scopes for scope in body["scopes"] if _local(scope)]
    variables = client.requests("variables", ({"variablesReference": each} for each in references))
    return Seen(len(threads), len(frames), sum(len(body["variables"]) for body in variables))


def _local(scope: Message) -> bool:
    kind = scope.get("presentationHint") or scope["name"]
    return kind.lower() in LOCALS and scope["variablesReference"] > 0


def _compare(bench: Bench, name: str, subject: Subject, seen: dict[str, Seen]) -> None:
    """Ours must not be fast by showing less."""
    ours, gdb = seen.get(OURS), seen.get("gdb")
    if ours and ours.threads != subject.threads:
        bench.complain(bench.ours, name, f"{ours.threads} threads")
    if ours and gdb and (ours.frames < gdb.frames or ours.variables < gdb.variables):
        bench.complain(bench.ours, name, f"{ours}, but gdb {gdb}")
