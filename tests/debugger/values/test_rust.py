"""Rust's values: scalars, structures and enums as gdb has them, the library's types by what is in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dapserver.debugger.values.shown import Format, children, text
from tests.debugger.values.frames import both, gcc, scope_of, shown, stopped

RUST = "values.rs"
EXPECTED = {
    "text": '"argument"',
    "truth": "true",
    "letter": "97 'a'",
    "umlaut": "228 'ä'",
    "byte": "200",
    "small": "-5",
    "wide": "-170141183460469231731687303715884105728",
    "real": "0.5",
    "unit": "()",
    "tuple": '(1, "two", 3.5)',
    "pair": "Pair(7, 1.5)",
    "nothing": "Nothing",
    "point": "Point {x: 1, y: 2}",
    "generic": "Generic {content: Some(4)}",
    "color": "Color::Green",
    "other_color": "Color::Red",
    "empty": "Empty",
    "circle": "Circle(2.5)",
    "rectangle": "Rectangle {width: 3, height: 4}",
    "named": 'Named("name")',
    "some": "Some(5)",
    "none": "None",
    "no_reference": "None",
    "some_text": 'Some("some")',
    "no_text": "None",
    "nested": "Some(None)",
    "good": "Ok(1)",
    "bad": 'Err("bad")',
    "nonzero": "Some(9)",
    "literal": r'"literal \"quoted\"\n"',
    "string": '"grüß dich"',
    "empty_string": '""',
    "array": "[1, 2, 3]",
    "matrix": "[[1, 2], [3, 4]]",
    "slice": "[2, 3]",
    "vector": "Vec(size=3) = [1, 2, 3]",
    "empty_vector": "Vec(size=0)",
    "words": 'Vec(size=2) = ["one", "two"]',
    "points": "Vec(size=2) = [Point {x: 1, y: 2}, Point {x: 3, y: 4}]",
    "deque": "VecDeque(size=4) = [1, 2, 3, 4]",
    "boxed_slice": "[8, 9]",
    "rc": "Rc(strong=2, weak=1) {value: 5}",
    "weak": "Weak(strong=2, weak=1) {value: 5}",
    "arc": 'Arc(strong=1, weak=0) {value: "shared"}',
    "cell": "Cell {value: 3}",
    "ref_cell": "RefCell {value: Vec(size=1) = [1]}",
    "mutex": "Mutex {data: 6}",
    "map": 'HashMap(size=1) = {1: "one"}',
    "set": 'HashSet(size=1) = ["member"]',
    "tree": 'BTreeMap(size=2) = {1: "one", 2: "two"}',
    "tree_set": "BTreeSet(size=2) = [97 'a', 98 'b']",
    "empty_map": "HashMap(size=0)",
    "empty_tree": "BTreeMap(size=0)",
}
VARIANTS: dict[str, Callable[[], Path]] = {
    "dwarf4": lambda: gcc(RUST),
    "dwarf5": lambda: gcc(RUST, "-C", "dwarf-version=5"),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_in_them(variant: str) -> None:
    with stopped(VARIANTS[variant]()) as (target, frozen):
        found = shown(scope_of(frozen, target, "values::show"))
    assert {name: found[name].text for name in EXPECTED} == EXPECTED
    assert re.fullmatch(r"0x[0-9a-f]+ <values::show>", found["function"].text)


def test_tables_and_trees_of_many_nodes() -> None:
    with stopped(gcc(RUST)) as (target, frozen):
        scope = scope_of(frozen, target, "values::show")
        many, tree = scope.find("many"), scope.find("big_tree")
        assert many is not None
        assert tree is not None
        entries = {text(child.key): text(child.value) for child in children(many) if child.key}
        assert entries == {str(n): str(n * n) for n in range(100)}
        found = [(child.name, text(child.value)) for child in children(tree, 100, 300)]
        assert found == [(f"[{n}]", str(-n)) for n in range(100, 400)]


def test_scalars_structures_and_enums_are_as_in_gdb() -> None:
    """gdb knows Rust's own types; it writes their paths, which we leave out."""
    ours, theirs = both(gcc(RUST))
    names = [
        *("truth", "letter", "byte", "small", "wide", "real", "unit", "pair", "nothing", "point", "color"),
        *("other_color", "empty", "circle", "some", "none", "no_reference", "nested", "good", "array"),
        *("matrix", "literal", "text"),
    ]
    mine, other = ours["values::show"], theirs["values::show"]
    assert {name: mine[name].text for name in names} == {name: _short(other[name].text) for name in names}


def _short(written: str) -> str:
    written = re.sub(r"\b(\w+::)+(?=\w)", "", re.sub(r"<.*?>+(?=::)", "", written))
    written = re.sub(r"\b(Option|Result|Shape)::", "", written).replace("Pair (", "Pair(")
    return re.sub(r"^(Green|Red)$", r"Color::\1", written)


def test_hexadecimal_goes_all_the_way_down() -> None:
    with stopped(gcc(RUST)) as (target, frozen):
        found = shown(scope_of(frozen, target, "values::show"), Format(is_hex=True))
    assert found["point"].text == "Point {x: 0x1, y: 0x2}"
    assert found["vector"].text == "Vec(size=3) = [0x1, 0x2, 0x3]"
    assert found["small"].text == "0xfb"
