"""setFunctionBreakpoints: overloads, templates, methods, paths of Rust and Go, the C library."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.requests.stops import started, through
from tests.support.breakpoints import line_of, set_functions, top
from tests.support.session import attach
from tests.support.target import Target

NAMES = {
    "shape::area": ["shape::area", "shape::area", "shape::area"],
    "area": ["shape::square::area", "shape::area", "shape::area", "shape::area", "other::area"],
    "shape::area(int, int)": ["shape::area"],
    "shape::square::area": ["shape::square::area"],
    "largest": ["largest<int>", "largest<double>"],
    "largest<double>": ["largest<double>"],
    "other::area": ["other::area"],
}


@pytest.mark.parametrize("name", NAMES)
def test_a_function_and_all_its_overloads(program: Program, connect: Connect, name: str) -> None:
    target = started(program, "overloads.cpp")
    client = connect()
    attach(client, target)
    (told,) = set_functions(client, name)
    assert told["verified"] is True
    answer, frames = through(client, target, "all")
    assert answer == "all 1032"
    assert sorted(frame["name"].partition("(")[0] for frame in frames) == sorted(NAMES[name])
    stops = client.events("stopped")
    assert {stop["reason"] for stop in stops} == {"function breakpoint"}
    assert all(stop["hitBreakpointIds"] == [told["id"]] for stop in stops)


RUST = {
    "panics::geometry::Square::area": ["method"],
    "geometry::double": ["generic", "generic"],
    "double": ["generic", "generic"],
    "length": ["trait"],
    "panics::sum": ["sum"],
}


@pytest.mark.parametrize("name", RUST)
def test_paths_of_rust(program: Program, connect: Connect, name: str) -> None:
    target = started(program, "panics.rs", flags=())
    client = connect()
    attach(client, target)
    (told,) = set_functions(client, name)
    assert told["verified"] is True
    answer, frames = through(client, target, "sum")
    assert answer == "sum 32"
    assert len(frames) == len(RUST[name])
    if name != "panics::sum":  # whose first statement is not the marked one
        assert [frame["line"] for frame in frames] == [line_of("panics.rs", each) for each in RUST[name]]


GO = {"main.(*square).area": ["method"], "main.double": ["generic", "generic"], "main.side": ["nil"]}


@pytest.mark.parametrize("flags", [(), ("-gcflags=all=-N -l",)], ids=["optimized", "unoptimized"])
@pytest.mark.parametrize("name", GO)
def test_paths_of_go(program: Program, connect: Connect, name: str, flags: tuple[str, ...]) -> None:
    target = started(program, "panics.go", flags=flags)
    client = connect()
    attach(client, target)
    (told,) = set_functions(client, name)
    assert told["verified"] is True
    order, expected = ("nil", "nil recovered") if name == "main.side" else ("sum", "sum 20")
    answer, frames = through(client, target, order)
    assert answer == expected
    assert len(frames) == len(GO[name])


def test_a_function_of_the_c_library(client: DapClient, target: Target) -> None:
    (told,) = set_functions(client, "getppid")
    assert told["verified"] is True
    answer, frames = through(client, target, "asm 10")
    assert answer == "asm 0"
    assert len(frames) == 1


def test_a_function_that_is_chosen_at_run_time_is_not_its_resolver(client: DapClient, target: Target) -> None:
    """STT_GNU_IFUNC: what the symbol has is not the function. Either it is found, or that is said."""
    (told,) = set_functions(client, "strlen")
    if told["verified"]:
        target.write_line("work 1")
        stopped = client.wait_event("stopped")
        assert "strlen" in top(client, stopped["threadId"])["name"]
    else:
        assert told["message"]


def test_a_name_of_no_function_is_pending(client: DapClient) -> None:
    (told,) = set_functions(client, "no_such_function")
    assert told["verified"] is False
    assert "loaded" in told["message"]
