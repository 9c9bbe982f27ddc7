"""docs/features.md names tests, scenarios and requests: all are there, and no request is left out."""

from __future__ import annotations

import ast
import re

from tests.support.build import ROOT

TEXT = (ROOT / "docs" / "features.md").read_text()
TESTS = ROOT / "tests"
REQUEST = re.compile(r'@request\("(\w+)"')


def test_each_test_is_there() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))(?:::(\w+))?`", TEXT)
    assert len(named) > 40
    for file, name in named:
        path = TESTS / file
        assert path.exists(), file
        if name:
            tree = ast.walk(ast.parse(path.read_text()))
            functions = {node.name for node in tree if isinstance(node, ast.FunctionDef)}
            assert name in functions, f"{file}::{name}"


def test_each_scenario_is_there() -> None:
    for names in re.findall(r"scenarios? ((?:`\w+`(?:, )?)+)", TEXT):
        for name in re.findall(r"`(\w+)`", names):
            assert (TESTS / "editor" / "scenarios" / f"{name}.test.ts").exists(), name


def test_each_request_is_told() -> None:
    files = (ROOT / "dapserver" / "requests").glob("*.py")
    handled = {name for file in files for name in REQUEST.findall(file.read_text())}
    told = set(re.findall(r"`(\w+)`", TEXT))
    assert handled > {"threads", "stepIn"}
    assert handled <= told, sorted(handled - told)
