"""`dapserver threads PID`: the thread list of a process, live."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
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
