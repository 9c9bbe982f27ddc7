"""evaluate, setExpression, completions: expressions as a client has them evaluated."""

from __future__ import annotations

from typing import Any

import pytest

from dapserver.client import DapClient
from dapserver.requests import repl
from tests.conftest import Connect, Program
from tests.requests.test_variables import frames, variables
from tests.support.session import attach, detach, pause, resume
from tests.support.steps import refusal
from tests.support.target import Target


@pytest.fixture
def target(program: Program) -> Target:
    target = program("values.c", flags=("-O0",))
    target.wait_line("ready")
    return target


@pytest.fixture
def client(target: Target, connect: Connect) -> DapClient:
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    return client


@pytest.fixture
def frame(client: DapClient, target: Target) -> int:
    return int(frames(client, target.pid)["show"]["id"])


def evaluate(client: DapClient, expression: str, frame: int | None, context: str = "watch") -> dict[str, Any]:
    more = {} if frame is None else {"frameId": frame}
    return client.request("evaluate", expression=expression, context=context, **more)


def result(client: DapClient, expression: str, frame: int | None, context: str = "repl") -> str:
    return str(evaluate(client, expression, frame, context)["result"])


def test_a_value_says_its_type_and_opens(client: DapClient, frame: int) -> None:
    body = evaluate(client, "head", frame)
    assert body["type"] == "struct node"
    assert body["result"].startswith("{next = 0x")
    children = variables(client, body["variablesReference"])
    assert children["where"]["type"] == "struct point"
    assert children["where"]["evaluateName"] == "head.where"
    assert result(client, children["where"]["evaluateName"], frame) == "{x = 7, y = 8}"
    assert int(body["memoryReference"], 16) == int(result(client, "&head,u", frame))


def test_every_context_gives_the_value(client: DapClient, frame: int) -> None:
    for context in ("watch", "hover", "repl", "clipboard", "variables"):
        assert evaluate(client, "small * 2", frame, context)["result"] == "-600"


def test_a_clipboard_gets_all_of_it(client: DapClient, frame: int) -> None:
    assert evaluate(client, "many", frame)["result"].endswith("...}")
    assert evaluate(client, "many", frame, "clipboard")["result"].endswith(" 298, 299}")


def test_hexadecimal_by_format_and_by_suffix(client: DapClient, frame: int) -> None:
    asked = {"frameId": frame, "context": "watch", "format": {"hex": True}}
    assert client.request("evaluate", expression="port", **asked)["result"] == "0x1f90"
    assert client.request("evaluate", expression="points[0]", **asked)["result"] == "{x = 0x1, y = 0x2}"
    assert [result(client, f"port,{letter}", frame) for letter in "xduot"] == [
        *("0x1f90", "8080", "8080", "017620", "1111110010000")
    ]  # fmt: skip


@pytest.mark.parametrize("context", ["hover", "watch", "variables", "clipboard"])
def test_only_the_console_assigns(client: DapClient, frame: int, context: str) -> None:
    text = refusal(client, "evaluate", expression="global_counter = 1", frameId=frame, context=context)
    assert "==" in text
    assert result(client, "global_counter", frame) == "42"


def test_the_program_sees_what_is_assigned(program: Program, connect: Connect) -> None:
    target = program("assigned.c", flags=("-O0",))
    target.wait_line("ready")
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    frame = int(frames(client, target.pid)["wait_and_tell"]["id"])
    assert result(client, "number = -7", frame) == "-7"
    assert result(client, "number *= 6", frame) == "-42"
    assert result(client, 'text = "new"', frame) == '"new\\000\\000\\000\\000"'
    assert result(client, "(bits.three = 5) + 1", frame) == "6"
    assert (
        client.request("setExpression", expression="real", value="1 / 4.0", frameId=frame)["value"] == "0.25"
    )
    assert (
        client.request("setExpression", expression="chosen", value="LAST", frameId=frame)["value"] == "LAST"
    )
    resume(client, target.pid)
    target.write_line("")
    assert target.wait_line("told") == "told -42 new 5 0.25 9"


def test_a_register_can_be_changed(client: DapClient, target: Target) -> None:
    top = client.request("stackTrace", threadId=target.pid)["stackFrames"][0]["id"]
    before = result(client, "$rax", top)
    assert result(client, "$rax = $rax + 1,d", top) == str(int(before) + 1)
    assert result(client, "$rax", top) == str(int(before) + 1)
    result(client, f"$rax = {before}", top)


def test_what_is_wrong_is_said_for_a_person(client: DapClient, frame: int) -> None:
    def refused(expression: str) -> str:
        return refusal(client, "evaluate", expression=expression, frameId=frame, context="repl")

    assert refused("hed.name") == "There is no variable hed here. Did you mean head?"
    assert refused("head.nam") == "struct node has no member nam. Did you mean name?"
    assert "is not complete" in refused("(small + ")
    assert "does not call functions" in refused("plus(1, 2)")
    assert refused("small / 0") == "Division by zero."
    assert refused("*bad") == "Cannot access memory at address 0x1"
    assert "no pointer" in refused("*small")
    assert "There is no type nonsense" in refused("(nonsense)small")


def test_without_a_frame_the_program_is_meant(client: DapClient, target: Target) -> None:
    assert result(client, "global_counter + 1", None) == "43"
    body = evaluate(client, "corners", None)
    assert body["result"] == "{{x = 1, y = 2}, {x = 3, y = 4}}"
    assert list(variables(client, body["variablesReference"])) == ["[0]", "[1]"]
    resume(client, target.pid)
    assert result(client, "global_counter", None) == "42", "while it runs, too"
    detach(client, target)


def labels(client: DapClient, text: str, frame: int) -> list[str]:
    body = client.request("completions", text=text, column=len(text) + 1, frameId=frame)
    return [item["label"] for item in body["targets"]]


def test_completions(client: DapClient, frame: int) -> None:
    assert labels(client, "1 + poi", frame) == ["points", "pointer"]
    assert labels(client, "head.", frame) == ["next", "name", "hidden", "one", "other", "where", "opaque"]
    assert labels(client, "x + points[1 + 1].", frame) == ["x", "y"]
    assert labels(client, "list->next->wh", frame) == ["where"]
    assert "$rsp" in labels(client, "$rs", frame)
    assert "threads" in labels(client, "thr", frame)
    assert labels(client, "nothing.", frame) == []


def test_the_consoles_commands(client: DapClient, target: Target, frame: int) -> None:
    def lines(command: str) -> list[str]:
        return result(client, command, frame).splitlines()

    assert [row.split()[:2] for row in lines("threads")[1:]] == [[str(target.pid), "paused"]]
    assert lines(f"thread {target.pid}") == lines("threads")
    assert lines(f"thread {target.pid} bt") == lines("bt")
    assert [" show at " in row for row in lines("bt")].count(True) == 1
    assert lines("bt 2")[2:] == ["(more)"]
    assert lines("info args")[0] == "argument = 1"
    assert "small = -300" in lines("info locals")
    assert lines("info registers rsp")[0].split() == ["rsp", result(client, "$rsp,x", frame)]
    assert any("values" in row for row in lines("info sharedlibrary"))
    assert lines("info breakpoints") == ["No breakpoints."]
    assert "11  SIGSEGV" in lines("info signals")
    assert lines("p small + 1") == ["-299"]
    assert lines("p/x port") == ["0x1f90"]
    assert lines("x/4dw primes")[0].split()[1:] == ["2", "3", "5", "7"]
    assert lines("x/s utf8")[0].endswith('"grüß dich"')
    assert any(line.endswith("argument += blocks(2);") for line in lines("list"))
    assert len(lines("help")) > 10


def test_a_variable_goes_before_a_command_where_an_operator_follows(client: DapClient, frame: int) -> None:
    assert repl.find("p") is not None
    assert repl.find("p x") is not None
    for expression in ("p.x", "p->x", "p + 1", "list = 3", "x == 4", "thread.name", "list[2]", "p,x", "pp"):
        assert repl.find(expression) is None, expression
