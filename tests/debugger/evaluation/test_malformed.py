"""Whatever is typed: a value or a sentence, soon; never another exception."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.compiled import compile_expression
from dapserver.debugger.evaluation.completion import completions, operand_at_the_end
from dapserver.debugger.evaluation.context import FrameContext
from tests.debugger.evaluation.evaluating import evaluated, in_function
from tests.support.build import build

WORDS = r"""
    head list text small third points fc plus named wide color bits.a nothing BLUE int x char unsigned
    :: 'a' "s" ' " 0x 1.5 1e999 08 + - * / % & | ^ ~ ! < > << >> == = && || ? : , , ( ) [ ] . -> .. @
    $rip $ sizeof as 99999999999999999999 -1 0 ,x \ { } ::~ 'file.c'::x 1.f .5 9999999 ä 😀
"""
PIECES = [*WORDS.split(), " ", "\n", "\0", "\U0001f600", "__real__ ", "struct node"]


@pytest.fixture(scope="module")
def context() -> Iterator[FrameContext]:
    with in_function(build("values.c", "-O0"), "show") as context:
        yield context


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=12))
def test_pieces_of_expressions(context: FrameContext, pieces: list[str]) -> None:
    text = "".join(pieces)
    try:
        is_harmless = not compile_expression(text).assigns
    except DebuggerError:
        is_harmless = True
    if is_harmless:
        evaluated(text, context)
    completions(text, context)


@settings(max_examples=500, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text(text: str) -> None:
    try:
        compile_expression(text)
    except DebuggerError as error:
        assert str(error)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "(" * 5000,
            "-" * 5000 + "1",
            "1" + "+1" * 3000,
            "a[" * 2000,
            "x" * 20_000,
        ),
        *(
            "a<" * 3000,
            "a<b" * 2000 + ">" * 2000,
            "(a<" * 1000,
            "*" * 4000 + "p",
            "1?" * 1000 + "1" + ":1" * 1000,
        ),
        *(
            "&*" * 2000 + "x",
            "sizeof " * 1000 + "x",
            "(int)" * 1500 + "1",
            "a::" * 3000,
            "'" * 5001,
            "\\" * 5000,
        ),
    ],
    ids=lambda text: f"{text[:6]}...",
)
def test_depth_and_length_have_limits(context: FrameContext, text: str) -> None:
    assert evaluated(text, context).startswith("error: ")


@pytest.mark.parametrize("terms", [50, 100])
def test_sensible_depths_are_evaluated(context: FrameContext, terms: int) -> None:
    assert evaluated("+".join(["1"] * terms), context) == str(terms)
    assert evaluated("(" * terms + "7" + ")" * terms, context) == "7"


def test_huge_numbers_are_refused_or_wrap(context: FrameContext) -> None:
    for text in (
        "many[999999999999]",
        "*primes@99999999",
        "points[0..99999999]",
        "1 << 99999999999",
        "1e999",
        "*text@-1",
    ):
        evaluated(text, context)
    assert evaluated("99999999999999999999999999999999999999999", context).startswith("error: ")
    assert evaluated("1 << 64", context) == "0"


@pytest.mark.parametrize(
    ("text", "operand"),
    [
        ("1 + b[i].c", "b[i].c"),
        ("f(x).y", "f(x).y"),
        ("(a + b)", "(a + b)"),
        ("a->b[2](", ""),
        ("x y.z", "y.z"),
        ("", ""),
    ],
)
def test_the_operand_before_the_cursor(text: str, operand: str) -> None:
    assert operand_at_the_end(text) == operand
