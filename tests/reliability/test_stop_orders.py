"""R01-R05, the orders themselves: statuses that the kernel may give in any order, forced.

The tests with real threads beside this one meet these orders as chance has it. Here a stand-in for
the kernel answers the ptrace requests, and the statuses of one birth come in every order that
ptrace(2) allows.
"""

from __future__ import annotations

import errno
import signal
from dataclasses import dataclass, field

import pytest

from dapserver.debugger.events import Event, ProcessExited, Stopped, ThreadExited, ThreadStarted
from dapserver.debugger.process import Process
from dapserver.debugger.stop import Reason
from dapserver.ptrace import api, signals

PID, CREATOR, CHILD = 100, 101, 102

# wait statuses as waitpid(2) gives them
STOPPED = signal.SIGTRAP << 8 | 0x7F
FIRST_STOP = 128 << 16 | STOPPED  # PTRACE_EVENT_STOP
CLONE = 3 << 16 | STOPPED
SIGNAL_STOP = signal.SIGUSR1 << 8 | 0x7F
KILLED = int(signal.SIGKILL)
EXITED = 0


@dataclass
class Kernel:
    """Answers for the tracees: who may be resumed, and what the events are about."""

    messages: dict[int, int] = field(default_factory=dict)
    dead: set[int] = field(default_factory=set)
    resumed: list[tuple[int, int]] = field(default_factory=list)

    def seize(self, tid: int, options: int) -> None:
        self._needs(tid)

    def set_options(self, tid: int, options: int) -> None:
        self._needs(tid)

    def cont(self, tid: int, signal: int = 0) -> None:
        self._needs(tid)
        self.resumed.append((tid, signal))

    def interrupt(self, tid: int) -> None:
        self._needs(tid)

    def event_message(self, tid: int) -> int:
        self._needs(tid)
        return self.messages[tid]

    def is_thread_of(self, _number: int, _pid: int, tid: int) -> bool:
        return tid not in self.dead

    def _needs(self, tid: int) -> None:
        if tid in self.dead:
            raise ProcessLookupError(errno.ESRCH, "no such process")


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(messages={CREATOR: CHILD})
    for request in ("seize", "set_options", "cont", "interrupt", "event_message"):
        monkeypatch.setattr(api, request, getattr(kernel, request))
    monkeypatch.setattr(signals, "is_thread_of", kernel.is_thread_of)
    return kernel


@pytest.fixture
def process(kernel: Kernel) -> Process:
    process = Process(PID)
    process.seize(PID)
    process.seize(CREATOR)
    process.take_events()
    return process


def feed(process: Process, *statuses: tuple[int, int]) -> list[str]:
    """Hand over statuses, (tid, status) each; what the debugger says of them, a word each."""
    for tid, status in statuses:
        process.handle(tid, status)
    process.stopping.report()
    return [told(event) for event in process.take_events()]


def told(event: Event) -> str:
    match event:
        case ThreadStarted():
            return f"started {event.tid}"
        case ThreadExited():
            return f"exited {event.tid}"
        case ProcessExited():
            return f"process exited {event.exit_code}"
        case Stopped():
            return f"stopped {event.stop.tid}"
    return str(event)


def test_R01_the_newborn_stops_first(process: Process, kernel: Kernel) -> None:
    assert feed(process, (CHILD, FIRST_STOP), (CREATOR, CLONE)) == [f"started {CHILD}"]
    assert sorted(kernel.resumed) == [(CREATOR, 0), (CHILD, 0)]


def test_R02_the_creator_stops_first(process: Process, kernel: Kernel) -> None:
    assert feed(process, (CREATOR, CLONE)) == [f"started {CHILD}"]
    assert kernel.resumed == [(CREATOR, 0)], "the newborn must not be touched before its stop"
    assert feed(process, (CHILD, FIRST_STOP)) == []
    assert kernel.resumed == [(CREATOR, 0), (CHILD, 0)]


@pytest.mark.parametrize("creator_first", [True, False])
def test_R03_the_newborns_first_stop_is_for_a_signal(
    process: Process, kernel: Kernel, creator_first: bool
) -> None:
    statuses = [(CREATOR, CLONE), (CHILD, SIGNAL_STOP)]
    assert feed(process, *statuses[:: 1 if creator_first else -1]) == [f"started {CHILD}"]
    assert kernel.resumed.count((CHILD, signal.SIGUSR1)) == 1
    assert feed(process, (CHILD, FIRST_STOP)) == []
    assert kernel.resumed[-1] == (CHILD, 0)


def test_R04_the_newborn_dies_after_its_creators_event(process: Process) -> None:
    events = feed(process, (CREATOR, CLONE), (CHILD, KILLED))
    assert events == [f"started {CHILD}", f"exited {CHILD}"]


def test_R04_the_newborn_dies_and_nothing_told_of_it(process: Process) -> None:
    assert feed(process, (CHILD, KILLED)) == []


def test_R05_the_creator_dies_in_its_event(process: Process, kernel: Kernel) -> None:
    kernel.dead = {CREATOR}
    assert feed(process, (CREATOR, CLONE)) == []
    kernel.dead = set()
    events = feed(process, (CHILD, FIRST_STOP), (CREATOR, KILLED))
    assert events == [f"started {CHILD}", f"exited {CREATOR}"]


def test_R07_the_tid_of_an_early_newborn_is_used_again(process: Process, kernel: Kernel) -> None:
    """Its creator's event never came; the next thread of that tid is another one all the same."""
    kernel.dead = {CREATOR}
    feed(process, (CREATOR, CLONE))
    kernel.dead = set()
    feed(process, (CHILD, FIRST_STOP), (CREATOR, KILLED), (CHILD, EXITED))
    kernel.messages[PID] = CHILD
    assert feed(process, (PID, CLONE), (CHILD, FIRST_STOP)) == [f"started {CHILD}"]


@pytest.mark.parametrize("leader_last", [True, False])
def test_R13_the_leaders_status_is_the_processes(process: Process, leader_last: bool) -> None:
    statuses = [(CREATOR, EXITED), (PID, 7 << 8)]
    events = feed(process, *statuses[:: 1 if leader_last else -1])
    assert events[-1] == "process exited 7"
    assert sorted(events[:-1]) == [f"exited {PID}", f"exited {CREATOR}"]


def test_R46_a_newborn_joins_the_stop_that_its_creator_completes(process: Process, kernel: Kernel) -> None:
    process.stopping.begin(Reason.PAUSE, process.threads[PID])
    assert feed(process, (PID, FIRST_STOP), (CREATOR, CLONE)) == [f"started {CHILD}"]
    assert feed(process, (CHILD, FIRST_STOP)) == [f"stopped {PID}"]
    assert kernel.resumed == []
