"""Go's values, in the words of Go's own debugger."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.shown import children, text
from dapserver.debugger.values.value import Value
from tests.debugger.values.frames import gcc, scope_of, shown, stopped

EXPECTED = {
    "text": '"argument"',
    "truth": "true",
    "letter": "97",
    "octet": "200",
    "small": "-5",
    "wide": "9223372036854775808",
    "real": "0.5",
    "imaginary": "1.5 + -2i",
    "word": r'"grüß \"dich\"\n"',
    "empty": '""',
    "array": "[1, 2, 3]",
    "slice": "[]int len: 2, cap: 3, [1, 2]",
    "noSlice": "[]string nil",
    "words": '[]string len: 2, cap: 2, ["one", "two"]',
    "points": "[]main.Point len: 2, cap: 2, [main.Point {X: 1, Y: 2}, main.Point {X: 3, Y: 4}]",
    "numbers": 'map[string]int ["one": 1]',
    "noMap": "map[string]int nil",
    "emptyMap": "map[int]bool []",
    "point": "main.Point {X: 5, Y: 6}",
    "noPointer": "0x0",
    "embedding": 'main.Embedding {Point: main.Point {X: 1, Y: 2}, Label: "label"}',
    "generic": 'main.Generic[string] {Content: "content"}',
    "color": "1",
    "shape": "main.Point {X: 5, Y: 6}",
    "noShape": "nil",
    "anything": "int(17)",
    "anyText": 'string("text")',
    "nothing": "nil",
    "channel": "chan int 2/5 [1, 2]",
    "noChannel": "chan string nil",
    "function": "main.twice",
    "closure": "main.show.func1",
    "noFunction": "nil",
    "captured": "9",
    "duration": "3000000000",
}


@pytest.fixture(scope="module")
def scope() -> Iterator[Scope]:
    with stopped(gcc("values.go", "-gcflags=all=-N -l")) as (target, frozen):
        yield scope_of(frozen, target, "main.show")


def find(scope: Scope, name: str) -> Value:
    value = scope.find(name)
    assert value is not None, name
    return value


def test_what_is_in_them(scope: Scope) -> None:
    found = shown(scope)
    assert {name: found[name].text for name in EXPECTED} == EXPECTED


def test_interfaces_tell_their_dynamic_types(scope: Scope) -> None:
    assert re.fullmatch(r"\*main\.Point\(0x[0-9a-f]+\)", text(find(scope, "byPointer")))
    assert re.fullmatch(r"\*errors\.errorString\(0x[0-9a-f]+\)", text(find(scope, "err")))
    (held,) = children(find(scope, "byPointer"))
    assert {child.name: text(child.value) for child in children(held.value)} == {"X": "5", "Y": "6"}


def test_a_map_of_several_tables(scope: Scope) -> None:
    entries = {text(child.key): text(child.value) for child in children(find(scope, "many")) if child.key}
    assert entries == {str(n): str(n * n) for n in range(100)}
    several = {child.name: text(child.value) for child in children(find(scope, "several"))}
    assert several == {
        '["a"]': "main.Point {X: 1, Y: 2}",
        '["b"]': "main.Point {X: 3, Y: 4}",
        '["c"]': "main.Point {X: 5, Y: 6}",
    }


def test_names_of_the_package_and_of_others(scope: Scope) -> None:
    assert text(find(scope, "Counter")) == "42"
    assert text(find(scope, "main.greeting")) == '"hello"'
    assert find(scope, "runtime.allgs").type.name == "[]*runtime.g"
    assert scope.find_type("Point") is scope.find_type("main.Point")


def test_a_chain_of_pointers(scope: Scope) -> None:
    parts = {child.name: child for child in children(find(scope, "node"))}
    assert text(parts["Name"].value) == '"head"'
    inner = {child.name: text(child.value) for child in children(parts["Next"].value)}
    assert inner["Name"] == '"tail"'
