"""Integer arithmetic gives what a C compiler computes: random expressions, compiled and run."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

from dapserver.debugger.evaluation.compiled import compile_expression
from dapserver.debugger.evaluation.context import FrameContext
from dapserver.debugger.evaluation.operands import Number
from tests.debugger.evaluation.evaluating import in_function
from tests.support.build import build

SEED, COUNT = 20, 2000
TYPES = [
    *("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long"),
    *("unsigned long", "long long", "_Bool"),
]  # fmt: skip
LITERALS = [
    "0",
    "1",
    "2",
    "7",
    "255",
    "65535",
    "2147483647",
    "2147483648",
    "4294967295u",
    "0xffffffff",
    "5L",
    "3ul",
    "('x' + 0)",
]
BINARY = ["+", "-", "*", "&", "|", "^", "<", "<=", "==", "!=", ">", ">=", "&&", "||"]


def expression(chance: random.Random, depth: int) -> str:
    """An integer expression without undefined behaviour that -fwrapv does not define."""
    if depth == 0:
        return chance.choice(LITERALS)
    inner, other = expression(chance, depth - 1), expression(chance, chance.randrange(depth))
    forms = [
        # No reals: what does not fit an integer is undefined.
        f"(({chance.choice(TYPES)})({inner}))",
        f"({chance.choice('-~!+')}({inner}))",
        f"(({inner}) {chance.choice(['<<', '>>'])} {chance.randrange(31)})",
        f"(({inner}) {chance.choice('/%')} {chance.choice(['3', '-7', '10u', '1000L'])})",
        # Here the one that is not evaluated has no say in the type.
        f"(({inner}) ? (long)({other}) : (long){chance.choice(LITERALS)})",
        f"(({inner}) {chance.choice(BINARY)} ({other}))",
    ]
    return chance.choice([*forms, forms[-1]])


def compiled_results(expressions: list[str], directory: Path) -> list[tuple[int, int]]:
    """What a compiler makes of them: size of the type, and value modulo 2**64."""
    lines = "".join(
        f'    printf("%zu %llu\\n", sizeof({e}), (unsigned long long)({e}));\n' for e in expressions
    )
    source = directory / "expressions.c"
    source.write_text(f"#include <stdio.h>\nint main(void)\n{{\n{lines}    return 0;\n}}\n")
    program = directory / "expressions"
    subprocess.run(["cc", "-std=gnu11", "-w", "-O0", "-fwrapv", "-o", program, source], check=True)
    output = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    return [(int(size), int(number)) for size, number in (line.split() for line in output.splitlines())]


def test_random_expressions(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    expressions = [expression(chance, chance.randrange(1, 6)) for _ in range(COUNT)]
    expected = compiled_results(expressions, tmp_path)
    with in_function(build("values.c", "-O0"), "show") as context:
        for each, (size, number) in zip(expressions, expected, strict=True):
            assert result(each, context) == (size, number), each


def result(text: str, context: FrameContext) -> tuple[int, int]:
    operand = compile_expression(text).operand(context)
    assert isinstance(operand, Number)
    size = operand.type.bare.size
    assert size is not None
    return size, int(operand.number) & (1 << 64) - 1
