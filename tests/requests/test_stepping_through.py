"""Steps that meet something on the way: breakpoints, signals, exceptions, processes, the end."""

from __future__ import annotations

import pytest

from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, set_lines, step
from tests.support.build import build
from tests.support.session import attach, detach, expect_end, pause, resume
from tests.support.stepper import CPP, UNOPTIMIZED, C, Stepper, address_of, instructions


@pytest.fixture
def c(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, C)


@pytest.fixture
def cpp(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, CPP)


@pytest.mark.parametrize("kind", ["next", "stepOut"])
def test_a_breakpoint_in_what_is_called_ends_the_step(c: Stepper, kind: str) -> None:
    c.stop("nested", "calls")
    (told,) = set_lines(c.client, C, "leaf")
    c.client.request(kind, threadId=c.tid)
    stopped = c.client.wait_event("stopped")
    assert stopped["reason"] == "breakpoint"
    assert stopped["hitBreakpointIds"] == [told["id"]]
    assert c.is_at("leaf")
    set_lines(c.client, C)
    c.goes("leaf_return")
    c.finish("calls 28")


def test_a_breakpoint_where_the_step_ends_is_a_breakpoint(c: Stepper) -> None:
    c.stop("calls", "calls")
    (told,) = set_lines(c.client, C, "nested")
    c.client.request("next", threadId=c.tid)
    stopped = c.client.wait_event("stopped")
    assert c.is_at("nested")
    assert stopped["reason"] == "breakpoint"
    assert stopped["hitBreakpointIds"] == [told["id"]]


def test_steps_from_breakpoint_to_breakpoint(c: Stepper) -> None:
    """Each line has one, false: a step passes them, and ends as if there were none."""
    c.stop("calls", "calls")
    marks = ("nested", "two", "loop", "loop_body", "leaf", "leaf_return", "leaf_end", "middle", "if", "then")
    set_lines(c.client, C, *marks, condition="0")
    c.goes("nested", "two", "loop", "loop_body", "loop", "loop_body", "loop", "if", "then", "calls_return")
    c.finish("calls 28")


def test_a_log_message_on_the_way(c: Stepper) -> None:
    c.stop("calls", "calls")
    set_lines(c.client, C, "leaf", logMessage="leaf {number}")
    c.goes("nested", "two", "loop")
    assert [each["output"] for each in c.client.events("output")] == [f"leaf {n}\n" for n in (1, 2, 3, 3, 4)]
    c.finish("calls 28")


def test_over_a_longjmp(c: Stepper) -> None:
    c.stop("jump", "jump")
    c.goes("setjmp", "landed", "jump_end")
    c.finish("jump 7")


def test_out_of_a_function_that_jumps(c: Stepper) -> None:
    c.stop("jump", "jump")
    c.step("stepIn")
    there = c.step("stepOut")
    assert there["name"] == "jump"
    c.finish("jump 7")


def test_R38_signals_that_arrive_all_the_time(c: Stepper) -> None:
    """Their handler is no part of a step, and no step is lost."""
    c.stop("signals", "signals")
    c.goes("signals_loop")
    for _ in range(40):
        c.goes("signals_call", "signals_body", "signals_loop")
    set_lines(c.client, C, "signals_call", "signals_body", condition="0")  # steps begin in copies
    for _ in range(40):
        c.goes("signals_call", "signals_body", "signals_loop")
    c.finish("signals 5050")


def test_a_breakpoint_in_a_signal_handler_ends_the_step(c: Stepper) -> None:
    c.stop("signals", "signals")
    (told,) = set_lines(c.client, C, "handler")
    for _ in range(200):
        c.client.request("next", threadId=c.tid)
        stopped = c.client.wait_event("stopped")
        if stopped["reason"] == "breakpoint":
            break
    assert stopped["hitBreakpointIds"] == [told["id"]]
    assert c.is_at("handler")
    set_lines(c.client, C)
    c.finish("signals 5050")


def test_R37_over_fork_vfork_and_clone(c: Stepper) -> None:
    c.stop("fork", "children")
    c.goes("forked", "waited", "vfork", "vforked", "vfork_waited", "create", "join", "children_end")
    c.finish("children 8")


def test_R37_instructions_through_fork_vfork_and_clone(c: Stepper) -> None:
    c.stop("vfork", "children")
    while not c.is_at("create"):
        c.step(granularity="instruction")
    c.finish("children 8")


def test_into_functions_without_lines_goes_over_them(program: Program, connect: Connect) -> None:
    plugin = build("plugin.c", "-shared", "-fPIC", "-O0", "-s")
    target = program("loader.c", str(plugin), flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    set_lines(client, "loader.c", "call")
    target.write_line("load")
    target.write_line("call 5")
    client.wait_event("stopped")
    set_lines(client, "loader.c")
    frame = step(client, target.pid, "stepIn")
    while frame["name"] != "say":  # the C library may have lines
        assert "plugin" not in frame["name"]
        kind = "stepIn" if frame["line"] == line_of("loader.c", "call") else "stepOut"
        frame = step(client, target.pid, kind)
    assert frame["name"] == "say"
    step(client, target.pid, "stepOut")
    resume(client, target.pid)
    assert target.wait_line("call") == "call 19"
    detach(client, target)


def test_by_a_pointer(c: Stepper) -> None:
    c.stop("by_pointer", "library")
    c.goes("leaf", kind="stepIn")
    c.goes("by_pointer", kind="stepOut")
    c.finish("library 5")


def test_a_callback_of_a_library(c: Stepper) -> None:
    """At its end the step goes on, to where there are lines: the C library's own, if they are installed."""
    c.stop("qsort", "library")
    set_lines(c.client, C, "compare")
    c.client.request("next", threadId=c.tid)
    c.client.wait_event("stopped", 20, reason="breakpoint")
    set_lines(c.client, C)
    assert c.step("next")["name"] == "compare"
    for _ in range(2):
        frame = c.step("stepOut")
    assert frame["name"] != "compare"
    c.finish("library 5")


def test_over_a_system_call_instruction(program: Program, connect: Connect) -> None:
    stepper = Stepper(program, connect, "stops.c")
    stepper.stop("syscall", "asm 20")
    stepper.goes("long_line", "after_machine")
    stepper.finish("asm 0")


def test_instructions_through_a_system_call(program: Program, connect: Connect) -> None:
    stepper = Stepper(program, connect, "stops.c")
    frame = stepper.stop("syscall", "asm 5")
    expected = [address for address, _ in instructions(stepper.client, frame, 4)]
    there = [address_of(stepper.step("stepIn", granularity="instruction")) for _ in range(3)]
    assert there == expected[1:]
    stepper.finish("asm 0")


def test_a_step_over_a_long_line_can_be_paused(program: Program, connect: Connect) -> None:
    stepper = Stepper(program, connect, "stops.c")
    stepper.stop("long_line", "asm 10000000")
    stepper.client.request("next", threadId=stepper.tid)
    stopped = pause(stepper.client, stepper.tid)
    assert stopped["reason"] == "pause"
    assert stepper.is_at("long_line")
    stepper.finish("asm 0")


def test_a_step_that_is_given_up_harms_nobody(program: Program, connect: Connect) -> None:
    """Continued while it executes one instruction after the other."""
    stepper = Stepper(program, connect, "stops.c")
    for _ in range(5):
        stepper.stop("long_line", "asm 100000")
        stepper.client.request("next", threadId=stepper.tid, singleThread=True)
        resume(stepper.client, stepper.tid)
        assert stepper.target.wait_line("asm") == "asm 0"
    assert not stepper.client.events("stopped", reason="exception")


# -- exceptions ------------------------------------------------------------------------------------------


def test_over_an_exception(cpp: Stepper) -> None:
    cpp.stop("try", "throw")
    frame = cpp.step()
    assert frame["name"].startswith("thrown")
    assert frame["line"] in {line_of(CPP, "caught"), line_of(CPP, "caught") - 1}
    cpp.finish("throw 7")


def test_over_an_exception_that_goes_through_frames(cpp: Stepper) -> None:
    cpp.stop("through", "throw")
    frame = cpp.step()
    assert frame["name"].startswith("thrown")
    assert frame["line"] in {line_of(CPP, "caught_through"), line_of(CPP, "caught_through") - 1}
    cpp.finish("throw 7")


def test_a_throw_itself(cpp: Stepper) -> None:
    cpp.stop("throw", "throw")
    frame = cpp.step()
    assert frame["name"].startswith("thrown")
    cpp.finish("throw 7")


# -- the end ---------------------------------------------------------------------------------------------


def test_at_the_end_of_main(c: Stepper) -> None:
    set_lines(c.client, C, "main_return")
    assert c.target.process.stdin is not None
    c.target.process.stdin.close()
    c.client.wait_event("stopped")
    c.goes("main_end")
    c.client.request("next", threadId=c.tid)
    stopped = c.client.next_event()
    if stopped["event"] == "stopped":  # where main was called from, if that has lines
        assert stopped["body"]["reason"] == "step"
        resume(c.client, c.tid)
    expect_end(c.client, c.target, 0)


def test_R40_at_the_end_of_a_thread(c: Stepper) -> None:
    c.stop("thread", "thread")
    assert c.tid != c.target.pid
    c.goes("thread_return", "thread_end")
    c.client.request("next", threadId=c.tid)
    stopped = c.client.wait_event("stopped")
    assert stopped["reason"] == "step"
    if stopped["threadId"] == c.tid:  # where it was called from, if that has lines
        resume(c.client, c.tid)
    else:
        assert c.client.events("thread", reason="exited", threadId=c.tid)
        resume(c.client, stopped["threadId"])
    assert c.target.wait_line("thread") == "thread 0"


def test_R37_into_an_exec(c: Stepper) -> None:
    """The step ends with the program that it was in: the other one runs."""
    c.stop("execute", "execute")
    c.client.request("next", threadId=c.tid)
    c.target.wait_line("main")
    c.stop("calls", "calls")
    c.goes("nested")
    c.finish("calls 28")


def test_R40_an_exit_on_the_way(c: Stepper) -> None:
    c.stop("calls", "calls")
    c.target.process.kill()
    expect_end(c.client, c.target, -9)


# -- many ------------------------------------------------------------------------------------------------


def test_over_six_hundred_calls(program: Program, connect: Connect) -> None:
    """Each at a place of its own: what steps need in the code is given back."""
    target = program("many_calls.c", flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    set_lines(client, "many_calls.c", "first")
    target.write_line("go")
    client.wait_event("stopped")
    set_lines(client, "many_calls.c")
    for _ in range(600):
        step(client, target.pid, granularity="instruction")
    resume(client, target.pid)
    assert target.wait_line("end") == "end 1500"
    detach(client, target)
