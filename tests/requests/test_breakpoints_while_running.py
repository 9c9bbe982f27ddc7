"""Breakpoints are set and removed while the program runs, which is not stopped for that."""

from __future__ import annotations

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.breakpoints import set_functions, set_lines
from tests.support.session import attach, pause, resume
from tests.support.target import Target

THREADS = 3


def waits(target: Target) -> dict[int, int]:
    """How often each thread but the leader has waited, or has been stopped."""
    others = target.tids() - {target.pid}
    return {tid: int(target.status("voluntary_ctxt_switches", tid)) for tid in others}


def set_and_remove(client: DapClient) -> None:
    (told,) = set_lines(client, "untiring.c", "never")
    assert told["verified"]
    (told,) = set_functions(client, "main", condition="tid == 0")
    assert told["verified"]
    set_lines(client, "untiring.c")
    set_functions(client)


def test_no_thread_that_works_is_stopped(program: Program, connect: Connect) -> None:
    target = program("untiring.c", str(THREADS))
    target.wait_line("main")
    target.wait_for(lambda: set(target.states().values()) == {"R", "S"}, what="the leader waits, they work")
    client = connect()
    attach(client, target)
    set_and_remove(client)  # for the first of all, one thread is borrowed: it makes system calls for us
    before = waits(target)
    assert len(before) == THREADS
    for _ in range(5):
        set_and_remove(client)
    assert waits(target) == before

    pause(client, target.pid)  # and the count would have shown it
    resume(client, target.pid)
    target.wait_for(lambda: set(target.states().values()) == {"R", "S"}, what="they work again")
    assert all(after > before[tid] for tid, after in waits(target).items())
