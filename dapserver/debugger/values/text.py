"""Values in one line, in the notation of gdb's `print`; Rust and Go have one of their own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby, islice

from dapserver.debugger.values import characters, enums, reals
from dapserver.debugger.values.errors import OptimizedOut, ValueProblem
from dapserver.debugger.values.formatters import view_of
from dapserver.debugger.values.member_pointers import member_pointer_text
from dapserver.debugger.values.notation import NOTATIONS, Notation
from dapserver.debugger.values.value import Value
from dapserver.debugger.values.views import Child, Style, View
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import RECORDS, REFERENCES, Kind, Type

CHARACTER_NAMES = frozenset({"wchar_t", "char16_t", "char32_t", "char8_t"})
ELEMENT_WIDTHS = (1, 2, 4)
READ_AHEAD = 50
"""Times the elements that are written, to count those alike."""

Run = tuple[str, int]
"""The text of elements that are alike, and how many they are."""


@dataclass(frozen=True, slots=True)
class Format:
    """How values are written. The defaults are gdb's."""

    is_hex: bool = False
    elements: int = 200
    """Of arrays and containers; then comes `...`."""
    characters: int = 200
    """Of strings; then comes `...`."""
    depth: int = 20
    """Of structures in structures; then comes `{...}`."""
    repeats: int = 10
    """Elements alike that are written one by one before `<repeats N times>`."""
    length: int = 4000
    """Of the text, about; then comes `...`."""


DEFAULT = Format()


class Writer:
    """Writes one value. Never raises for what cannot be read: that is said in its place."""

    def __init__(self, how: Format) -> None:
        self.how = how
        self._left = how.length
        self._virtual_bases: set[tuple[int | None, str]] = set()
        """Those written so far: an object has each once."""

    def write(self, value: Value) -> str:
        """Write the whole line."""
        return self.value(value, 0)

    def value(self, value: Value, depth: int) -> str:
        """Write a value that is *depth* structures deep."""
        if self._left <= 0:
            return "..."
        try:
            text = self._value(value, depth)
        except OptimizedOut:
            text = "<optimized out>"
        except (ValueProblem, DwarfError) as error:
            text = _problem(error)
        self._left -= len(text)
        return text

    def _value(self, value: Value, depth: int) -> str:
        value = _without_references(value)
        view = view_of(value)
        if view is not None:
            return self.view(view, value, depth)
        bare = value.bare
        if writer := _BY_KIND.get(bare.kind):
            return writer(self, value, depth)
        if bare.kind in RECORDS:
            return self._record(value, depth)
        if bare.kind is Kind.VOID:
            return "nullptr" if "nullptr" in (bare.own_name or "") else "void"
        raise ValueProblem("a value of unknown type")

    # -- scalars -----------------------------------------------------------------------------------

    def _integer(self, value: Value, _depth: int) -> str:
        if value.bare.size == 0:  # Rust's unit type
            return value.bare.own_name or ""
        if self.how.is_hex:
            return hexadecimal(value)
        if prefix := character_prefix(value.type):
            return characters.character(value.number(), prefix)
        return str(value.number())

    def _character(self, value: Value, _depth: int) -> str:
        if self.how.is_hex:
            return hexadecimal(value)
        bare = value.bare
        if bare.own_name in {"u8", "i8", "uint8", "int8"}:  # Rust and Go count with them
            return str(value.number())
        prefix = characters.PREFIXES.get(bare.own_name or "", "U" if bare.size == 4 else "")
        if NOTATIONS[bare.language].has_plain_characters:
            return f"{value.number()} '{characters.escaped(value.number(), quote=chr(39))}'"
        return characters.character(value.number(), prefix)

    def _boolean(self, value: Value, _depth: int) -> str:
        number = value.number()
        return {0: "false", 1: "true"}.get(number, str(number))

    def _real(self, value: Value, _depth: int) -> str:
        return reals.text(value.data())

    def _complex(self, value: Value, _depth: int) -> str:
        data = value.data()
        half = len(data) // 2
        return f"{reals.text(data[:half])} + {reals.text(data[half:])}i"

    def _enum(self, value: Value, _depth: int) -> str:
        return hexadecimal(value) if self.how.is_hex else enums.text(value.bare, value.number())

    def _pointer(self, value: Value, _depth: int) -> str:
        if value.place.pointee is not None:
            return "<synthetic pointer>"
        address = value.number()
        text = f"{address:#x}"
        target = value.bare.target
        if address == 0:
            return text
        width = string_width(target) if target is not None else None
        if target is not None and width is not None and not self.how.is_hex:
            return f"{text} {self._string_at(value, address, target, width)}"
        symbol = value.space.symbol(address)
        return f"{text} <{symbol}>" if symbol else text

    def _string_at(self, value: Value, address: int, target: Type, width: int) -> str:
        try:
            data, is_whole = value.space.string(address, self.how.characters, width)
        except ValueProblem as error:
            return _problem(error)
        return self.string(data, width, prefix=character_prefix(target), is_cut=not is_whole)

    def string(self, data: bytes, width: int, *, prefix: str = "", is_cut: bool = False) -> str:
        """Write a string in quotes."""
        how = self.how
        return characters.string(
            data, width=width, prefix=prefix, limit=how.characters, repeats=how.repeats, is_cut=is_cut
        )

    def _member_pointer(self, value: Value, _depth: int) -> str:
        return member_pointer_text(value)

    def _function(self, value: Value, _depth: int) -> str:
        address = value.address or 0
        symbol = value.space.symbol(address)
        return f"{{{value.type.name}}} {address:#x}" + (f" <{symbol}>" if symbol else "")

    # -- what has parts ----------------------------------------------------------------------------

    def _array(self, value: Value, depth: int) -> str:
        bare = value.bare
        count, target = bare.count, bare.target
        if target is None or count is None:
            return "{...}"
        width = string_width(target)
        if width is not None and not self.how.is_hex and bare.own_name is None:
            with suppress(OptimizedOut):  # of some: then each is written for itself
                return self._characters(value, count, target, width)
        notation = NOTATIONS[bare.language]
        if depth >= self.how.depth:
            return notation.array.format("...")
        return notation.array.format(self._elements(self._array_runs(value, count, target, depth), notation))

    def _array_runs(self, value: Value, count: int, target: Type, depth: int) -> Iterator[Run]:
        """The elements of an array; those alike are told by their bytes, and written once."""
        size = target.bare.size or 0
        first = value.bare.lower_bound
        count = min(count, READ_AHEAD * self.how.elements)
        try:
            data = value.place.read(value.offset, count * size) if size else b""
        except (ValueProblem, DwarfError):
            data = b""
        if not data:
            yield from self._runs((value.element(first + index) for index in range(count)), depth)
            return
        pieces = (data[start : start + size] for start in range(0, count * size, size))
        index = first
        for _, group in groupby(pieces):
            length = sum(1 for _ in group)
            yield self.value(value.element(index), depth + 1), length
            index += length

    def _runs(self, elements: Iterable[Value], depth: int) -> Iterator[Run]:
        """Elements of which those alike are told by their text."""
        # Of millions alike not all are counted.
        texts = (self.value(each, depth + 1) for each in islice(elements, READ_AHEAD * self.how.elements))
        for text, group in groupby(texts):
            yield text, sum(1 for _ in group)

    def _characters(self, value: Value, count: int, target: Type, width: int) -> str:
        """An array of characters; of the zeros at its end one is not shown."""
        limit = self.how.characters
        # Runs count as few characters: read some more than are shown.
        read = min(count, 64 * limit)
        data = value.place.read(value.offset, read * width)
        if read == count and data[-width:] == bytes(width):
            data = data[:-width]
        return self.string(data, width, prefix=character_prefix(target), is_cut=read < count)

    def _elements(self, runs: Iterable[Run], notation: Notation) -> str:
        written: list[str] = []
        left = self.how.elements
        for text, count in runs:
            if left <= 0 or self._left <= 0:
                return notation.join(written) + "..."
            if count > self.how.repeats:
                written.append(f"{text} <repeats {count} times>")
                left -= self.how.repeats
            else:
                written += [text] * min(count, left)
                left -= count
            if left < 0:
                return notation.join(written) + "..."
        return notation.join(written)

    def _record(self, value: Value, depth: int) -> str:
        bare = value.bare
        notation = NOTATIONS[bare.language]
        if (variant := enums.active_variant(value)) is not None:
            return self.value(variant, depth)
        title = notation.title(bare)
        if depth >= self.how.depth:
            return title + notation.record.format("...")
        if bare.is_declaration:
            return f"<incomplete type {value.type.name}>"
        parts = list(self._base_texts(value, depth))
        names = notation.member_names(bare)
        for member, name in zip(bare.members, names, strict=True):
            if self._left <= 0:
                parts.append("...")
                break
            text = self.value(value.of_member(member), depth + 1)
            parts.append(f"{name}{notation.equals}{text}" if name else text)
        return title + notation.wrapped(bare, parts)

    def _base_texts(self, value: Value, depth: int) -> Iterator[str]:
        for base in value.bare.bases:
            if is_empty(base.type):
                continue
            try:
                part = value.of_base(base)
                if base.is_virtual and self._is_written(part):
                    continue
                text = self.value(part, depth + 1)
            except (ValueProblem, DwarfError) as error:
                text = _problem(error)
            yield f"<{base.type.name}> = {text}"

    def _is_written(self, virtual_base: Value) -> bool:
        key = (virtual_base.address, virtual_base.type.name)
        if key in self._virtual_bases:
            return True
        self._virtual_bases.add(key)
        return False

    def view(self, view: View, value: Value, depth: int) -> str:
        """Write what a formatter has made of a value."""
        if view.alias is not None:
            return self.value(view.alias, depth)
        if view.text is not None:
            return view.text
        if view.string is not None:
            data, width = view.string
            prefix = view.title or ""
            return self.string(data, width, prefix=prefix, is_cut=view.is_cut)
        notation = NOTATIONS[value.bare.language]
        title = view.title or ""
        if view.style is Style.WRAPPED:
            (child,) = view.children(0)
            text = self.value(child.value, depth)
            return text if text.startswith(title) else f"{title}({text})"
        if view.count == 0 and not notation.has_plain_titles:
            return title or notation.array.format("")
        equals = " = " if title else ""
        if notation.has_plain_titles:
            equals = ""
        elif notation.has_titles and view.style is Style.MEMBERS:
            equals = " "
        return f"{title}{equals}{self._children(view, depth, notation)}"

    def _children(self, view: View, depth: int, notation: Notation) -> str:
        if view.style is Style.ELEMENTS:
            if depth >= self.how.depth:
                return notation.array.format("...")
            values = (child.value for child in islice(view.children(0), view.count))
            return notation.array.format(self._elements(self._runs(values, depth), notation))
        brackets = notation.map if view.style is Style.MAP else notation.record
        if depth >= self.how.depth:
            return brackets.format("...")
        equals = notation.map_equals if view.style is Style.MAP else notation.equals
        parts: list[str] = []
        for number, child in enumerate(islice(view.children(0), view.count)):
            if number >= self.how.elements or self._left <= 0:
                return brackets.format(notation.join(parts) + "...")
            parts.append(
                f"{self._child_name(child, depth, notation)}{equals}{self.value(child.value, depth + 1)}"
            )
        return brackets.format(notation.join(parts))

    def _child_name(self, child: Child, depth: int, notation: Notation) -> str:
        if child.key is None:
            return child.name
        return notation.key.format(self.value(child.key, depth + 1))


@functools.lru_cache(maxsize=1024)
def is_empty(type_: Type, depth: int = 16) -> bool:
    """Tell whether a base class has nothing to show."""
    bare = type_.bare
    if depth == 0:
        return False
    return not bare.members and all(is_empty(base.type, depth - 1) for base in bare.bases)


def hexadecimal(value: Value) -> str:
    """Write the bits of a scalar."""
    size = value.size
    bits = value.bit_size or 8 * size
    return f"{value.number() & (1 << bits) - 1:#x}"


def string_width(target: Type) -> int | None:
    """Tell the width of a character if *target* is one that strings are made of, else None."""
    bare = target.stripped
    if bare.kind is Kind.CHARACTER and bare.size in ELEMENT_WIDTHS:
        return bare.size if not NOTATIONS[bare.language].has_plain_characters else None
    if bare.kind is Kind.INTEGER and character_prefix(target):
        return bare.size
    return None


def character_prefix(type_: Type) -> str:
    """`L`, `u` or `U` for a type that is, or is a typedef of, a wide character."""
    for _ in range(8):
        name = type_.own_name
        if name in characters.PREFIXES:
            return characters.PREFIXES[name]
        if type_.kind not in {Kind.TYPEDEF, Kind.QUALIFIED} or type_.target is None:
            return ""
        type_ = type_.target
    return ""


def _without_references(value: Value) -> Value:
    for _ in range(8):
        if value.bare.kind not in REFERENCES:
            return value
        value = value.dereferenced()
    raise ValueProblem("references to references without end")


def _problem(error: Exception) -> str:
    text = str(error)
    return text if text.startswith("<") else f"<error: {text}>"


_BY_KIND: dict[Kind, Callable[[Writer, Value, int], str]] = {
    Kind.INTEGER: Writer._integer,  # noqa: SLF001 - of this very file
    Kind.CHARACTER: Writer._character,  # noqa: SLF001
    Kind.BOOLEAN: Writer._boolean,  # noqa: SLF001
    Kind.FLOAT: Writer._real,  # noqa: SLF001
    Kind.COMPLEX: Writer._complex,  # noqa: SLF001
    Kind.ENUM: Writer._enum,  # noqa: SLF001
    Kind.POINTER: Writer._pointer,  # noqa: SLF001
    Kind.MEMBER_POINTER: Writer._member_pointer,  # noqa: SLF001
    Kind.FUNCTION: Writer._function,  # noqa: SLF001
    Kind.ARRAY: Writer._array,  # noqa: SLF001
}
