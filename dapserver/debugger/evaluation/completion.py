"""What may follow the cursor: names in scope, members, registers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation.access import member_names
from dapserver.debugger.evaluation.compiled import compile_expression
from dapserver.symbols.dwarf.reading import DwarfError

if TYPE_CHECKING:
    from dapserver.debugger.evaluation.context import FrameContext

WORD = re.compile(r"\$?[\w:]*$")
JOINT = re.compile(r"(\.|->)\s*$")
NAME_END = re.compile(r"[\w:$]+$")
PARTNERS = {")": "(", "]": "["}
LIMIT = 500


@dataclass(frozen=True, slots=True)
class Completion:
    name: str
    kind: str
    """`field`, `variable` or `value` (a register), as DAP's CompletionItemType."""
    length: int
    """Of the part of it that stands before the cursor."""


def completions(text: str, context: FrameContext) -> list[Completion]:
    """Complete the word at the end of *text*. Never raises."""
    found = WORD.search(text)
    word = found.group() if found else ""
    before = text[: len(text) - len(word)]
    try:
        if word.startswith("$"):
            return _starting(
                word, [f"${name}" for name in [*context.registers(), "tid", "thread_name"]], "value"
            )
        if joint := JOINT.search(before):
            whole = operand_at_the_end(before[: joint.start()])
            return _starting(word, member_names(compile_expression(whole).value(context)), "field")
        return _starting(word, context.names(), "variable")
    except (DebuggerError, DwarfError):
        return []


def _starting(word: str, names: list[str], kind: str) -> list[Completion]:
    return [Completion(name, kind, len(word)) for name in names if name.startswith(word)][:LIMIT]


def operand_at_the_end(text: str) -> str:
    """Give the operand that *text* ends with: `b[i].c` of `1 + b[i].c`."""
    end = len(text.rstrip())
    start = end
    while start > 0:
        start = _before_brackets(text, start)
        if name := NAME_END.search(text[:start]):
            start = name.start()
        joint = JOINT.search(text[:start])
        if joint is None:
            break
        start = joint.start()
    return text[start:end]


def _before_brackets(text: str, end: int) -> int:
    """Where the brackets that end at *end* begin: all of `(x)[1]`."""
    while end and text[end - 1] in PARTNERS:
        depth, position = 0, end
        while position:
            position -= 1
            depth += (text[position] in ")]") - (text[position] in "([")
            if depth == 0:
                break
        if depth:
            return end
        end = position
    return end
