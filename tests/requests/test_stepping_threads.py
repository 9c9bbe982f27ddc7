"""Steps of one thread while there are others."""

from __future__ import annotations

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, set_lines, step
from tests.support.session import attach, resume
from tests.support.stepper import UNOPTIMIZED
from tests.support.steps import held_threads
from tests.support.target import Target


def lockstep(program: Program, connect: Connect, rounds: int, **more: object) -> tuple[Target, DapClient]:
    target = program("lockstep.c", "4", str(rounds), flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target, **more)
    return target, client


def test_while_other_threads_hit_a_breakpoint(program: Program, connect: Connect) -> None:
    """Each thread that comes to it stops; the step of the first is over then, and no hit is lost."""
    target, client = lockstep(program, connect, 5)
    set_lines(client, "lockstep.c", "work")
    target.write_line("go")
    reasons: list[str] = []
    hits = 0
    while hits < 20:
        stopped = client.wait_event("stopped")
        reasons.append(stopped["reason"])
        hits += stopped["reason"] == "breakpoint"
        assert held_threads(target) == set(client.threads())
        if hits < 20:
            client.request("next", threadId=stopped["threadId"])
    resume(client, target.pid)
    assert target.wait_line("sum") == "sum 100"
    assert set(reasons) == {"breakpoint", "step"}
    assert client.events("stopped")[-1]["reason"] == "breakpoint"


def test_other_threads_run_meanwhile(program: Program, connect: Connect) -> None:
    """The line waits for them: alone it would never end."""
    target, client = lockstep(program, connect, 3)
    mine = max(target.tids())
    set_lines(client, "lockstep.c", "call", condition=f"$tid == {mine}")
    target.write_line("go")
    client.wait_event("stopped")
    set_lines(client, "lockstep.c")
    lines = [step(client, mine)["line"] for _ in range(6)]
    assert lines.count(line_of("lockstep.c", "call")) == 2
    resume(client, mine)
    assert target.wait_line("sum") == "sum 36"


def test_one_thread_alone(program: Program, connect: Connect) -> None:
    target, client = lockstep(program, connect, 3)
    mine = max(target.tids())
    set_lines(client, "lockstep.c", "work", condition=f"$tid == {mine}")
    target.write_line("go")
    client.wait_event("stopped")
    set_lines(client, "lockstep.c")
    before = {tid: switches(target, tid) for tid in target.tids() - {mine}}
    client.request("next", threadId=mine, singleThread=True)
    stopped = client.wait_event("stopped")
    assert (stopped["reason"], stopped["threadId"]) == ("step", mine)
    assert {tid: switches(target, tid) for tid in before} == before
    assert held_threads(target) == set(client.threads())
    resume(client, mine)
    assert target.wait_line("sum") == "sum 36"


def switches(target: Target, tid: int) -> int:
    """How often a thread has begun to wait: not at all while it is held."""
    return int(target.status("voluntary_ctxt_switches", tid))


def test_non_stop_one_thread_steps_while_the_others_run(program: Program, connect: Connect) -> None:
    target, client = lockstep(program, connect, 3, nonStop=True)
    mine = max(target.tids())
    set_lines(client, "lockstep.c", "work", condition=f"$tid == {mine}")
    target.write_line("go")
    stopped = client.wait_event("stopped")
    assert stopped["allThreadsStopped"] is False
    set_lines(client, "lockstep.c")
    step(client, mine)
    assert client.events("stopped")[-1]["allThreadsStopped"] is False
    assert {tid for tid, state in target.states().items() if state == "t"} == {mine}
    step(client, mine, "stepOut")
    step(client, mine)
    resume(client, mine)
    assert target.wait_line("sum") == "sum 36"


def test_non_stop_two_threads_step_at_once(program: Program, connect: Connect) -> None:
    target, client = lockstep(program, connect, 2, nonStop=True)
    set_lines(client, "lockstep.c", "work")
    target.write_line("go")
    there = sorted(client.wait_event("stopped")["threadId"] for _ in range(4))
    set_lines(client, "lockstep.c")
    for _ in range(3):
        for tid in there[:2]:
            client.request("next", threadId=tid)
        ended = [client.wait_event("stopped") for _ in range(2)]
        assert sorted(each["threadId"] for each in ended) == there[:2]
        assert {each["reason"] for each in ended} == {"step"}
    for tid in there:
        resume(client, tid)
    assert target.wait_line("sum") == "sum 16"
