"""`dapserver threads PID`: the thread list of a process, live."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import NoReturn, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dapserver.debugger.attach import attach
from dapserver.debugger.events import Event, ProcessExited, Renamed, ThreadExited, ThreadStarted
from dapserver.debugger.history import History
from dapserver.debugger.process import Process
from dapserver.debugger.trace import trace
from dapserver.debugger.tracer import Tracer
from dapserver.ptrace import procfs, signals
from dapserver.ptrace.wait import ChildSignal

REFRESH = 0.25
"""Seconds between two drawings of the table."""

LATELY = 5
"""Ended threads that the table still shows."""


class View(Protocol):
    """Shows what happens."""

    def show(self, event: Event, time_ns: int) -> None: ...

    def tick(self) -> None:
        """Called after each batch of events, and at least every `REFRESH` seconds."""

    def close(self) -> None: ...


def run(pid: int, *, as_json: bool, trace_file: str | None = None) -> None:
    """Attach, show until Ctrl-C or the end of the process, detach. DebuggerError if refused."""
    if trace_file is not None:
        with open(trace_file, "a", encoding="utf-8"):
            pass  # better now than after an hour
    child_signal = ChildSignal()
    process = attach(pid)
    view: View
    if as_json:
        view = JsonLines(process)
    elif sys.stdout.isatty():
        view = LiveTable(process)
    else:
        view = Lines(process)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    history = History()
    try:
        for event in _events(child_signal, process, view, history):
            view.show(event, time.monotonic_ns())
    except (KeyboardInterrupt, _Stop):
        pass
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    finally:
        view.close()
        if trace_file is not None:
            _write_trace(trace_file, process, history)
    # Threads that run are let go by the kernel when this process ends, which is now: none is stopped.


class _Stop(Exception):
    """A signal asks us to end."""


def _stop(_number: int, _frame: object) -> NoReturn:
    raise _Stop


def _write_trace(file: str, process: Process, history: History) -> None:
    for thread in process.threads.values():
        process.names.read(thread, time.monotonic())
    with open(file, "w", encoding="utf-8") as output:
        json.dump(trace(process, history), output)


def _events(child_signal: ChildSignal, process: Process, view: View, history: History) -> Iterator[Event]:
    tracer = Tracer(child_signal, process)
    events = process.take_events()
    history.record(events)
    yield from events
    view.tick()
    while not process.exited:
        due = tracer.deadline
        timeout = REFRESH if due is None else min(REFRESH, max(0.0, due - time.monotonic()))
        select.select([child_signal.fileno()], [], [], timeout)
        events = tracer.wake()
        history.record(events)
        yield from events
        view.tick()


def _name(process: Process, tid: int) -> str:
    """The name of a live thread, read now unless it was just before."""
    thread = process.threads.get(tid)
    if thread is None:
        return ""
    process.names.read(thread, time.monotonic())
    return thread.name


class JsonLines:
    """One JSON object a line, for programs."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def show(self, event: Event, time_ns: int) -> None:
        if isinstance(event, ThreadStarted):
            self._print("started", event.tid, _name(self._process, event.tid), time_ns)
        elif isinstance(event, ThreadExited):
            self._print("exited", event.tid, event.name, time_ns)
        elif isinstance(event, Renamed):
            for tid in event.tids:
                self._print("renamed", tid, _name(self._process, tid), time_ns)

    @staticmethod
    def _print(what: str, tid: int, name: str, time_ns: int) -> None:
        print(json.dumps({"event": what, "tid": tid, "name": name, "time": time_ns}))

    def tick(self) -> None:
        sys.stdout.flush()

    def close(self) -> None:
        sys.stdout.flush()


class Lines:
    """One line an event, for a file or a pipe."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._console = Console(highlight=False)

    def show(self, event: Event, time_ns: int) -> None:
        clock = f"{time_ns / 1e9:.6f}"
        if isinstance(event, ThreadStarted):
            self._line(f"{clock} started {event.tid} {_name(self._process, event.tid)}")
        elif isinstance(event, ThreadExited):
            self._line(f"{clock} exited  {event.tid} {event.name}")
        elif isinstance(event, Renamed):
            for tid in event.tids:
                self._line(f"{clock} renamed {tid} {_name(self._process, tid)}")
        elif isinstance(event, ProcessExited):
            self._line(f"{clock} {farewell(self._process.pid, event)}")

    @staticmethod
    def _line(text: str) -> None:
        print(text)

    def tick(self) -> None:
        sys.stdout.flush()

    def close(self) -> None:
        sys.stdout.flush()


def farewell(pid: int, event: ProcessExited) -> str:
    """How the process ended, in words."""
    if event.signal:
        return f"process {pid} was ended by {signals.name(event.signal)} ({signals.meaning(event.signal)})"
    return f"process {pid} ended with exit code {event.exit_code}"


class LiveTable:
    """A table that follows the threads, drawn a few times a second."""

    def __init__(self, process: Process, console: Console | None = None) -> None:
        self._process = process
        self._console = console or Console()
        self._born: dict[int, float] = {}
        self._ended: deque[tuple[int, str, float]] = deque(maxlen=LATELY)
        self._started = self._exited = 0
        self._farewell = ""
        self._title = f"{procfs.comm(process.pid)} (pid {process.pid})"
        self._next = 0.0
        self._live = Live(console=self._console, auto_refresh=False, screen=False, transient=False)
        self._live.start()

    def show(self, event: Event, time_ns: int) -> None:
        if isinstance(event, ThreadStarted):
            self._started += 1
            self._born[event.tid] = time_ns / 1e9
        elif isinstance(event, ThreadExited):
            self._exited += 1
            born = self._born.pop(event.tid, time_ns / 1e9)
            self._ended.append((event.tid, event.name, time_ns / 1e9 - born))
        elif isinstance(event, ProcessExited):
            self._farewell = farewell(self._process.pid, event)

    def tick(self) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + REFRESH
            self._draw()

    def close(self) -> None:
        self._draw()
        self._live.stop()
        if self._farewell:
            self._console.print(self._farewell)

    def _draw(self) -> None:
        self._live.update(self.picture(), refresh=True)

    def picture(self) -> Group:
        """What is to be seen now."""
        return Group(self._table(), self._footer())

    def _table(self) -> Table:
        table = Table(title=self._title, title_style="bold", title_justify="left")
        table.add_column("tid", justify="right", style="cyan", no_wrap=True)
        table.add_column("name", no_wrap=True, min_width=15)
        table.add_column("state", no_wrap=True)
        table.add_column("traced for", justify="right", no_wrap=True)
        now = time.monotonic()
        rows = max(3, self._console.height - 8 - len(self._ended))
        threads = list(self._process.threads)
        shown = threads if len(threads) <= rows else [*threads[: rows // 2], *threads[-(rows - rows // 2) :]]
        for place, tid in enumerate(shown):
            if len(shown) < len(threads) and place == rows // 2:
                table.add_row("...", f"({len(threads) - len(shown)} more)", "", "", style="dim")
            age = now - self._born.get(tid, now)
            table.add_row(str(tid), _name(self._process, tid), _state(self._process.pid, tid), f"{age:.1f} s")
        for tid, name, lived in self._ended:
            table.add_row(str(tid), name, "ended", f"{lived:.1f} s", style="dim")
        return table

    def _footer(self) -> Text:
        alive = len(self._process.threads)
        return Text.assemble(
            (f"{alive} threads", "bold"),
            f", {self._started} started and {self._exited} ended since attach.",
            (" Ctrl-C leaves; nothing is stopped.", "dim"),
        )


_STATES = {
    "R": "running",
    "S": "sleeping",
    "D": "waiting (D)",
    "T": "stopped",
    "t": "stopped",
    "Z": "zombie",
    "I": "idle",
}


def _state(pid: int, tid: int) -> str:
    try:
        letter = procfs.stat(pid, tid).state
    except ProcessLookupError:
        return "ending"
    return _STATES.get(letter, letter)
