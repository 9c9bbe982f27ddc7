"""Turns what happened in the debugger into DAP events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from dapserver.debugger.events import (
    Event,
    Executed,
    ProcessExited,
    Renamed,
    Stopped,
    ThreadExited,
    ThreadStarted,
)
from dapserver.debugger.history import History
from dapserver.debugger.modules import Changes, Module, Modules
from dapserver.debugger.process import Process
from dapserver.debugger.stop import Reason, Stop
from dapserver.debugger.thread import State
from dapserver.protocol import types as dap
from dapserver.protocol.wire import Connection
from dapserver.ptrace import procfs, signals

_DESCRIPTIONS = {
    Reason.ENTRY: "Stopped at its first instruction",
    Reason.BREAKPOINT: "Paused on breakpoint",
    Reason.FUNCTION_BREAKPOINT: "Paused on function breakpoint",
    Reason.INSTRUCTION_BREAKPOINT: "Paused on instruction breakpoint",
    Reason.DATA_BREAKPOINT: "Paused on data breakpoint",
    Reason.THROWN: "Paused on exception",
    Reason.STEP: "Paused on step",
    Reason.GOTO: "Paused on goto",
}


class Publisher:
    """Speaks of one process to one client."""

    def __init__(self, connection: Connection, process: Process, *, launched: bool, refetches: bool) -> None:
        """*refetches*: the client heeds `invalidated` events."""
        self._connection = connection
        self._outbox = connection.outbox
        self._process = process
        self._start_method: Literal["launch", "attach"] = "launch" if launched else "attach"
        self._refetches = refetches
        self._refetch_owed = False
        self._ends_session = True
        self._looked: int | None = None
        """At which count of resumes all threads stood still when files were looked for."""
        self._glanced: int | None = None
        """The same count at the last look at how much is mapped."""
        self.modules = Modules(process.living)
        self.history = History()
        self.on_modules: Callable[[Changes], None] = lambda _: None
        """Hears of files that were mapped and unmapped."""
        self.on_exec: Callable[[], None] = lambda: None
        """Hears that the process runs another program."""
        self.stops: dict[int, Stop] = {}
        """Why threads were reported stopped the last time."""
        self.departed: dict[int, str] = {}
        """Names of threads that have ended although the client cannot know it yet."""
        self._publishers: dict[type[Event], Callable[[Any], None]] = {
            ThreadExited: self._thread_exited,
            Stopped: self._stopped,
            Executed: self._executed,
            Renamed: self._renamed,
            ProcessExited: self._process_exited,
        }

    def publish(self, events: Sequence[Event]) -> None:
        """Post all events, and write them in one piece."""
        self.history.record(events)
        if self._refetch_owed:
            self._renamed(None)
        post = self._outbox.post
        for event in events:
            if type(event) is ThreadStarted:
                post(("started", event.tid))
            else:
                self._publishers[type(event)](event)
        self._outbox.flush()

    def do_not_end_session(self) -> None:
        """The process is about to be ended, and another to take its place."""
        self._ends_session = False

    def _thread_exited(self, event: ThreadExited) -> None:
        if self._outbox.turn_taken:
            self.departed[event.tid] = event.name
        self._outbox.post(("exited", event.tid))

    def _stopped(self, event: Stopped) -> None:
        self.module_changes(at_a_glance=True)
        stop = event.stop
        self.stops[stop.tid] = stop
        text = stop.text
        description = _DESCRIPTIONS.get(stop.reason, "Paused")
        if stop.reason is Reason.THROWN:
            description = text or description
        elif stop.reason is Reason.SIGNAL:
            description = text = f"{signals.name(stop.signal)}: {signals.meaning(stop.signal)}"
        body = dap.StoppedEventBody(
            reason="exception" if stop.reason is Reason.THROWN else stop.reason.value,
            description=description,
            text=text,
            thread_id=stop.tid,
            all_threads_stopped=stop.all_threads,
            hit_breakpoint_ids=list(stop.breakpoints) or None,
        )
        self._connection.post("stopped", body)

    def _executed(self, _event: Executed) -> None:
        if self._process.traps is None:  # else what sets breakpoints has done so, before the program ran
            self.modules.forget_all()
        self.on_exec()
        self.introduce()
        self._renamed(None)

    def _renamed(self, _event: Renamed | None) -> None:
        self._refetch_owed = self._refetches and self._outbox.full
        if self._refetches and not self._outbox.full:
            self._connection.post("invalidated", dap.InvalidatedEventBody(areas=["threads"]))

    def _process_exited(self, event: ProcessExited) -> None:
        code = event.exit_code
        if event.signal:
            code = 128 + event.signal  # as shells do
            how = f"{signals.name(event.signal)} ({signals.meaning(event.signal)})"
            self.tell(f"The program was ended by {how}.")
        self._connection.post("exited", dap.ExitedEventBody(exit_code=code))
        if self._ends_session:
            self._connection.post("terminated")

    def tell(self, text: str) -> None:
        """Show a line in the client's debug console."""
        self._connection.post("output", dap.OutputEventBody(category="console", output=text + "\n"))

    def introduce(self) -> None:
        """Say what program the process runs, and which files it has mapped."""
        tid = self._process.living()
        try:
            name = procfs.executable(tid) or procfs.comm(tid)
        except ProcessLookupError:
            return
        body = dap.ProcessEventBody(
            name=name,
            system_process_id=self._process.pid,
            is_local_process=True,
            start_method=self._start_method,
            pointer_size=procfs.pointer_size(tid),
        )
        self._connection.post("process", body)
        self.module_changes()

    def module_changes(self, *, at_a_glance: bool = False) -> None:
        """Announce what was mapped and unmapped since the last look, to the client and `on_modules`.

        *at_a_glance*: look only if more or less is mapped than then. A file that has taken the place of
        another of the same size is noticed when somebody asks for what lies there.
        """
        if at_a_glance and (self._glanced == self._process.resumes or self._seem_the_same()):
            return
        changes = self.announced_modules()
        if changes.loaded or changes.unloaded:
            self.on_modules(changes)

    def _seem_the_same(self) -> bool:
        self._glanced = self._when_still()
        try:
            return not self.modules.seem_changed()
        except OSError:
            return True  # the process ends

    def _when_still(self) -> int | None:
        """The count of resumes, if no thread runs: nothing changes before it does."""
        still = all(thread.state is State.STOPPED for thread in self._process.threads.values())
        return self._process.resumes if still else None

    def announced_modules(self) -> Changes:
        """Announce that to the client alone."""
        # The maps of a process with 500 threads are long, and an editor asks for 500 stacks at once.
        if self._looked == self._process.resumes:
            return Changes()
        self._looked = self._glanced = self._when_still()
        try:
            changes = self.modules.refresh()
        except OSError:
            return Changes()  # the process ends
        for module in changes.unloaded:
            self._module("removed", module)
        for module in changes.loaded:
            self._module("new", module)
        return changes

    def served_modules(self) -> bool:
        """Announce modules whose debug information has come from a server; whether there are any."""
        served = self.modules.served()
        for module in served:
            self._module("changed", module)
        if served:
            self.on_modules(Changes(loaded=served))
        return bool(served)

    def _module(self, reason: Literal["new", "removed", "changed"], module: Module) -> None:
        body = dap.ModuleEventBody(reason=reason, module=module_body(module))
        self._connection.post("module", body)


def module_body(module: Module) -> dap.Module:
    """A module as the client sees it."""
    return dap.Module(
        id=module.id,
        name=module.name,
        path=module.path,
        symbol_status="from a debuginfod server" if module.symbol_file else None,
        symbol_file_path=module.symbol_file,
        address_range=f"{module.start:#x}-{module.end:#x}",
    )
