"""Goroutines in the debug console."""

from __future__ import annotations

import re

import pytest

from dapserver.client import RequestFailed
from tests.conftest import Connect, Program
from tests.requests.goroutines import (
    UNOPTIMIZED,
    everything,
    parked,
    paused,
    repl,
    stack,
    work_locals,
)
from tests.support.session import attach, pause


def test_the_console_lists_them(program: Program, connect: Connect) -> None:
    target = parked(program)
    client = connect()
    attach(client, target)
    with pytest.raises(RequestFailed, match="pause it first"):
        repl(client, "goroutines")
    pause(client, target.pid)
    users, system = everything(client, target.pid)
    *lines, last = repl(client, "goroutines").splitlines()
    assert [int(line.split()[1]) for line in lines] == list(users)
    assert last == f"(and {len(system)} of the runtime's own: goroutines system)"
    assert len(repl(client, "goroutines system").splitlines()) == len(system)
    (line,) = repl(client, "goroutines main.deep").splitlines()
    assert "[chan receive (nil chan)] main.deep at" in line
    assert repl(client, "goroutines nowhere") == "There is no goroutine with nowhere in its line."


def test_the_console_shows_one(program: Program, connect: Connect) -> None:
    target, client = paused(program, connect, *UNOPTIMIZED)
    users, _ = everything(client, target.pid)
    number, worker = next((n, each) for n, each in users.items() if each.where.startswith("main.work "))
    title, *frames, creation = repl(client, f"goroutine {number}").splitlines()
    assert title == f"goroutine {number} [chan receive] {worker.where}"
    assert len(frames) == len(stack(client, worker)) - 1
    assert creation.startswith("created by main.main at parked.go:")
    assert len(repl(client, f"goroutine {number} bt 2").splitlines()) == 3
    variables = work_locals(client, worker)
    assert repl(client, f"goroutine {number} number") == variables["number"]["value"]
    assert f"label = {variables['label']['value']}" in repl(client, f"goroutine {number} info locals")
    assert "block = true" in repl(client, f"goroutine {number} #1 info args")
    for wrong, message in (
        ("goroutine 0", "no goroutine 0"),
        ("goroutine x", "Say which"),
        (f"goroutine {number} #99 bt", "no such frame"),
        (f"goroutine {number} = 3", "no command"),
        (f"goroutine {number} #0 p $rip = 1", "cannot be changed"),
    ):
        with pytest.raises(RequestFailed, match=message):
            repl(client, wrong)


def test_of_many_some_are_written(program: Program, connect: Connect) -> None:
    target = parked(program, count=1200)
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    *lines, more, _ = repl(client, "goroutines").splitlines()
    assert len(lines) == 200
    assert re.fullmatch(r"\(more, of 12\d\d: .*\)", more)
    assert len(repl(client, "goroutines [sleep]").splitlines()) == 1
