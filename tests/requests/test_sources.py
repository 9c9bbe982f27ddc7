"""loadedSources: the files that the program was made from."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Connect, Program
from tests.support.build import FIXTURES
from tests.support.session import attach


def test_the_files_of_the_program_are_told(program: Program, connect: Connect) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    sources = client.request("loadedSources")["sources"]
    paths = [source["path"] for source in sources]
    assert str(FIXTURES / "crowd.c") in paths
    assert str(FIXTURES / "common.h") in paths
    assert len(paths) == len(set(paths))
    assert all(source["name"] == Path(source["path"]).name for source in sources)


def test_they_are_where_the_source_map_says(program: Program, connect: Connect) -> None:
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target, sourceMap={str(FIXTURES): "/elsewhere"})
    paths = {source["path"] for source in client.request("loadedSources")["sources"]}
    assert "/elsewhere/crowd.c" in paths
    assert not any(path.startswith(f"{FIXTURES}/") for path in paths)
