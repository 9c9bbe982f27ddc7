"""The tree of an expression, as it was written."""

from __future__ import annotations

from dataclasses import dataclass

from dapserver.symbols.dwarf.types import Type


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type in a cast or sizeof."""

    base: str
    """`unsigned long`, `struct node`, `ns::vector<int>`; qualifiers are left out."""
    derived: tuple[str | int, ...] = ()
    """What is made of it, from the inside out: `*`, `&`, `&&`, or the number of an array's elements."""


@dataclass(frozen=True, slots=True)
class Constant:
    type: Type
    number: float


@dataclass(frozen=True, slots=True)
class String:
    data: bytes
    """Without the zero at its end."""


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    """Perhaps qualified: `ns::x`, `file.c::x`, `'github.com/a/b'.x`."""


@dataclass(frozen=True, slots=True)
class Register:
    name: str
    """Without the `$`."""


@dataclass(frozen=True, slots=True)
class Member:
    whole: Expression
    name: str
    is_arrow: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    whole: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Slice:
    """Elements from *first* to before *end*; None: from the start, to the end."""

    whole: Expression
    first: Expression | None
    end: Expression | None
    is_inclusive: bool = False


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional:
    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Cast:
    type: TypeName
    operand: Expression


@dataclass(frozen=True, slots=True)
class SizeOf:
    operand: Expression | TypeName


@dataclass(frozen=True, slots=True)
class Assignment:
    target: Expression
    operator: str
    """Empty, or what stands before the `=`."""
    value: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """`f(x)`: refused, unless f is a type."""

    function: Expression
    arguments: tuple[Expression, ...]


Expression = (
    Constant
    | String
    | Name
    | Register
    | Member
    | Index
    | Slice
    | Unary
    | Binary
    | Conditional
    | Cast
    | SizeOf
    | Assignment
    | Call
)
