"""R18, R19: processes that a traced one makes come through its breakpoints, and are none of its threads."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.breakpoints import set_functions
from tests.support.session import attach, detach, pause, resume
from tests.support.tally import tally
from tests.support.target import Target

WAYS = ["fork", "vfork", "spawn"]


def expect_done(target: Target, order: str) -> None:
    target.write_line(order)
    assert target.wait_line(order) == f"{order} 0"


@pytest.mark.parametrize("way", WAYS)
def test_R18_R19_without_breakpoints(connect: Connect, program: Program, way: str) -> None:
    target = program("children.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    expect_done(target, way)
    expect_done(target, "threads")
    assert tally(client).alive == {target.pid}
    detach(client, target)


@pytest.mark.parametrize("way", WAYS)
def test_R18_R19_children_pass_a_breakpoint_and_the_parent_stops(
    connect: Connect, program: Program, way: str
) -> None:
    target = program("children.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    set_functions(client, "work")
    expect_done(target, way)
    target.write_line("work")
    assert client.wait_event("stopped")["threadId"] == target.pid
    resume(client, target.pid)
    assert target.wait_line("work") == "work 2"
    assert len(client.events("stopped")) == 1
    detach(client, target)
    expect_done(target, way)


def test_R19_a_child_after_the_breakpoint_is_gone(connect: Connect, program: Program) -> None:
    target = program("children.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    set_functions(client, "work")
    set_functions(client)
    expect_done(target, "fork")
    expect_done(target, "vfork")
    detach(client, target)


def test_R18_R19_many_at_once(connect: Connect, program: Program, full: bool) -> None:
    """While a condition is looked at, breakpoints come and go, and all is paused now and then."""
    target = program("children.c")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for round_ in range(20 if full else 3):
        told = len(target.lines)
        target.write_line("threads")
        while not any(line.startswith("threads") for line in target.lines[told:]):
            set_functions(client, "work", condition="number == 1")
            pause(client, target.pid)
            resume(client, target.pid)
            if round_ % 2:
                set_functions(client)
        assert target.wait_line("threads") == "threads 0"
    assert tally(client).alive == {target.pid}
    detach(client, target)


def test_R18_leaving_while_children_share_the_memory(connect: Connect, program: Program, full: bool) -> None:
    target = program("children.c")
    target.wait_line("main")
    for _ in range(20 if full else 4):
        client = connect()
        attach(client, target)
        set_functions(client, "work", condition="number == 1")
        target.write_line("threads")
        wait_for_children(client)
        detach(client, target)
        client.close()
        assert target.wait_line("threads") == "threads 0"


def wait_for_children(client: DapClient) -> None:
    client.wait_until(lambda: tally(client).started.total() > 8)
