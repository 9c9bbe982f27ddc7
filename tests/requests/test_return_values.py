"""What stepOut shows: the value that the function returned."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.debugger.values.frames import clang, gcc
from tests.requests.gdb_finish import gdb_finish
from tests.support.breakpoints import set_functions, set_lines, top
from tests.support.build import FIXTURES
from tests.support.session import attach, detach, resume
from tests.support.stepper import GO_FLAGS, UNOPTIMIZED, Stepper
from tests.support.stepper import C as STEPS
from tests.support.target import Target

C, CPP, RUST, GO = "returns.c", "returns.cpp", "returns.rs", "returns.go"
FIXED = "-no-pie"
"""So that gdb's addresses are those of our program."""

VARIANTS: dict[str, Callable[[], Path]] = {
    "c-gcc": lambda: gcc(C, "-O0", FIXED, "-Wno-psabi"),
    "c-gcc-O2": lambda: gcc(C, "-O2", FIXED, "-Wno-psabi"),
    "c-clang": lambda: clang(C, "-O0", FIXED),
    "c-clang-O2": lambda: clang(C, "-O2", FIXED),
    "cpp-gcc": lambda: gcc(CPP, "-O0", FIXED),
    "cpp-gcc-O2-dwarf4": lambda: gcc(CPP, "-O2", FIXED, "-gdwarf-4"),
    "cpp-clang": lambda: clang(CPP, "-O0", FIXED),
    "cpp-clang-dwarf4": lambda: clang(CPP, "-O0", FIXED, "-gdwarf-4"),
}
# gdb 13 takes all integers and vectors of 16 bytes from rax and rdx or less, does not know of deleted
# copies, and ends itself at a long double in a union.
TRUTH = {
    "r_int128": "8264141345021879123968",
    "r_four_ints": "{1, 2, 3, 4}",
    "r_with_vector": "{four = {5, 6, 7, 8}}",
    "r_wider": "{wide = 2.5, number = -6917529027641081856}",
    "r_moved_only": "{number = 14}",
}
NOTHING = {"r_void", "r_empty", "r_unit", "main.r_nothing"}

RUST_TRUTH = {
    "r_bool": "true",
    "r_char": "223 'ß'",
    "r_u8": "200",
    "r_i32": "-70000",
    "r_i64": "-5000000000",
    "r_u128": "8264141345021879123968",
    "r_f32": "1.5",
    "r_f64": "-2.25",
    "r_str": '"text"',
    "r_slice": "[7, 8, 9]",
    "r_string": '"owned"',
    "r_vec": "Vec(size=3) = [1, 2, 3]",
    "r_some": "Some(5)",
    "r_none": "None",
    "r_some_long": "Some(-6)",
    "r_no_reference": "None",
    "r_some_float": "Some(2.5)",
    "r_ordering": "Ordering::Less",
    "r_color": "Color::Green",
    "r_meters": "Meters(3.5)",
    "r_pair": "(1, -2)",
    "r_floats": "(1.5, 2.5)",
    "r_mixed": "(3, 4.5)",
    "r_longs": "Longs {one: -1, other: 2}",
    "r_large": "Large {one: 1, two: 2, three: 3}",
    "r_result": 'Err("no")',
    "r_unit": None,
    # What an extern "C" function would return otherwise, and what rustc may put anywhere
    "r_point": None,
    "r_array": None,
    "r_shape": None,
}
GO_TRUTH = {
    "r_bool": {"": "true"},
    "r_int8": {"": "-3"},
    "r_int": {"": "-70000"},
    "r_float32": {"": "1.5"},
    "r_float64": {"": "-2.25"},
    "r_complex": {"": "1.5 + 2.5i"},
    "r_string": {"": '"text"'},
    "r_slice": {"": "[]int len: 3, cap: 3, [1, 2, 3]"},
    "r_point": {"": "main.point {x: 1, y: -2}"},
    "r_large": {"": 'main.large {one: 1, two: 2, three: 3, four: 4, name: "large"}'},
    "r_one": {"": "[6]"},
    "r_array": {},  # on the stack
    "r_two": {": count": "9", ": err": "nil"},
    "r_three": {": ~r0": "1.5", ": ~r1": '"three"', ": ~r2": "3"},
    "r_many": {
        ": ~r0": 'main.large {one: 1, two: 2, three: 3, four: 4, name: "one"}',
        ": ~r1": "5",
    },
    "r_nothing": {},
    "r_method": {"": "7"},
}


def functions_of(fixture: str, pattern: str) -> list[str]:
    return re.findall(pattern, (FIXTURES / fixture).read_text(), re.MULTILINE)


def returned(client: DapClient, tid: int) -> list[Message]:
    """The rows of the innermost frame's first scope that tell of return values: the first ones."""
    scope = client.request("scopes", frameId=top(client, tid)["id"])["scopes"][0]
    assert scope["name"] == "Locals"
    rows = client.request("variables", variablesReference=scope["variablesReference"])["variables"]
    found = [row for row in rows if row["name"].startswith("Return value")]
    assert rows[: len(found)] == found
    return found


def all_returned(client: DapClient, target: Target, names: list[str]) -> dict[str, dict[str, str]]:
    """Stop in each of these functions and step out: what its result is called, and what it is."""
    attach(client, target)
    set_functions(client, *names)
    target.write_line("go")
    found: dict[str, dict[str, str]] = {}
    for name in names:
        tid = client.wait_event("stopped")["threadId"]
        there = [frame["name"] for frame in stack(client, tid)]
        assert any(name in each for each in there), there
        while any(name in frame["name"] for frame in stack(client, tid)):  # out of what is inlined, too
            client.request("stepOut", threadId=tid)
            stopped = client.wait_event("stopped")
            assert stopped["reason"] == "step"
            tid = stopped["threadId"]
        found[name] = {
            row["name"].rpartition(name)[2]: row["value"]
            for row in returned(client, tid)
            if name in row["name"]
        }
        resume(client, tid)
    detach(client, target)
    return found


def stack(client: DapClient, tid: int) -> list[Message]:
    return list(client.request("stackTrace", threadId=tid, levels=40)["stackFrames"])


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_c_and_cpp_return_is_what_gdb_says(variant: str, connect: Connect) -> None:
    program = VARIANTS[variant]()
    names = functions_of(C if variant.startswith("c-") else CPP, r"^RETURNS\((\w+)")
    expected = gdb_finish(program, [name for name in names if name != "r_wider"], "go")
    assert len(expected) > len(names) - 3
    with Target(program) as target:
        target.wait_line("main")
        found = all_returned(connect(), target, names)
    for name in names:
        if name in NOTHING:
            assert found[name] == {}, name
        else:
            assert plain(found[name][""]) == plain(TRUTH.get(name) or expected[name]), name


def plain(written: str) -> str:
    """Without what only gdb writes: the types of pointers, where references lead, bases without members."""
    written = re.sub(r"^\([^<>]*\) (?=0x|@)|@0x[0-9a-f]+: ", "", written)
    written = re.sub(r"<[\w:]+> = \{<No data fields>\}, ", "", written)
    return re.sub(r", '\\000' <repeats 11 times>", "", written).replace("\\000" * 11, "")


@pytest.mark.parametrize("flags", [(), ("-O",)], ids=["O0", "O"])
def test_what_rust_returns(program: Program, connect: Connect, flags: tuple[str, ...]) -> None:
    target = program(RUST, flags=flags)
    target.wait_line("main")
    found = all_returned(connect(), target, functions_of(RUST, r"^    (r_\w+),"))
    assert found["r_reference"][""].endswith("<returns::NUMBERS+4>") or flags
    wrong = {name: found[name] for name, value in RUST_TRUTH.items() if found[name].get("") != value}
    assert not wrong


@pytest.mark.parametrize("flags", [(), GO_FLAGS], ids=["optimized", "N-l"])
def test_what_go_returns(program: Program, connect: Connect, flags: tuple[str, ...]) -> None:
    target = program(GO, flags=flags)
    target.wait_line("main")
    names = [f"main.{name}" for name in functions_of(GO, r"^func (r_\w+)")]
    found = all_returned(connect(), target, names)
    assert found["main.r_pointer"][""].endswith("<main.somewhere>")
    wrong = {
        name: found[f"main.{name}"] for name, values in GO_TRUTH.items() if found[f"main.{name}"] != values
    }
    assert not wrong


# -- when it is shown ------------------------------------------------------------------------------------


@pytest.fixture
def c(program: Program, connect: Connect) -> Stepper:
    return Stepper(program, connect, C, flags=(*UNOPTIMIZED, "-Wno-psabi"))


def names_of(stepper: Stepper) -> list[str]:
    return [row["name"] for row in returned(stepper.client, stepper.tid)]


def test_it_is_gone_once_the_thread_has_run(c: Stepper) -> None:
    c.stop("keep", "keep")
    assert names_of(c) == []
    c.step("stepIn")
    assert names_of(c) == []
    c.step("stepOut")
    (row,) = returned(c.client, c.tid)
    assert row["name"] == "Return value of r_int"
    assert (row["type"], row["value"]) == ("int", "-70000")
    assert "evaluateName" not in row
    c.goes("kept")
    assert names_of(c) == []
    c.finish("keep -70000")


def test_it_is_not_of_the_frames_further_out(c: Stepper) -> None:
    c.stop("keep", "keep")
    c.step("stepIn")
    c.step("stepOut")
    outer = stack(c.client, c.tid)[1]
    scope = c.client.request("scopes", frameId=outer["id"])["scopes"][0]
    rows = c.client.request("variables", variablesReference=scope["variablesReference"])["variables"]
    assert not any(row["name"].startswith("Return value") for row in rows)
    c.finish("keep -70000")


def test_it_can_be_changed_before_the_caller_has_it(c: Stepper) -> None:
    c.stop("keep", "keep")
    c.step("stepIn")
    c.step("stepOut")
    scope = c.client.request("scopes", frameId=top(c.client, c.tid)["id"])["scopes"][0]
    changed = c.client.request(
        "setVariable",
        variablesReference=scope["variablesReference"],
        name="Return value of r_int",
        value="12",
    )
    assert changed["value"] == "12"
    c.finish("keep 12")


def test_a_breakpoint_where_it_returns_to_changes_nothing(c: Stepper) -> None:
    c.stop("keep", "keep")
    c.step("stepIn")
    address = stack(c.client, c.tid)[1]["instructionPointerReference"]
    c.client.request("setInstructionBreakpoints", breakpoints=[{"instructionReference": address}])
    c.client.request("stepOut", threadId=c.tid)
    c.client.wait_event("stopped", reason="instruction breakpoint")
    assert names_of(c) == ["Return value of r_int"]
    c.finish("keep -70000")


def test_a_step_that_ends_behind_a_return_shows_it_too(c: Stepper) -> None:
    c.stop("drop", "drop")
    c.step("stepIn")
    while not c.is_at("dropped"):
        assert names_of(c) == []
        c.step("next")
    assert names_of(c) == ["Return value of r_int"]
    c.finish("drop 0")


@pytest.mark.parametrize("compiler", [gcc, clang])
def test_a_value_that_the_compiler_has_removed_is_not_shown(
    compiler: Callable[..., Path], connect: Connect
) -> None:
    with Target(compiler(C, "-O2", "-Wno-psabi")) as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        set_functions(client, "never_used")
        target.write_line("drop")
        tid = client.wait_event("stopped")["threadId"]
        client.request("stepOut", threadId=tid)
        client.wait_event("stopped", reason="step")
        assert not any("never_used" in frame["name"] for frame in stack(client, tid))
        assert returned(client, tid) == []
        resume(client, tid)
        detach(client, target)


def test_out_of_a_callback_of_a_library(program: Program, connect: Connect) -> None:
    """The caller has no locals that anybody knows."""
    stepper = Stepper(program, connect, STEPS)
    stepper.stop("qsort", "library")
    set_lines(stepper.client, STEPS, "compare")
    stepper.client.request("next", threadId=stepper.tid)
    stepper.client.wait_event("stopped", reason="breakpoint")
    set_lines(stepper.client, STEPS)
    stepper.step("stepOut")
    assert names_of(stepper) == ["Return value of compare"]
    stepper.finish("library 5")
