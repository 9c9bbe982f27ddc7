"""How soon the first `initialize` is answered: by a new process, and by a warm server."""

from __future__ import annotations

import contextlib
import time

from tests.bench.bench import Bench
from tests.bench.client import RawClient
from tests.bench.debuggers import Dapserver, Debugger, ours_on_stdio
from tests.bench.figures import OURS, Goal
from tests.bench.session import initialize

NAME = "first `initialize`"


def measure(bench: Bench) -> None:
    cold = bench.figure(NAME, "new process", "ms", Goal(500))
    warm = bench.figure(NAME, "warm TCP server", "ms", Goal(15))
    for _ in bench.rounds(NAME):
        for debugger in (ours_on_stdio(bench.root), *bench.peers):
            with bench.attempt(debugger, NAME):
                cold.add(debugger.name, _from_nothing(debugger))
        warm.add(OURS, _warm(bench.ours))


def _from_nothing(debugger: Debugger) -> float:
    begin = time.monotonic_ns()
    with debugger.connect() as connection:
        initialize(connection.client)
        answered = connection.client.received[0].time
    return (answered - begin) / 1e6


def _warm(ours: Dapserver) -> float:
    begin = time.monotonic_ns()
    with contextlib.closing(RawClient.tcp(ours.server.port)) as client:
        initialize(client)
        answered = client.received[0].time
    ours.wait_until_idle()
    return (answered - begin) / 1e6
