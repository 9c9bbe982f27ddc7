"""What the languages add to C's expressions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dapserver.debugger.evaluation.context import FrameContext
from tests.debugger.evaluation.evaluating import evaluated, in_function
from tests.support.build import build

RUST = {
    "tuple.0 + 1": "2",
    "pair.1": "1.5",
    "array[1..3]": "[2, 3]",
    "array[1..=1]": "[2]",
    "slice[0]": "2",
    "vector[2]": "3",
    "vector[0..2]": "[1, 2]",
    "vector[7]": "error: There is no element 7: it has 3.",
    "words[1]": '"two"',
    'string == "grüß dich"': "true",
    'words[0] != "one"': "false",
    "boxed.x": "1",
    "*boxed": "Point {x: 1, y: 2}",
    "*rc + 1": "6",
    "cell + 1": "4",
    "byte as i8": "-56",
    "byte as u32 + 100": "300",
    "small as u8": "251",
    "letter == 'a' && truth": "true",
    "map[1]": '"one"',
    "many[7]": "49",
    "tree[2]": "error: There is no such key.",
    "some.0": "5",
    "*pointer": "1",
    "matrix[1][0]": "3",
    "values::COUNTER == crate::COUNTER": "true",
    "COUNTER * 2": "6",
    "*values::POINTED": "3",
    "points[1].y - point.y": "2",
    "1_000u64": "1000",
}
GO = {
    "letter + 1": "98",
    "slice[1]": "2",
    "slice[0:2]": "[1, 2]",
    'words[1] == "two"': "true",
    "words[9]": "error: There is no element 9: it has 2.",
    "points[1].Y": "4",
    'numbers["one"]': "1",
    "many[7]": "49",
    'several["b"].Y': "4",
    "pointer.X": "5",
    "*pointer": "main.Point {X: 5, Y: 6}",
    "embedding.X": "1",
    "embedding.Point.Y": "2",
    "main.Counter + 1": "43",
    "Counter": "42",
    'main.greeting == "hello"': "true",
    "noPointer == nil": "true",
    "pointer != nil": "true",
    "uint8(small)": "251",
    "float64(octet) / 3": "66.666666666666671",
    "*(main.Point *)pointer": "main.Point {X: 5, Y: 6}",
    "(main.Point *)pointer == &point": "true",
}


CPP = {
    'brief == "brief"': "true",
    'view != "view"': "false",
    'lengthy == "brief"': "false",
    "brief[1]": "114 'r'",
    "brief[9]": "error: There is no character 9: it has 5.",
    "numbers[1] + 1": "3",
    "numbers[3]": "error: There is no element 3: it has 3.",
    "words[1]": '"two"',
    "points[1].y": "4",
    "points[0..2]": "{{x = 1, y = 2}, {x = 3, y = 4}}",
    "nested[2][1]": "3",
    "bits[2] && flag": "true",
    "deque[1] + forward[2] + set[1]": "6",
    "list[1]": '"b"',
    "list[0..2]": "error: The elements do not lie one behind the other: look at them one by one.",
    "map[2]": '"two"',
    "map[9]": "error: There is no such key.",
    'by_name["b"].y': "4",
    'lists["odd"][1]': "3",
    'hashed_names["one"]': "1",
    'pair.second == "one"': "true",
    "array[2]": "3",
    "*some": "5",
    "shared->x + (*shared).y": "15",
    "*with_deleter": "8",
    "atomic + 1": "10",
}


@pytest.fixture(scope="module")
def cpp() -> Iterator[FrameContext]:
    with in_function(build("containers.cpp", "-O0"), "show") as context:
        yield context


@pytest.mark.parametrize("expression", CPP)
def test_containers_of_cpp(cpp: FrameContext, expression: str) -> None:
    assert evaluated(expression, cpp) == CPP[expression]


@pytest.fixture(scope="module")
def rust() -> Iterator[FrameContext]:
    with in_function(build("values.rs"), "values::show") as context:
        yield context


@pytest.fixture(scope="module")
def go() -> Iterator[FrameContext]:
    with in_function(build("values.go", "-gcflags=all=-N -l"), "main.show") as context:
        yield context


@pytest.mark.parametrize("expression", RUST)
def test_rust(rust: FrameContext, expression: str) -> None:
    assert evaluated(expression, rust) == RUST[expression]


@pytest.mark.parametrize("expression", GO)
def test_go(go: FrameContext, expression: str) -> None:
    assert evaluated(expression, go) == GO[expression]
