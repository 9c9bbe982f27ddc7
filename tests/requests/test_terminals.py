"""launch in a terminal of the client's: the reverse request runInTerminal."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dapserver.client import DapClient, encode
from tests.conftest import Connect
from tests.support.session import pause, resume
from tests.support.steps import end_of, expect_gone, refusal
from tests.support.tally import tally


class TerminalHost:
    """The part of an editor that opens terminals; here a terminal is a pair of pipes."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.started: list[subprocess.Popen[str]] = []

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["command"] == "runInTerminal"
        arguments = request["arguments"]
        self.asked.append(arguments)
        changes = arguments.get("env", {})
        environment = {k: v for k, v in {**os.environ, **changes}.items() if v is not None}
        process = subprocess.Popen(
            arguments["args"],
            cwd=arguments["cwd"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return {"processId": process.pid}

    def close(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()


@pytest.fixture
def host() -> Iterator[TerminalHost]:
    opened = TerminalHost()
    yield opened
    opened.close()


@pytest.fixture
def client(connect: Connect, host: TerminalHost) -> DapClient:
    client = connect()
    client.on_reverse_request = host.run
    client.initialize(supportsRunInTerminalRequest=True)
    return client


@pytest.mark.parametrize(
    "console, kind", [("integratedTerminal", "integrated"), ("externalTerminal", "external")]
)
def test_the_program_runs_in_the_terminal(
    client: DapClient, host: TerminalHost, console: str, kind: str, tmp_path: Path
) -> None:
    script = 'echo "hello $WHO from $PWD"; read line; echo "got $line"; exit 6'
    client.request(
        "launch",
        program="/bin/sh",
        args=["-c", script],
        console=console,
        cwd=str(tmp_path),
        env={"WHO": "you"},
    )
    (asked,) = host.asked
    assert asked["kind"] == kind
    assert asked["title"]
    (process,) = host.started
    # Not another process: the one in the terminal became the program.
    assert client.wait_event("process")["systemProcessId"] == process.pid
    assert tally(client).alive == {process.pid}
    client.request("configurationDone")
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == f"hello you from {tmp_path}\n"
    pause(client, process.pid)
    resume(client, process.pid)
    process.stdin.write("a line\n")
    process.stdin.flush()
    assert process.stdout.readline() == "got a line\n"
    assert end_of(client) == 6
    assert process.wait(10) == 6
    assert not [event for event in client.events("output") if event["category"] == "stdout"]


def test_it_is_held_until_configuration_done(client: DapClient, host: TerminalHost) -> None:
    client.request("launch", program="/bin/echo", args=["ran"], console="integratedTerminal")
    client.threads()
    (process,) = host.started
    assert Path(f"/proc/{process.pid}/comm").read_text() == "echo\n"
    assert process.poll() is None
    client.request("configurationDone")
    assert process.communicate(timeout=10)[0] == "ran\n"


def test_its_end_is_the_end_of_the_session(client: DapClient, host: TerminalHost) -> None:
    client.request("launch", program="/bin/sleep", args=["1000"], console="integratedTerminal")
    client.request("configurationDone")
    (process,) = host.started
    client.request("disconnect")
    client.wait_closed()
    assert process.wait(10) == -signal.SIGKILL


def test_a_program_that_cannot_be_executed(client: DapClient, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("just words")
    text.chmod(0o755)
    sentence = refusal(client, "launch", program=str(text), console="integratedTerminal")
    assert str(text) in sentence


def test_a_client_without_terminals(connect: Connect) -> None:
    client = connect()
    client.initialize()
    sentence = refusal(client, "launch", program="/bin/true", console="integratedTerminal")
    assert "internalConsole" in sentence
    assert not client.reverse_requests


def test_a_client_that_fails_to_open_one(connect: Connect) -> None:
    client = connect()

    def fail(request: dict[str, Any]) -> dict[str, Any]:
        answer = {
            "seq": 1000,
            "type": "response",
            "request_seq": request["seq"],
            "command": request["command"],
            "success": False,
            "message": "no display",
        }
        client.send_raw(encode(answer))
        return {}  # a second answer, which is one too many and to be ignored

    client.on_reverse_request = fail
    client.initialize(supportsRunInTerminalRequest=True)
    sentence = refusal(client, "launch", program="/bin/true", console="externalTerminal")
    assert "no display" in sentence
    client.request("launch", program="/bin/sleep", args=["1000"])
    pid = client.wait_event("process")["systemProcessId"]
    client.request("disconnect")
    client.wait_closed()
    expect_gone(pid)
