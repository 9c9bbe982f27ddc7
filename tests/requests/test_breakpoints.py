"""setBreakpoints and setInstructionBreakpoints: where threads stop, and what is told of breakpoints."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.requests.stops import UNOPTIMIZED, expect_stop, set_addresses, started, through
from tests.support.breakpoints import line_of, set_functions, set_lines, top
from tests.support.build import FIXTURES, build
from tests.support.session import attach, detach, pause, resume
from tests.support.steps import launch, leave, refusal
from tests.support.target import Target


def test_a_line_stops_all_threads(client: DapClient, target: Target) -> None:
    (told,) = set_lines(client, "stops.c", "work")
    assert told["verified"] is True
    assert "message" not in told
    assert told["line"] == line_of("stops.c", "work")
    assert told["source"]["path"] == str(FIXTURES / "stops.c")
    target.write_line("work 1")
    stopped = expect_stop(client, "stops.c", "work", told["id"])
    assert stopped["reason"] == "breakpoint"
    assert stopped["threadId"] == target.pid
    assert stopped["allThreadsStopped"] is True
    assert top(client, target.pid)["instructionPointerReference"] == told["instructionReference"]
    resume(client, target.pid)
    assert target.wait_line("work") == "work 1"
    detach(client, target)


def test_a_line_without_code_is_moved_to_the_next(client: DapClient, target: Target) -> None:
    (told,) = set_lines(client, "stops.c", "comment")
    assert told["verified"] is True
    assert told["line"] == line_of("stops.c", "total")
    target.write_line("work 1")
    expect_stop(client, "stops.c", "total", told["id"])


def test_a_line_behind_all_code_is_none(client: DapClient) -> None:
    source = {"path": str(FIXTURES / "stops.c")}
    (told,) = client.request("setBreakpoints", source=source, breakpoints=[{"line": 100_000}])["breakpoints"]
    assert told["verified"] is False
    assert told["message"]


def test_a_file_that_is_not_known_yet(client: DapClient) -> None:
    source = {"path": "/nowhere/unknown.c"}
    (told,) = client.request("setBreakpoints", source=source, breakpoints=[{"line": 3}])["breakpoints"]
    assert told["verified"] is False
    assert told["line"] == 3
    assert told["source"]["path"] == "/nowhere/unknown.c"
    assert "loaded" in told["message"]


def test_the_lines_that_old_clients_send(client: DapClient) -> None:
    line = line_of("stops.c", "work")
    source = {"path": str(FIXTURES / "stops.c")}
    told = client.request("setBreakpoints", source=source, lines=[line])["breakpoints"]
    assert [each["line"] for each in told] == [line]


def test_a_source_without_a_path_is_refused(client: DapClient) -> None:
    source = {"name": "stops.c"}
    assert "path" in refusal(client, "setBreakpoints", source=source, breakpoints=[{"line": 1}])


def test_a_column_chooses_among_the_statements_of_a_line(client: DapClient, target: Target) -> None:
    line = line_of("stops.c", "columns")
    source = {"path": str(FIXTURES / "stops.c")}
    places = client.request("breakpointLocations", source=source, line=line)["breakpoints"]
    columns = [place["column"] for place in places]
    assert len(columns) == len(set(columns)) == 3
    wanted = [{"line": line, "column": column} for column in columns]
    told = client.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"]
    assert [each["column"] for each in told] == columns
    addresses = [int(each["instructionReference"], 16) for each in told]
    assert addresses == sorted(set(addresses))
    answer, frames = through(client, target, "for 2")
    assert answer == "for 3"
    assert [frame["column"] for frame in frames] == columns
    assert [int(frame["instructionPointerReference"], 16) for frame in frames] == addresses


def test_a_column_between_statements_is_moved_to_the_next(client: DapClient) -> None:
    line = line_of("stops.c", "columns")
    source = {"path": str(FIXTURES / "stops.c")}
    places = client.request("breakpointLocations", source=source, line=line)["breakpoints"]
    second = places[1]["column"]
    wanted = [{"line": line, "column": second - 1}]
    (told,) = client.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"]
    assert told["column"] == second


def test_locations_of_a_range_of_lines(client: DapClient) -> None:
    first, last = line_of("stops.c", "work"), line_of("stops.c", "end")
    source = {"path": str(FIXTURES / "stops.c")}
    places = client.request("breakpointLocations", source=source, line=first, endLine=last)["breakpoints"]
    lines = sorted({place["line"] for place in places})
    assert lines == [line_of("stops.c", each) for each in ("work", "total", "return", "end")]
    assert client.request("breakpointLocations", source=source, line=100_000)["breakpoints"] == []


def test_one_line_at_several_places_is_one_breakpoint(client: DapClient, target: Target) -> None:
    (told,) = set_lines(client, "stops.c", "inlined")
    answer, frames = through(client, target, "spread")
    assert answer == "spread 30"
    assert len(frames) == 3
    assert len({frame["instructionPointerReference"] for frame in frames}) == 3
    assert all(event["hitBreakpointIds"] == [told["id"]] for event in client.events("stopped"))


def test_a_loop_is_entered_once_by_its_line(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "for")
    answer, frames = through(client, target, "for 5")
    assert (answer, len(frames)) == ("for 12", 1)
    set_lines(client, "stops.c", "body")
    answer, frames = through(client, target, "for 5")
    assert (answer, len(frames)) == ("for 12", 5)


def test_an_instance_of_a_template_each(program: Program, connect: Connect) -> None:
    target = started(program, "overloads.cpp")
    client = connect()
    attach(client, target)
    set_lines(client, "overloads.cpp", "largest")
    answer, frames = through(client, target, "all")
    assert answer == "all 1032"
    assert [frame["name"] for frame in frames] == ["largest<int>", "largest<double>"]


def test_before_the_program_begins(connect: Connect) -> None:
    client = connect()
    client.initialize()
    (pending,) = set_lines(client, "stops.c", "call")
    assert pending["verified"] is False
    assert pending["message"]
    client.request("launch", program=str(build("stops.c", *UNOPTIMIZED)))
    client.request("configurationDone")
    changed = client.wait_event("breakpoint", 20, reason="changed")["breakpoint"]
    assert (changed["id"], changed["verified"]) == (pending["id"], True)
    client.request("disconnect", terminateDebuggee=True)


def test_after_the_program_has_ended(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work")
    target.process.kill()
    client.wait_event("terminated")
    (told,) = set_lines(client, "stops.c", "work")
    assert told["verified"] is False
    (told,) = set_functions(client, "memcpy")  # of those that are chosen when they are linked
    assert told["verified"] is False


# -- by address ----------------------------------------------------------------------------------------


def test_an_instruction(client: DapClient, target: Target) -> None:
    (line,) = set_lines(client, "stops.c", "return")
    set_lines(client, "stops.c")
    reference = line["instructionReference"]
    wanted = [{"instructionReference": hex(int(reference, 16) - 8), "offset": 8}]
    (told,) = client.request("setInstructionBreakpoints", breakpoints=wanted)["breakpoints"]
    assert told["verified"] is True
    assert told["instructionReference"] == reference
    target.write_line("work 1")
    stopped = expect_stop(client, "stops.c", "return", told["id"])
    assert stopped["reason"] == "instruction breakpoint"


def test_an_address_without_code_is_refused(client: DapClient, target: Target) -> None:
    pause(client, target.pid)
    frames = client.request("stackTrace", threadId=target.pid)["stackFrames"]
    main = next(frame["id"] for frame in frames if frame["name"] == "main")
    data = client.request("evaluate", expression="(long)&table", frameId=main)["result"]
    stack = client.request("evaluate", expression="(long)&order", frameId=main)["result"]
    for address in (0, 16, int(data), int(stack)):
        (told,) = set_addresses(client, address)
        assert told["verified"] is False
        assert hex(address) in told["message"]
    assert client.request("evaluate", expression="table", frameId=main)["result"] == "{1, 2, 3, 4}"
    resume(client, target.pid)
    detach(client, target)


def test_what_is_no_reference_is_refused(client: DapClient) -> None:
    wanted = [{"instructionReference": "main"}]
    assert "0x" in refusal(client, "setInstructionBreakpoints", breakpoints=wanted)


# -- replacing them ------------------------------------------------------------------------------------


def test_what_is_asked_for_again_stays_the_same(client: DapClient, target: Target) -> None:
    before = set_lines(client, "stops.c", "work", "return")
    after = set_lines(client, "stops.c", "return", "total", "work")
    ids = {each["line"]: each["id"] for each in before}
    assert after[0]["id"] == ids[line_of("stops.c", "return")]
    assert after[2]["id"] == ids[line_of("stops.c", "work")]
    assert after[1]["id"] not in ids.values()
    assert set_lines(client, "stops.c") == []
    assert through(client, target, "work 3") == ("work 14", [])


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_each_file_has_its_own(client: DapClient, target: Target, paused: bool) -> None:
    if paused:
        pause(client, target.pid)
    set_lines(client, "stops.c", "work")
    set_lines(client, "shared.h", "shared")
    set_functions(client, "machine")
    set_lines(client, "stops.c", "total")
    if paused:
        resume(client, target.pid)
    assert len(through(client, target, "work 1")[1]) == 1
    assert len(through(client, target, "spread")[1]) == 1
    assert len(through(client, target, "asm 5")[1]) == 1
    set_functions(client)
    set_lines(client, "shared.h")
    assert through(client, target, "asm 5") == ("asm 0", [])
    assert through(client, target, "spread") == ("spread 30", [])


def test_several_at_one_place_are_hit_together(client: DapClient, target: Target) -> None:
    (line,) = set_lines(client, "stops.c", "entry")
    (function,) = set_functions(client, "work")
    (instruction,) = set_addresses(client, int(line["instructionReference"], 16))
    assert function["instructionReference"] == line["instructionReference"]
    target.write_line("work 1")
    stopped = client.wait_event("stopped")
    assert sorted(stopped["hitBreakpointIds"]) == [line["id"], function["id"], instruction["id"]]
    assert stopped["reason"] == "breakpoint"
    set_lines(client, "stops.c")
    set_addresses(client)
    set_functions(client)
    resume(client, target.pid)
    assert target.wait_line("work") == "work 1"


def test_removed_where_a_thread_stands(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work")
    target.write_line("work 2")
    client.wait_event("stopped")
    set_lines(client, "stops.c")
    resume(client, target.pid)
    assert target.wait_line("work") == "work 5"
    assert len(client.events("stopped")) == 1


def test_leaving_at_a_breakpoint(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", "total", "call")
    target.write_line("work 3")
    client.wait_event("stopped")
    leave(client, target)
    assert target.wait_line("work") == "work 14"


def test_a_client_that_dies_takes_its_breakpoints_with_it(client: DapClient, target: Target) -> None:
    set_lines(client, "stops.c", "work", "total", "call")
    target.write_line("work 3")
    client.wait_event("stopped")
    client.close()
    assert target.wait_line("work") == "work 14"


def test_two_sessions_with_a_program_each(program: Program, connect: Connect) -> None:
    sessions = []
    for marker in ("work", "return"):
        target = started(program, "stops.c")
        client = connect()
        attach(client, target)
        (told,) = set_lines(client, "stops.c", marker)
        sessions.append((target, client, marker, told["id"]))
    for target, _, _, _ in sessions:
        target.write_line("work 1")
    for target, client, marker, id_ in sessions:
        assert expect_stop(client, "stops.c", marker, id_)["threadId"] == target.pid
    for target, client, _, _ in sessions:
        resume(client, target.pid)
        assert target.wait_line("work") == "work 1"


def test_what_memory_shows_has_no_breakpoints_in_it(client: DapClient, target: Target) -> None:
    (told,) = set_lines(client, "stops.c", "work")
    set_lines(client, "stops.c")

    def code() -> list[str]:
        reference = told["instructionReference"]
        found = client.request("disassemble", memoryReference=reference, instructionCount=8)
        return [each["instructionBytes"] for each in found["instructions"]]

    pause(client, target.pid)
    before = code()
    set_lines(client, "stops.c", "work", "total", "return")
    assert code() == before
    resume(client, target.pid)


def test_a_launched_program_runs_on_without_us(connect: Connect) -> None:
    client = connect()
    launch(client, build("stops.c", *UNOPTIMIZED))
    set_lines(client, "stops.c", "work")
    client.request("disconnect", terminateDebuggee=True)
    client.wait_closed()
