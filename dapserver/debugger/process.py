"""A traced process: its threads, what their stops mean, and what is done about each.

The rule for every stop is the same: note what the thread is, and if it is wanted running, resume
it at once. A stop that comes late (an interrupt that crossed a resume) therefore needs no care.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from signal import SIGTRAP
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.events import Event, Executed, ProcessExited, ThreadExited, ThreadStarted
from dapserver.debugger.names import Names
from dapserver.debugger.offspring import Offspring
from dapserver.debugger.shield import shield, unshield
from dapserver.debugger.signal_filters import SignalFilters
from dapserver.debugger.stop import Reason
from dapserver.debugger.stopping import Stopping
from dapserver.debugger.thread import State, Thread
from dapserver.ptrace import api, debug_registers, registers, signals
from dapserver.ptrace.api import Option
from dapserver.ptrace.debug_registers import NOTHING
from dapserver.ptrace.registers import Registers
from dapserver.ptrace.wait import Kind, WaitStatus, decode

if TYPE_CHECKING:
    from dapserver.debugger.breakpoints.traps import Traps

log = logging.getLogger(__name__)

_NEWBORN, _RUNNING, _STOPPED = State.NEWBORN, State.RUNNING, State.STOPPED


class Process:
    """The threads of one process, by tid, and the one place where their statuses are handled."""

    def __init__(self, pid: int, *, non_stop: bool = False, kill_on_exit: bool = False) -> None:
        self.pid = pid
        self.architecture = registers.native()
        # TRACEEXIT would cost every thread a third stop. The leader needs it: when it ends before
        # the others no status comes (ptrace(2), "Death under ptrace"). (endings.c)
        self._options = Option.TRACECLONE | Option.TRACEEXEC | Option.TRACEFORK | Option.TRACEVFORK
        if kill_on_exit:
            self._options |= Option.EXITKILL
        self._leader_options = self._options | Option.TRACEEXIT
        self.threads: dict[int, Thread] = {}
        self.names = Names()
        self.expected: dict[int, None] = {}
        """Tids whose stop was asked for or must come: to be waited for one by one."""
        self.events: list[Event] = []
        """What happened since somebody took this list."""
        self.stopping = Stopping(self.threads, self.expected, self.events, non_stop=non_stop)
        self.exited: ProcessExited | None = None
        self.traps: Traps | None = None
        """What knows breakpoints and steps; None while nobody has used any."""
        self.offspring = Offspring(pid, self.architecture)
        self.signal_filters = SignalFilters()
        self.resumes = 0
        """How often threads were resumed: where all stand still, none has run while it stays the same."""
        self.stop_is_near = False
        """Whether a thread was resumed that is to stop again at once. Who watches for that, resets it."""
        self.debug_registers = NOTHING
        """What all threads are to have in their debug registers."""
        self._leader_traced = False
        self._leader_missing = False
        """Whether it had ended before the attach, so that no status of it will come."""
        self._adopted_early: dict[int, int] = {}
        """How many first stops a tid has had whose creators' PTRACE_EVENT_CLONE is still to come:
        the id may have been given again before the first creator had its turn. (relay.c)"""
        self._handlers: dict[Kind, Callable[[Thread, WaitStatus], None]] = {
            Kind.CLONE: self._cloned,
            Kind.EVENT_STOP: self._event_stop,
            Kind.GROUP_STOP: self._stopped,
            Kind.SIGNAL_DELIVERY_STOP: self._signal_stop,
            Kind.EXEC: self._executed,
            Kind.EXIT: self._exit_stop,
            Kind.OTHER_EVENT: self._stopped,
            Kind.EXITED: self._ended,
            Kind.SIGNALED: self._ended,
        }

    def seize(self, tid: int) -> None:
        """Trace a thread that runs already; OSError as `api.seize`."""
        leader = tid == self.pid
        api.seize(tid, self._leader_options if leader else self._options)
        self._leader_traced |= leader
        thread = self._add(tid, _RUNNING)
        thread.found = True
        self.names.watch(thread)
        self.refresh(thread)

    def living(self) -> int:
        """The id of some live thread; the process's own if there is none."""
        return next(iter(self.threads), self.pid)

    @property
    def non_stop(self) -> bool:
        """Whether a stop stops only its thread."""
        return self.stopping.non_stop

    @property
    def some_held(self) -> bool:
        """Whether some thread is not to run."""
        return any(thread.wanted_stopped and not thread.waits for thread in self.threads.values())

    def registers(self, thread: Thread) -> Registers:
        """The registers of a stopped thread; DebuggerError if it is gone or runs 32-bit code."""
        try:
            registers = Registers.read(self.architecture, thread.tid)
        except ProcessLookupError:
            raise DebuggerError(f"Thread {thread.tid} has just ended.") from None
        except ValueError as error:
            raise DebuggerError(f"{error}; dapserver shows registers of 64-bit code only.") from None
        if self.traps is not None:
            registers.pc = self.traps.sites.shown_pc(registers.pc)
        return registers

    def set_registers(self, thread: Thread, registers: Registers) -> None:
        """Write back what `registers` gave, changed; ProcessLookupError if the thread is gone."""
        if self.traps is not None:
            pc = Registers.read(self.architecture, thread.tid).pc
            if self.traps.sites.shown_pc(pc) == registers.pc:
                registers.pc = pc  # it stays in the copy of an instruction
        registers.write(thread.tid)

    def attached(self) -> None:
        """Take note that all threads are traced now that can be: the leader, if it lives.

        It was seized last, and is to be told of first, as people expect.
        """
        self._leader_missing = not self._leader_traced
        started = ThreadStarted(self.pid)
        if started in self.events:
            self.events.remove(started)
            self.events.insert(0, started)
        if leader := self.threads.pop(self.pid, None):
            others = list(self.threads.items())
            self.threads.clear()
            self.threads.update([(self.pid, leader), *others])

    def adopt_leader(self) -> bool:
        """Know a leader that is traced and alive, but not known, if it is one: it was seized by the
        id that it had before it executed a program, perhaps too late for an event of that. (exec.c)
        False: it is about to be dead.
        """
        former = next((t for t in self.threads.values() if not self._is_ours(t.tid)), None)
        if former is None:
            return False  # its PTRACE_EVENT_EXIT was handled
        self._leader_traced = True
        leader = self._add(self.pid, _RUNNING)
        self.stopping.survived(former, leader)
        self._remove(former)
        if leader.wanted_stopped and self.pid not in self.expected:
            self.stopping.interrupt(leader)
        return True

    def take_events(self) -> list[Event]:
        """What happened since the last call, in order."""
        events = self.events.copy()
        self.events.clear()
        return events

    # -- statuses --------------------------------------------------------------------------

    def handle(self, tid: int, raw: int) -> None:
        """Take in a raw wait status of *tid*: note it, and resume the thread if it is to run."""
        status = decode(raw)
        thread = self.threads.get(tid) or self._unknown(tid, status)
        if thread is not None:
            self._handlers[status.kind](thread, status)

    def _unknown(self, tid: int, status: WaitStatus) -> Thread | None:
        """Whose status this is, if not of a thread that is known; None if there is none."""
        self.expected.pop(tid, None)
        if status.ended:
            if tid == self.pid:  # a leader whose own end was told before (endings.c)
                self._process_ended(status)
            self.offspring.ended(tid)
            return None  # or a thread that was killed before its first stop (storm.c)
        if tid == self.pid:
            # Its leader was gone; whichever thread executed a program has this tid now.
            return self._add(tid, _STOPPED)
        if not self._is_ours(tid):
            self.offspring.take(tid, status)
            return None
        # A newborn's first stop came before its creator's PTRACE_EVENT_CLONE.
        self._adopted_early[tid] = self._adopted_early.get(tid, 0) + 1
        return self._add(tid, _NEWBORN, self.threads.get(self.pid))

    def _cloned(self, thread: Thread, status: WaitStatus) -> None:
        try:
            tid = api.event_message(thread.tid)
        except ProcessLookupError:
            # Killed in this stop. The child is adopted at its own first stop.
            self._gone_soon(thread)
            return
        if thread.wanted_stopped:
            # The newborn joins the stop that its creator may complete.
            self._born(tid, thread)
            self._stopped(thread, status)
        else:
            self._stopped(thread, status)  # it runs again as soon as can be
            self._born(tid, thread)

    def _born(self, tid: int, creator: Thread) -> None:
        if early := self._adopted_early.pop(tid, 0):
            if early > 1:
                self._adopted_early[tid] = early - 1
        elif tid not in self.threads:
            if self._is_ours(tid):
                self._add(tid, _NEWBORN, creator)
                self.expected[tid] = None
            else:
                self.offspring.announced(tid)

    def _event_stop(self, thread: Thread, status: WaitStatus) -> None:
        if thread.state is _NEWBORN:
            # If its creator is the leader, it has inherited the leader's options.
            try:
                api.set_options(thread.tid, self._options)
            except ProcessLookupError:
                self._gone_soon(thread)
                return
        self._stopped(thread, status)

    def _signal_stop(self, thread: Thread, status: WaitStatus) -> None:
        thread.signal = number = status.value
        if number == SIGTRAP and self.traps is not None and self.traps.take(thread, status):
            return
        if thread.copy is not None and self.traps is not None:
            self.traps.leave_copy(thread)  # where a handler returns to is to be the program's code
        if number in self.signal_filters.withheld:
            thread.signal = 0
        if thread.step is not None:
            thread.step.disturbed()
        if self._stops_at(thread, number):
            thread.state = _STOPPED
            self.stopping.begin(Reason.SIGNAL, thread, number)
        elif thread.wanted_stopped:
            # A signal in our hands is lost if we are killed. With an interrupt pending it is
            # delivered, and the thread stops before the first instruction of its handler. (R33)
            self.hold_later(thread)
            return
        self._stopped(thread, status)

    def _stops_at(self, thread: Thread, number: int) -> bool:
        """Whether a thread is to stop because of a signal: it would end the program, or the user wants it."""
        if number in self.signal_filters.stops:
            return True
        return (
            bool(thread.signal)
            and number in signals.FAULTS
            and signals.would_end(self.pid, thread.tid, number)
        )

    def hold_later(self, thread: Thread) -> None:
        """Let a thread that is in a signal-delivery-stop go, but not as far as its next instruction.

        Held there, its signal would be lost when we are killed, and a single step's flag would end it. (R33)
        """
        self.stopping.interrupt(thread)
        self.resume_thread(thread)
        self.stop_is_near = True

    def _executed(self, thread: Thread, status: WaitStatus) -> None:
        """All threads but one have ended; that one has the leader's tid now. (exec.c)"""
        try:
            caller = self.threads.get(api.event_message(thread.tid), thread)
            api.set_options(thread.tid, self._leader_options)
        except ProcessLookupError:
            self._gone_soon(thread)
            return
        self.stopping.survived(caller, thread)
        thread.signal = 0
        thread.debug_registers = self.debug_registers = NOTHING
        others = [each for each in self.threads.values() if each is not thread]
        for other in others:  # behind it: `living` gives the first, and their ids are gone (overtaken.c)
            self.threads[other.tid] = self.threads.pop(other.tid)
        if self.traps is not None:
            self.traps.executed(caller, thread)
        self.names.renew(thread)
        self._leader_traced, self._leader_missing = True, False
        self._adopted_early.clear()
        for other in others:
            self._remove(other)
        self.events.append(Executed(thread.tid))
        self._stopped(thread, status)

    def _exit_stop(self, thread: Thread, _status: WaitStatus) -> None:
        """PTRACE_EVENT_EXIT: let it die, whatever is wanted of it. (endings.c, R25)"""
        if thread.tid == self.pid:
            self._remove(thread)
        try:
            api.cont(thread.tid)
        except ProcessLookupError:
            return

    def _ended(self, thread: Thread, status: WaitStatus) -> None:
        self._remove(thread)
        if thread.tid == self.pid or (not self.threads and self._leader_missing):
            self._process_ended(status)

    def _process_ended(self, status: WaitStatus) -> None:
        for thread in list(self.threads.values()):
            self._remove(thread)
        killed = status.kind is Kind.SIGNALED
        self.exited = ProcessExited(0 if killed else status.value, status.value if killed else 0)
        self.events.append(self.exited)

    # -- the table of threads ----------------------------------------------------------------

    def forget(self, thread: Thread) -> None:
        """Drop a thread that was detached, without a word."""
        del self.threads[thread.tid]
        self.names.forget(thread)

    def _is_ours(self, tid: int) -> bool:
        return signals.is_thread_of(self.architecture.tgkill, self.pid, tid)

    def _add(self, tid: int, state: State, creator: Thread | None = None) -> Thread:
        thread = Thread(tid, state, time.monotonic())
        self.threads[tid] = thread
        self.events.append(ThreadStarted(tid))
        if state is _NEWBORN:
            self.names.inherit(thread, creator)
        if self.stopping.held:
            self.stopping.join(thread)
        return thread

    def _remove(self, thread: Thread) -> None:
        tid = thread.tid
        del self.threads[tid]
        self.events.append(ThreadExited(tid, thread.name, thread.born))
        if thread.step is not None and self.traps is not None:
            self.traps.thread_ended(thread)
        if self.expected:
            self.expected.pop(tid, None)
        if thread.comm_fd >= 0:
            self.names.forget(thread)
        if self.stopping.pending:
            self.stopping.seen(thread)

    def _gone_soon(self, thread: Thread) -> None:
        """A request to a stopped thread found it dead: its exit status will come."""
        thread.state = State.DYING
        self.expected.pop(thread.tid, None)

    def _stopped(self, thread: Thread, status: WaitStatus) -> None:
        """A thread is in a ptrace-stop: hold it there, or resume it."""
        thread.status = status
        thread.state = _STOPPED
        if thread.mask is not None:
            unshield(thread)
        if self.expected:
            self.expected.pop(thread.tid, None)
        if not thread.wanted_stopped:
            self.resume_thread(thread)
        elif self.stopping.pending:
            self.stopping.seen(thread)

    def resume_thread(self, thread: Thread) -> None:
        """End a thread's ptrace-stop as job control and its signal demand."""
        status = thread.status
        self.resumes += 1
        try:
            self._tidy(thread)
            if status is not None and status.kind is Kind.GROUP_STOP:
                # Job control stopped the process, and only SIGCONT is to end that.
                api.listen(thread.tid)
                thread.state = State.LISTENING
            elif thread.single_step:
                if thread.undisturbed and not thread.signal:
                    shield(thread)
                api.step(thread.tid, thread.signal)
                thread.stepped = thread.trap_flag = self.stop_is_near = True
                thread.state = _RUNNING
            else:
                api.cont(thread.tid, thread.signal)
                thread.trap_flag = False
                thread.state = _RUNNING
        except ProcessLookupError:
            thread.state = State.DYING
        thread.signal = 0
        thread.status = None

    def detach_thread(self, thread: Thread) -> None:
        """Leave a thread that is in a ptrace-stop, as if it had never been traced."""
        try:
            self._tidy(thread)
            api.detach(thread.tid, thread.signal)
        except ProcessLookupError:
            return

    def refresh(self, thread: Thread) -> None:
        """Stop a thread that runs for a moment, if it has not what it should in its debug registers."""
        if thread.debug_registers is self.debug_registers or thread.tid in self.expected:
            return
        if thread.state in (_RUNNING, State.LISTENING):
            self.stopping.interrupt(thread)

    def set_debug_registers(self, thread: Thread) -> None:
        """Give a stopped thread what all are to have in their debug registers."""
        wanted, thread.debug_registers = self.debug_registers, self.debug_registers
        try:
            debug_registers.write(thread.tid, wanted)
        except ProcessLookupError:
            raise
        except OSError as error:  # another debugger of the kernel's has taken them, such as perf(1)
            log.warning("thread %d cannot watch memory: %s", thread.tid, error)

    def _tidy(self, thread: Thread) -> None:
        """Before a thread runs again: give it what it is to have, undo what our interrupt did."""
        if thread.debug_registers is not self.debug_registers:
            self.set_debug_registers(thread)
        if thread.interrupted and thread.status is not None:
            thread.interrupted = False
            if thread.status.kind is Kind.EVENT_STOP:
                registers.hide_interruption(self.architecture, thread.tid)
