"""5,000 threads: attach, list, pause, continue, leave."""

from __future__ import annotations

import statistics
import time

from tests.bench.bench import Bench
from tests.bench.debuggers import Debugger
from tests.bench.figures import OURS, UNTRACED, Goal
from tests.bench.machine import peak_memory
from tests.bench.session import Session, attached
from tests.bench.stream import complaint
from tests.bench.targets import Heartbeat, Target
from tests.support.waiting import wait_until

THREADS = 5_000
MAIN_AND_READER = 2  # threads of the workload besides its sleepers
LISTINGS = 9
BETWEEN_LISTINGS = 0.15  # seconds, as from an editor that asks after some thread events
OBSERVED = 0.5  # seconds of the heartbeat without a debugger, for comparison
NAME = f"{THREADS:,} threads"


def measure(bench: Bench) -> None:
    crowd = Crowd(bench)
    for _ in bench.rounds(NAME):
        for debugger in bench.debuggers():
            with bench.attempt(debugger, NAME):
                crowd.under(debugger)


class Crowd:
    """The figures of one session after the other."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        figure = bench.figure
        self._attach = figure(NAME, "attach → full `threads`", "ms", Goal(350, times_peer=("gdb", 0.15)))
        self._gap = figure(NAME, "longest heartbeat gap", "ms", Goal(20))
        self._threads = figure(NAME, "`threads`, running", "ms", Goal(25))
        self._pause = figure(NAME, "pause → `stopped`", "ms", Goal(200))
        self._continue = figure(NAME, "continue → all run", "ms", Goal(150))
        self._memory = figure(NAME, "peak memory", "MB", Goal(110))
        self._disconnect = figure(NAME, "disconnect → none traced", "ms", Goal(200))

    def under(self, debugger: Debugger) -> None:
        with Target("herd", THREADS - MAIN_AND_READER, root=debugger.root) as target:
            beat = Heartbeat(target)
            if debugger.name == OURS:
                time.sleep(OBSERVED)
                self._gap.add(UNTRACED, beat.longest_gap())
            with attached(debugger, target) as session:
                with self._bench.attempt(debugger, f"{NAME}, at once"):
                    self._list_at_once(debugger, target, session)
                session.ensure_running()
                self._gap.add(debugger.name, beat.longest_gap())
                for step in (self._list, self._stop_and_go, self._leave):
                    with self._bench.attempt(debugger, NAME):  # lldb-dap lists only when stopped
                        step(debugger, target, session)
            everybody = target.tids()
        if debugger.name == OURS and (wrong := complaint(session.client.messages(), everybody, [])):
            self._bench.complain(debugger, NAME, wrong)

    def _list_at_once(self, debugger: Debugger, target: Target, session: Session) -> None:
        answer, listed = session.threads()
        if _same(listed, target.tids(), debugger):
            self._attach.add(debugger.name, (answer.time - session.attach_sent) / 1e6)
        else:
            self._bench.complain(debugger, NAME, f"lists {len(listed)} threads after attach")

    def _list(self, debugger: Debugger, target: Target, session: Session) -> None:
        times = []
        for _ in range(LISTINGS):
            time.sleep(BETWEEN_LISTINGS)
            took, body = session.client.request("threads")
            times.append(took)
            if not _same({thread["id"] for thread in body["threads"]}, target.tids(), debugger):
                self._bench.complain(debugger, NAME, f"lists {len(body['threads'])} threads, running")
        self._threads.add(debugger.name, statistics.median(times))

    def _stop_and_go(self, debugger: Debugger, target: Target, session: Session) -> None:
        client, everybody = session.client, sorted(target.tids())
        seen, sent = len(client.received), time.monotonic_ns()
        client.send("pause", {"threadId": session.main_thread(target.pid)})
        stopped = client.event("stopped", since=seen)
        self._pause.add(debugger.name, (stopped.time - sent) / 1e6)
        if target.states(everybody) != {"t"}:
            self._bench.complain(debugger, NAME, "has not stopped all threads")
        few, sent = target.sample(), time.monotonic_ns()
        client.response(client.send("continue", {"threadId": session.main_thread(target.pid)}))
        wait_until(lambda: "t" not in target.states(few), what="the threads run")
        self._continue.add(debugger.name, (time.monotonic_ns() - sent) / 1e6)
        wait_until(lambda: "t" not in target.states(everybody), what="all threads run")

    def _leave(self, debugger: Debugger, target: Target, session: Session) -> None:
        self._memory.add(debugger.name, peak_memory(session.pid))
        few, sent = target.sample(), time.monotonic_ns()
        session.client.request("disconnect", {"terminateDebuggee": False})
        wait_until(lambda: not target.traced(few), what="nothing is traced")
        self._disconnect.add(debugger.name, (time.monotonic_ns() - sent) / 1e6)
        if target.traced(sorted(target.tids())):
            self._bench.complain(debugger, NAME, "has left some threads traced")


def _same(listed: set[int], tids: set[int], debugger: Debugger) -> bool:
    """Whether *listed* are the threads *tids*; a peer may number them as it likes."""
    return listed == tids if debugger.name == OURS else len(listed) == len(tids)
