"""Breakpoints in code that comes and goes: libraries, another program; and in code without room for them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dapserver.client import DapClient, Message
from dapserver.ptrace import procfs
from tests.conftest import Connect, Program
from tests.requests.stops import UNOPTIMIZED, expect_stop, started
from tests.support.breakpoints import line_of, set_functions, set_lines, top
from tests.support.build import build
from tests.support.session import attach, detach, pause, resume
from tests.support.target import Target

PLUGIN = ("-shared", "-fPIC", "-O0")


@pytest.fixture
def loader(program: Program) -> Target:
    return started(program, "loader.c", str(build("plugin.c", *PLUGIN)))


def obey(target: Target, order: str) -> str:
    target.write_line(order)
    return target.wait_line(order.partition(" ")[0])


def wait_changed(client: DapClient, *, verified: bool) -> Message:
    changed = client.wait_event("breakpoint", 20, reason="changed")["breakpoint"]
    assert changed["verified"] is verified
    return dict(changed)


def test_a_library_that_is_loaded_later(connect: Connect, loader: Target) -> None:
    client = connect()
    attach(client, loader)
    (told,) = set_lines(client, "plugin.c", "plugin")
    assert told["verified"] is False
    for _ in range(3):
        assert obey(loader, "load") == "load 1"
        changed = wait_changed(client, verified=True)
        assert changed["id"] == told["id"]
        assert changed["line"] == line_of("plugin.c", "plugin")
        loader.write_line("call 5")
        expect_stop(client, "plugin.c", "plugin", told["id"])
        resume(client, loader.pid)
        assert loader.wait_line("call") == "call 19"
        assert obey(loader, "unload") == "unload 0"
        assert wait_changed(client, verified=False)["id"] == told["id"]


def test_leaving_after_a_library_was_unloaded(connect: Connect, loader: Target) -> None:
    client = connect()
    attach(client, loader)
    set_lines(client, "plugin.c", "plugin", condition="number == 0")
    for order in ("load", "call 5", "unload", "load", "call 5", "unload"):
        obey(loader, order)
    detach(client, loader)
    assert obey(loader, "load") == "load 1"
    assert obey(loader, "call 5") == "call 19"


def test_a_function_of_a_library_that_is_loaded_later(connect: Connect, loader: Target) -> None:
    client = connect()
    attach(client, loader)
    (told,) = set_functions(client, "plugin_work")
    assert told["verified"] is False
    assert obey(loader, "load") == "load 1"
    loader.write_line("call 5")
    expect_stop(client, "plugin.c", "plugin", told["id"])


LARGE = 40_000
"""Lines of a library that takes long to be looked into."""


def large_library(directory: Path, name: str = "large") -> tuple[Path, Path, int]:
    """Its source, the library, and a line that is executed as it is loaded."""
    source, library = directory / f"{name}.c", directory / f"{name}.so"
    begin = (
        "static volatile long n;\n__attribute__((constructor)) static void begin(void)\n{\n    n = 1;\n}\n"
    )
    source.write_text(f"{begin}void large(void)\n{{\n" + "    n++;\n" * LARGE + "}\n")
    subprocess.run(["cc", "-g", *PLUGIN, source, "-o", library], check=True)
    return source, library, begin.splitlines().index("    n = 1;") + 1


def test_while_a_library_is_looked_into(program: Program, connect: Connect, tmp_path: Path) -> None:
    """The thread that loads it waits, and has the breakpoint before it goes on; nobody else waits."""
    source, library, line = large_library(tmp_path)
    target = started(program, "loader.c", str(library))
    client = connect()
    attach(client, target)
    wanted = {"source": {"path": str(source)}, "breakpoints": [{"line": line}]}
    (told,) = client.request("setBreakpoints", wanted)["breakpoints"]
    assert told["verified"] is False
    target.write_line("load")
    client.wait_until(lambda: any(e["module"]["path"] == str(library) for e in client.events("module")))
    pause(client, target.pid)
    assert client.events("breakpoint") == [], "it is still looked into"
    client.request("continue", threadId=target.pid)
    changed = wait_changed(client, verified=True)
    stopped = client.wait_event("stopped")
    assert (stopped["reason"], stopped["threadId"]) == ("breakpoint", target.pid)
    assert stopped["hitBreakpointIds"] == [changed["id"]]
    resume(client, target.pid)
    assert target.wait_line("load") == "load 1"


def test_an_exec_while_a_library_is_looked_into(program: Program, connect: Connect, tmp_path: Path) -> None:
    """The other program's library, which comes to be at the same addresses, is noticed and left as it is."""
    (source, first, line), (_, second, _) = (large_library(tmp_path, name) for name in ("first", "other"))
    target = started(program, "overtaken.c", str(first), str(second))
    client = connect()
    attach(client, target)
    wanted = {"source": {"path": str(source)}, "breakpoints": [{"line": line}]}
    client.request("setBreakpoints", wanted)
    loaded = [wait_loaded(client, target, "load", first), wait_loaded(client, target, "exec", second)]
    assert loaded[0]["addressRange"] == loaded[1]["addressRange"]
    client.request("modules")  # whose turn comes when both have been looked into
    expect_untouched(target, second)
    assert target.wait_line("second") == "second 1"
    changed = [event["breakpoint"] for event in client.events("breakpoint", reason="changed")]
    assert not any(each["verified"] for each in changed)


def wait_loaded(client: DapClient, target: Target, order: str, library: Path) -> Message:
    def found() -> list[Message]:
        modules = [event["module"] for event in client.events("module")]
        return [module for module in modules if module["path"] == str(library)]

    target.write_line(order)
    client.wait_until(lambda: bool(found()))
    return found()[0]


def expect_untouched(target: Target, library: Path) -> None:
    """The code in memory is that of the file."""
    parts = [part for part in procfs.mappings(procfs.maps(target.pid)) if part.path == str(library)]
    (code,) = (part for part in parts if part.executable)
    size = min(code.end - code.start, library.stat().st_size - code.offset)
    with Path(f"/proc/{target.pid}/mem").open("rb", buffering=0) as memory:
        memory.seek(code.start)
        assert memory.read(size) == library.read_bytes()[code.offset : code.offset + size]


def test_a_line_of_two_modules(program: Program, connect: Connect) -> None:
    """What is inlined from a header is in the program and in the library; each has the line asked for."""
    target = started(program, "loader.c", str(build("plugin.c", *PLUGIN)))
    client = connect()
    attach(client, target)
    (told,) = set_lines(client, "shared.h", "shared")
    obey(target, "load")
    assert wait_changed(client, verified=True)["line"] == line_of("shared.h", "shared")
    target.write_line("call 5")
    expect_stop(client, "shared.h", "shared", told["id"])


def test_after_an_exec(program: Program, connect: Connect) -> None:
    target = started(program, "exec.c", flags=UNOPTIMIZED)
    client = connect()
    attach(client, target)
    (told,) = set_functions(client, "execute_again")
    for round_, who in enumerate(("worker", "leader", "worker"), 1):
        target.wait_line("ready")
        target.write_line(who)
        stopped = client.wait_event("stopped")
        assert stopped["hitBreakpointIds"] == [told["id"]]
        assert (stopped["threadId"] == target.pid) is (who == "leader")
        resume(client, stopped["threadId"])
        assert target.wait_line("main").endswith(f"round={round_}")
    target.wait_line("ready")
    detach(client, target)


def test_a_program_whose_code_fills_its_last_page(program: Program, connect: Connect) -> None:
    """There is no room behind its code, and no other code near it."""
    target = started(program, "stops.c", flags=full_page())
    client = connect()
    attach(client, target)
    (told,) = set_lines(client, "stops.c", "work")
    assert told["verified"] is True
    target.write_line("work 1")
    expect_stop(client, "stops.c", "work", told["id"])
    resume(client, target.pid)
    assert target.wait_line("work") == "work 1"
    detach(client, target)
    assert obey(target, "work 2") == "work 5"


def full_page() -> tuple[str, ...]:
    """Flags with which the code of stops.c ends with its page."""
    for padding in range(0, 4096, 16):
        flags = (*UNOPTIMIZED, f"-DPADDING={padding}")
        if -code_end(build("stops.c", *flags)) % 4096 < 16:
            return flags
    raise AssertionError("the padding has no effect")


def code_end(path: Path) -> int:
    from dapserver.symbols.elf import ElfFile  # noqa: PLC0415

    image = ElfFile.parse(memoryview(path.read_bytes()))
    return max(image.code_ends())


def test_a_step_into_a_library_that_took_the_place_of_another(
    connect: Connect, program: Program, tmp_path: Path
) -> None:
    """It is as large and where that was, and nobody asks for a stack in between. Without breakpoints that may
    be in a library, the linker does not tell of it."""
    library = tmp_path / "plugin"
    loader = started(program, "loader.c", str(library), flags=UNOPTIMIZED)
    client = connect()
    attach(client, loader)
    client.request(
        "setInstructionBreakpoints", breakpoints=[{"instructionReference": call_of(client, loader)}]
    )
    seen = []
    for flags in (PLUGIN, (*PLUGIN, "-fpatchable-function-entry=20")):
        shutil.copy(build("plugin.c", *flags), tmp_path / "new")
        (tmp_path / "new").rename(library)
        assert obey(loader, "load") == "load 1"
        (start,) = [m.start for m in plugin_code(loader, library)]
        seen.append((start, Path(f"/proc/{loader.pid}/statm").read_text().split()[0]))
        loader.write_line("call 5")
        client.wait_event("stopped", reason="instruction breakpoint")
        client.request("stepIn", threadId=loader.pid)
        client.wait_event("stopped", reason="step")
        assert top(client, loader.pid)["line"] == line_of("plugin.c", "plugin")
        resume(client, loader.pid)
        assert loader.wait_line("call") == "call 19"
        assert obey(loader, "unload") == "unload 0"
    assert seen[0] == seen[1]
    detach(client, loader)


def call_of(client: DapClient, loader: Target) -> str:
    """Where the line begins that calls the library."""
    pause(client, loader.pid)
    stack = client.request("stackTrace", threadId=loader.pid)["stackFrames"]
    frame = next(each for each in stack if each["name"] == "main")
    main = client.request("evaluate", expression="&main", frameId=frame["id"])["memoryReference"]
    found = client.request("disassemble", memoryReference=main, instructionCount=300)["instructions"]
    resume(client, loader.pid)
    return str(next(each["address"] for each in found if each.get("line") == line_of("loader.c", "call")))


def plugin_code(loader: Target, library: Path) -> list[procfs.Mapping]:
    return [m for m in procfs.mappings(procfs.maps(loader.pid)) if m.path == str(library) and m.executable]
