"""A program whose debug information is in files of their own, as a client sees it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect
from tests.requests.test_variables import frames, local_reference, scopes, variables
from tests.support.breakpoints import set_functions
from tests.support.build import FIXTURES
from tests.support.session import attach, pause
from tests.support.steps import refusal
from tests.support.target import Target


@pytest.fixture(params=["-gdwarf-4", "-gdwarf-5"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    """The program in `tmp_path`, and beside it values.dwo."""
    made = tmp_path / "values"
    flags = ["-pthread", "-O0", "-gsplit-dwarf", request.param]
    for command in (["-c", str(FIXTURES / "values.c"), "-o", "values.o"], ["values.o", "-o", str(made)]):
        subprocess.run(["cc", *flags, *command], cwd=tmp_path, check=True)
    with Target(made) as running:
        running.wait_line("ready")
        yield running


@pytest.fixture
def client(target: Target, connect: Connect) -> DapClient:
    return connect()


def test_variables_are_those_of_a_program_that_has_it_whole(client: DapClient, target: Target) -> None:
    attach(client, target)
    pause(client, target.pid)
    found = variables(client, local_reference(client, target))
    assert list(found)[:3] == ["argument", "by_value", "by_pointer"]
    assert found["by_value"]["value"] == "{x = 10, y = 20}"
    frame = frames(client, target.pid)["show"]
    body = client.request("evaluate", expression="thread_local_number", frameId=frame["id"])
    assert body["result"] == "100"
    (placed,) = set_functions(client, "show")
    assert placed["verified"]


def test_a_missing_file_is_named_where_variables_would_be(
    client: DapClient, target: Target, tmp_path: Path
) -> None:
    (tmp_path / "values.dwo").unlink()
    attach(client, target)
    pause(client, target.pid)
    frame = frames(client, target.pid)["show"]
    assert frame["source"]["path"] == str(FIXTURES / "values.c")
    assert frame["line"] > 0
    found = scopes(client, frame)
    assert set(found) == {"Locals", "Registers"}
    reference = found["Locals"]["variablesReference"]
    told = refusal(client, "variables", variablesReference=reference)
    missing = f"{tmp_path}/values.dwo, which has the debug information of this code, is missing."
    assert told == f"There are no variables: {missing}"
    told = refusal(client, "evaluate", expression="argument", frameId=frame["id"])
    assert told == f"There is no variable argument here: {missing}"
