"""Conditions, hit counts and log messages of breakpoints."""

from __future__ import annotations

from typing import Any

import pytest

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.requests.stops import UNOPTIMIZED
from tests.support.breakpoints import line_of, set_functions, set_lines, top
from tests.support.build import FIXTURES, build
from tests.support.session import attach, detach, resume
from tests.support.steps import held_threads
from tests.support.target import Target


def numbers(client: DapClient, target: Target, rounds: int) -> list[int]:
    """Have `work` called with 1 to *rounds*, and resume at each stop: the numbers it stopped with."""
    found: list[int] = []
    told, seen = len(target.lines), len(client.events("stopped"))
    target.write_line(f"work {rounds}")
    while len(target.lines) == told:
        client.threads()
        if len(client.events("stopped")) > seen + len(found):
            client.wait_event("stopped")
            found.append(number(client, target.pid))
            resume(client, target.pid)
    assert target.lines[told] == f"work {sum(i * i for i in range(1, rounds + 1))}"
    return found


def number(client: DapClient, tid: int) -> int:
    frame = top(client, tid)["id"]
    return int(client.request("evaluate", expression="number", frameId=frame)["result"])


CONDITIONS = {
    "number == 3": [3],
    "number % 2": [1, 3, 5],
    "place.x > 3 && number < 5": [4],
    "place.y == -2 || total == 0": [1, 2],
    "table[number - 1] == 4": [4],
    "$rdi == 5": [5],
    "sizeof(place) == 8 && number == 1": [1],
    "(char)number == 2": [2],
    "0": [],
    "": [1, 2, 3, 4, 5],
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition(client: DapClient, target: Target, condition: str) -> None:
    (told,) = set_lines(client, "stops.c", "work", condition=condition)
    assert told["verified"] is True
    assert numbers(client, target, 5) == CONDITIONS[condition]


def test_a_condition_on_a_function(client: DapClient, target: Target) -> None:
    (told,) = set_functions(client, "work", condition="number == 2")
    assert numbers(client, target, 3) == [2]
    assert client.events("stopped")[0]["hitBreakpointIds"] == [told["id"]]


def test_a_condition_on_an_instruction(client: DapClient, target: Target) -> None:
    (line,) = set_lines(client, "stops.c", "work")
    set_lines(client, "stops.c")
    wanted = [{"instructionReference": line["instructionReference"], "condition": "number == 2"}]
    client.request("setInstructionBreakpoints", breakpoints=wanted)
    assert numbers(client, target, 3) == [2]


COUNTS = {
    "3": [3, 4, 5, 6],
    ">3": [4, 5, 6],
    ">= 5": [5, 6],
    "<3": [1, 2],
    "<=1": [1],
    "==2": [2],
    "= 4": [4],
    "%3": [3, 6],
    "% 2": [2, 4, 6],
    "": [1, 2, 3, 4, 5, 6],
}


@pytest.mark.parametrize("count", COUNTS)
def test_a_hit_count(client: DapClient, target: Target, count: str) -> None:
    (told,) = set_lines(client, "stops.c", "work", hitCondition=count)
    assert told["verified"] is True
    assert numbers(client, target, 6) == COUNTS[count]


def test_only_hits_that_fulfil_the_condition_count(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", condition="number % 2 == 0", hitCondition="%2")
    assert numbers(client, target, 9) == [4, 8]


def test_counting_goes_on_until_the_breakpoint_is_changed(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", hitCondition="==3")
    assert numbers(client, target, 2) == []
    set_lines(client, "stops.c", "work", hitCondition="==3")  # as it was
    assert numbers(client, target, 2) == [1]
    set_lines(client, "stops.c", "work", hitCondition="==2")
    assert numbers(client, target, 3) == [2]


WRONG: dict[str, dict[str, Any]] = {
    "not complete": {"condition": "number =="},
    "no expression": {"condition": "@#"},
    "an assignment": {"condition": "number = 2"},
    "no count": {"hitCondition": "many"},
    "never": {"hitCondition": "%0"},
    "a good condition, but no count": {"condition": "number == 1", "hitCondition": "many"},
    "in a hole": {"logMessage": "{number +}"},
    "a good condition, but a hole": {"condition": "1", "logMessage": "{number = 1}"},
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_an_expression_is_told(client: DapClient, target: Target, wrong: str) -> None:
    (told,) = set_lines(client, "stops.c", "work", **WRONG[wrong])
    assert told["verified"] is False
    (text,) = WRONG[wrong].values() if len(WRONG[wrong]) == 1 else [""]
    assert text.strip("{}") in told["message"]
    assert numbers(client, target, 2) == []
    detach(client, target)


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_with_an_expression_is_told_before_the_program_begins(
    connect: Connect, wrong: str
) -> None:
    """Editors set breakpoints before they launch; told now or later, but told."""
    client = connect()
    client.initialize()
    (told,) = set_lines(client, "stops.c", "call", **WRONG[wrong])
    client.request("launch", program=str(build("stops.c", *UNOPTIMIZED)), stopOnEntry=True)
    client.request("configurationDone")
    client.wait_event("stopped", 20, reason="entry")
    said = [told, *(event["breakpoint"] for event in client.events("breakpoint", reason="changed"))]
    assert {each["verified"] for each in said} == {False}
    assert "begun" not in said[-1]["message"]
    client.request("disconnect", terminateDebuggee=True)


def test_a_wrong_hit_count_is_never_placed(program: Program, connect: Connect) -> None:
    target = program("loader.c", str(build("plugin.c", "-shared", "-fPIC", "-O0")), flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    set_lines(client, "plugin.c", "plugin", condition="number == 5", hitCondition="many")
    for order in ("load", "call 5"):
        target.write_line(order)
        target.wait_line(order.split()[0])
    client.threads()
    assert not client.events("stopped")
    assert not [each for each in client.events("breakpoint") if each["breakpoint"]["verified"]]


def test_a_condition_that_cannot_be_evaluated_stops_and_says_why(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", condition="number == nowhere")
    assert numbers(client, target, 1) == [1]
    (told,) = client.events("output", category="console")
    assert "nowhere" in told["output"]
    assert "number == nowhere" in told["output"]


# -- one thread ----------------------------------------------------------------------------------------


def lockstep(program: Program, threads: int, rounds: int) -> Target:
    target = program("lockstep.c", str(threads), str(rounds), flags=UNOPTIMIZED)
    target.wait_line("main")
    return target


def workers(target: Target) -> list[int]:
    return sorted(target.tids() - {target.pid})


def test_a_condition_on_a_thread_by_its_id(program: Program, connect: Connect) -> None:
    target = lockstep(program, 4, 50)
    client = connect()
    attach(client, target)
    mine = workers(target)[2]
    set_lines(client, "lockstep.c", "work", condition=f"$tid == {mine}", hitCondition="%10")
    target.write_line("go")
    for expected in (9, 19, 29, 39, 49):
        stopped = client.wait_event("stopped")
        assert stopped["threadId"] == mine
        assert stopped["allThreadsStopped"] is True
        frame = top(client, mine)["id"]
        assert client.request("evaluate", expression="round", frameId=frame)["result"] == str(expected)
        resume(client, mine)
    assert target.wait_line("sum") == f"sum {sum(2 * i + 1 for i in range(50)) * 4}"


@pytest.mark.parametrize("condition", ['thread_name == "alice"', "tid == {}"])
def test_a_condition_on_a_thread_where_the_program_has_a_function_tid(
    program: Program, connect: Connect, condition: str
) -> None:
    target = program("ticker.c", "0", flags=UNOPTIMIZED)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    for name in ("alice", "bob"):
        target.write_line("start")
        target.wait_line("started")
        target.write_line(f"name {name}")
    (alice, _) = target.reported("started")
    set_functions(client, "say", condition=condition.format(alice))
    target.write_line("end")  # the youngest
    target.wait_line("exited")
    target.write_line("end")
    assert client.wait_event("stopped")["threadId"] == alice
    assert len(client.events("stopped")) == 1
    resume(client, alice)
    target.wait_line("exited")


# -- log messages --------------------------------------------------------------------------------------


def outputs(client: DapClient) -> list[str]:
    return [event["output"] for event in client.events("output")]


def test_a_log_message_does_not_stop(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "total", logMessage="{number} squared is {square}, at {place.x}; {{}}")
    target.write_line("work 2")
    for n in (1, 2):
        said = client.wait_event("output")
        assert said["output"] == f"{n} squared is {n * n}, at {n}; {{}}\n"
    assert target.wait_line("work") == "work 5"
    assert not client.events("stopped")


LOGS = {
    "just text": "just text\n",
    "{place}": "{x = 1, y = -1}\n",
    "{table}": "{1, 2, 3, 4}\n",
    "{number,x}": "0x1\n",
    "{ number + 1 }": "2\n",
    "{}": "\n",
    "{open": "{open\n",
    "closed}": "closed}\n",
    "{nowhere}.": "<",
    "in {thread_name}": 'in "stops"\n',
    "a\nb": "a\nb\n",
}


@pytest.mark.parametrize("text", LOGS)
def test_what_a_log_message_says(client: DapClient, target: Target, text: str) -> None:
    (told,) = set_lines(client, "stops.c", "total", logMessage=text)
    assert told["verified"] is True
    target.write_line("work 1")
    said = client.wait_event("output")["output"]
    assert said.startswith(LOGS[text])
    assert target.wait_line("work") == "work 1"


def test_a_log_message_with_a_condition_and_a_count(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", condition="number > 2", hitCondition="%2", logMessage="{number}")
    assert numbers(client, target, 8) == []
    client.threads()
    assert outputs(client) == ["4\n", "6\n", "8\n"]


def test_a_log_message_beside_a_breakpoint(client: DapClient, target: Target) -> None:
    line = line_of("stops.c", "work")
    source = {"path": str(FIXTURES / "stops.c")}
    wanted: list[Message] = [{"line": line, "logMessage": "{number}"}, {"line": line}]
    told = client.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"]
    assert numbers(client, target, 2) == [1, 2]
    assert outputs(client) == ["1\n", "2\n"]
    assert client.events("stopped")[0]["hitBreakpointIds"] == [told[1]["id"]]


# -- many threads --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [200])
def test_R35_R36_every_thread_hits_every_time(program: Program, connect: Connect, rounds: int) -> None:
    """A condition is evaluated at each hit of each thread, while the others come to the same place."""
    target = lockstep(program, 4, rounds)
    client = connect()
    attach(client, target)
    set_lines(client, "lockstep.c", "work", hitCondition=f"=={4 * rounds}")
    for _ in range(3):
        target.write_line("go")
        client.wait_event("stopped")
        resume(client, target.pid)
        assert target.wait_line("sum") == f"sum {rounds * rounds * 4}"
        set_lines(client, "lockstep.c")
        set_lines(client, "lockstep.c", "work", hitCondition=f"=={4 * rounds}")
    assert len(client.events("stopped")) == 3


def test_R35_every_thread_stops_every_time(program: Program, connect: Connect) -> None:
    """One stop a hit, whichever threads trap at once: none is lost, and none is told twice."""
    target = lockstep(program, 4, 10)
    client = connect()
    attach(client, target)
    set_lines(client, "lockstep.c", "work")
    target.write_line("go")
    hits: dict[int, list[int]] = {tid: [] for tid in workers(target)}
    for _ in range(40):
        stopped = client.wait_event("stopped")
        assert stopped["reason"] == "breakpoint"
        tid = stopped["threadId"]
        assert held_threads(target) == set(client.threads())
        frame = top(client, tid)
        assert frame["line"] == line_of("lockstep.c", "work")
        said = client.request("evaluate", expression="round", frameId=frame["id"])["result"]
        hits[tid].append(int(said))
        resume(client, tid)
    assert target.wait_line("sum") == "sum 400"
    assert set(map(tuple, hits.values())) == {tuple(range(10))}
    assert len(client.events("stopped")) == 40


def test_non_stop_every_thread_stops_alone(program: Program, connect: Connect) -> None:
    target = lockstep(program, 4, 5)
    client = connect()
    attach(client, target, nonStop=True)
    set_lines(client, "lockstep.c", "work")
    target.write_line("go")
    hits = dict.fromkeys(workers(target), 0)
    for _ in range(5):
        there = [client.wait_event("stopped") for _ in range(4)]
        assert {each["threadId"] for each in there} == set(hits)
        assert {each["allThreadsStopped"] for each in there} == {False}
        assert target.states()[target.pid] != "t"
        for each in there:
            hits[each["threadId"]] += 1
            assert top(client, each["threadId"])["line"] == line_of("lockstep.c", "work")
            resume(client, each["threadId"])
    assert target.wait_line("sum") == "sum 100"
    assert set(hits.values()) == {5}


def test_R34_set_and_removed_while_threads_come_through(program: Program, connect: Connect) -> None:
    rounds = 3000
    target = lockstep(program, 4, rounds)
    client = connect()
    attach(client, target)
    target.write_line("go")
    while not any(line.startswith("sum") for line in target.lines):
        set_lines(client, "lockstep.c", "work", "call", condition="round < 0")
        set_lines(client, "lockstep.c")
    assert target.wait_line("sum") == f"sum {rounds * rounds * 4}"
    assert not client.events("stopped")
    detach(client, target)
