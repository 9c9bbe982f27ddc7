"""Imports go one way, as docs/architecture.md says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "dapserver"

# layer -> what it must not import
FORBIDDEN = {
    "ptrace": ("symbols", "debugger", "protocol", "requests", "session", "server", "terminal", "publisher"),
    "symbols": ("ptrace", "debugger", "protocol", "requests", "session", "server", "terminal", "publisher"),
    "debugger": ("protocol", "requests", "session", "server", "terminal", "publisher", "handles"),
    "protocol": ("ptrace", "symbols", "requests", "session", "server", "terminal", "publisher"),
    "requests": ("server", "terminal"),
    "terminal": ("protocol", "requests", "session", "server", "publisher"),
}
ONE_HOME = {"pygls": "protocol/pygls_parts.py", "ptrace": "ptrace/api.py"}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("layer", FORBIDDEN)
def test_a_layer_imports_only_what_lies_below_it(layer: str) -> None:
    files = list((PACKAGE / layer).rglob("*.py"))
    assert files
    for path in files:
        for name in imports(path):
            for forbidden in FORBIDDEN[layer]:
                whole = f"dapserver.{forbidden}"
                assert name != whole, f"{path} imports {name}"
                assert not name.startswith(whole + "."), f"{path} imports {name}"


@pytest.mark.parametrize("library", ONE_HOME)
def test_a_library_has_one_home(library: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for name in imports(path)
        if name == library or name.startswith(library + ".")
    }
    assert users == {ONE_HOME[library]}


def test_the_debugger_knows_no_asyncio() -> None:
    for folder in ("debugger", "ptrace", "symbols", "terminal"):
        for path in (PACKAGE / folder).rglob("*.py"):
            assert "asyncio" not in set(imports(path)), path
