"""Types as a program's source has them, of whatever language; where they come from is not said here.

A `Type` that is read from debug information (types_reading.py) finds its parts when they are asked
for. The small classes at the end make types that no debug information has: a pointer to a type, an
array of so many elements, the types of literals.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from enum import Enum, IntEnum

from dapserver.symbols.dwarf.types_names import spelled
from dapserver.symbols.dwarf.types_parts import Base, Enumerator, Member, TemplateArgument, VariantPart

CHAIN_LIMIT = 64
POINTER_SIZE = 8


class Kind(Enum):
    """What a type is. A `Type` of kind TYPEDEF or QUALIFIED is another name for its `target`."""

    VOID = "void"
    BOOLEAN = "bool"
    INTEGER = "integer"
    CHARACTER = "character"
    FLOAT = "float"
    COMPLEX = "complex"
    POINTER = "pointer"
    REFERENCE = "reference"
    RVALUE_REFERENCE = "rvalue reference"
    MEMBER_POINTER = "pointer to member"
    ARRAY = "array"
    STRUCT = "struct"
    UNION = "union"
    ENUM = "enum"
    FUNCTION = "function"
    TYPEDEF = "typedef"
    QUALIFIED = "qualified"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # Enum's is written in Python, and values are looked at by kind all the time


SCALARS = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.CHARACTER, Kind.FLOAT, Kind.POINTER, Kind.ENUM})
REFERENCES = frozenset({Kind.REFERENCE, Kind.RVALUE_REFERENCE})
RECORDS = frozenset({Kind.STRUCT, Kind.UNION})


class Language(IntEnum):
    """Families of DW_LANG_* (DWARF 5, table 7.17): what matters for how values are shown."""

    C = 0
    CPP = 1
    RUST = 2
    GO = 3


class Type:
    """A type. Offsets and sizes in bytes unless it is said otherwise.

    What is damaged raises DwarfError when it is asked for.
    """

    kind: Kind = Kind.UNKNOWN
    language: Language = Language.C

    @functools.cached_property
    def name(self) -> str:
        """As gdb's `whatis` prints it: `struct point`, `const char *`, `int (*)[3]`, `ns::vec<int>`."""
        return spelled(self)

    @property
    def own_name(self) -> str | None:
        """With its namespaces and classes, as it is declared; None for what has no name of its own."""
        return None

    @property
    def keyword(self) -> str:
        """`struct`, `class`, `union` or `enum`, empty for others."""
        return ""

    @property
    def qualifier(self) -> str:
        """`const`, `volatile`, `restrict` or `_Atomic`, of the kind QUALIFIED."""
        return ""

    @property
    def size(self) -> int | None:
        """None: not known here (an incomplete type), or only at run time (`count` is None)."""
        return None

    @property
    def is_signed(self) -> bool:
        """Of numbers, characters and enums."""
        return False

    @property
    def target(self) -> Type | None:
        """What it points or refers to, has elements of, names, or returns; None is `void`."""
        return None

    @property
    def container(self) -> Type | None:
        """Of a pointer to member: the class."""
        return None

    @property
    def count(self) -> int | None:
        """Of an array: how many elements; None: not known, or see `dynamic_count`."""
        return None

    @property
    def dynamic_count(self) -> object | None:
        """Of a variable-length array: what a frame finds `count` by; None for other arrays."""
        return None

    @property
    def lower_bound(self) -> int:
        return 0

    @property
    def members(self) -> Sequence[Member]:
        """In the order of the source, without static ones."""
        return ()

    @property
    def static_members(self) -> Sequence[tuple[str, object]]:
        """(name, debugging entry) of static members: `ModuleNames.variable` makes values of them."""
        return ()

    @property
    def bases(self) -> Sequence[Base]:
        return ()

    @property
    def enumerators(self) -> Sequence[Enumerator]:
        return ()

    @property
    def parameters(self) -> Sequence[Type]:
        """Of a function, `this` included."""
        return ()

    @property
    def is_variadic(self) -> bool:
        return False

    @property
    def is_prototyped(self) -> bool:
        return True

    @property
    def template_arguments(self) -> Sequence[TemplateArgument]:
        """Parameter packs are flattened."""
        return ()

    @property
    def variant_part(self) -> VariantPart | None:
        """Of a Rust enum with data."""
        return None

    @property
    def is_declaration(self) -> bool:
        """Whether what it is made of is told elsewhere, or nowhere."""
        return False

    @property
    def is_vector(self) -> bool:
        """An array that fits a vector register."""
        return False

    def completed(self) -> Type:
        """The definition of a declaration, if one is found; else itself."""
        return self

    @property
    def stripped(self) -> Type:
        """Itself without typedefs and qualifiers."""
        stripped: Type = self
        for _ in range(CHAIN_LIMIT):
            if stripped.kind is not Kind.TYPEDEF and stripped.kind is not Kind.QUALIFIED:
                return stripped
            target = stripped.target
            if target is None:
                return VOID
            stripped = target
        return UNKNOWN

    @property
    def bare(self) -> Type:
        """As `stripped`, and completed, which may take a search of the whole file."""
        stripped = self.stripped
        return stripped.completed() if stripped.is_declaration else stripped

    def __repr__(self) -> str:
        return f"<{self.kind.value} {self.own_name or ''}>"


class Void(Type):
    kind = Kind.VOID

    @property
    def own_name(self) -> str:
        return "void"

    @property
    def size(self) -> int:
        return 1  # as GNU C has it: for arithmetic with `void *`


class Fundamental(Type):
    """`int`, `double`, ...: for literals and casts."""

    def __init__(
        self, name: str, kind: Kind, size: int, *, is_signed: bool = False, language: Language = Language.C
    ) -> None:
        self.kind = kind
        self.language = language
        self._name, self._size, self._is_signed = name, size, is_signed

    @property
    def own_name(self) -> str:
        return self._name

    @property
    def size(self) -> int:
        return self._size

    @property
    def is_signed(self) -> bool:
        return self._is_signed


class Pointer(Type):
    """A pointer (or, by *kind*, a reference) to a type; *name* for languages that name them."""

    def __init__(self, target: Type | None, kind: Kind = Kind.POINTER, name: str | None = None) -> None:
        self.kind = kind
        self.language = target.language if target is not None else Language.C
        self._target, self._name = target, name

    @property
    def own_name(self) -> str | None:
        return self._name

    @property
    def target(self) -> Type | None:
        return self._target

    @property
    def size(self) -> int:
        return POINTER_SIZE


class Array(Type):
    """*count* elements of a type; *count* None: not known."""

    kind = Kind.ARRAY

    def __init__(self, target: Type, count: int | None, *, lower_bound: int = 0) -> None:
        self.language = target.language
        self._target, self._count, self._lower_bound = target, count, lower_bound

    @property
    def target(self) -> Type:
        return self._target

    @property
    def count(self) -> int | None:
        return self._count

    @property
    def lower_bound(self) -> int:
        return self._lower_bound

    @property
    def size(self) -> int | None:
        size, of = 1, self
        for _ in range(CHAIN_LIMIT):
            if of.count is None:
                return None
            size *= of.count
            target = of.target.bare
            if not isinstance(target, Array):
                return None if target.size is None else size * target.size
            of = target
        return None


class Qualified(Type):
    """*qualifier* (`const`, ...) and a type."""

    kind = Kind.QUALIFIED

    def __init__(self, target: Type | None, qualifier: str = "const") -> None:
        self.language = target.language if target is not None else Language.C
        self._target, self._qualifier = target, qualifier

    @property
    def target(self) -> Type | None:
        return self._target

    @property
    def qualifier(self) -> str:
        return self._qualifier

    @property
    def size(self) -> int | None:
        return self._target.size if self._target is not None else None


class Function(Type):
    """The type of a function."""

    kind = Kind.FUNCTION

    def __init__(self, target: Type | None, parameters: Sequence[Type] = ()) -> None:
        self.language = target.language if target is not None else Language.C
        self._target, self._parameters = target, parameters

    @property
    def target(self) -> Type | None:
        return self._target

    @property
    def parameters(self) -> Sequence[Type]:
        return self._parameters

    @property
    def size(self) -> int:
        return 1  # as GNU C has it


class Record(Type):
    """A struct, or by *kind* a union, that no program declares: the contents of a register."""

    def __init__(self, name: str, members: Sequence[Member], size: int, kind: Kind = Kind.STRUCT) -> None:
        self.kind = kind
        self._name, self._members, self._size = name, members, size

    @property
    def own_name(self) -> str:
        return self._name

    @property
    def members(self) -> Sequence[Member]:
        return self._members

    @property
    def size(self) -> int:
        return self._size


VOID = Void()
UNKNOWN = Type()
BOOL = Fundamental("bool", Kind.BOOLEAN, 1)
CHAR = Fundamental("char", Kind.CHARACTER, 1, is_signed=True)
SIGNED_CHAR = Fundamental("signed char", Kind.CHARACTER, 1, is_signed=True)
UNSIGNED_CHAR = Fundamental("unsigned char", Kind.CHARACTER, 1)
SHORT = Fundamental("short", Kind.INTEGER, 2, is_signed=True)
UNSIGNED_SHORT = Fundamental("unsigned short", Kind.INTEGER, 2)
INT = Fundamental("int", Kind.INTEGER, 4, is_signed=True)
UNSIGNED_INT = Fundamental("unsigned int", Kind.INTEGER, 4)
LONG = Fundamental("long", Kind.INTEGER, 8, is_signed=True)
UNSIGNED_LONG = Fundamental("unsigned long", Kind.INTEGER, 8)
LONG_LONG = Fundamental("long long", Kind.INTEGER, 8, is_signed=True)
UNSIGNED_LONG_LONG = Fundamental("unsigned long long", Kind.INTEGER, 8)
INT128 = Fundamental("__int128", Kind.INTEGER, 16, is_signed=True)
UNSIGNED_INT128 = Fundamental("unsigned __int128", Kind.INTEGER, 16)
FLOAT = Fundamental("float", Kind.FLOAT, 4)
DOUBLE = Fundamental("double", Kind.FLOAT, 8)
LONG_DOUBLE = Fundamental("long double", Kind.FLOAT, 16)
