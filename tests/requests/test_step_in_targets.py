"""stepInTargets: the calls of a line that are still ahead, and the step into one of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dapserver.client import Message
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, top
from tests.support.build import build
from tests.support.session import detach, resume
from tests.support.stepper import CPP, GO, RUST, UNOPTIMIZED, C, Stepper
from tests.support.steps import refusal

LINKED = "linked.c"
VALUE = "(anonymous namespace)::derived::value() const"


@pytest.fixture
def c(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, C)


@pytest.fixture
def cpp(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, CPP)


def targets(stepper: Stepper) -> list[Message]:
    frame = top(stepper.client, stepper.tid)["id"]
    return list(stepper.client.request("stepInTargets", frameId=frame)["targets"])


def labels(stepper: Stepper) -> list[str]:
    return [target["label"] for target in targets(stepper)]


def step_into(stepper: Stepper, label: str) -> Message:
    (target,) = [each for each in targets(stepper) if each["label"].startswith(label)]
    return stepper.step("stepIn", targetId=target["id"])


def test_each_call_of_a_line_in_its_order(c: Stepper) -> None:
    c.stop("nested", "calls")
    first, second = targets(c)
    assert [first["label"], second["label"]] == ["leaf", "middle"]
    assert first["line"] == second["line"] == line_of(C, "nested")
    assert first["column"]
    c.finish("calls 28")


def test_over_one_call_into_another(c: Stepper) -> None:
    c.stop("nested", "calls")
    assert step_into(c, "middle")["name"] == "middle"
    assert c.is_at("middle")
    c.step("stepOut")
    c.goes("two")
    assert step_into(c, "middle")["name"] == "middle"
    c.finish("calls 28")


def test_what_has_been_called_is_no_target_any_more(c: Stepper) -> None:
    c.stop("nested", "calls")
    step_into(c, "leaf")
    c.step("stepOut")
    assert c.is_at("nested")
    assert labels(c) == ["middle"]
    c.finish("calls 28")


def test_two_calls_of_the_same_function(c: Stepper) -> None:
    c.stop("same", "same")
    assert labels(c) == ["leaf", "leaf, call 2", "last"]
    step_into(c, "leaf, call 2")
    frame = top(c.client, c.tid)["id"]
    assert c.client.request("evaluate", expression="number", frameId=frame)["result"] == "5"
    c.finish("same 18")


def test_a_jump_to_another_function_is_a_call(program: Program, connect: Connect) -> None:
    optimized = Stepper(program, connect, C, flags=("-O2",))
    optimized.stop("last", "same")
    (target,) = targets(optimized)
    assert target["label"] == "leaf"
    optimized.step("stepIn", targetId=target["id"])
    assert top(optimized.client, optimized.tid)["name"] == "leaf"
    optimized.finish("same 18")


def test_a_loop_is_followed(c: Stepper) -> None:
    c.stop("while", "same")
    assert labels(c) == ["leaf"]
    c.goes("while_body")
    assert labels(c) == []
    c.finish("same 18")


def test_a_line_without_calls(c: Stepper) -> None:
    c.stop("then", "calls")
    assert targets(c) == []
    c.finish("calls 28")


def test_by_a_pointer(c: Stepper) -> None:
    c.stop("by_pointer", "library")
    assert labels(c)[0] == "leaf"
    step_into(c, "leaf")
    assert c.is_at("leaf")
    c.finish("library 5")


def test_by_a_table(c: Stepper) -> None:
    """Of the functions in the table the one that will be called."""
    c.stop("order", "same")
    assert labels(c)[0] == "same"
    step_into(c, "same")
    assert c.is_at("same")
    c.finish("same 18")


def test_frames_further_out_have_none(c: Stepper) -> None:
    c.stop("nested", "calls")
    step_into(c, "leaf")
    outer = c.client.request("stackTrace", threadId=c.tid, levels=2)["stackFrames"][1]
    assert c.client.request("stepInTargets", frameId=outer["id"])["targets"] == []
    c.finish("calls 28")


def test_a_target_is_gone_once_the_thread_has_run(c: Stepper) -> None:
    c.stop("nested", "calls")
    target = targets(c)[0]["id"]
    c.goes("two")
    assert "not valid" in refusal(c.client, "stepIn", threadId=c.tid, targetId=target)
    c.finish("calls 28")


def test_a_virtual_method(cpp: Stepper) -> None:
    cpp.stop("plain", "objects")
    assert labels(cpp) == [VALUE]
    step_into(cpp, VALUE)
    assert cpp.is_at("value")
    cpp.finish("objects 11")


def test_a_method_of_what_another_call_gives(cpp: Stepper) -> None:
    """Which one that will be is known once the other call is over."""
    cpp.stop("virtual", "objects")
    (arrow,) = labels(cpp)
    assert arrow.startswith("std::unique_ptr") and arrow.endswith("::operator->() const")
    step_into(cpp, arrow)
    cpp.step("stepOut")
    assert cpp.is_at("virtual")
    assert labels(cpp) == [VALUE]
    cpp.finish("objects 11")


def test_rust(program: Program, connect: Connect) -> None:
    rust = Stepper(program, connect, RUST)
    rust.stop("sum", "sum")
    assert labels(rust) == ["panics::geometry::Square::area"]
    step_into(rust, "panics")
    assert rust.is_at("method")
    rust.finish("sum 32")


def test_go(program: Program, connect: Connect) -> None:
    go = Stepper(program, connect, GO)
    go.stop("sum", "sum")
    assert [label for label in labels(go) if "main." in label] == ["main.(*square).area"]
    go.finish("sum 20")


SHARED = ("-shared", "-fPIC", "-O0")


def linked_with(library: Path, binding: str = "lazy") -> tuple[str, ...]:
    return (*UNOPTIMIZED, f"-Wl,-z,{binding}", "-Wl,--no-as-needed", str(library))


@pytest.mark.parametrize("binding", ["lazy", "now"])
def test_a_function_of_a_library(program: Program, connect: Connect, binding: str) -> None:
    """Through the procedure linkage table, before and after the dynamic linker has found it."""
    stepper = Stepper(program, connect, LINKED, flags=linked_with(build("plugin.c", *SHARED), binding))
    for _ in range(2):
        stepper.stop("call", "call")
        assert labels(stepper) == ["plugin_work"]
        step_into(stepper, "plugin_work")
        assert top(stepper.client, stepper.tid)["line"] == line_of("plugin.c", "plugin")
        resume(stepper.client, stepper.tid)
        assert stepper.target.wait_line("call") == "call 19"
    detach(stepper.client, stepper.target)


def test_functions_without_lines_are_left_out(program: Program, connect: Connect) -> None:
    """The step would not stop in them."""
    stepper = Stepper(program, connect, LINKED, flags=linked_with(build("plugin.c", *SHARED, "-s")))
    stepper.stop("call", "call")
    assert labels(stepper) == []
    stepper.finish("call 19")
