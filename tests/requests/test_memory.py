"""readMemory, writeMemory: bytes as the program has them."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.breakpoints import set_functions, set_lines, top
from tests.support.session import detach, pause, resume
from tests.support.steps import refusal
from tests.support.target import Target

NEVER = "round == -1"


@pytest.fixture
def target(program: Program) -> Target:
    target = program("lockstep.c", "2", "3")
    target.wait_line("main")
    return target


@pytest.fixture
def client(connect: Connect, target: Target) -> DapClient:
    client = connect()
    client.initialize(supportsMemoryEvent=True)
    client.request("attach", processId=target.pid)
    client.request("configurationDone")
    return client


def in_kernel(target: Target, address: int, size: int) -> bytes:
    with Path(f"/proc/{target.pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(address)
        return memory.read(size)


def read(client: DapClient, address: int, count: int, **more: int) -> bytes:
    answer = client.request("readMemory", memoryReference=hex(address), count=count, **more)
    return base64.b64decode(answer.get("data", ""))


def write(client: DapClient, address: int, data: bytes, **more: object) -> int:
    text = base64.b64encode(data).decode()
    return int(client.request("writeMemory", memoryReference=hex(address), data=text, **more)["bytesWritten"])


def test_a_breakpoint_is_not_to_be_seen(client: DapClient, target: Target) -> None:
    (told,) = set_functions(client, "work", condition=NEVER)
    address = int(told["instructionReference"], 16)
    patched = in_kernel(target, address, 16)
    shown = read(client, address, 16)
    assert patched[0] == 0xCC
    assert shown[0] != 0xCC
    assert shown[1:] == patched[1:]
    assert read(client, address + 4, 8, offset=-4) == shown[:8]
    code = read(client, address - 256, 512)
    assert code[256 : 256 + 16] == shown
    set_functions(client)
    assert in_kernel(target, address - 256, 512) == code


def test_what_is_written_over_a_breakpoint_stays_when_it_goes(client: DapClient, target: Target) -> None:
    (told,) = set_functions(client, "work", condition=NEVER)
    address = int(told["instructionReference"], 16)
    shown = read(client, address, 4)
    assert write(client, address, shown) == 4
    assert in_kernel(target, address, 1) == b"\xcc"
    assert read(client, address, 4) == shown
    detach(client, target)
    assert in_kernel(target, address, 4) == shown


def test_a_variable_that_is_written(client: DapClient, target: Target) -> None:
    set_lines(client, "lockstep.c", "work")
    target.write_line("go")
    tid = client.wait_event("stopped")["threadId"]
    frame = top(client, tid)["id"]
    (scope, *_) = client.request("scopes", frameId=frame)["scopes"]
    rows = client.request("variables", variablesReference=scope["variablesReference"])["variables"]
    twice = next(row for row in rows if row["name"] == "twice")
    if "memoryReference" in twice:
        assert write(client, int(twice["memoryReference"], 16), (41).to_bytes(8, "little")) == 8
        assert client.wait_event("memory")["count"] == 8
        assert "variables" in client.wait_event("invalidated")["areas"]
        assert client.request("evaluate", expression="twice", frameId=frame)["result"] == "41"


def test_where_nothing_is_mapped(client: DapClient, target: Target) -> None:
    pause(client, target.pid)
    answer = client.request("readMemory", memoryReference="0x10", count=32)
    assert answer.get("data") is None
    assert answer["unreadableBytes"] == 32
    data = base64.b64encode(b"abc").decode()
    assert "0x10" in refusal(client, "writeMemory", memoryReference="0x10", data=data)
    sp = int(
        client.request("evaluate", expression="$rsp", frameId=top(client, target.pid)["id"])["result"], 0
    )
    end = next(end for start, end in mappings(target) if start <= sp < end)
    answer = client.request("readMemory", memoryReference=hex(end - 16), count=64)
    assert len(base64.b64decode(answer["data"])) == 16
    assert answer["unreadableBytes"] == 48
    before = in_kernel(target, end - 2, 2)
    assert "2 of 3" in refusal(client, "writeMemory", memoryReference=hex(end - 2), data=data)
    assert in_kernel(target, end - 2, 2) == before
    assert write(client, end - 2, b"\0\0\0", allowPartial=True) == 2
    resume(client, target.pid)


def mappings(target: Target) -> list[tuple[int, int]]:
    lines = Path(f"/proc/{target.pid}/maps").read_text().splitlines()
    ranges = [line.split()[0].split("-") for line in lines]
    return [(int(start, 16), int(end, 16)) for start, end in ranges]


@pytest.mark.parametrize("data", ["?", "a"])
def test_what_is_no_base64(client: DapClient, data: str) -> None:
    assert "base64" in refusal(client, "writeMemory", memoryReference="0x10", data=data)
    assert "0x" in refusal(client, "readMemory", memoryReference="main", count=1)
