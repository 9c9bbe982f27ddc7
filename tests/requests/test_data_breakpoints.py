"""Data breakpoints: threads stop when they change or touch a piece of memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.requests.stops import UNOPTIMIZED, started
from tests.support.breakpoints import line_of, set_lines, step, top
from tests.support.build import build
from tests.support.session import attach, detach, resume
from tests.support.steps import launch, refusal
from tests.support.target import Target

FIXTURE = "watched.c"


@pytest.fixture
def target(program: Program) -> Target:
    return started(program, FIXTURE)


def info(client: DapClient, name: str, **more: Any) -> Message:
    return dict(client.request("dataBreakpointInfo", name=name, **more))


def watch(client: DapClient, *names: str, **more: Any) -> list[Message]:
    """Watch just these for changes; *more* holds for each."""
    wanted = [{"dataId": info(client, name)["dataId"], "accessType": "write", **more} for name in names]
    return list(client.request("setDataBreakpoints", breakpoints=wanted)["breakpoints"])


def expect_change(client: DapClient, breakpoint_: Message, text: str) -> Message:
    stopped = client.wait_event("stopped")
    assert stopped["reason"] == "data breakpoint"
    assert stopped["hitBreakpointIds"] == [breakpoint_["id"]]
    assert stopped["text"].endswith(text)
    return stopped


def passes(client: DapClient, target: Target, order: str, answer: str) -> None:
    """Let the program obey an order: nothing stops."""
    stops = len(client.events("stopped"))
    target.write_line(order)
    assert target.wait_line("counter") == answer
    client.threads()
    assert len(client.events("stopped")) == stops


@pytest.mark.parametrize("who", ["write", "old", "new"])
def test_whichever_thread_changes_it_stops(client: DapClient, target: Target, who: str) -> None:
    (counter,) = watch(client, "counter")
    assert counter["verified"] is True
    for before, after in ((1, 2), (2, -3)):
        target.write_line(f"{who} {after}")
        stopped = expect_change(client, counter, f"was {before}, is {after}")
        assert stopped["allThreadsStopped"] is True
        assert (stopped["threadId"] == target.pid) == (who == "write")
        frame = top(client, stopped["threadId"])
        assert frame["name"].startswith("set")
        assert frame["line"] == line_of(FIXTURE, "write") + 1, "the trap comes behind the instruction"
        resume(client, stopped["threadId"])
        assert target.wait_line("counter") == f"counter {after}", "nothing stops where nothing changes"


def test_a_change_by_the_user_is_none_of_the_program_s(client: DapClient, target: Target) -> None:
    """What it writes then is compared with that."""
    (counter,) = watch(client, "counter")
    target.write_line("write 5")
    stopped = expect_change(client, counter, "was 1, is 5")
    frame = top(client, stopped["threadId"])
    client.request("setExpression", expression="counter", value="7", frameId=frame["id"])
    resume(client, target.pid)
    stopped = expect_change(client, counter, "was 7, is 5")
    frame = top(client, stopped["threadId"])
    client.request("setExpression", expression="counter", value="8", frameId=frame["id"])
    resume(client, target.pid)
    assert target.wait_line("counter") == "counter 8"
    passes(client, target, "write 8", "counter 8")


def test_a_read_stops_if_it_is_wanted(client: DapClient, target: Target) -> None:
    (counter,) = watch(client, "counter", accessType="readWrite")
    target.write_line("read")
    stopped = expect_change(client, counter, "bytes)")
    assert top(client, stopped["threadId"])["line"] == line_of(FIXTURE, "read")


def test_conditions_and_hit_counts(client: DapClient, target: Target) -> None:
    (counter,) = watch(client, "counter", condition="counter > 5 && $tid != 1", hitCondition="2")
    passes(client, target, "write 5", "counter 5")
    passes(client, target, "write 6", "counter 6")
    target.write_line("write 7")
    expect_change(client, counter, "was 6, is 7")


def test_none_is_missed_when_all_write_at_once(client: DapClient, target: Target) -> None:
    (counter,) = watch(client, "counter", accessType="readWrite", hitCondition="==2000")
    target.write_line("together 500")
    expect_change(client, counter, "is 2001")


def test_four_and_no_more(client: DapClient, target: Target) -> None:
    *four, fifth = watch(client, "parts.whole", "wide[0]", "wide[1]", "wide[2]", "counter")
    assert all(each["verified"] for each in four)
    assert fifth["verified"] is False
    assert fifth["message"] == (
        "counter takes 1 of the processor's 4 debug registers, and 0 are free: "
        "remove another data breakpoint, or watch a part of it."
    )
    passes(client, target, "write 2", "counter 2")
    (counter,) = watch(client, "counter")
    target.write_line("write 3")
    expect_change(client, counter, "was 2, is 3")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("parts.low", "is a bit-field"),
        ("wider", "has 33 bytes at"),
        ("counter + 1", "is not in memory"),
        ("counter = 2", "would change the program"),
        ("nobody", "There is no variable nobody here"),
    ],
)
def test_what_cannot_be_watched(client: DapClient, target: Target, name: str, why: str) -> None:
    told = info(client, name)
    assert told["dataId"] is None
    assert why in told["description"]


def test_a_large_variable(client: DapClient, target: Target) -> None:
    assert watch(client, "wide")[0]["verified"] is True


def test_an_address_while_all_run(client: DapClient, target: Target) -> None:
    address = client.request("evaluate", expression="&counter", context="watch")["result"].split()[0]
    told = info(client, address, asAddress=True, bytes=4)
    assert told["accessTypes"] == ["write", "readWrite"]
    wanted = [{"dataId": told["dataId"], "accessType": "write"}]
    (counter,) = client.request("setDataBreakpoints", breakpoints=wanted)["breakpoints"]
    target.write_line("old 9")
    expect_change(client, counter, "was 1, is 9")


def test_a_local_variable_by_its_row(client: DapClient, target: Target) -> None:
    set_lines(client, FIXTURE, "local")
    target.write_line("local")
    tid = client.wait_event("stopped")["threadId"]
    frame = top(client, tid)["id"]
    assert "is not in memory" in info(client, "$rsp", frameId=frame)["description"]
    (locals_, *_) = client.request("scopes", frameId=frame)["scopes"]
    told = info(client, "mine", variablesReference=locals_["variablesReference"])
    step(client, tid)
    wanted = [{"dataId": told["dataId"], "accessType": "write", "condition": "mine == 4"}]
    (mine,) = client.request("setDataBreakpoints", breakpoints=wanted)["breakpoints"]
    resume(client, tid)
    expect_change(client, mine, "was 2, is 4")
    assert top(client, tid)["line"] == line_of(FIXTURE, "changed") + 1


def test_a_step_ends_where_data_is_changed(client: DapClient, target: Target) -> None:
    set_lines(client, FIXTURE, "write")
    (counter,) = watch(client, "counter")
    target.write_line("write 2")
    tid = client.wait_event("stopped")["threadId"]
    client.request("next", threadId=tid)
    expect_change(client, counter, "was 1, is 2")
    assert step(client, tid)["line"] == line_of(FIXTURE, "write") + 2


def test_removed_while_all_run(client: DapClient, target: Target) -> None:
    watch(client, "counter")
    watch(client)
    passes(client, target, "old 4", "counter 4")
    passes(client, target, "new 5", "counter 5")


@pytest.mark.parametrize("who", ["shared", "copied"])
def test_children_are_not_ended_by_it(client: DapClient, target: Target, who: str) -> None:
    watch(client, "counter")
    passes(client, target, f"{who} 7", "counter 7" if who == "shared" else "counter 1")


def test_another_program_has_other_data(client: DapClient, target: Target) -> None:
    (counter,) = watch(client, "counter")
    target.write_line("again")
    gone = client.wait_event("breakpoint")["breakpoint"]
    assert (gone["id"], gone["verified"]) == (counter["id"], False)
    assert "another program runs now" in gone["message"]
    target.wait_line("main")
    passes(client, target, "write 3", "counter 3")


def test_nothing_is_left_in_the_threads(client: DapClient, target: Target) -> None:
    watch(client, "counter", accessType="readWrite")
    detach(client, target)
    for order in ("write 2", "old 3", "new 4"):
        target.write_line(order)
        assert target.wait_line("counter") == f"counter {order[-1]}"


def test_without_stopping_all(program: Program, connect: Connect) -> None:
    target = started(program, FIXTURE)
    client = connect()
    attach(client, target, nonStop=True)
    (counter,) = watch(client, "counter")
    target.write_line("old 2")
    stopped = expect_change(client, counter, "was 1, is 2")
    assert stopped["allThreadsStopped"] is False
    resume(client, stopped["threadId"])
    assert target.wait_line("counter") == "counter 2"


def test_in_a_launched_program(connect: Connect, tmp_path: Path) -> None:
    client = connect()
    pid = launch(client, build(FIXTURE, *UNOPTIMIZED), stopOnEntry=True)
    client.wait_event("stopped")
    (counter,) = watch(client, "counter")
    assert counter["verified"] is True
    resume(client, pid)
    client.request("disconnect")


def test_bad_ids_and_reads(client: DapClient, target: Target) -> None:
    watched = info(client, "counter")["dataId"]
    wanted = [{"dataId": watched, "accessType": "read"}]
    assert "choose 'readWrite'" in refusal(client, "setDataBreakpoints", breakpoints=wanted)
    assert "no data id" in refusal(client, "setDataBreakpoints", breakpoints=[{"dataId": "counter"}])
