"""Which parentheses hold a type: what C decides by its symbol table, before the parser sees them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark import Token

from dapserver.debugger.errors import DebuggerError

SHAPES = {
    "WORD": "W",
    "QUALIFIER": "Q",
    "TAG": "T",
    "NAME": "N",
    "QUOTED_NAME": "N",
    "STAR": "*",
    "RUST_POINTER": "*",
    "AMPERSAND": "&",
    "AND": "&",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
    "INTEGER": "I",
    "DOT": ".",
}
TYPE = re.compile(r"Q*(W[WQ]*|TN|N(\.N)*)Q*[*&Q]*(\(\*+\))?(\[I?\])*")
ELEMENT = re.compile(r"N(\.N)*(\[I\])+")
LONE_NAME = re.compile(r"N(\.N)*")
OPERAND = frozenset(
    [
        "NAME",
        "QUOTED_NAME",
        "WORD",
        "REGISTER",
        "INTEGER",
        "FLOAT",
        "CHARACTER",
        "STRING",
        "LPAR",
        "NOT",
        "SIZEOF",
    ]
)
"""What can only begin an operand: behind a lone name in parentheses it makes that a type."""
EITHER = frozenset({"SIGN", "STAR", "AMPERSAND"})
"""What may begin an operand or join two."""
LONGEST = 80  # tokens in a type


class Casts:
    """Lark's step between lexer and parser."""

    always_accept = ()

    def __init__(self) -> None:
        self.type_names: frozenset[str] = frozenset()
        """Lone names that are known to be types."""
        self.doubtful: set[str] = set()
        """Names met that would mean something else if they were types."""

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        tokens = list(stream)
        in_type_until = -1
        for index, token in enumerate(tokens):
            if token.type == "SIGN" and index and _is_step(tokens[index - 1], token):
                raise DebuggerError(f"{token}{token} is not known here: write x {token}= 1.")
            if token.type == "LPAR" and index > in_type_until:
                before = tokens[index - 1].type if index and index - 1 != in_type_until else ""
                end = self._end_of_type(tokens, index, before)
                if end is not None:
                    in_type_until = end
                    opening = "TYPE_OPEN" if before == "SIZEOF" else "CAST_OPEN"
                    yield Token.new_borrow_pos(opening, token, token)
                    continue
            if token.type == "AS":
                in_type_until = max(in_type_until, index + 3)
            if token.type in {"WORD", "QUALIFIER"} and index > in_type_until:
                # C's keywords are ordinary names in Rust and Go.
                yield Token.new_borrow_pos("NAME", token, token)
            else:
                yield token

    def _end_of_type(self, tokens: list[Token], start: int, before: str) -> int | None:
        """The closing parenthesis, if what is between is a type and this is no call."""
        if before in {"NAME", "QUOTED_NAME", "RPAR", "RSQB", "WORD"}:
            return None
        end = _closing(tokens, start)
        if end is None:
            return None
        shape = "".join(SHAPES.get(token.type, "?") for token in tokens[start + 1 : end])
        if not TYPE.fullmatch(shape) or ELEMENT.fullmatch(shape):
            return None
        following = tokens[end + 1].type if end + 1 < len(tokens) else ""
        if before != "SIZEOF" and following not in OPERAND | EITHER:
            return None
        if LONE_NAME.fullmatch(shape):
            return end if self._is_type_name(tokens[start + 1 : end], before, following) else None
        return end

    def _is_type_name(self, name: list[Token], before: str, following: str) -> bool:
        text = "".join(name)
        if before == "SIZEOF":
            return False  # a variable or a type: seen when it is looked up
        if following in OPERAND:
            return True
        self.doubtful.add(text)
        return text in self.type_names


def _is_step(before: Token, token: Token) -> bool:
    """Whether two signs are `++` or `--`."""
    return before.type == "SIGN" and before == token and before.end_pos == token.start_pos


def _closing(tokens: list[Token], start: int) -> int | None:
    depth = 0
    for index in range(start, min(len(tokens), start + LONGEST)):
        depth += {"LPAR": 1, "RPAR": -1}.get(tokens[index].type, 0)
        if depth == 0:
            return index
    return None
