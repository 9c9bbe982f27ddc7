"""docs/architecture.md names files, classes and functions: all of them are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()


def defined_in(path: Path) -> set[str]:
    """`function`, `Class`, `Class.method` and attributes that a class annotates."""
    names = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{inner.name}" for inner in node.body if hasattr(inner, "name")}
    return names


def test_every_file_is_there() -> None:
    paths = re.findall(r"`((?:dapserver|tests|fixtures)/[\w/.]*)`", TEXT)
    assert len(paths) > 15
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_every_function_is_where_it_is_said_to_be() -> None:
    pairs = re.findall(r"`([\w/]+\.py)`\s+`([\w.]+)`", TEXT)
    assert len(pairs) > 12
    for path, name in pairs:
        assert name in defined_in(ROOT / path), f"{path} has no {name}"


def test_every_name_is_defined_somewhere() -> None:
    everything = set().union(*(defined_in(path) for path in (ROOT / "dapserver").rglob("*.py")))
    names = re.findall(r"`([A-Z]\w+\.\w+)`", TEXT)
    assert names
    assert [name for name in names if name not in everything] == []


def test_it_has_two_pages() -> None:
    assert len(TEXT.splitlines()) <= 100
