"""One client's session: joins the wire and the debugger, and turns what happens into events."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import signal
from collections.abc import Callable
from typing import Any

from dapserver.debugger import attach
from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.events import (
    Event,
    Executed,
    ProcessExited,
    Renamed,
    Stopped,
    ThreadExited,
    ThreadStarted,
)
from dapserver.debugger.modules import Module, Modules
from dapserver.debugger.process import Process
from dapserver.debugger.stop import Reason, Stop
from dapserver.debugger.thread import State, Thread
from dapserver.debugger.tracer import Tracer
from dapserver.handles import Frame, Handles, RegistersOf
from dapserver.program_output import ProgramOutput
from dapserver.protocol import types as dap
from dapserver.protocol.wire import Connection
from dapserver.ptrace import procfs, signals
from dapserver.ptrace.wait import ChildSignal

log = logging.getLogger(__name__)

BEFORE_TARGET = {"initialize", "attach", "launch", "disconnect", "cancel", "configurationDone"}
NAMES_AT_ONCE = 512
"""Names read before the loop gets a turn: 1 ms."""


class Session:
    """What one client debugs. Lives in a process of its own, on one asyncio loop, which is the tracer."""

    def __init__(self, connection: Connection, token: str | None = None) -> None:
        self.connection = connection
        self.process: Process | None = None
        self.modules: Modules | None = None
        self.launched: Any = None
        """The arguments of `launch`, None if attached; `requests.launch` owns them."""
        self.stop_on_entry = False
        self.configured = False
        self.client: dap.InitializeRequestArguments | None = None
        self.frames: Handles[Frame] = Handles("Frame")
        self.variables: Handles[RegistersOf] = Handles("Variables reference")
        self.output: ProgramOutput | None = None
        self._token = token
        self._admitted = token is None
        self._child_signal = ChildSignal()
        self._tracer: Tracer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._departed: dict[int, str] = {}
        self._quiet_stop: asyncio.Future[None] | None = None
        self._ended: asyncio.Event = asyncio.Event()

    # -- who may ask what ------------------------------------------------------------------

    def admit(self, command: str, arguments: dict[str, Any]) -> None:
        """Refuse a request that comes too early, or without the token the server was started with."""
        if not self._admitted and command not in ("initialize", "disconnect"):
            given = arguments.get("token") if command in ("attach", "launch") else None
            if not (isinstance(given, str) and self._token and _same(given, self._token)):
                log.warning("refused %s: no or wrong token", command)
                raise DebuggerError(
                    "This server wants a token: give it as 'token' in the attach or launch "
                    "arguments. It is in the file that the server was started with (--token-file)."
                )
            self._admitted = True
        if self.client is None and command != "initialize":
            raise DebuggerError(f"'initialize' must come before '{command}'.")

    def require_process(self) -> Process:
        """The process, running or ended; DebuggerError before attach or launch."""
        if self.process is None:
            raise DebuggerError("Nothing is being debugged yet: attach or launch first.")
        return self.process

    def require_thread(self, tid: int) -> Thread:
        thread = self.require_process().threads.get(tid)
        if thread is None:
            raise DebuggerError(f"There is no thread {tid} (any more).")
        return thread

    def require_stopped(self, tid: int) -> Thread:
        """A thread in our hands; DebuggerError saying `notStopped` if it runs."""
        thread = self.require_thread(tid)
        if thread.state is not State.STOPPED or not thread.wanted_stopped:
            raise DebuggerError(f"Thread {tid} is running; pause it first.", short="notStopped")
        return thread

    # -- the tracer ------------------------------------------------------------------------

    def adopt(self, process: Process) -> None:
        """Take charge of a process that was just attached to or launched."""
        self.process = process
        self.modules = Modules(process.pid)
        self._ended.clear()
        self._tracer = Tracer(self._child_signal, process)
        asyncio.get_running_loop().add_reader(self._child_signal.fileno(), self._wake)
        self._publish(process.take_events())
        self.publish_process()
        self.refresh_modules()
        # Something may have stopped before the reader was there.
        asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        """One wake-up: drain, decide, resume (all in the tracer), write."""
        tracer = self._tracer
        if tracer is None:
            return
        events = tracer.wake()
        if events:
            self._publish(events)
        self._set_timer(tracer)

    def _set_timer(self, tracer: Tracer) -> None:
        due = tracer.deadline
        timer = self._timer
        if due is None:
            return
        loop = asyncio.get_running_loop()
        if due == 0.0:
            loop.call_soon(self._wake)
        elif timer is None or timer.when() > due:
            if timer is not None:
                timer.cancel()
            self._timer = loop.call_at(due, self._timer_due)

    def _timer_due(self) -> None:
        self._timer = None
        self._wake()

    def poke_soon(self) -> None:
        """The same, once the response of the request that changed it is written."""
        asyncio.get_running_loop().call_soon(self._wake)

    def poke(self) -> None:
        """After a change of what is wanted: look whether it has happened already, and set timers."""
        self._wake()

    # -- events ----------------------------------------------------------------------------

    def _publish(self, events: list[Event]) -> None:
        outbox = self.connection.outbox
        for event in events:
            kind = type(event)
            if kind is ThreadStarted:
                outbox.post(("started", event.tid))  # type: ignore[union-attr]
            elif kind is ThreadExited:
                self._thread_exited(event)  # type: ignore[arg-type]
            else:
                _PUBLISHERS[kind](self, event)
        outbox.flush()

    def _thread_exited(self, event: ThreadExited) -> None:
        if self.connection.outbox.turn_taken:
            self._departed[event.tid] = event.name
        self.connection.outbox.post(("exited", event.tid))

    def _stopped(self, event: Stopped) -> None:
        if self._quiet_stop is not None:
            if not self._quiet_stop.done():
                self._quiet_stop.set_result(None)
            return
        stop = event.stop
        self.refresh_modules()
        description, text = _describe(stop)
        self.connection.post(
            "stopped",
            dap.StoppedEventBody(
                reason=stop.reason.value,
                description=description,
                text=text,
                thread_id=stop.tid,
                all_threads_stopped=stop.all_threads,
            ),
        )

    def _executed(self, _event: Executed) -> None:
        self.resumed()
        if self.modules is not None:
            for module in self.modules.forget_all():
                self._post_module("removed", module)
        self.publish_process()
        self.refresh_modules()
        self.threads_changed()

    def _renamed(self, _event: Renamed) -> None:
        self.threads_changed()

    def _process_exited(self, event: ProcessExited) -> None:
        asyncio.get_running_loop().remove_reader(self._child_signal.fileno())
        self._tracer = None
        if self.output is not None:
            self.output.finish()
        code = event.exit_code
        if event.signal:
            code = 128 + event.signal
            self.tell(f"The program was ended by {signals.name(event.signal)} ({signals.meaning(event.signal)}).")
        self.connection.post("exited", dap.ExitedEventBody(exit_code=code))
        self._ended.set()
        if self._quiet_stop is not None and not self._quiet_stop.done():
            self._quiet_stop.set_result(None)
        if not self._restarting:
            self.connection.post("terminated")

    _restarting = False

    def threads_changed(self) -> None:
        """Ask the client to fetch the thread list again, unless it is far behind anyway."""
        if not self.connection.outbox.full and self.client and self.client.supports_invalidated_event:
            self.connection.post("invalidated", dap.InvalidatedEventBody(areas=["threads"]))

    def tell(self, text: str) -> None:
        """Show a line in the client's debug console."""
        self.connection.post("output", dap.OutputEventBody(category="console", output=text + "\n"))

    def publish_process(self) -> None:
        process = self.require_process()
        try:
            name = procfs.executable(process.pid) or procfs.comm(process.pid)
        except ProcessLookupError:
            return
        self.connection.post(
            "process",
            dap.ProcessEventBody(
                name=name,
                system_process_id=process.pid,
                is_local_process=True,
                start_method="launch" if self.launched else "attach",
                pointer_size=64,
            ),
        )

    def refresh_modules(self) -> None:
        """Announce what was mapped and unmapped since the last look."""
        if self.modules is None:
            return
        try:
            changes = self.modules.refresh()
        except OSError:
            return  # it ends, or its maps may not be read
        for module in changes.unloaded:
            self._post_module("removed", module)
        for module in changes.loaded:
            self._post_module("new", module)

    def _post_module(self, reason: Any, module: Module) -> None:
        self.connection.post("module", dap.ModuleEventBody(reason=reason, module=module_body(module)))

    # -- the thread list -------------------------------------------------------------------

    async def thread_list(self) -> list[dap.Thread]:
        """The threads that the client knows of when it has read everything sent so far."""
        process = self.require_process()
        self._departed.clear()
        now = asyncio.get_running_loop().time()
        stale = process.names.stale(process.threads.values(), now)
        for start in range(0, len(stale), NAMES_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            for thread in stale[start : start + NAMES_AT_ONCE]:
                process.names.read(thread, now)
        known, departed = process.threads, self._departed
        return [
            dap.Thread(id=tid, name=f"{known[tid].name if tid in known else departed.get(tid, '')} [{tid}]")
            for tid in self.connection.outbox.announced
        ]

    # -- running and leaving -----------------------------------------------------------------

    def resumed(self) -> None:
        """All ids of frames and variables die: the program runs."""
        self.frames.clear()
        self.variables.clear()

    def run_again(self, thread: Thread | None = None) -> None:
        """Resume one thread, or all."""
        process = self.require_process()
        self.resumed()
        if thread is not None:
            process.stopping.release(thread)
            threads = [thread]
        else:
            process.stopping.release_all()
            threads = list(process.threads.values())
        for each in threads:
            if each.state is State.STOPPED:
                process.resume_thread(each)
        self.poke()

    async def leave(self, *, kill: bool, suspend: bool = False) -> None:
        """Detach from the process, or end it."""
        process = self.process
        if process is None or process.exited:
            return
        if kill:
            signals.send(process.pid, signal.SIGKILL)
            await self._wait_ended(5)
            return
        if suspend:
            signals.send(process.pid, signal.SIGSTOP)
        if self.launched or suspend:
            # EXITKILL would end it with us, and can be taken off a stopped thread only.
            await self._stop_quietly()
        self._tracer = None
        asyncio.get_running_loop().remove_reader(self._child_signal.fileno())
        attach.drain(process)
        # Threads that run are not stopped for this: the kernel lets go of them when this
        # process, which does nothing else, ends.
        for thread in list(process.threads.values()):
            if thread.state is State.STOPPED:
                process.detach_thread(thread)

    async def _stop_quietly(self) -> None:
        process = self.require_process()
        thread = next(iter(process.threads.values()), None)
        if thread is None:
            return
        self._quiet_stop = asyncio.get_running_loop().create_future()
        process.stopping.non_stop = False
        process.stopping.begin(Reason.PAUSE, thread)
        self.poke()
        await self._quiet_stop

    async def _wait_ended(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            log.warning("the process does not end")

    async def end_for_restart(self) -> None:
        """End the launched program without ending the session."""
        self._restarting = True
        try:
            await self.leave(kill=True)
        finally:
            self._restarting = False

    async def close(self) -> None:
        """The client is gone, or this process is to end: undo everything."""
        await self.leave(kill=self.launched is not None)
        if self.output is not None:
            self.output.close()


def module_body(module: Module) -> dap.Module:
    return dap.Module(
        id=module.id,
        name=module.name,
        path=module.path,
        address_range=f"{module.start:#x}-{module.end:#x}",
    )


def _describe(stop: Stop) -> tuple[str, str | None]:
    if stop.reason is Reason.SIGNAL:
        text = f"{signals.name(stop.signal)}: {signals.meaning(stop.signal)}"
        return text, text
    return {Reason.PAUSE: "Paused", Reason.ENTRY: "Stopped at its first instruction"}[stop.reason], None


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


_PUBLISHERS: dict[type[Event], Callable[[Session, Any], None]] = {
    Stopped: Session._stopped,
    Executed: Session._executed,
    Renamed: Session._renamed,
    ProcessExited: Session._process_exited,
}
