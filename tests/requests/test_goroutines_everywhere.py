"""Goroutines in all kinds of programs, and wherever the runtime can have them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dapserver.client import RequestFailed
from tests.conftest import Connect, Program
from tests.reliability.test_variants import Contained, inner_id
from tests.requests.goroutines import (
    FIXTURE,
    everything,
    goroutines_scope,
    paused,
    repl,
    shown,
    stack,
    wait_parked,
)
from tests.support.breakpoints import top
from tests.support.build import build
from tests.support.session import attach, pause, resume
from tests.support.target import Target, python_target


@pytest.mark.parametrize(
    ("fixture", "flags", "why"),
    [
        ("stops.c", (), "no program in Go"),
        ("parked.go", ("-ldflags=-w",), "no debug information. Build it without -ldflags=-w"),
    ],
)
def test_where_there_are_none_to_be_told(
    program: Program, connect: Connect, fixture: str, flags: tuple[str, ...], why: str
) -> None:
    target = program(fixture, flags=flags)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    assert all(name.endswith("]") for name in client.threads().values())
    scopes = client.request("scopes", frameId=top(client, target.pid)["id"])["scopes"]
    assert "Goroutines" not in {each["name"] for each in scopes}
    with pytest.raises(RequestFailed, match=why):
        repl(client, "goroutines")


EVERYWHERE = {
    *(
        "main.inC",
        "main.throughC",
        "main.backInGo",
        "main.timing",
        "main.computing",
        "main.growing",
        "main.grow",
    ),
    *("main.talking", "main.listening", "main.collecting", "main.allocating", "runtime.asyncPreempt"),
    *("runtime.systemstack_switch", "runtime.cgocall", "runtime.gopark"),
}
"""Functions of busy.go and of the runtime that goroutines are to be met in."""
STARTED = {
    *("main.inC", "main.throughC", "main.computing", "main.timing", "main.collecting", "main.allocating"),
    *("main.growing", "main.growing.func1.1", "main.main.gowrap1", "main.main.gowrap2", "runtime.main"),
    "runtime.goexit1",
}
"""What its goroutines begin with, and end with."""


def test_wherever_they_are_their_stacks_are_whole(program: Program, connect: Connect, full: bool) -> None:
    target = program("busy.go")
    target.wait_for(lambda: "asleep" in target.lines)
    client = connect()
    attach(client, target)
    seen: set[str] = set()
    pauses = 0
    while pauses < (500 if full else 20) or not seen >= EVERYWHERE:
        pauses += 1
        pause(client, target.pid)
        for goroutine in everything(client, target.pid)[0].values():
            rows = stack(client, goroutine)
            rows.pop("created by", None)
            functions = [row["value"].partition(" at ")[0] for row in rows.values()]
            seen |= set(functions)
            if functions == ["gogo"]:
                continue  # for a few instructions its thread is about to go on with it, who knows where
            assert functions[-1] == "runtime.goexit", functions
            assert set(functions[-2:-1]) <= STARTED, functions
            if "main.inC" in functions:
                assert functions[0] == "runtime.cgocall", functions
        resume(client, target.pid)


def test_ids_of_threads_in_a_container_are_those_out_here(connect: Connect) -> None:
    with Contained(build(FIXTURE)) as target:
        client = connect()
        attach(client, target)
        (called,) = target.wait_for(lambda: target.reported("called"))
        pause(client, target.pid)
        (tid,) = [tid for tid in target.tids() if inner_id(target, tid) == called]
        assert client.threads()[tid].endswith(" main.call")


def test_symbols_are_not_needed(connect: Connect, tmp_path: Path) -> None:
    stripped = tmp_path / "stripped"
    command = ["objcopy", "--strip-all", "--keep-section=.debug_*", str(build(FIXTURE)), str(stripped)]
    subprocess.run(command, check=True)
    with Target(stripped) as target:
        wait_parked(target)
        client = connect()
        attach(client, target)
        pause(client, target.pid)
        (called,) = target.reported("called")
        assert client.threads()[called].endswith(" main.call")
        (deep,) = repl(client, "goroutines main.deep").splitlines()
        assert "runtime.goexit" in repl(client, f"goroutine {deep.split()[1]} bt 400")


def test_go_may_be_in_a_library(connect: Connect) -> None:
    library = build("go_library.go", "-buildmode=c-shared")
    code = f"import ctypes; ctypes.CDLL({str(library)!r}).Start(); print('started'); input()"
    with python_target(code) as target:
        target.wait_line("started")
        client = connect()
        attach(client, target)
        pause(client, target.pid)
        for tid in client.threads():  # once a frame of the library was seen, it is known to be Go
            top(client, tid)
        asleep = repl(client, "goroutines [sleep] time.Sleep ").splitlines()
        assert len(asleep) == 5
        assert " main.sleep " in repl(client, f"goroutine {asleep[0].split()[1]}")


@pytest.mark.parametrize(
    "damage",
    [
        "runtime.allglen = 1 << 62",
        "runtime.allglen = 0",
        "*(&runtime.allgptr) = 4096",
        "*runtime.allgptr = 1",
        "runtime.allm.alllink = runtime.allm",
        "(*runtime.allgptr).m = 4096",
        "(*runtime.allgptr).sched.sp = 1",
        "(*runtime.allgptr).stack.hi = 1",
        "(*runtime.allgptr).atomicstatus.value = 77",
        "(*runtime.allgptr).startpc = 77",
    ],
)
def test_garbage_does_no_harm(program: Program, connect: Connect, damage: str) -> None:
    target, client = paused(program, connect)
    repl(client, damage)
    client.threads()
    for goroutine in list(shown(client, goroutines_scope(client, target.pid)["variablesReference"]).values())[
        :20
    ]:
        stack(client, goroutine)
    repl(client, "goroutines system")
