"""Debug information from a server, as a client sees it."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.requests.test_variables import frames, local_reference, variables
from tests.support.breakpoints import set_functions
from tests.support.build import FIXTURES, build
from tests.support.debuginfod import DebugServer, asking_client
from tests.support.session import attach, detach, pause
from tests.support.target import Target
from tests.symbols.files import read, run

pytestmark = pytest.mark.usefixtures("nothing_left")


@pytest.fixture
def stripped(tmp_path: Path) -> Path:
    """values.c without symbols and debug information; that is in `served`."""
    whole, program, served = build("values.c", "-O0"), tmp_path / "values", tmp_path / "served"
    served.mkdir()
    run("objcopy", "--only-keep-debug", whole, served / "values.debug")
    run("strip", "-o", program, whole)
    return program


@pytest.fixture
def target(stripped: Path) -> Iterator[Target]:
    with Target(stripped) as running:
        running.wait_line("ready")
        yield running


@pytest.fixture
def server(stripped: Path, tmp_path: Path) -> Iterator[DebugServer]:
    with DebugServer(tmp_path / "served", build_id(stripped)) as running:
        yield running


@pytest.fixture
def client(server: DebugServer, target: Target, tmp_path: Path) -> Iterator[DapClient]:
    with asking_client(tmp_path / "cache", server.port) as connected:
        yield connected


def build_id(path: Path) -> str:
    found = read(path).build_id
    assert found is not None
    return found.hex()


def wait_for_symbols(client: DapClient, program: Path) -> None:
    client.wait_until(lambda: symbol_files(client, program) != [])


def symbol_files(client: DapClient, program: Path) -> list[str]:
    """Where the debug information of a program has come from, as often as that was told."""
    changed = [event["module"] for event in client.events("module", reason="changed")]
    return [module["symbolFilePath"] for module in changed if module["path"] == str(program)]


def test_frames_variables_and_breakpoints_come_with_it(
    client: DapClient, target: Target, stripped: Path
) -> None:
    attach(client, target, debuginfod=True)
    (pending,) = set_functions(client, "show")
    assert not pending["verified"]
    wait_for_symbols(client, stripped)
    (placed,) = [event["breakpoint"] for event in client.events("breakpoint", reason="changed")]
    assert placed["verified"]
    pause(client, target.pid)
    frame = frames(client, target.pid)["show"]
    assert frame["source"]["path"] == str(FIXTURES / "values.c")
    assert variables(client, local_reference(client, target))["by_value"]["value"] == "{x = 10, y = 20}"
    detach(client, target)


def test_a_paused_program_s_stack_is_to_be_asked_for_again(
    client: DapClient, target: Target, stripped: Path
) -> None:
    attach(client, target, debuginfod=True)
    pause(client, target.pid)
    assert "show" not in frames(client, target.pid)
    wait_for_symbols(client, stripped)
    assert client.wait_event("invalidated", areas=["stacks", "variables"])
    assert frames(client, target.pid)["show"]["line"] > 0
    (told,) = [module for module in client.request("modules")["modules"] if module["path"] == str(stripped)]
    assert [told["symbolFilePath"]] == symbol_files(client, stripped)
    detach(client, target)


def test_no_server_is_asked_unless_that_is_wanted(client: DapClient, target: Target, tmp_path: Path) -> None:
    """DEBUGINFOD_URLS alone does not have the names of the user's programs sent anywhere."""
    attach(client, target)
    pause(client, target.pid)
    assert "show" not in frames(client, target.pid)
    detach(client, target)
    client.close()
    assert not (tmp_path / "cache").exists()


def test_what_dwz_moved_to_another_file_is_asked_for_too(tmp_path: Path) -> None:
    served = tmp_path / "served"
    served.mkdir()
    for name, level in (("values", "-O0"), ("other", "-O1")):
        run("objcopy", "--only-keep-debug", build("values.c", level, "-gdwarf-4"), served / f"{name}.debug")
    run("dwz", "-m", served / "common.debug", served / "values.debug", served / "other.debug")
    program = tmp_path / "values"
    run("strip", "-o", program, build("values.c", "-O0", "-gdwarf-4"))
    with (
        DebugServer(served, build_id(program)) as server,
        Target(program) as target,
        asking_client(tmp_path / "cache", server.port) as client,
    ):
        server.wait_for(build_id(served / "common.debug"))
        target.wait_line("ready")
        attach(client, target, debuginfod=True)
        pause(client, target.pid)
        client.request("stackTrace", threadId=target.pid)
        wait_for_symbols(client, program)
        found = variables(client, local_reference(client, target))
        assert found["by_value"]["value"] == "{x = 10, y = 20}"
        detach(client, target)


def test_source_files_come_too(tmp_path: Path) -> None:
    """Of a program that was built elsewhere; server and program have the files in an archive."""
    tree, served, program = tmp_path / "tree", tmp_path / "served", tmp_path / "values"
    sources = tree / "usr/src/elsewhere"
    sources.mkdir(parents=True)
    served.mkdir()
    for name in ("values.c", "common.h"):
        shutil.copy(FIXTURES / name, sources)
    whole = build("values.c", "-O0", f"-ffile-prefix-map={FIXTURES}=/usr/src/elsewhere")
    run("objcopy", "--only-keep-debug", whole, tree / "values.debug")
    run("tar", "-C", tree, "-cf", served / "values.tar", "usr", "values.debug")
    run("strip", "-o", program, whole)
    with (
        DebugServer(served, build_id(program)) as server,
        Target(program) as target,
        asking_client(tmp_path / "cache", server.port) as client,
    ):
        target.wait_line("ready")
        attach(client, target, debuginfod=True)
        pause(client, target.pid)
        client.request("stackTrace", threadId=target.pid)
        wait_for_symbols(client, program)
        client.wait_event("invalidated", areas=["stacks", "variables"])
        assert "show at values.c:" in " ".join(frames(client, target.pid))
        client.wait_event("invalidated", areas=["stacks", "variables"])
        source = frames(client, target.pid)["show"]["source"]
        assert source["name"] == "values.c"
        assert Path(source["path"]).read_text() == (FIXTURES / "values.c").read_text()
        lines = Path(source["path"]).read_text().splitlines()
        wanted = [{"line": lines.index("    argument += blocks(2);") + 1}]
        (placed,) = client.request("setBreakpoints", source=source, breakpoints=wanted)["breakpoints"]
        assert (placed["verified"], placed["line"]) == (True, wanted[0]["line"])
        detach(client, target)


def test_a_server_that_does_not_answer_holds_nobody_up(target: Target, tmp_path: Path) -> None:
    """Neither a stop nor a stack nor the end of the session waits for it; its client is ended."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        with asking_client(tmp_path / "cache", listener.getsockname()[1]) as client:
            attach(client, target, debuginfod=True)
            pause(client, target.pid)
            assert frames(client, target.pid)
            asked, _ = listener.accept()
            with asked:
                assert frames(client, target.pid)
                detach(client, target)
                client.close()
                asked.settimeout(20)
                while asked.recv(4096):  # its request, and then its end
                    pass


def test_a_server_without_the_file_changes_nothing(
    server: DebugServer, target: Target, tmp_path: Path
) -> None:
    """Nor does one that gives another file: build ids are compared."""
    with asking_client(tmp_path / "cache", server.port, PATH=str(fake(tmp_path))) as client:
        attach(client, target, debuginfod=True)
        pause(client, target.pid)
        frames(client, target.pid)
        target.wait_for((tmp_path / "asked").exists, what="the server is asked")
        assert "show" not in frames(client, target.pid)
        detach(client, target)


def fake(directory: Path) -> Path:
    """A directory with a `debuginfod-find` that gives another program's file."""
    tools = directory / "tools"
    tools.mkdir()
    command = tools / "debuginfod-find"
    command.write_text(f"#!/bin/sh\n: > {directory}/asked\necho {build('crowd.c')}\n")
    command.chmod(0o755)
    return tools


@pytest.mark.parametrize(
    ("port", "tools", "told"),
    [(1, "/nowhere", "debuginfod-find is not installed"), (None, None, "DEBUGINFOD_URLS names no server")],
)
def test_what_is_missing_is_said(
    target: Target, tmp_path: Path, port: int | None, tools: str | None, told: str
) -> None:
    environment = {"PATH": tools} if tools is not None else {}
    with asking_client(tmp_path / "cache", port, **environment) as client:
        attach(client, target, debuginfod=True)
        client.wait_until(lambda: any(told in event["output"] for event in client.events("output")))
        detach(client, target)
