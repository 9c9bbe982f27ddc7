"""next, stepIn, stepOut: where they lead."""

from __future__ import annotations

import itertools

import pytest

from tests.conftest import Connect, Program
from tests.requests.gdb_steps import gdb_steps
from tests.support.breakpoints import line_of, top
from tests.support.build import FIXTURES, build
from tests.support.stepper import CPP, FLAGS, GO, RUST, C, Stepper, address_of, instructions
from tests.support.steps import refusal


@pytest.fixture
def c(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, C)


@pytest.fixture
def cpp(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, CPP)


def test_next_goes_over_calls(c: Stepper) -> None:
    c.stop("calls", "calls")
    c.goes("nested", "two", "loop", "loop_body", "loop", "loop_body", "loop", "if", "then", "calls_return")
    c.goes("calls_end")
    c.finish("calls 28")


def test_step_in_goes_into_each_call_of_a_line(c: Stepper) -> None:
    c.stop("nested", "calls")
    c.goes("leaf", "leaf_return", "leaf_end", kind="stepIn")
    c.goes("middle", "leaf", kind="stepIn")  # what is left of the line comes first
    c.goes("leaf_return", "leaf_end", "middle_return")
    c.finish("calls 28")


def test_step_out_ends_behind_the_call(c: Stepper) -> None:
    c.stop("calls", "calls")
    c.goes("leaf", kind="stepIn")
    c.goes("calls", kind="stepOut")
    c.goes("nested")
    c.goes("leaf", "leaf_return", kind="stepIn")
    c.goes("nested", kind="stepOut")
    c.finish("calls 28")


def test_what_is_told_of_the_end_of_a_step(c: Stepper) -> None:
    c.stop("calls", "calls")
    seen = len(c.client.messages)
    c.client.request("next", threadId=c.tid)
    stopped = c.client.wait_event("stopped")
    assert stopped["reason"] == "step"
    assert stopped["threadId"] == c.tid
    assert stopped["allThreadsStopped"] is True
    assert "hitBreakpointIds" not in stopped
    events = [each["event"] for each in c.client.messages[seen:] if each["type"] == "event"]
    assert events == ["stopped"]  # VS Code takes the response for `continued`


@pytest.mark.parametrize("kind", ["next", "stepIn", "stepOut"])
def test_a_thread_that_runs_cannot_step(c: Stepper, kind: str) -> None:
    assert "running" in refusal(c.client, kind, threadId=c.tid)
    assert "999999" in refusal(c.client, kind, threadId=999999)


@pytest.mark.parametrize("granularity", ["line", "statement"])
def test_lines_and_statements(c: Stepper, granularity: str) -> None:
    c.stop("calls", "calls")
    assert c.step(granularity=granularity)["line"] == line_of(C, "nested")
    assert c.step("stepIn", granularity=granularity)["line"] == line_of(C, "leaf")


def test_instructions(c: Stepper) -> None:
    frame = c.stop("calls", "calls")
    code = instructions(c.client, frame, 12)
    call = next(index for index, each in enumerate(code) if each[1].startswith("call"))
    for address, _ in code[1 : call + 1]:
        assert address_of(c.step(granularity="instruction")) == address
    assert address_of(c.step(granularity="instruction")) == code[call + 1][0]  # over the call
    assert address_of(c.step(granularity="instruction")) == code[call + 2][0]


def test_instructions_into_a_call_and_out_of_it(c: Stepper) -> None:
    frame = c.stop("calls", "calls")
    code = instructions(c.client, frame, 12)
    call = next(index for index, each in enumerate(code) if each[1].startswith("call"))
    for _ in range(call):
        c.step("stepIn", granularity="instruction")
    inside = c.step("stepIn", granularity="instruction")
    assert inside["name"] == "leaf"
    assert address_of(inside) == int(code[call][1].split()[1], 16)
    assert address_of(c.step("stepOut", granularity="instruction")) == code[call + 1][0]


# -- recursion -------------------------------------------------------------------------------------------


def test_next_over_a_recursive_call_stays_in_its_frame(c: Stepper) -> None:
    c.stop("recurse", "recurse")
    c.goes("recursion", kind="stepIn")
    c.goes("deeper")
    c.goes("recursion", kind="stepIn")
    c.goes("deeper", "up")
    assert number_of(c) == 4
    c.goes("recursion_end", "up")
    assert number_of(c) == 5
    c.finish("recurse 15")


def test_step_out_of_the_innermost_of_many(c: Stepper) -> None:
    c.stop("bottom", "recurse")
    for number in (1, 2, 3, 4, 5):
        c.goes("deeper", kind="stepOut")
        assert number_of(c) == number
    c.goes("recurse", kind="stepOut")
    c.goes("recurse_return")
    c.finish("recurse 15")


def number_of(stepper: Stepper) -> int:
    frame = top(stepper.client, stepper.tid)["id"]
    return int(stepper.client.request("evaluate", expression="number", frameId=frame)["result"])


# -- C++ -------------------------------------------------------------------------------------------------


def test_over_inlined_functions(cpp: Stepper) -> None:
    cpp.stop("inlined", "inline")
    cpp.goes("call_outer", "between", "call_inner", "inlined_end")
    cpp.finish("inline 5")


def test_into_inlined_functions_and_out_of_them(cpp: Stepper) -> None:
    cpp.stop("inlined", "inline")
    frame = cpp.step("stepIn")
    while frame["name"].startswith(("inlined", "outer")):
        frame = cpp.step("stepIn")
    assert cpp.is_at("inner")
    frame = cpp.step("stepOut")
    assert frame["name"].startswith("outer")
    frame = cpp.step("stepOut")
    assert frame["name"].startswith("inlined")
    cpp.finish("inline 5")


def test_objects(cpp: Stepper) -> None:
    cpp.stop("make", "objects")
    cpp.goes("virtual")
    frame = cpp.step("stepIn")
    while not frame["name"].startswith("(anonymous namespace)::derived::value"):
        frame = cpp.step("stepOut" if "unique_ptr" in frame["name"] else "stepIn")
    assert cpp.is_at("value")
    cpp.step("stepOut")
    cpp.finish("objects 11")


# -- Rust and Go -----------------------------------------------------------------------------------------


def test_rust(program: Program, connect: Connect) -> None:
    rust = Stepper(program, connect, RUST)
    rust.stop("sum", "sum")
    rust.goes("method", kind="stepIn")
    rust.step("stepOut")
    assert rust.is_at("sum")
    frame = rust.step()
    assert frame["line"] == line_of(RUST, "sum") + 1
    rust.goes("trait", kind="stepIn")
    rust.step("stepOut")
    for _ in range(3):
        frame = rust.step()
    assert frame["line"] == line_of(RUST, "sum_end")
    rust.finish("sum 32")


def test_go(program: Program, connect: Connect) -> None:
    """A goroutine may go on in another thread; steps by line follow it there or stay."""
    go = Stepper(program, connect, GO)
    go.stop("sum", "sum")
    frame = go.step("stepIn")
    assert frame["name"].endswith("area")
    go.step("stepOut")
    assert go.is_at("sum")
    there = [go.step()["line"] for _ in range(3)]
    first = line_of(GO, "sum")
    assert there == [first + 1, first + 2, line_of(GO, "sum_end")]
    go.finish("sum 20")


# -- gdb's steps -----------------------------------------------------------------------------------------

ORACLE = [
    (C, "calls", "calls"),
    (C, "recurse", "recurse"),
    (C, "qsort", "library"),
    (CPP, "objects", "objects"),
    (CPP, "inlined", "inline"),
    ("stops.c", "entry", "work 3"),
    ("stops.c", "for", "for 4"),
]


STEPS = [(*place, kind, 30) for place in ORACLE for kind in ("next", "step")]
# At the call of an inlined function gdb makes a frame up, without executing anything.
STEPS.remove((CPP, "inlined", "inline", "step", 30))
# Where the C library's lines are installed, a step goes into it.
STEPS.remove((C, "qsort", "library", "step", 30))
# Most of its steps are in the headers of the library.
STEPS.remove((CPP, "objects", "objects", "step", 30))
STEPS += [(RUST, "sum", "sum", kind, 5) for kind in ("next", "step")]


@pytest.mark.parametrize("place", STEPS, ids=[f"{each[0]}-{each[1]}-{each[3]}" for each in STEPS])
def test_steps_lead_where_gdbs_do(
    program: Program, connect: Connect, place: tuple[str, str, str, str, int]
) -> None:
    fixture, marker, order, kind, count = place
    # With columns, gdb stops once more in a line to which a function has returned.
    flags = FLAGS[fixture] if fixture == RUST else (*FLAGS[fixture], "-gno-column-info")
    where = str(FIXTURES / fixture), line_of(fixture, marker)
    expected = gdb_steps(build(fixture, *flags), where, order, kind, count)
    stepper = Stepper(program, connect, fixture, flags=flags)
    there = [stepper.stop(marker, order)["line"]]
    assert stepper.target.process.stdin is not None
    stepper.target.process.stdin.close()
    for _ in range(len(expected) - 1):
        frame = stepper.step("next" if kind == "next" else "stepIn")
        if frame.get("source", {}).get("path") == where[0]:
            there.append(frame["line"])
    there, expected = without_repeats(there), without_repeats(expected)
    common = min(len(there), len(expected))
    assert common > 3
    assert there[:common] == expected[:common]


def without_repeats(lines: list[int]) -> list[int]:
    """A line with several entries in the line table gdb stops at several times in a row."""
    return [line for line, _ in itertools.groupby(lines)]
