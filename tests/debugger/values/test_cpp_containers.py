"""The containers of libstdc++ as its own printers for gdb show them, and libc++'s the same way."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.debugger.values.frames import (
    NO_REPEATS,
    Shown,
    Variables,
    both,
    clang,
    gcc,
    scope_of,
    shown,
    stopped,
)

CONTAINERS = "containers.cpp"
POINTS = ", ".join(f"{{x = {i}, y = {-i if i else 0}}}" for i in range(150))
# What is in them, without titles; addresses are A.
EXPECTED = {
    "argument": '"argument"',
    "empty": '""',
    "brief": '"brief"',
    "lengthy": "'x' <repeats 100 times>, \"the end\"",
    "quoted": r'"a \"b\"\n"',
    "wide": 'L"wide"',
    "sixteen": 'u"sixteen"',
    "view": '"view"',
    "no_view": '""',
    "numbers": "{1, 2, 3}",
    "none": "",
    "words": '{"one", "two"}',
    "points": "{{x = 1, y = 2}, {x = 3, y = 4}}",
    "bits": "{true, false, true}",
    "many": "{7 <repeats 300 times>}",
    "deque": "{0, 1, 2, 3}",
    "long_deque": f"{{{POINTS}}}",
    "list": '{"a", "b"}',
    "empty_list": "",
    "forward": "{1, 2, 3}",
    "map": '{[1] = "one", [2] = "two", [3] = "three"}',
    "by_name": '{["a"] = {x = 1, y = 2}, ["b"] = {x = 3, y = 4}}',
    "empty_map": "",
    "multimap": "{[1] = 97 'a', [1] = 98 'b'}",
    "set": "{1, 2, 3}",
    "names": '{"x", "y"}',
    "reals": "{1.5, 2.5}",
    "letters": "{97 'a', 98 'b', 98 'b'}",
    "hashed": '{[1] = "one"}',
    "hashed_names": '{["one"] = 1}',
    "hashed_set": "{42}",
    "pair": '{first = 1, second = "one"}',
    "tuple": '{[0] = 1, [1] = "two", [2] = 3.5}',
    "no_tuple": "",
    "array": "{1, 2, 3}",
    "some": "{[contained value] = 5}",
    "nothing": "",
    "some_text": '{[contained value] = "text"}',
    "variant": '{"chosen"}',
    "first": "{7}",
    "unique": "{get() = A}",
    "no_unique": "{get() = 0x0}",
    "with_deleter": "{get() = A}",
    "shared": "{get() = A}",
    "no_shared": "{get() = 0x0}",
    "weak": "{get() = A}",
    "atomic": "9",
    "flag": "true",
    "stack": "{1, 2}",
    "queue": "{4}",
    "priorities": "{6}",
    "bitset": "{true, false, true" + ", false" * 7 + "}",
    "reference": "2",
}
TITLES = {
    "numbers": "std::vector of length 3, capacity 3",
    "map": "std::map with 3 elements",
    "list": "std::list of length 2",
    "some_text": "std::optional<std::string>",
    "nothing": "std::optional<int> [no contained value]",
    "variant": "std::variant<int, std::string> [index 1]",
    "shared": "std::shared_ptr<Point> (use count 2, weak count 1)",
    "no_shared": "std::shared_ptr<Point> (empty)",
    "unique": "std::unique_ptr<Point>",
}
VARIANTS: dict[str, Callable[[], Path]] = {
    "gcc": lambda: gcc(CONTAINERS, "-O0"),
    "gcc-dwarf4": lambda: gcc(CONTAINERS, "-O0", "-gdwarf-4"),
    "gcc-optimized": lambda: gcc(CONTAINERS, "-O2"),
    "clang": lambda: clang(CONTAINERS, "-O0"),
    "clang-libc++": lambda: clang(CONTAINERS, "-O0", "-stdlib=libc++"),
}


def content(text: str) -> str:
    """What follows a formatter's title."""
    text = re.sub(r"0x[0-9a-f]{2,}( <[^}]*>)?", "A", text)
    _, equals, rest = text.partition(" = {")
    if text.startswith("std::"):
        return f"{{{rest}" if equals else ""
    return "" if text == "empty std::tuple" else text


def containers(program: Path) -> dict[str, Shown]:
    with stopped(program) as (target, frozen):
        return shown(scope_of(frozen, target, "show"))


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_is_in_them(variant: str) -> None:
    found = containers(VARIANTS[variant]())
    wrong = {
        name: (found[name].text, expected)
        for name, expected in EXPECTED.items()
        if content(found[name].text) != expected and not _is_optimized_out(variant, found[name])
    }
    assert not wrong


def _is_optimized_out(variant: str, found: Shown) -> object:
    return variant.endswith("optimized") and re.search("<optimized out>|<error|unknown size", found.text)


@pytest.mark.parametrize("variant", ["gcc", "clang-libc++"])
def test_what_stands_before_it(variant: str) -> None:
    found = containers(VARIANTS[variant]())
    assert {name: title(found[name].text) for name in TITLES} == TITLES
    assert title(found["function"].text).replace(" ", "") == "std::function<int(int)>"
    assert "[empty]" in found["no_function"].text
    assert re.search("twice|int \\(\\*\\)\\(int\\)", found["function"].text)
    assert re.search("lambda|\\$_", found["lambda"].text)


def title(text: str) -> str:
    return text.partition(" = ")[0]


# Names whose text is not gdb's, each with the reason.
OTHERWISE = {
    "array": "we leave out its only member",
    "atomic": "as array",
    "flag": "as array",
    "reference": "gdb has no printer for it",
    "function": "as reference",
    "lambda": "as reference",
    "no_function": "as reference",
    "bits": "gdb writes numbers",
    "big_map": "gdb counts keys among the elements that it may write",
    "bitset": "gdb leaves zeros out",
    "stack": "gdb says what it wraps",
    "queue": "as stack",
    "priorities": "as stack",
    "tuple": "gdb counts from 1",
}


def test_they_are_as_in_gdb_with_the_printers_of_the_library() -> None:
    ours, theirs = both(gcc(CONTAINERS, "-O0"), NO_REPEATS)
    assert len(theirs["show"]) >= 60
    assert not _differences(ours, theirs)


def _differences(ours: Variables, theirs: Variables) -> dict[str, tuple[str, str]]:
    return {
        name: (ours["show"][name].text, gdb.text)
        for name, gdb in theirs["show"].items()
        if _normal(ours["show"][name].text) != _normal(gdb.text) and name not in OTHERWISE
    }


def _normal(text: str) -> str:
    """Lists and sets are numbered by gdb; its lists tell no length."""
    text = re.sub(r"\[\d+\] = |@0x[0-9a-f]+: ", "", text).replace("struct Point", "Point")
    text = re.sub(r"(std::)(__cxx11::)?((forward_)?list)( of length \d+)?", r"std::\3", text)
    return text.replace("empty std::list", "std::list")
