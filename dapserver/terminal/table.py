"""The live table of `dapserver threads`, for a person in a terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import IO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from dapserver.debugger.activity import look
from dapserver.debugger.events import Event, ProcessExited, ThreadExited, ThreadStarted
from dapserver.debugger.history import microseconds
from dapserver.debugger.process import Process
from dapserver.ptrace import procfs
from dapserver.terminal.words import farewell
from dapserver.terminal.writer import Writer

REFRESH = 0.25
"""Seconds between two drawings."""

LATELY = 5
"""Ended threads that are still shown."""

FRAME_LINES = 8
"""Lines of the terminal that are no row: title, header, borders, footer, prompt."""


class LiveTable:
    """Follows the threads, drawn a few times a second."""

    def __init__(self, process: Process, writer: Writer, console: Console | None = None) -> None:
        self._process = process
        self._writer = writer
        self._console = console or Console(file=cast("IO[str]", writer))
        self._ended: deque[tuple[ThreadExited, float]] = deque(maxlen=LATELY)
        """With the seconds that each lived under our eyes."""
        self._started = self._exited = 0
        self._farewell = ""
        self._title = f"{procfs.comm(process.living())} (pid {process.pid})"
        self._next = 0.0
        self._live = Live(console=self._console, auto_refresh=False, transient=False)
        self._live.start()

    def show(self, event: Event, _time_ns: int) -> None:
        if isinstance(event, ThreadStarted):
            thread = self._process.threads.get(event.tid)
            self._started += thread is None or not thread.found
        elif isinstance(event, ThreadExited):
            self._exited += 1
            self._ended.append((event, time.monotonic() - event.born))
        elif isinstance(event, ProcessExited):
            self._farewell = farewell(self._process.pid, event)

    def tick(self) -> None:
        now = time.monotonic()
        if now >= self._next and not self._writer.behind:
            self._next = now + REFRESH
            self._live.update(self.picture(), refresh=True)

    def close(self) -> None:
        self._live.update(self.picture(), refresh=True)
        self._live.stop()
        if self._farewell:
            self._console.print(self._farewell)

    def picture(self) -> Group:
        """What is to be seen now."""
        return Group(self._table(), self._footer())

    def _table(self) -> Table:
        table = Table(title=self._title, title_style="bold", title_justify="left")
        table.add_column("tid", justify="right", style="cyan", no_wrap=True)
        table.add_column("name", no_wrap=True, min_width=15)
        table.add_column("state", no_wrap=True, min_width=24)
        table.add_column("cpu", justify="right", no_wrap=True)
        table.add_column("age", justify="right", no_wrap=True)
        room = max(3, self._console.height - FRAME_LINES - len(self._ended))
        tids = list(self._process.threads)
        first, last = tids, []
        if len(tids) > room:
            first, last = tids[: room // 2], tids[-(room // 2) :]
        for tid in first:
            self._add_row(table, tid)
        if last:
            table.add_row("...", f"{len(tids) - len(first) - len(last)} more", "", "", "", style="dim")
        for tid in last:
            self._add_row(table, tid)
        for event, lived in self._ended:
            table.add_row(str(event.tid), event.name, "ended", "", f"{lived:.1f} s", style="dim")
        return table

    def _add_row(self, table: Table, tid: int) -> None:
        thread = self._process.threads[tid]
        activity = look(self._process.pid, thread)
        if activity is None:
            return
        self._process.names.read(thread, time.monotonic())
        state = activity.state
        if activity.waiting_for and state == "sleeping":
            state = f"sleeping in {activity.waiting_for}"
        table.add_row(
            str(tid),
            thread.name,
            Text(state, style="green" if state == "running" else ""),
            f"{activity.cpu_time / 1e6:.2f} s",
            f"{(microseconds() - activity.start_time) / 1e6:.1f} s",
        )

    def _footer(self) -> Text:
        alive = len(self._process.threads)
        return Text.assemble(
            (f"{alive} thread{'' if alive == 1 else 's'}", "bold"),
            f", {self._started} started and {self._exited} ended since attach.",
            (" Ctrl-C leaves; nothing is stopped.", "dim"),
        )
