"""R01-R05: the first moments of a thread, told by its first stop and by its creator's event."""

from __future__ import annotations

import os
import signal

import pytest

from tests.conftest import Connect, Program
from tests.support.session import attach, expect_end, wait_exits, wait_settled
from tests.support.tally import tally
from tests.support.target import Target, python_target

CREATORS = 8
STORM = CREATORS + 1  # threads that the order `go` makes beside the short-lived ones


def expect_storm(connect: Connect, target: Target, threads: int) -> None:
    """Attach, let the storm pass, and account for each of its threads."""
    client = connect()
    attach(client, target)
    before = tally(client).started.total()
    target.write_line("go")
    wait_exits(client, threads + STORM)
    assert target.wait_line("done") == f"done created={threads}"
    assert tally(client).started.total() == before + threads + STORM
    assert tally(client).exited.total() == threads + STORM
    wait_settled(client, target)
    assert set(client.threads()) == target.tids()


def test_R01_each_thread_of_a_storm_starts_and_exits_once(
    connect: Connect, program: Program, full: bool
) -> None:
    threads = 20_000 if full else 2000
    target = program("storm.c", str(threads))
    target.wait_line("main pid=")
    expect_storm(connect, target, threads)


def test_R02_newborns_that_get_no_processor(connect: Connect, program: Program, full: bool) -> None:
    """All on one processor beside a busy process: a newborn stops long after its creator."""
    threads = 10_000 if full else 1000
    target = program("storm.c", str(threads))
    target.wait_line("main pid=")
    processor = {min(os.sched_getaffinity(0))}
    os.sched_setaffinity(target.pid, processor)
    with python_target("while True: pass") as busy:
        os.sched_setaffinity(busy.pid, processor)
        expect_storm(connect, target, threads)


def test_R03_newborn_met_by_a_signal_of_its_own(connect: Connect, program: Program, full: bool) -> None:
    threads = 10_000 if full else 1000
    target = program("newborn.c", str(threads))
    target.wait_line("main pid=")
    client = connect()
    attach(client, target)
    target.write_line("go")
    wait_exits(client, threads + 1)
    assert target.wait_line("done") == f"done created={threads} handled={threads}"
    wait_settled(client, target)


@pytest.mark.parametrize("name", ["SIGCHLD", "SIGRTMIN"])
def test_R03_newborns_under_signals_from_outside(
    connect: Connect, program: Program, full: bool, name: str
) -> None:
    sent = 5000 if full else 1000
    target = program("newborn.c", str(4 * sent), "outside")
    target.wait_line("main pid=")
    client = connect()
    attach(client, target)
    sender = program("pester.c", str(target.pid), str(signal.Signals[name].value), str(sent), "100")
    target.write_line("go")
    wait_exits(client, 4 * sent + 1)
    assert sender.wait_line("sent") == f"sent={sent}"
    target.wait_line("done")
    target.write_line("handled")
    handled = int(target.wait_line("handled=").removeprefix("handled="))
    if name == "SIGRTMIN":
        assert handled == sent, "each is queued, so each is delivered once"
    else:
        assert 0 < handled <= sent, "those that are pending at once are one"
    wait_settled(client, target)


def test_R04_threads_that_die_before_their_first_stop(connect: Connect, program: Program, full: bool) -> None:
    for round_ in range(100 if full else 10):
        target = program("storm.c")
        target.wait_line("main pid=")
        client = connect()
        attach(client, target)
        target.write_line("go")
        wait_exits(client, 5 + 17 * round_)
        target.write_line("exit 3")
        expect_end(client, target, 3)


def test_R05_creators_killed_in_their_event_stop(connect: Connect, program: Program, full: bool) -> None:
    for round_ in range(100 if full else 10):
        target = program("storm.c")
        target.wait_line("main pid=")
        client = connect()
        attach(client, target)
        target.write_line("go")
        wait_exits(client, 5 + 17 * round_)
        target.signal(signal.SIGKILL)
        expect_end(client, target, -signal.SIGKILL)
