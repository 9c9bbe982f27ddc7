"""Goroutines of a session, and the program that has some of all kinds."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass

from dapserver.client import DapClient, Message
from tests.conftest import Connect, Program
from tests.support.breakpoints import line_of, top
from tests.support.session import attach, pause
from tests.support.target import Target

FIXTURE = "parked.go"
UNOPTIMIZED = ("-gcflags=-N -l",)


def parked(program: Program, *flags: str, count: int = 150) -> Target:
    """The program, once all its goroutines are where they stay."""
    environment = {**os.environ, "GOTRACEBACK": "system"}
    target = program(FIXTURE, str(count), flags=flags, env=environment, stderr=subprocess.STDOUT)
    target.wait_line("main")
    wait_parked(target)
    return target


def paused(program: Program, connect: Connect, *flags: str) -> tuple[Target, DapClient]:
    """The same program, and a client that has attached to it and paused it."""
    target = parked(program, *flags)
    client = connect()
    attach(client, target)
    pause(client, target.pid)
    return target, client


def wait_parked(target: Target) -> None:
    def awake() -> str:
        target.write_line("")
        return target.wait_line("awake")

    target.wait_for(lambda: awake() == "awake 2")


@dataclass
class Shown:
    """A goroutine in the scope."""

    state: str
    tid: int | None
    where: str
    reference: int


STATE = re.compile(r"\[(.*?)(?:, thread (\d+))?\] (.*)")


def goroutines_scope(client: DapClient, tid: int) -> Message:
    scopes = client.request("scopes", frameId=top(client, tid)["id"])["scopes"]
    return dict(next(each for each in scopes if each["name"] == "Goroutines"))


def shown(client: DapClient, reference: int, **part: object) -> dict[int, Shown]:
    found = {}
    for row in client.request("variables", variablesReference=reference, **part)["variables"]:
        if row["name"].startswith("goroutine "):
            match = STATE.fullmatch(row["value"])
            assert match is not None, row
            tid = int(match[2]) if match[2] else None
            reference = row["variablesReference"]
            found[int(row["name"].split()[1])] = Shown(match[1], tid, match[3], reference)
    return found


def stack(client: DapClient, goroutine: Shown) -> dict[str, Message]:
    """What a goroutine opens into, by name."""
    rows = client.request("variables", variablesReference=goroutine.reference)["variables"]
    return {row["name"]: row for row in rows}


def everything(client: DapClient, tid: int) -> tuple[dict[int, Shown], dict[int, Shown]]:
    """The program's goroutines, and the runtime's own."""
    scope = goroutines_scope(client, tid)
    (system,) = client.request("variables", variablesReference=scope["variablesReference"], filter="named")[
        "variables"
    ]
    users = shown(client, scope["variablesReference"], filter="indexed")
    assert len(users) == scope["indexedVariables"]
    return users, shown(client, system["variablesReference"])


def work_locals(client: DapClient, worker: Shown) -> dict[str, Message]:
    frame = next(row for row in stack(client, worker).values() if row["value"].startswith("main.work "))
    assert frame["value"].endswith(f"{FIXTURE}:{line_of(FIXTURE, 'wait')}")
    rows = client.request("variables", variablesReference=frame["variablesReference"])["variables"]
    return {row["name"]: row for row in rows}


def repl(client: DapClient, expression: str) -> str:
    return str(client.request("evaluate", expression=expression, context="repl")["result"])
