"""A breakpoint on each instruction of a program changes nothing of what it computes."""

from __future__ import annotations

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.session import attach, detach, resume
from tests.support.steps import fields
from tests.support.target import Target

FALSE = "$rip == 0"


def begin(program: Program) -> tuple[Target, dict[str, int]]:
    target = program("instructions.c")
    return target, fields(target.wait_line("main"))


def run(target: Target, rounds: int) -> str:
    target.write_line(f"run {rounds}")
    return target.wait_line("run", 60)


def addresses(client: DapClient, begin: int, end: int) -> list[int]:
    """Where the instructions from *begin* to *end* are."""
    found = client.request("disassemble", memoryReference=hex(begin), instructionCount=end - begin)
    each = (int(instruction["address"], 16) for instruction in found["instructions"])
    return [address for address in each if address < end]


def set_addresses(client: DapClient, places: list[int], **more: object) -> None:
    wanted = [{"instructionReference": hex(address), **more} for address in places]
    told = client.request("setInstructionBreakpoints", breakpoints=wanted, timeout=60)["breakpoints"]
    assert [each.get("message") for each in told] == [None] * len(places)


def test_on_every_instruction_at_once(program: Program, connect: Connect) -> None:
    target, said = begin(program)
    rounds = (1, 2, 50)
    expected = [run(target, each) for each in rounds]
    client = connect()
    attach(client, target)
    places = addresses(client, said["begin"], said["end"])
    assert len(places) > 200
    set_addresses(client, places, condition=FALSE)
    assert [run(target, each) for each in rounds] == expected
    assert not client.events("stopped")
    detach(client, target)
    assert [run(target, each) for each in rounds] == expected


@pytest.mark.parametrize("part", range(8))
def test_on_every_eighth(program: Program, connect: Connect, part: int) -> None:
    """Copies lead back to code without breakpoints."""
    target, said = begin(program)
    expected = run(target, 20)
    client = connect()
    attach(client, target)
    places = addresses(client, said["begin"], said["end"])
    set_addresses(client, places[part::8], condition=FALSE)
    assert run(target, 20) == expected
    detach(client, target)


def test_stopping_at_every_instruction(program: Program, connect: Connect) -> None:
    """Each stop is at an instruction of the program, never in a copy; as many as steps by instruction."""
    target, said = begin(program)
    expected = run(target, 1)
    client = connect()
    attach(client, target)
    places = addresses(client, said["begin"], said["end"])
    set_addresses(client, places)
    target.write_line("run 1")
    hits: list[int] = []
    while target.lines[-1] != expected or target.lines.count(expected) < 2:
        client.threads()
        if len(client.events("stopped")) > len(hits):
            client.wait_event("stopped")
            frame = client.request("stackTrace", threadId=target.pid, levels=1)["stackFrames"][0]
            hits.append(int(frame["instructionPointerReference"], 16))
            resume(client, target.pid)
    assert set(hits) <= set(places)
    never = {hex(place - said["begin"]) for place in set(places) - set(hits)}
    assert len(never) <= 12, never  # ud2, and branches not taken
    detach(client, target)
    assert run(target, 1) == expected


def test_stepping_by_instruction_through_all(program: Program, connect: Connect) -> None:
    target, said = begin(program)
    expected = run(target, 1)
    client = connect()
    attach(client, target)
    set_addresses(client, [said["begin"]])
    target.write_line("run 1")
    client.wait_event("stopped")
    places = addresses(client, said["begin"], said["end"])
    set_addresses(client, places, condition=FALSE)
    at = said["begin"]
    while said["begin"] <= at < said["end"]:
        client.request("next", threadId=target.pid, granularity="instruction")
        assert client.wait_event("stopped")["reason"] == "step"
        frame = client.request("stackTrace", threadId=target.pid, levels=1)["stackFrames"][0]
        at = int(frame["instructionPointerReference"], 16)
        assert at in places or not said["begin"] <= at < said["end"]
    resume(client, target.pid)
    assert target.wait_line("run") == expected
    detach(client, target)
