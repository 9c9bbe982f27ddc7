"""setExceptionBreakpoints: throw, catch, panic, fatal error; and exceptionInfo about them."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of
from tests.support.build import build
from tests.support.session import attach, detach, resume
from tests.support.steps import end_of
from tests.support.target import Target

CPP, RUST, GO = "throws.cpp", "panics.rs", "panics.go"
FLAGS = {CPP: ("-O0",), RUST: (), GO: ()}
TYPES = {"runtime": "std::runtime_error", "number": "int", "own": "app::failure<int>"}


def begin(program: Program, connect: Connect, fixture: str, *filters: str) -> tuple[Target, DapClient]:
    target = program(fixture, flags=FLAGS[fixture])
    target.wait_line("main")
    client = connect()
    attach(client, target)
    told = client.request("setExceptionBreakpoints", filters=list(filters)).get("breakpoints", [])
    assert [each["verified"] for each in told] == [True] * len(filters)
    return target, client


def stop(client: DapClient) -> tuple[Message, Message]:
    """Wait for a stop at an exception: it, and what `exceptionInfo` says."""
    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "exception"
    assert stopped["hitBreakpointIds"]
    return stopped, client.request("exceptionInfo", threadId=stopped["threadId"])


def own_line(client: DapClient, tid: int, fixture: str) -> int:
    """The line of the innermost frame in a fixture: the runtime's are further in."""
    frames = client.request("stackTrace", threadId=tid)["stackFrames"]
    return next(int(f["line"]) for f in frames if f.get("source", {}).get("name") == fixture)


def test_the_filters_are_told_of(connect: Connect) -> None:
    filters = connect().initialize()["exceptionBreakpointFilters"]
    names = [each["filter"] for each in filters]
    assert names == [
        "cpp_throw",
        "cpp_catch",
        "rust_panic",
        "go_panic",
        "go_fatal",
        "signal",
        "signal_withheld",
    ]
    assert all(each["label"] and each["supportsCondition"] for each in filters)
    assert not any(each.get("default") for each in filters)


@pytest.mark.parametrize("order", TYPES)
def test_a_throw_says_its_type(program: Program, connect: Connect, order: str) -> None:
    target, client = begin(program, connect, CPP, "cpp_throw")
    target.write_line(order)
    stopped, info = stop(client)
    assert TYPES[order] in stopped["text"]
    assert TYPES[order] in stopped["description"]
    assert TYPES[order] in str(info)
    assert info["exceptionId"]
    assert info["breakMode"] in {"always", "userUnhandled"}
    assert own_line(client, target.pid, CPP) == line_of(CPP, order)
    resume(client, target.pid)
    assert target.wait_line("caught") == f"caught {order}"
    detach(client, target)


def test_a_rethrow_is_a_throw(program: Program, connect: Connect) -> None:
    target, client = begin(program, connect, CPP, "cpp_throw")
    target.write_line("again")
    lines = []
    for _ in range(2):
        stop(client)
        lines.append(own_line(client, target.pid, CPP))
        resume(client, target.pid)
    assert lines == [line_of(CPP, "number"), line_of(CPP, "again")]
    assert target.wait_line("caught") == "caught number"


def test_a_catch(program: Program, connect: Connect) -> None:
    target, client = begin(program, connect, CPP, "cpp_catch")
    target.write_line("runtime")
    stop(client)
    assert own_line(client, target.pid, CPP) in {line_of(CPP, "caught_runtime"), line_of(CPP, "not_reached")}
    resume(client, target.pid)
    assert target.wait_line("caught") == "caught runtime"
    assert len(client.events("stopped")) == 1


def test_both_and_none(program: Program, connect: Connect) -> None:
    target, client = begin(program, connect, CPP, "cpp_throw", "cpp_catch")
    target.write_line("own")
    ids = []
    for _ in range(2):
        stopped, _ = stop(client)
        ids.append(stopped["hitBreakpointIds"])
        resume(client, target.pid)
    assert ids[0] != ids[1]
    assert target.wait_line("caught") == "caught own"
    client.request("setExceptionBreakpoints", filters=[])
    target.write_line("own")
    assert target.wait_line("caught") == "caught own"
    assert len(client.events("stopped")) == 2


CONDITIONS = {"$tid == 1": 0, "$tid > 1": 1, "1 + 1 == 2": 1, 'thread_name == "throws"': 1}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition(program: Program, connect: Connect, condition: str) -> None:
    target, client = begin(program, connect, CPP)
    options = [{"filterId": "cpp_throw", "condition": condition}]
    (told,) = client.request("setExceptionBreakpoints", filters=[], filterOptions=options)["breakpoints"]
    assert told["verified"] is True
    target.write_line("number")
    for _ in range(CONDITIONS[condition]):
        stop(client)
        resume(client, target.pid)
    assert target.wait_line("caught") == "caught number"
    assert len(client.events("stopped")) == CONDITIONS[condition]


def test_a_wrong_condition_is_told(program: Program, connect: Connect) -> None:
    target, client = begin(program, connect, CPP)
    options = [{"filterId": "cpp_throw", "condition": "1 +"}]
    (told,) = client.request("setExceptionBreakpoints", filters=[], filterOptions=options)["breakpoints"]
    assert told["verified"] is False
    assert "1 +" in told["message"]
    target.write_line("number")
    assert target.wait_line("caught") == "caught number"


def test_an_unknown_filter_harms_no_other(program: Program, connect: Connect) -> None:
    _, client = begin(program, connect, CPP)
    wanted = ["no_such", "cpp_throw"]
    told = client.request("setExceptionBreakpoints", filters=wanted)["breakpoints"]
    assert [each["verified"] for each in told] == [False, True]
    assert "no_such" in told[0]["message"]


def test_a_language_that_the_program_is_not_written_in(program: Program, connect: Connect) -> None:
    target = program(CPP, flags=FLAGS[CPP])
    target.wait_line("main")
    client = connect()
    attach(client, target)
    filters = ["cpp_throw", "rust_panic", "go_panic"]
    told = client.request("setExceptionBreakpoints", filters=filters)["breakpoints"]
    assert [each["verified"] for each in told] == [True, False, False]


def test_before_the_program_is_launched(connect: Connect) -> None:
    """The library that throws is loaded when the program begins."""
    client = connect()
    client.initialize()
    client.request("setExceptionBreakpoints", filters=["cpp_throw"])
    client.request("launch", program=str(build(CPP, *FLAGS[CPP])))
    client.request("configurationDone")
    client.wait_event("breakpoint", 20, reason="changed")
    client.request("disconnect", terminateDebuggee=True)


RUST_LINES = {"panic": "panic", "index": "index", "thread": "panic"}


@pytest.mark.parametrize("order", RUST_LINES)
def test_a_panic_of_rust(program: Program, connect: Connect, order: str) -> None:
    target, client = begin(program, connect, RUST, "rust_panic")
    target.write_line(order)
    stopped, info = stop(client)
    assert (stopped["threadId"] == target.pid) is (order != "thread")
    assert "panic" in info["exceptionId"]
    assert own_line(client, stopped["threadId"], RUST) == line_of(RUST, RUST_LINES[order])
    resume(client, stopped["threadId"])
    assert target.wait_line(order) == f"{order} caught"
    detach(client, target)


def test_a_panic_of_go(program: Program, connect: Connect) -> None:
    target, client = begin(program, connect, GO, "go_panic")
    target.write_line("panic")
    stopped, info = stop(client)
    assert "panic" in info["exceptionId"]
    assert own_line(client, stopped["threadId"], GO) == line_of(GO, "panic")
    resume(client, stopped["threadId"])
    assert target.wait_line("panic") == "panic recovered"
    detach(client, target)


def test_a_nil_pointer_of_go(program: Program, connect: Connect) -> None:
    """First it is a signal, which Go handles; then a panic."""
    target, client = begin(program, connect, GO, "go_panic")
    target.write_line("nil")
    stopped, _ = stop(client)
    assert own_line(client, stopped["threadId"], GO) == line_of(GO, "nil")
    resume(client, stopped["threadId"])
    assert target.wait_line("nil") == "nil recovered"
    assert len(client.events("stopped")) == 1


FATAL = {"lost": "lost", "fatal": "fatal"}


@pytest.mark.parametrize("order", FATAL)
def test_a_fatal_error_of_go(program: Program, connect: Connect, order: str) -> None:
    target, client = begin(program, connect, GO, "go_fatal")
    target.write_line(order)
    stopped, info = stop(client)
    assert "fatal" in info["exceptionId"]
    assert own_line(client, stopped["threadId"], GO) == line_of(GO, FATAL[order])
    resume(client, stopped["threadId"])
    assert end_of(client) == 2
