"""modules: what is mapped, and what comes and goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dapserver.client import DapClient
from tests.conftest import Connect, Program
from tests.support.build import build
from tests.support.session import attach, pause, resume
from tests.support.steps import leave
from tests.support.target import Target, python_target

# Loads and unloads a library, by default one that Python itself does not use.
LOADER = """
import ctypes, _ctypes, sys
print("main", flush=True)
library = None
for line in sys.stdin:
    word, _, name = line.strip().partition(" ")
    if library is not None:
        _ctypes.dlclose(library._handle)
        library = None
    if word == "load":
        library = ctypes.CDLL(name or "libanl.so.1")
    print(line, end="", flush=True)
"""


def mapped_files(target: Target) -> set[str]:
    """The files from which the process has mapped code."""
    lines = Path(f"/proc/{target.pid}/maps").read_text().splitlines()
    return {line.split(maxsplit=5)[5] for line in lines if "x" in line.split()[1] and "/" in line}


def paths(client: DapClient) -> set[str]:
    return {module["path"] for module in client.request("modules")["modules"]}


def test_the_modules_of_a_process(program: Program, connect: Connect) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    listed = client.request("modules")
    assert listed["totalModules"] == len(listed["modules"])
    assert mapped_files(target) <= {module["path"] for module in listed["modules"]}
    assert len({module["id"] for module in listed["modules"]}) == len(listed["modules"])
    announced = [event["module"] for event in client.events("module", reason="new")]
    assert announced == listed["modules"]
    main = next(m for m in listed["modules"] if m["path"] == str(build("crowd.c")))
    assert main["name"] == build("crowd.c").name
    first = Path(f"/proc/{target.pid}/maps").read_text().split("-")[0]
    assert main["addressRange"].startswith(f"0x{first}-0x")
    leave(client, target)


def test_paging(program: Program, connect: Connect) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    everything = client.request("modules")["modules"]
    page = client.request("modules", startModule=1, moduleCount=2)
    assert page["modules"] == everything[1:3]
    assert page["totalModules"] == len(everything)
    leave(client, target)


def test_a_library_that_comes_and_goes(connect: Connect) -> None:
    with python_target(LOADER) as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        assert not [path for path in paths(client) if "libanl" in path]
        target.write_line("load")
        target.wait_line("load")
        pause(client, target.pid)
        (loaded,) = [
            event["module"]
            for event in client.events("module", reason="new")
            if event["module"]["name"].startswith("libanl")
        ]
        assert loaded["path"] in paths(client)
        resume(client, target.pid)
        target.write_line("unload")
        target.wait_line("unload")
        pause(client, target.pid)
        assert client.events("module", reason="removed") == [{"reason": "removed", "module": loaded}]
        assert loaded["path"] not in paths(client)
        leave(client, target)


def test_a_library_that_takes_the_place_of_another_of_its_size(connect: Connect, tmp_path: Path) -> None:
    """What is mapped is as much as before."""
    one, other = (
        Path(shutil.copy(build("plugin.c", "-shared"), tmp_path / name)) for name in ("one", "other")
    )
    with python_target(LOADER) as target:
        target.wait_line("main")
        client = connect()
        attach(client, target)
        sizes = []
        for library in (one, other):
            target.write_line(f"load {library}")
            target.wait_line("load")
            pause(client, target.pid)
            sizes.append(Path(f"/proc/{target.pid}/statm").read_text().split()[0])
            assert str(library) in paths(client)
            resume(client, target.pid)
        assert sizes[0] == sizes[1]
        pause(client, target.pid)
        assert str(one) not in paths(client)
        told = [(event["reason"], event["module"]["path"]) for event in client.events("module")]
        assert told[-3:] == [("new", str(one)), ("removed", str(one)), ("new", str(other))]
        leave(client, target)


@pytest.mark.parametrize("flags", [("-static",), ("-s",), ("-static-pie",)], ids=" ".join)
def test_however_it_was_linked(program: Program, connect: Connect, flags: tuple[str, ...]) -> None:
    target = program("crowd.c", "1", flags=flags)
    target.wait_line("main")
    client = connect()
    attach(client, target)
    assert mapped_files(target) <= paths(client)
    leave(client, target)
