"""One client's session: joins the wire and the debugger."""

from __future__ import annotations

import asyncio
import hmac
import logging
import signal
from typing import TYPE_CHECKING, Any

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.events import Event, Executed, Stopped, ThreadExited
from dapserver.debugger.process import Process
from dapserver.debugger.signal_filters import SignalFilters
from dapserver.debugger.stack import Stacks
from dapserver.debugger.thread import State, Thread
from dapserver.debugger.tracer import Tracer
from dapserver.handles import Container, Frame, Handles
from dapserver.program_output import ProgramOutput
from dapserver.protocol import types as dap
from dapserver.protocol.wire import Connection
from dapserver.ptrace import signals
from dapserver.ptrace.wait import ChildSignal
from dapserver.publisher import Publisher

if TYPE_CHECKING:
    from dapserver.debugger.values.inspector import Inspector
    from dapserver.requests.arguments import CommonArguments, LaunchArguments
    from dapserver.served_files import ServedFiles
    from dapserver.wishes import Wishes

log = logging.getLogger(__name__)

NAMES_AT_ONCE = 512
"""Names read before the loop gets a turn: 1 ms."""

KILL_TIMEOUT = 5
"""Seconds for a process to end after SIGKILL: it may be in an uninterruptible wait."""


class Session:
    """What one client debugs. In a process of its own, on one asyncio loop that is the tracer too."""

    def __init__(self, connection: Connection, token: str | None = None) -> None:
        self.connection = connection
        self.client: dap.InitializeRequestArguments | None = None
        self.process: Process | None = None
        self.launched: LaunchArguments | None = None
        """None if the process was attached to."""
        self.configured = False
        """Whether `configurationDone` has come."""
        self.output: ProgramOutput | None = None
        self.served: ServedFiles | None = None
        self.frames: Handles[Frame] = Handles("Frame")
        self.variables: Handles[Container] = Handles("Variables reference")
        self.goto_targets: Handles[int] = Handles("Goto target")
        """Addresses; they do not die."""
        self.step_in_targets: Handles[int] = Handles("Step-in target")
        """Addresses of calls."""
        self._publisher: Publisher | None = None
        self._stacks: Stacks | None = None
        self._inspector: Inspector | None = None
        self._wishes: Wishes | None = None
        self._source_map: dict[str, str] = {}
        self._signal_filters = SignalFilters()
        self._wanted_token = token
        self._child_signal = ChildSignal()
        self._tracer: Tracer | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._wakes_soon = False
        self._quiet_stop: asyncio.Future[None] | None = None
        self._left = False
        """Whether what still happens is no longer the client's business."""
        self._ended = asyncio.Event()

    # -- who may ask what ------------------------------------------------------------------

    def admit(self, command: str, arguments: dict[str, Any]) -> None:
        """Refuse a request that comes too early, or without the token that the server wants."""
        if self._wanted_token is not None and command not in ("initialize", "disconnect"):
            given = arguments.get("token") if command in ("attach", "launch") else None
            if not isinstance(given, str) or not _same(given, self._wanted_token):
                log.warning("refused %s: no or wrong token", command)
                raise DebuggerError(
                    "This server wants a token: give it as 'token' in the attach or launch arguments. "
                    "It is in the file that the server was started with (--token-file)."
                )
            self._wanted_token = None
        if self.client is None and command not in ("initialize", "disconnect"):
            raise DebuggerError(f"'initialize' must come before '{command}'.")

    def require_process(self) -> Process:
        """The process, running or ended; DebuggerError before attach or launch."""
        if self.process is None:
            raise DebuggerError("Nothing is being debugged yet: attach or launch first.")
        return self.process

    def require_thread(self, tid: int) -> Thread:
        """A live thread; DebuggerError if there is none of this id."""
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

    def require_publisher(self) -> Publisher:
        """What speaks of the process; DebuggerError before attach or launch."""
        self.require_process()
        assert self._publisher is not None
        return self._publisher

    def require_stacks(self) -> Stacks:
        """The stacks of the process; DebuggerError before attach or launch."""
        self.require_process()
        assert self._stacks is not None
        return self._stacks

    def require_inspector(self) -> Inspector:
        """What reads values of the process; DebuggerError before attach or launch."""
        if self._inspector is None:
            from dapserver.debugger.values.inspector import Inspector  # noqa: PLC0415 - 60 ms of start-up

            modules = self.require_publisher().modules
            self._inspector = Inspector(self.require_process(), self.require_stacks(), modules)
        return self._inspector

    def wishes(self) -> Wishes:
        """The breakpoints that the client wants, and what they need in the process."""
        if self._wishes is None:
            from dapserver.wishes import Wishes  # noqa: PLC0415 - 80 ms of start-up

            self._wishes = Wishes(self.connection, self.debug_paths)
            if self.process is not None and not self.process.exited:
                self._wishes.attach(self.process, self.require_stacks(), self.require_publisher())
        return self._wishes

    def filter_signals(self, filters: SignalFilters) -> None:
        """Have these signals stop threads, or not come to the program."""
        self._signal_filters = filters
        if self.process is not None:
            self.process.signal_filters = filters

    @property
    def has_no_wishes(self) -> bool:
        """Whether nobody has asked for anything that needs breakpoints or steps so far."""
        return self._wishes is None

    def debug_paths(self, path: str) -> list[str]:
        """The paths by which debug information may know a file of the user's: `sourceMap` backwards."""
        found = [path]
        for prefix, here in self._source_map.items():
            if path == here or path.startswith(here.rstrip("/") + "/"):
                found.insert(0, prefix.rstrip("/") + path[len(here.rstrip("/")) :])
        return found

    def map_source(self, path: str) -> str:
        """A path of the debug information as the user's `sourceMap` says; the longest prefix wins."""
        for prefix in sorted(self._source_map, key=len, reverse=True):
            if path == prefix or path.startswith(prefix.rstrip("/") + "/"):
                return self._source_map[prefix].rstrip("/") + path[len(prefix.rstrip("/")) :]
        return path

    # -- the tracer ------------------------------------------------------------------------

    def adopt(self, process: Process, launched: LaunchArguments | None, arguments: CommonArguments) -> None:
        """Take charge of a process that was just attached to or launched."""
        self._source_map = dict(arguments.source_map)
        self.process = process
        process.signal_filters = self._signal_filters
        self.launched = launched
        self._publisher = Publisher(
            self.connection,
            process,
            launched=launched is not None,
            refetches=bool(self.client and self.client.supports_invalidated_event),
        )
        self._stacks = Stacks(self._publisher.modules, process.living)
        self._publisher.on_exec = self._stacks.renew
        self._ask_servers(wanted=arguments.debuginfod)
        self._inspector = None
        self._ended.clear()
        self._tracer = Tracer(self._child_signal, process)
        asyncio.get_running_loop().add_reader(self._child_signal.fileno(), self.wake)
        self._publisher.introduce()
        self._publisher.publish(process.take_events())
        if self._wishes is not None:
            self._wishes.attach(process, self._stacks, self._publisher)
        self.wake_soon()  # something may have stopped before the reader was there

    def _ask_servers(self, *, wanted: bool) -> None:
        """Have debuginfod servers asked for what is not here, no longer those of a former process."""
        if self.served is not None:
            self.served.close()
            self.served = None
        if wanted:
            from dapserver.served_files import ServedFiles  # noqa: PLC0415 - few want it

            refetches = bool(self.client and self.client.supports_invalidated_event)
            self.served = ServedFiles(
                self.connection,
                self.require_publisher(),
                self.require_stacks(),
                self._source_map,
                refetches=refetches,
            )

    def wake(self) -> None:
        """One wake-up: drain, decide, resume (all in the tracer), write.

        Also to be called after a change of what is wanted, which may have happened already.
        """
        tracer = self._tracer
        if tracer is None:
            return
        events = tracer.wake()
        if events:
            self._happened(events)
        else:
            self.connection.outbox.flush()  # what breakpoints have to say
        self._set_timer(tracer)

    def wake_soon(self) -> None:
        """Wake once the request that is being handled is answered."""
        self._wakes_soon = True

    def answered(self) -> None:
        """The response of a request was written, and the events that had to wait for that."""
        if self._wakes_soon:
            self._wakes_soon = False
            self.wake()

    def _set_timer(self, tracer: Tracer) -> None:
        due = tracer.deadline
        if due is None:
            return
        loop = asyncio.get_running_loop()
        if due == 0.0:
            loop.call_soon(self.wake)
        elif self._timer is None or self._timer.when() > due:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_at(due, self._timer_due)

    def _timer_due(self) -> None:
        self._timer = None
        self.wake()

    def _happened(self, events: list[Event]) -> None:
        assert self.process is not None
        assert self._publisher is not None
        if self._quiet_stop is not None and any(type(event) is Stopped for event in events):
            events = [event for event in events if type(event) is not Stopped]
            self._quiet_stop_made()
        if self.frames or self.variables:
            self._forget_frames(events)
        if self.process.exited:
            self._process_ended()
        if not self._left:
            self._publisher.publish(events)

    def _process_ended(self) -> None:
        self._tracer = None
        asyncio.get_running_loop().remove_reader(self._child_signal.fileno())
        if self._wishes is not None:
            self._wishes.ended()
        if self.output is not None:
            self.output.finish()
        self._quiet_stop_made()
        self._ended.set()

    def _quiet_stop_made(self) -> None:
        if self._quiet_stop is not None and not self._quiet_stop.done():
            self._quiet_stop.set_result(None)
        self._quiet_stop = None

    def _forget_frames(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, ThreadExited | Executed):
                self.forget_handles(event.tid)

    def forget_handles(self, tid: int) -> None:
        """A thread runs again, or is elsewhere."""
        self.frames.forget(tid)
        self.variables.forget(tid)
        self.step_in_targets.forget(tid)
        if self._stacks is not None:
            self._stacks.forget(tid)
        if self._inspector is not None:
            self._inspector.forget(tid)

    # -- the thread list -------------------------------------------------------------------

    async def thread_list(self) -> list[tuple[int, str]]:
        """(tid, name) of the threads that the client knows of, once it has read all that was sent."""
        process, publisher = self.require_process(), self.require_publisher()
        publisher.departed.clear()
        now = asyncio.get_running_loop().time()
        stale = process.names.stale(process.threads.values(), now)
        for start in range(0, len(stale), NAMES_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            for thread in stale[start : start + NAMES_AT_ONCE]:
                process.names.read(thread, now)
        known, departed = process.threads, publisher.departed
        return [
            (tid, known[tid].name if tid in known else departed.get(tid, ""))
            for tid in self.connection.outbox.announced
        ]

    # -- running and leaving -----------------------------------------------------------------

    def run_again(self, thread: Thread | None = None) -> None:
        """Resume one thread, or all. Ids of frames and variables die."""
        process = self.require_process()
        self.require_publisher().history.resumed(thread.tid if thread else None)
        if thread is not None:
            process.stopping.release(thread)
            threads = [thread]
        else:
            process.stopping.release_all()
            threads = list(process.threads.values())
        for each in threads:
            self.forget_handles(each.tid)
        if not self._stops_at_once(process, threads):
            for each in threads:
                if each.state is State.STOPPED and not each.wanted_stopped:  # or it has met something
                    process.resume_thread(each)
        self.wake_soon()

    def abandon_steps(self, thread: Thread | None) -> None:
        """Forget the step of a thread, or all: they are resumed for another purpose."""
        if self._wishes is not None and self._wishes.control is not None:
            self._wishes.control.abandon_steps(thread)

    def _stops_at_once(self, process: Process, threads: list[Thread]) -> bool:
        """Whether a thread has met a breakpoint already, while another's stop was made."""
        if process.traps is None:
            return False
        met = [t for t in threads if (t.unreported or t.late) and t.state is State.STOPPED]
        if process.non_stop:
            for each in met:
                process.traps.judge_unreported(each)
            return False
        return any(process.traps.judge_unreported(each) for each in met)  # the others have their turns

    async def leave(self, *, kill: bool, suspend: bool = False) -> None:
        """Detach from the process, or end it."""
        process = self.process
        if process is None or process.exited or self._left:
            return
        if kill:
            await self._kill(process)
            return
        if suspend:
            signals.send(process.pid, signal.SIGSTOP)
        if self.launched or suspend or (self._wishes is not None and self._wishes.in_code):
            # Option.EXITKILL would end it together with us, and can be taken off a stopped thread
            # only; a process that is to stay suspended must have met its SIGSTOP; and no thread may
            # be on its way through a breakpoint that is taken away.
            await self._stop_quietly(process)
            if self._wishes is not None and not process.exited:
                self._wishes.leave()
        self._left = True
        if self._tracer is not None:
            self._tracer.census.finish()
        for thread in list(process.threads.values()):
            if thread.state is State.STOPPED:
                process.detach_thread(thread)
                process.forget(thread)
        # Threads that run are not stopped for this: the kernel lets go of them when this process
        # ends. Until then they are served on, for a stop without us would be for good.
        process.stopping.release_all()
        self.wake()

    async def end_for_restart(self) -> None:
        """End the launched program, but not the session."""
        process = self.require_process()
        self.require_publisher().do_not_end_session()
        await self.leave(kill=True)
        if not process.exited:
            raise DebuggerError(f"Process {process.pid} does not end, so it cannot be restarted.")

    async def close(self) -> None:
        """The client is gone, or this process is to end: undo everything."""
        self._ask_servers(wanted=False)
        await self.leave(kill=self.launched is not None)
        if self.output is not None:
            self.output.close()

    async def _kill(self, process: Process) -> None:
        signals.send(process.pid, signal.SIGKILL)
        try:
            await asyncio.wait_for(self._ended.wait(), KILL_TIMEOUT)
        except TimeoutError:
            log.warning("process %d does not end", process.pid)

    async def _stop_quietly(self, process: Process) -> None:
        thread = next(iter(process.threads.values()), None)
        if thread is not None:
            self._quiet_stop = stopped = asyncio.get_running_loop().create_future()
            process.stopping.stop_all(thread)
            self.wake()
            await stopped


def _same(given: str, wanted: str) -> bool:
    """Compare in constant time, so that no token can be guessed character by character."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), wanted.encode())
