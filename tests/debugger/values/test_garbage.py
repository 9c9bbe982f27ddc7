"""Values of memory that holds anything, and of damaged debug information: text, soon, and never an error."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dapserver.debugger.modules import Modules
from dapserver.debugger.values.places import ConstantPlace, MemoryPlace
from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.shown import child_count, children, text
from dapserver.debugger.values.space import Space
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.types import INT, UNSIGNED_CHAR, Array, Kind, Pointer, Record, Type
from dapserver.symbols.dwarf.types_parts import Member
from tests.debugger.values.frames import clang, frame_states, gcc, scope_of, stopped, variables

CONTAINERS = "containers.cpp"
PROGRAMS: dict[str, tuple[Callable[[], Path], str]] = {
    "c": (lambda: gcc("values.c", "-O0"), "show"),
    "libstdc++": (lambda: gcc(CONTAINERS, "-O0"), "show"),
    "libc++": (lambda: clang(CONTAINERS, "-O0", "-stdlib=libc++"), "show"),
    "rust": (lambda: gcc("values.rs"), "values::show"),
    "go": (lambda: gcc("values.go", "-gcflags=all=-N -l"), "main.show"),
}
SIZE = 4096
SECONDS = 30
"""For one program's hundred values eight times: far more than it takes, far less than for ever."""


class Noise:
    """Memory with anything in it everywhere below a limit; pointers in it lead to more of it."""

    def __init__(self, seed: int) -> None:
        choice = random.Random(seed)
        words = [choice.choice([choice.randrange(64), choice.randrange(8, SIZE, 8), choice.getrandbits(64)])
                 for _ in range(SIZE // 8)]  # fmt: skip
        self._page = b"".join(word.to_bytes(8, "little") for word in words)

    def read(self, address: int, size: int) -> bytes:
        if not 0 <= address < 1 << 32:
            raise OSError
        start = address % SIZE
        return (self._page * (size // SIZE + 2))[start : start + size]


def look(value: Value) -> None:
    """What a client would ask for."""
    assert len(text(value)) < 20_000
    counts = child_count(value)
    assert counts.named >= 0
    assert counts.indexed >= 0
    for start in (0, 7, 1 << 20):
        for child in children(value, start, 5):
            text(child.value)
            child_count(child.value)


@pytest.mark.parametrize("name", PROGRAMS)
def test_garbage_in_memory(name: str) -> None:
    build, function = PROGRAMS[name]
    with stopped(build()) as (target, frozen):
        scope = scope_of(frozen, target, function)
        types = [variable.value.type for variable in variables(scope)]
        assert len(types) > 40
        began = time.monotonic()
        for seed in range(8):
            space = Space(Noise(seed), frozen.modules)  # type: ignore[arg-type]
            for number, type_ in enumerate(types):
                look(Value(space, type_, MemoryPlace(space, 64 * number)))
                look(Value(space, type_, ConstantPlace(bytes(range(seed, seed + 100)))))
        assert time.monotonic() - began < SECONDS


def empty_space() -> Space:
    return Space(Noise(0), Modules(lambda: 0))  # type: ignore[arg-type]


class Cyclic(Record):
    """A structure that contains itself, which only damaged debug information says."""

    def __init__(self) -> None:
        super().__init__("cyclic", [], 16)
        self._members = [Member("a", self, 0), Member("b", self, 8), Member(None, self, 0)]


def test_a_structure_that_contains_itself() -> None:
    value = Value(empty_space(), Cyclic(), ConstantPlace(bytes(64)))
    look(value)
    assert text(value).startswith("{a = {a = ")
    assert value.find_member("absent") is None


@pytest.mark.parametrize("count", [1 << 62, 1 << 30, 0])
def test_an_array_of_absurd_size(count: int) -> None:
    value = Value(empty_space(), Array(INT, count), ConstantPlace(bytes(64)))
    began = time.monotonic()
    look(value)
    assert time.monotonic() - began < SECONDS


def test_a_long_text_ends() -> None:
    inner: Type = UNSIGNED_CHAR
    for _ in range(6):
        inner = Array(inner, 50)
    value = Value(empty_space(), Pointer(inner), ConstantPlace(bytes(8)))
    look(value)
    look(Value(empty_space(), Array(Array(Array(INT, 300), 300), 300), MemoryPlace(empty_space(), 0)))
    assert value.bare.kind is Kind.POINTER


def test_a_scope_of_nothing() -> None:
    """A frame of code that no debug information tells of."""
    with stopped(gcc("values.c", "-O0")) as (target, frozen):
        space = Space(Noise(0), frozen.modules)  # type: ignore[arg-type]
        *_, last = frozen.stack(target.pid)
        (state,) = frame_states([last], frozen.registers[target.pid])
        scope = Scope(space, state)
        assert (scope.arguments(), scope.locals(), scope.statics()) == ([], [], [])
        assert scope.find("anything") is None
