"""200 threads a second: how soon the client learns that one came, and that one went."""

from __future__ import annotations

from tests.bench.bench import Bench
from tests.bench.client import RawClient
from tests.bench.debuggers import Debugger
from tests.bench.figures import OURS, UNTRACED, Figure, Goal, percentile
from tests.bench.session import attached
from tests.bench.stream import complaint, peer_complaint
from tests.bench.targets import Target

THREADS = 800
EVERY_US = 5_000
LIVE_US = 20_000
NAME = "200 threads a second"
EVENTS = {"started": "create → started", "exited": "return → exited"}
LIMITS = {50: Goal(0.4, times_peer=("gdb", 1.0)), 99: Goal(1.0, times_peer=("gdb", 1.0))}

Delays = dict[str, list[float]]  # milliseconds, by the event's reason
Life = tuple[int, int]  # before pthread_create, and as the thread returns


def measure(bench: Bench) -> None:
    figures = {
        (reason, percent): bench.figure(NAME, f"{what}, {percent} %", "ms", goal)
        for reason, what in EVENTS.items()
        for percent, goal in LIMITS.items()
    }
    for _ in bench.rounds(NAME):
        _add(figures, UNTRACED, {"started": _until_they_run()})
        for debugger in bench.debuggers():
            with bench.attempt(debugger, NAME):
                _add(figures, debugger.name, _under(debugger, bench))


def _add(figures: dict[tuple[str, int], Figure], who: str, delays: Delays) -> None:
    for (reason, percent), figure in figures.items():
        if delays.get(reason):
            figure.add(who, percentile(delays[reason], percent))


def _target(debugger: Debugger | None = None) -> Target:
    return Target("ticker", THREADS, EVERY_US, LIVE_US, root=debugger.root if debugger else None)


def _until_they_run() -> list[float]:
    """How long a thread takes to come to life with nobody looking: how busy the machine is."""
    with _target() as target:
        target.work()
        return [(begin - before) / 1e6 for _, before, begin, _ in target.results()]


def _under(debugger: Debugger, bench: Bench) -> Delays:
    """The delays of all events; none if these do not fit the threads there were."""
    with _target(debugger) as target:
        with attached(debugger, target) as session:
            session.ensure_running()
            present = target.tids()
            with session.client.recording():
                target.work()
        rows = target.results()
    check = complaint if debugger.name == OURS else peer_complaint
    if wrong := check(session.client.messages(), present, [row[0] for row in rows]):
        bench.complain(debugger, NAME, wrong)
        return {}
    lives = [(before, end) for _, before, _, end in rows]
    return _paired(session.client, [*[None] * len(present), *lives])


def _paired(client: RawClient, lives: list[Life | None]) -> Delays:
    """Pair each event with the life it tells of: *lives* is in the order of the starts.

    Not by tid, since peers have numbers of their own. None is a thread from before.
    """
    delays: Delays = {"started": [], "exited": []}
    coming, alive = iter(lives), dict[int, Life | None]()
    for received in client.received:
        message = received.decode()
        if message.get("event") != "thread":
            continue
        reason, number = message["body"]["reason"], message["body"]["threadId"]
        if reason == "started":
            alive[number] = next(coming)
        if life := alive[number]:
            delays[reason].append((received.time - life[reason == "exited"]) / 1e6)
    return delays
