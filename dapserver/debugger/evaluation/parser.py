"""Text to a tree, by the grammar in grammar.lark."""

from __future__ import annotations

import functools
import threading
from pathlib import Path

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, VisitError

from dapserver.debugger.errors import DebuggerError
from dapserver.debugger.evaluation import literals
from dapserver.debugger.evaluation.casts_in import Casts
from dapserver.debugger.evaluation.syntax import (
    Assignment,
    Binary,
    Call,
    Cast,
    Conditional,
    Constant,
    Expression,
    Index,
    Member,
    Name,
    Register,
    SizeOf,
    Slice,
    String,
    TypeName,
    Unary,
)

GRAMMAR = Path(__file__).with_name("grammar.lark")
QUOTE = "'"
LENGTH_LIMIT = 10_000  # characters
_one_at_a_time = threading.Lock()


def parse(text: str, type_names: frozenset[str] = frozenset()) -> tuple[Expression, frozenset[str]]:
    """Parse an expression. DebuggerError says what is wrong with it.

    Also gives the names in parentheses, as in `(name) - x`, that were taken for variables: if they
    are types, parse again with them in *type_names*.
    """
    if not text.strip():
        raise DebuggerError("There is no expression.")
    if len(text) > LENGTH_LIMIT:
        raise DebuggerError(f"An expression may have {LENGTH_LIMIT} characters; this one has {len(text)}.")
    with _one_at_a_time:
        parser, casts = _parser()
        casts.type_names, casts.doubtful = type_names, set()
        try:
            tree: Expression = parser.parse(text)  # type: ignore[assignment] # the transformer makes it
        except UnexpectedInput as error:
            raise _refused(text, error) from None
        except VisitError as error:
            if isinstance(error.orig_exc, DebuggerError):
                raise error.orig_exc from None
            raise
        return tree, frozenset(casts.doubtful)


@functools.cache
def _parser() -> tuple[Lark, Casts]:
    """Made once: it takes some 100 ms."""
    casts = Casts()
    parser = Lark(
        GRAMMAR.read_text(),
        parser="lalr",
        lexer="basic",
        postlex=casts,
        transformer=_ToTree(),
        maybe_placeholders=True,
    )
    return parser, casts


def _refused(text: str, error: UnexpectedInput) -> DebuggerError:
    if isinstance(error, UnexpectedEOF) or (
        isinstance(error, UnexpectedToken) and error.token.type == "$END"
    ):
        return DebuggerError(f"The expression {_short(text)} is not complete.")
    position = error.pos_in_stream or 0
    rest = text[position:]
    if isinstance(error, UnexpectedCharacters) and rest[:1] in ("'", '"'):
        return DebuggerError(f"The {rest[0]} in {_short(text)} has no partner.")
    if isinstance(error, UnexpectedToken) and error.token.type == "ASSIGN":
        return DebuggerError(
            f"In {_short(text)} the = follows something that cannot be assigned to. To compare, write ==."
        )
    before = text[max(0, position - 20) : position]
    behind = f" behind {before!r}" if before.strip() else ""
    return DebuggerError(f"The expression {_short(text)} cannot be read: {rest[:20]!r} cannot stand{behind}.")


def _short(text: str) -> str:
    return f"'{text}'" if len(text) <= 60 else f"'{text[:57]}...'"


@v_args(inline=True)
class _ToTree(Transformer[Token, Expression]):
    """The grammar's rules, by their names, to the classes of syntax.py."""

    def start(self, tree: Expression) -> Expression:
        return tree

    # -- operands ----------------------------------------------------------------------------------

    def name(self, name: Token) -> Expression:
        return literals.word(str(name))

    def quoted_name(self, name: Token) -> Expression:
        quoted, _, rest = name[1:].partition("'")
        return Name(quoted + rest)

    def register(self, name: Token) -> Register:
        return Register(name[1:])

    def integer(self, text: Token) -> Constant:
        return literals.integer(str(text))

    def float(self, text: Token) -> Constant:
        return literals.real(str(text))

    def character(self, text: Token) -> Constant:
        return literals.character(str(text))

    def string(self, *parts: Token) -> String:
        return literals.string(*parts)

    # -- what stands behind an operand ---------------------------------------------------------------

    def member(self, whole: Expression, name: Token) -> Member:
        return Member(whole, str(name))

    def pointed_member(self, whole: Expression, name: Token) -> Member:
        return Member(whole, str(name), is_arrow=True)

    def tuple_member(self, whole: Expression, index: Token) -> Member:
        return Member(whole, index.lstrip("."))

    def index(self, whole: Expression, index: Expression) -> Index:
        return Index(whole, index)

    def slice(
        self, whole: Expression, first: Expression | None, dots: Token, end: Expression | None
    ) -> Slice:
        return Slice(whole, first, end, is_inclusive=dots == "..=")

    def go_slice(self, whole: Expression, first: Expression | None, end: Expression | None) -> Slice:
        return Slice(whole, first, end)

    def call(self, function: Expression, *arguments: Expression | None) -> Call:
        return Call(function, tuple(each for each in arguments if each is not None))

    # -- operators -----------------------------------------------------------------------------------

    def unary(self, operator: Token, operand: Expression) -> Unary:
        return Unary(str(operator), operand)

    def binary(self, left: Expression, operator: Token, right: Expression) -> Binary:
        return Binary(str(operator), left, right)

    def bit_or(self, left: Expression, right: Expression) -> Binary:
        return Binary("|", left, right)

    def bit_xor(self, left: Expression, right: Expression) -> Binary:
        return Binary("^", left, right)

    def repeated(self, left: Expression, right: Expression) -> Binary:
        return Binary("@", left, right)

    def conditional(self, condition: Expression, yes: Expression, no: Expression) -> Conditional:
        return Conditional(condition, yes, no)

    def assignment(self, target: Expression, operator: Token, value: Expression) -> Assignment:
        return Assignment(target, operator[:-1], value)

    # -- types ---------------------------------------------------------------------------------------

    def cast(self, _opening: Token, type_: TypeName, operand: Expression) -> Cast:
        return Cast(type_, operand)

    def cast_as(self, operand: Expression, _as: Token, type_: TypeName) -> Cast:
        return Cast(type_, operand)

    def size_of(self, _word: Token, operand: Expression) -> SizeOf:
        return SizeOf(operand)

    def size_of_type(self, _word: Token, _opening: Token, type_: TypeName) -> SizeOf:
        return SizeOf(type_)

    def type(self, base: str, *derived: str | tuple[int, ...] | None) -> TypeName:
        made: list[str | int] = []
        for each in derived:
            made += [each] if isinstance(each, str) else each or ()
        return TypeName(base, tuple(each for each in made if each))

    def type_of_parentheses(self, base: str, *derived: str | tuple[int, ...]) -> TypeName:
        """`int (*)[3]`: the pointers in parentheses come last."""
        pointers = [each for each in derived if isinstance(each, str) and each]
        counts = [count for each in derived if isinstance(each, tuple) for count in each]
        return TypeName(base, (*counts, *pointers))

    def rust_type(self, *parts: Token | str) -> TypeName:
        return TypeName(str(parts[-1]), tuple("*" for _ in parts[:-1]))

    def type_base(self, *words: Token) -> str:
        text = ""
        for word in words:
            if word.type == "QUALIFIER":
                continue
            is_joined = not text or word == "." or text.endswith(".")
            text += word.strip(QUOTE) if is_joined else f" {word.strip(QUOTE)}"
        return text

    def pointer(self, sigil: Token) -> str:
        return {"QUALIFIER": "", "RUST_POINTER": "*"}.get(sigil.type, str(sigil))

    def array(self, *counts: Token | None) -> tuple[int, ...]:
        """The inner dimension first: it is what the outer one has elements of."""
        return tuple(int(literals.integer(count).number) if count else 0 for count in reversed(counts))
