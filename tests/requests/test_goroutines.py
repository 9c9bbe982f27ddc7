"""Goroutines: in threads' names and in a scope; the runtime's own account of them is the oracle."""

from __future__ import annotations

import re
import signal

import pytest

from dapserver.client import Message, RequestFailed
from tests.conftest import Connect, Program
from tests.requests.goroutines import (
    FIXTURE,
    UNOPTIMIZED,
    Shown,
    everything,
    goroutines_scope,
    parked,
    paused,
    shown,
    stack,
    wait_parked,
    work_locals,
)
from tests.support import go_dump
from tests.support.breakpoints import set_lines
from tests.support.go_dump import Dumped
from tests.support.session import attach, detach, pause, resume
from tests.support.target import Target


def dump(target: Target) -> dict[int, Dumped]:
    """What the runtime tells of all goroutines, at the end of the program."""
    target.signal(signal.SIGQUIT)
    target.expect_exit()
    return go_dump.parse(target.lines)


@pytest.mark.parametrize("flags", [(), UNOPTIMIZED], ids=["optimized", "unoptimized"])
def test_they_are_those_that_the_runtime_tells_of(
    program: Program, connect: Connect, flags: tuple[str, ...]
) -> None:
    target, client = paused(program, connect, *flags)
    users, system = everything(client, target.pid)
    stacks = {number: stack(client, each) for number, each in (users | system).items()}
    detach(client, target)
    expected = dump(target)
    assert set(users) == {each.id for each in expected.values() if not each.is_system}
    assert set(system) == {each.id for each in expected.values() if each.is_system}
    assert len({each.state for each in users.values()}) > 11
    for number, goroutine in (users | system).items():
        creation = stacks[number].pop("created by", {"value": None})
        assert creation["value"] == expected[number].created_by
        if goroutine.tid is None and goroutine.state != "runnable":
            check(goroutine, stacks[number], expected[number])


def check(goroutine: Shown, rows: dict[str, Message], expected: Dumped) -> None:
    """One that waits: its state and each of its frames are as the runtime has them."""
    assert goroutine.state == expected.state
    frames = [row["value"] for row in rows.values()]
    assert list(rows) == [f"#{number}" for number in range(len(frames))]
    if "..." in expected.frames:
        middle = expected.frames.index("...")
        assert len(frames) > len(expected.frames) + 200
        assert frames[:middle] == expected.frames[:middle]
        assert frames[middle + 1 - len(expected.frames) :] == expected.frames[middle + 1 :]
    else:
        assert frames == expected.frames
    assert goroutine.where in frames


def test_threads_have_the_names_of_theirs_while_they_stand_still(program: Program, connect: Connect) -> None:
    target = parked(program)
    client = connect()
    attach(client, target)
    (called,), (computing,) = target.reported("called"), target.reported("computing")
    plain = client.threads()
    assert plain[called] == f"parked [{called}]"
    pause(client, target.pid)
    named = client.threads()
    users, _ = everything(client, target.pid)
    for tid, function in (called, "main.call"), (computing, "main.compute"):
        (number,) = [number for number, each in users.items() if each.tid == tid]
        assert named[tid] == f"parked [{tid}] goroutine {number} {function}"
    assert any(name.endswith(" goroutine 1 main.main") for name in named.values())
    idle = set(named.values()) & set(plain.values())
    assert len(idle) == len(plain) - 3
    resume(client, target.pid)
    assert plain.items() <= client.threads().items()


def test_a_wrapper_that_the_compiler_made_is_not_what_a_goroutine_is_named_by(
    program: Program, connect: Connect
) -> None:
    target = parked(program, *UNOPTIMIZED)
    client = connect()
    attach(client, target)
    set_lines(client, FIXTURE, "got")
    target.write_line("work")
    stopped = client.wait_event("stopped")
    name = client.threads()[stopped["threadId"]]
    assert re.fullmatch(r"parked \[\d+\] goroutine \d+ main\.work", name), name


def test_one_that_a_thread_runs_has_its_stack(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect)
    users, _ = everything(client, target.pid)
    on_threads = [each for each in users.values() if each.tid is not None]
    assert {each.tid for each in on_threads} >= {*target.reported("called"), *target.reported("computing")}
    for goroutine in on_threads:
        frames = client.request("stackTrace", threadId=goroutine.tid)["stackFrames"]
        rows = stack(client, goroutine)
        rows.pop("created by", None)
        functions = [row["value"].partition(" at ")[0] for row in rows.values()]
        # Further in there may be a handler of a signal, which has a stack of its own.
        names = [frame["name"].removesuffix(" [inlined]") for frame in frames]
        assert names[-len(functions) :] == functions
        assert len(functions) > 1


def test_they_come_in_pages(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect)
    scope = goroutines_scope(client, target.pid)
    reference, count = scope["variablesReference"], scope["indexedVariables"]
    whole = shown(client, reference)
    pages = [
        shown(client, reference, filter="indexed", start=start, count=50) for start in range(0, count, 50)
    ]
    assert [number for page in pages for number in page] == list(whole)
    assert len(whole) == count > 150
    (deep,) = [each for each in whole.values() if each.where.startswith("main.deep ")]
    some = client.request("variables", variablesReference=deep.reference, start=200, count=3)["variables"]
    assert [row["name"] for row in some] == ["#200", "#201", "#202"]


def test_locals_of_one_that_waits(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect, *UNOPTIMIZED)
    users, _ = everything(client, target.pid)
    workers = [each for each in users.values() if each.where.startswith("main.work ")]
    seen = set()
    for worker in workers[:5]:
        variables = work_locals(client, worker)
        number = int(variables["number"]["value"])
        seen.add(number)
        assert variables["label"]["value"] == f'"worker {number}"'
        assert variables["todo"]["value"] == f'main.job {{name: "job", size: {number}}}'
        assert variables["squares"]["value"] == f"[]int len: 4, cap: 4, [1, 4, 9, {number**2}]"
        # In the frame that is selected its name would mean something else.
        assert "evaluateName" not in variables["number"]
        opened = client.request("variables", variablesReference=variables["todo"]["variablesReference"])
        assert [row["value"] for row in opened["variables"]] == ['"job"', str(number)]
    assert len(seen) == 5


def test_a_local_of_one_that_waits_can_be_set(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect, *UNOPTIMIZED)
    users, _ = everything(client, target.pid)
    worker = min((number, each) for number, each in users.items() if each.where.startswith("main.work "))[1]
    frame = next(row for row in stack(client, worker).values() if row["value"].startswith("main.work "))
    reference = frame["variablesReference"]
    client.request("setVariable", variablesReference=reference, name="number", value="4711")
    assert work_locals(client, worker)["number"]["value"] == "4711"
    with pytest.raises(RequestFailed, match="no variable"):
        client.request("setVariable", variablesReference=worker.reference, name="#0", value="1")


def test_what_they_do_is_looked_at_again_at_each_stop(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect)
    before, _ = everything(client, target.pid)
    resume(client, target.pid)
    target.write_line("work")
    target.wait_line("worker")
    wait_parked(target)
    pause(client, target.pid)
    after, _ = everything(client, target.pid)
    (ended,) = set(before) - set(after)
    assert before[ended].where.startswith("main.work ")


def test_in_nonstop_mode_one_that_runs_is_not_opened(program: Program, connect: Connect) -> None:
    target = parked(program)
    client = connect()
    attach(client, target, nonStop=True)
    (called,), (computing,) = target.reported("called"), target.reported("computing")
    pause(client, called)
    assert "main.call" in client.threads()[called]
    assert client.threads()[computing] == f"parked [{computing}]"
    users, _ = everything(client, called)
    running = next(each for each in users.values() if each.tid == computing)
    assert (running.state, running.where) == ("running", "main.compute")
    with pytest.raises(RequestFailed, match="is running; pause it first"):
        stack(client, running)
    target.write_line("work")
    target.wait_line("worker")
    wait_parked(target)
    (ended,) = set(users) - set(everything(client, called)[0])
    assert users[ended].where.startswith("main.work ")


def test_a_client_that_does_not_page_is_told_of_the_rest(program: Program, connect: Connect) -> None:
    target = parked(program, count=1200)
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    scope = goroutines_scope(client, target.pid)
    rows = client.request("variables", variablesReference=scope["variablesReference"])["variables"]
    assert [rows[0]["name"], rows[-1]["name"]] == ["system", "more"]
    assert rows[-1]["value"].startswith(f"{scope['indexedVariables'] - 1000}: ")
    assert len(rows) == 1002
