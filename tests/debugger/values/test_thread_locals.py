"""Each thread has its own thread-local variables: the program's, and those of libraries."""

from __future__ import annotations

import pytest

from dapserver.debugger.values.scope import Scope
from dapserver.debugger.values.shown import text
from tests.debugger.stacks import Frozen
from tests.debugger.values.frames import function_name, gcc, scopes, stopped
from tests.support.target import Target


def said(target: Target) -> dict[int, str]:
    """What each thread told of itself, by tid."""
    words = (line.split() for line in target.lines if line.startswith("own "))
    return {int(tid): number for _, tid, number in words}


def by_thread(target: Target, frozen: Frozen, name: str) -> dict[int, str]:
    found = {}
    for tid in frozen.registers:
        scope = next(s for s in scopes(frozen, tid, target) if function_name(s) == "wait_for_the_end")
        found[tid] = value_of(scope, name)
    return found


def value_of(scope: Scope, name: str) -> str:
    value = scope.find(name)
    assert value is not None, name
    return text(value)


@pytest.mark.parametrize("flags", [(), ("-static",), ("-static-pie",), ("-no-pie",)], ids=" ".join)
def test_of_the_program(flags: tuple[str, ...]) -> None:
    with stopped(gcc("thread_locals.c", *flags), all_blocked=True) as (target, frozen):
        assert by_thread(target, frozen, "own") == said(target)


def test_of_a_library() -> None:
    """`errno` is the C library's; which block is its own, the thread's table tells."""
    with stopped(gcc("thread_locals.c"), all_blocked=True) as (target, frozen):
        assert by_thread(target, frozen, "errno") == said(target)
