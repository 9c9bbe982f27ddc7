"""What names mean in a frame: blocks, files, namespaces, modules; types; arguments that were lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.shown import text
from dapserver.debugger.values.value import Value
from tests.debugger.values.frames import gcc, scope_of, stopped


@pytest.fixture(scope="module")
def c_scope() -> Iterator[Scope]:
    with stopped(gcc("values.c", "-O0")) as (target, frozen):
        yield scope_of(frozen, target, "show")


@pytest.fixture(scope="module")
def member_scope() -> Iterator[Scope]:
    """Of a member function in a namespace."""
    with stopped(gcc("values.cpp", "-O0")) as (target, frozen):
        yield scope_of(frozen, target, "shapes::Square::area")


def find(scope: Scope, name: str) -> Value:
    value = scope.find(name)
    assert value is not None, name
    return value


def test_names_of_a_file_and_of_the_program(c_scope: Scope) -> None:
    assert text(find(c_scope, "global_counter")) == "42"
    assert text(find(c_scope, "values.c::static_text")).endswith('"static text"')
    assert text(find(c_scope, "BLUE")) == "BLUE"
    assert find(c_scope, "BLUE").type.name == "enum color"
    assert text(find(c_scope, "add")).startswith("{int (int, int)} 0x")
    assert text(find(c_scope, "thread_local_number")) == "100"
    assert c_scope.find("no_such_name") is None


def test_names_of_libraries(c_scope: Scope) -> None:
    assert find(c_scope, "stdout").type.name == "FILE *"
    assert "puts" in text(find(c_scope, "puts"))


def test_a_variable_length_array_has_the_length_of_its_frame() -> None:
    with stopped(gcc("values.c", "-O0")) as (target, frozen):
        scope = scope_of(frozen, target, "variable_length")
        assert text(find(scope, "numbers")) == "{0, 1, 4, 9, 16}"
        assert find(scope, "table").type.name == "short [5][6]"
        assert text(find(scope, "table").element(4)) == "{40, 41, 42, 43, 44, 45}"


def test_members_of_this_and_names_of_the_enclosing_namespace(member_scope: Scope) -> None:
    assert text(find(member_scope, "side_")) == "3"
    assert text(find(member_scope, "id_")) == "5"
    assert text(find(member_scope, "level")) == "11"
    assert text(find(member_scope, "shapes::level")) == "11"
    assert text(find(member_scope, "::shapes::level")) == "11"
    assert text(find(member_scope, "shapes::Point::made")) == "3"
    assert text(find(member_scope, "shapes::(anonymous namespace)::hidden")) == "12"
    assert text(find(member_scope, "Color::Green")) == "shapes::Color::Green"
    assert text(find(member_scope, "LARGE")) == "shapes::LARGE"
    assert member_scope.find("::side_") is None


def test_types(c_scope: Scope, member_scope: Scope) -> None:
    for name in ("int", "unsigned char", "struct point", "entry", "enum color", "union number", "size_t"):
        type_ = c_scope.find_type(name)
        assert type_ is not None, name
        assert type_.name == name
    assert c_scope.find_type("struct color") is None
    point = member_scope.find_type("Point")
    assert point is not None
    assert point.name == "shapes::Point"
    assert [member.name for member in point.members] == ["x", "y"]
    assert member_scope.find_type("shapes::Box<int, 3>") is not None
    assert member_scope.find_type("no_such_type") is None


def test_members_of_bases_and_of_anonymous_members(c_scope: Scope, member_scope: Scope) -> None:
    assert text(find(c_scope, "head").member("one")) == "6"
    assert text(find(c_scope, "list").dereferenced().member("hidden")) == "5"
    this = find(member_scope, "this").dereferenced()
    assert text(this.member("name")).endswith('"named"')


def test_pointers_and_elements(c_scope: Scope) -> None:
    assert text(find(c_scope, "pointer").dereferenced()) == "42"
    assert text(find(c_scope, "primes").element(3)) == "7"
    assert text(find(c_scope, "by_pointer").element(-1)) == "{x = 1, y = 2}"
    assert find(c_scope, "pointer").number() == find(c_scope, "global_counter").address
    assert find(c_scope, "primes").element(2).pointer().type.name == "int *"


def test_arguments_that_registers_have_lost_are_found_by_their_call() -> None:
    """-O2 keeps no copy of an argument that is not needed any more; the caller says what it was."""
    with stopped(gcc("entry_values.c", "-O2")) as (target, frozen):
        scope = scope_of(frozen, target, "callee")
        assert {v.name: text(v.value) for v in scope.arguments()} == {
            "constant": "42",
            "kept": "1000",
            "lost": "<optimized out>",
        }
