"""threadDetails, threadLives and threadTrace: what threads do, and did, without a stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import ROOT
from tests.support.session import attach, pause
from tests.support.steps import fields, obey
from tests.support.target import Target, python_target
from tests.support.waiting import wait_until


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


def details(client: DapClient, **arguments: Any) -> dict[int, dict[str, Any]]:
    body = client.request("threadDetails", **arguments)
    return {thread["id"]: thread for thread in body["threads"]}


def test_they_are_those_of_the_thread_list(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    obey(crowd, "spawn 3")
    shown = details(client)
    assert list(shown) == list(client.threads())
    some = list(shown)[:2]
    assert list(details(client, threadIds=[*some, 1])) == some


def test_what_a_thread_waits_for(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)

    def reads() -> bool:
        leader = details(client)[crowd.pid]
        return (leader["state"], leader.get("waitingFor")) == ("sleeping", "read")

    wait_until(reads, what="the leader waits for an order")


def test_processor_time_grows_with_work(connect: Connect, tmp_path: Path) -> None:
    with python_target("while True: pass") as busy:
        client = connect()
        attach(client, busy)
        before = details(client)[busy.pid]
        assert before["state"] == "running"
        wait_until(lambda: details(client)[busy.pid]["cpuTime"] > before["cpuTime"], what="it works")
        client.request("disconnect")


def test_a_paused_thread_is_called_so_and_none_is_stopped_for_asking(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    assert "t" not in crowd.states().values()
    details(client)
    assert "t" not in crowd.states().values()
    pause(client, crowd.pid)
    assert {thread["state"] for thread in details(client).values()} == {"paused"}


def test_start_times_are_the_kernels_for_threads_that_were_there(crowd: Target, connect: Connect) -> None:
    before = time.monotonic_ns() // 1000
    client = connect()
    attach(client, crowd)
    assert details(client)[crowd.pid]["startTime"] < before
    obey(crowd, "spawn 1")
    newest = max(details(client).values(), key=lambda thread: thread["startTime"])
    assert before < newest["startTime"] < time.monotonic_ns() // 1000


def test_lives_are_told_once(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    first = client.request("threadLives")
    assert first["ended"] == []
    crowd.write_line("visit bob")
    visitor = fields(crowd.wait_line("visiting"))["tid"]
    obey(crowd, "leave")
    exited = client.wait_event("thread", 20, reason="exited")["threadId"]
    assert exited == visitor
    second = client.request("threadLives", since=first["cursor"])
    assert [life["id"] for life in second["ended"]] == [exited]
    life = second["ended"][0]
    assert life["startTime"] < life["endTime"] <= second["time"]
    assert client.request("threadLives", since=second["cursor"])["ended"] == []
    assert client.request("threadDetails")["recentlyExited"][0]["id"] == exited


def test_stops_have_a_beginning_and_an_end(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    pause(client, crowd.pid)
    lasting = client.request("threadLives")["stops"][0]
    assert lasting["reason"] == "pause"
    assert "endTime" not in lasting
    client.request("continue", threadId=crowd.pid)
    over = client.request("threadLives")["stops"][0]
    assert over["startTime"] == lasting["startTime"] < over["endTime"]


def check_trace(trace: dict[str, Any], pid: int) -> dict[int, dict[str, Any]]:
    """What Perfetto's importer asks of complete events; the bars, by tid."""
    for event in trace["traceEvents"]:
        assert event["pid"] == pid
        assert event["ph"] in ("X", "M")
        if event["ph"] == "X":
            assert isinstance(event["ts"], int)
            assert event["dur"] >= 0
    return {e["tid"]: e for e in trace["traceEvents"] if e.get("cat") == "thread"}


def test_the_trace_has_a_bar_for_each_thread(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    obey(crowd, "spawn 2")
    client.wait_until(lambda: client.live_threads() == crowd.tids())
    assert set(check_trace(client.request("threadTrace"), crowd.pid)) == crowd.tids()


def test_the_command_line_writes_the_same(crowd: Target, tmp_path: Path) -> None:
    file = tmp_path / "trace.json"
    command = [sys.executable, "-m", "dapserver", "threads", str(crowd.pid), "--json", "--trace", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tids = {json.loads(process.stdout.readline())["tid"] for _ in crowd.tids()}
        os.kill(process.pid, signal.SIGINT)
    assert process.returncode == 0
    assert set(check_trace(json.loads(file.read_text()), crowd.pid)) == tids == crowd.tids()
