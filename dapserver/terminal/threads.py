"""`dapserver threads PID`: the thread list of a process, live."""

from __future__ import annotations

import json
import os
import select
import signal
import threading
import time
from typing import NoReturn, Protocol

from dapserver.debugger.attach import attach
from dapserver.debugger.events import Event, ProcessExited, Renamed, ThreadExited, ThreadStarted
from dapserver.debugger.history import History
from dapserver.debugger.process import Process
from dapserver.debugger.trace import trace
from dapserver.debugger.tracer import Tracer
from dapserver.ptrace.wait import ChildSignal
from dapserver.terminal.table import LiveTable
from dapserver.terminal.words import farewell
from dapserver.terminal.writer import Writer

REFRESH = 0.25
"""Seconds between two ticks of a view while nothing happens."""


class View(Protocol):
    """Shows what happens."""

    def show(self, event: Event, time_ns: int) -> None:
        """Take in one event."""

    def tick(self) -> None:
        """Called after each batch of events, and at least every `REFRESH` seconds."""

    def close(self) -> None:
        """Called once, in the end."""


def run(pid: int, *, as_json: bool, trace_file: str | None = None) -> NoReturn:
    """Attach, show until Ctrl-C or the end of the process, leave. DebuggerError if refused."""
    if trace_file is not None:
        with open(trace_file, "a", encoding="utf-8"):
            pass  # better now than after an hour
    child_signal = ChildSignal()
    process = attach(pid)
    writer = Writer(1)
    view: View
    if as_json:
        view = JsonLines(process, writer)
    elif writer.isatty():
        view = LiveTable(process, writer)
    else:
        view = Lines(process, writer)
    watch = Watch(child_signal, process, view, writer)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, watch.stop)
    watch.run()
    watch.leave(trace_file)


class Watch:
    """Follows one process until it ends or somebody has seen enough."""

    def __init__(self, child_signal: ChildSignal, process: Process, view: View, writer: Writer) -> None:
        self._child_signal = child_signal
        self._process = process
        self._view = view
        self._writer = writer
        self._tracer = Tracer(child_signal, process)
        self._history = History()
        self._stopped = False

    def stop(self, _number: int, _frame: object) -> None:
        """Handle a signal that asks us to leave."""
        self._stopped = True

    def run(self) -> None:
        self._show(self._process.take_events())
        while not (self._stopped or self._process.exited or self._writer.broken):
            self._show(self._next(REFRESH))

    def leave(self, trace_file: str | None) -> NoReturn:
        """Write what is still to be written, while the process is served on, and end.

        Threads that run are let go by the kernel when this process ends: none is stopped.
        """
        self._view.close()
        whole = None
        if trace_file is not None:
            for thread in self._process.threads.values():
                self._process.names.read(thread, time.monotonic())
            whole = trace(self._process, self._history)

        def finish() -> None:
            if trace_file is not None:
                with open(trace_file, "w", encoding="utf-8") as output:
                    json.dump(whole, output)
            self._writer.finish()

        finishing = threading.Thread(target=finish)
        finishing.start()
        while finishing.is_alive():
            self._next(0.01)
        os._exit(0)

    def _next(self, seconds: float) -> list[Event]:
        due = self._tracer.deadline
        if due is not None:
            seconds = min(seconds, max(0.0, due - time.monotonic()))
        select.select([self._child_signal.fileno()], [], [], seconds)
        return self._tracer.wake()

    def _show(self, events: list[Event]) -> None:
        self._history.record(events)
        for event in events:
            self._view.show(event, time.monotonic_ns())
        self._view.tick()


def _name(process: Process, tid: int) -> str:
    """The last name of a live thread: a newborn's is its creator's, until it is renamed."""
    thread = process.threads.get(tid)
    if thread is None:
        return ""
    if not thread.name:
        process.names.read(thread, time.monotonic())
    return thread.name


class JsonLines:
    """One JSON object a line, for programs."""

    def __init__(self, process: Process, writer: Writer) -> None:
        self._process = process
        self._writer = writer

    def show(self, event: Event, time_ns: int) -> None:
        if isinstance(event, ThreadStarted):
            self._line("started", event.tid, _name(self._process, event.tid), time_ns)
        elif isinstance(event, ThreadExited):
            self._line("exited", event.tid, event.name, time_ns)
        elif isinstance(event, Renamed):
            for tid in event.tids:
                self._line("renamed", tid, _name(self._process, tid), time_ns)

    def _line(self, what: str, tid: int, name: str, time_ns: int) -> None:
        self._writer.write(json.dumps({"event": what, "tid": tid, "name": name, "time": time_ns}) + "\n")

    def tick(self) -> None:
        """Do nothing: each line was written when it came."""

    close = tick


class Lines(JsonLines):
    """One line an event, for a file or a pipe."""

    def show(self, event: Event, time_ns: int) -> None:
        if isinstance(event, ProcessExited):
            self._writer.write(f"{time_ns / 1e9:.6f} {farewell(self._process.pid, event)}\n")
        else:
            super().show(event, time_ns)

    def _line(self, what: str, tid: int, name: str, time_ns: int) -> None:
        self._writer.write(f"{time_ns / 1e9:.6f} {what:8}{tid} {name}\n")
