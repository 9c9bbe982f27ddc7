"""Expressions evaluated in a frame of a stopped program, by us and by gdb."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.compiled import compile_expression
from dapserver.debugger.evaluation.context import Context, FrameContext
from dapserver.debugger.evaluation.rendering import rendered
from dapserver.debugger.values.text import DEFAULT
from tests.debugger.stacks import held, stop
from tests.debugger.values.frames import scope_of
from tests.support.target import Target

GDB_SCRIPT = Path(__file__).with_name("gdb_print.py")


def listed(text: str) -> list[str]:
    """The expressions in a text, which `;` and ends of lines separate."""
    return [each.strip() for line in text.splitlines() for each in line.split(" ; ") if each.strip()]


def evaluated(expression: str, context: Context) -> str:
    """The text of a value, or of the error."""
    try:
        compiled = compile_expression(expression)
        return rendered(compiled.value(context), compiled.format, DEFAULT)
    except DebuggerError as error:
        return f"error: {error}"


@contextmanager
def in_function(program: Path, function: str) -> Iterator[FrameContext]:
    """The innermost frame of a function, in a program that has printed "ready"."""
    with Target(program) as target:
        target.wait_line("ready")
        stop(target)
        with held(target) as frozen:
            scope = scope_of(frozen, target, function)
            yield FrameContext(scope, target.pid, lambda: "main")


def both(program: Path, function: str, expressions: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Our answer and gdb's to each expression, in one and the same process."""
    with Target(program) as target:
        target.wait_line("ready")
        stop(target)
        theirs = gdb_prints(target, function, expressions)
        with held(target) as frozen:
            scope = scope_of(frozen, target, function)
            context = FrameContext(scope, target.pid, lambda: "main")
            return {each: (evaluated(each, context), plain(theirs[each])) for each in expressions}


def gdb_prints(target: Target, function: str, expressions: Sequence[str]) -> dict[str, str]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(list(expressions), file)
        file.flush()
        environment = {
            **os.environ, "EXPRESSIONS": file.name, "EVALUATE_IN": function, "LC_ALL": "C.UTF-8",
        }  # fmt: skip
        command = ["gdb", "-nx", "-batch", "-ex", "set debuginfod enabled off", "-p", str(target.pid)]
        done = subprocess.run(
            [*command, "-x", str(GDB_SCRIPT)],
            capture_output=True, text=True, check=True, timeout=60, env=environment,
        )  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"expression"')]
    assert len(answers) == len(expressions), done.stdout[-2000:] + done.stderr
    return {answer["expression"]: answer["answer"] for answer in answers}


def plain(text: str) -> str:
    """Without the types that gdb writes before pointers, and where references lead."""
    text = re.sub(r"^\((?:[^()]|\([^()]*\))*\) (?=@?0x)", "", text)
    return re.sub(r"@0x[0-9a-f]+(: )?", "", text)
