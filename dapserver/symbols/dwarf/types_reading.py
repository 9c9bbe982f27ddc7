"""Types as debugging entries tell them (DWARF 5, chapter 5), each read when it is first asked for."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Form, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import qualified_name
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.types import (
    CHAIN_LIMIT,
    POINTER_SIZE,
    Array,
    Kind,
    Language,
    Qualified,
    Type,
)
from dapserver.symbols.dwarf.types_encoding import (
    ENCODINGS,
    KEYWORDS,
    KINDS,
    PLAIN_NAMES,
    QUALIFIERS,
    SIZES,
    STATIC,
    WIDE_CHARACTERS,
    unit_language,
)
from dapserver.symbols.dwarf.types_members import bit_field, member_offset, static_number, wrapped
from dapserver.symbols.dwarf.types_parts import (
    Base,
    Enumerator,
    Member,
    TemplateArgument,
    Variant,
    VariantPart,
)
from dapserver.symbols.dwarf.types_signatures import Signatures

if TYPE_CHECKING:
    from dapserver.symbols.dwarf.info import DebugInfo
    from dapserver.symbols.dwarf.units import Unit
    from dapserver.symbols.dwarf.variables_index import NameIndex


@dataclass(frozen=True, slots=True, eq=False)
class DynamicCount:
    """How a frame finds the length of a variable-length array."""

    source: Entry | bytes
    """A variable, or an expression that gives the number itself."""
    is_upper_bound: bool
    """Whether that is the last index, not the number of elements."""


class Types:
    """The types of one file, by their entries."""

    def __init__(self, index: NameIndex) -> None:
        self._index = index
        self._types: dict[tuple[Unit, int], Type] = {}
        self._named: dict[tuple[Unit, int, At], Type | None] = {}
        self._signatures: dict[DebugInfo, Signatures] = {}

    def of(self, entry: Entry, name: At = At.TYPE) -> Type | None:
        """Give the type that *entry* (or what it completes) names; None is `void`."""
        key = (entry.unit, entry.offset, name)
        if key not in self._named:
            self._named[key] = self._of(entry, name)
        return self._named[key]

    def _of(self, entry: Entry, name: At) -> Type | None:
        for origin in entry.origins():
            value = origin.value(name)
            if value is not None:
                if value.form == Form.REF_SIG8 and isinstance(value.raw, int):
                    return self.at(self._with_signature(origin.unit, value.raw))
                reference = origin.unit.reference(value)
                return self.at(reference) if reference is not None else None
        return None

    def at(self, entry: Entry) -> Type:
        """Give the type that *entry* tells."""
        key = (entry.unit, entry.offset)
        found = self._types.get(key)
        if found is None:
            signature = entry.value(At.SIGNATURE)
            if signature is not None and isinstance(signature.raw, int):
                entry = self._with_signature(entry.unit, signature.raw)
            if entry.tag == Tag.ARRAY_TYPE:
                found = self._array(entry)
            elif entry.tag == Tag.BASE_TYPE:
                found = BaseType(self, entry)
            else:
                found = EntryType(self, entry)
            self._types[key] = found
        return found

    def _with_signature(self, unit: Unit, signature: int) -> Entry:
        """The entry of a type that a unit names by signature: it is in the same file."""
        if unit.info not in self._signatures:
            self._signatures[unit.info] = Signatures(unit.info)
        return self._signatures[unit.info].entry(signature)

    def definition(self, declaration: EntryType) -> Type | None:
        """Find what a declared type is made of, in whichever unit of the file."""
        name = declaration.own_name
        if name is None:
            return None
        for entry in self._index.types(name, declaration.entry.unit):
            if KINDS.get(entry.tag) is declaration.kind and not entry.number(At.DECLARATION):
                return self.at(entry)
        return None

    def with_number(self, attribute: At, number: int) -> Type | None:
        """Find a type by an attribute of 8 bytes that no other has."""
        entry = self._index.type_with(attribute, number)
        return self.at(entry) if entry is not None else None

    def _array(self, entry: Entry) -> Type:
        """An array type; one with several dimensions is made of arrays of arrays, as in C."""
        element = self.of(entry)
        ranges = [child for child in entry.children() if child.tag == Tag.SUBRANGE_TYPE]
        if len(ranges) > CHAIN_LIMIT:
            raise DwarfError("an array of too many dimensions")
        found = element
        for subrange in reversed(ranges):
            found = ArrayType(self, entry, found, subrange)
        return found if ranges and found is not None else ArrayType(self, entry, element, None)


class EntryType(Type):
    """A type and its debugging entry."""

    def __init__(self, types: Types, entry: Entry) -> None:
        self.types = types
        self.entry = entry
        self.kind = KINDS.get(entry.tag, Kind.UNKNOWN)
        self.language = unit_language(entry.unit)

    @functools.cached_property
    def own_name(self) -> str | None:
        if self.kind is Kind.QUALIFIED or self.entry.tag == Tag.SUBPROGRAM:
            return None
        if self.language in {Language.C, Language.GO}:
            return self.entry.string(At.NAME)
        if self.entry.string(At.NAME) is None and self.kind not in {Kind.STRUCT, Kind.UNION, Kind.ENUM}:
            return None
        return qualified_name(self.entry)

    @property
    def keyword(self) -> str:
        return KEYWORDS.get(self.entry.tag, "")

    @property
    def qualifier(self) -> str:
        return QUALIFIERS.get(self.entry.tag, "")

    @functools.cached_property
    def size(self) -> int | None:
        size = self.entry.number(At.BYTE_SIZE)
        if size is not None:
            return size
        if self.kind in {Kind.TYPEDEF, Kind.QUALIFIED}:
            return self.bare.size
        if self.kind is Kind.ENUM:
            return self._number_type.size if self._number_type is not None else None
        if self.kind is Kind.MEMBER_POINTER:  # Itanium C++ ABI, 2.3
            is_function = self.target is not None and self.target.bare.kind is Kind.FUNCTION
            return 2 * POINTER_SIZE if is_function else POINTER_SIZE
        if self.kind is Kind.FUNCTION and self.language is Language.GO:
            return POINTER_SIZE  # to a closure
        return SIZES.get(self.kind)

    @functools.cached_property
    def _number_type(self) -> BaseType | None:
        """What the values of an enum are."""
        bare = self.target.bare if self.target is not None else None
        return bare if isinstance(bare, BaseType) else None

    @functools.cached_property
    def is_signed(self) -> bool:
        if self.kind is not Kind.ENUM:
            return False
        if self._number_type is not None:
            return self._number_type.is_signed
        return any(
            (child.number(At.CONST_VALUE) or 0) < 0
            for child in self.entry.children()
            if child.tag == Tag.ENUMERATOR
        )

    @functools.cached_property
    def target(self) -> Type | None:
        return self.types.of(self.entry)

    @functools.cached_property
    def container(self) -> Type | None:
        return self.types.of(self.entry, At.CONTAINING_TYPE)

    @functools.cached_property
    def members(self) -> Sequence[Member]:
        return tuple(
            self._member(child)
            for child in self.entry.children()
            if child.tag == Tag.MEMBER and not any(child.value(name) for name in STATIC)
        )

    def _member(self, entry: Entry) -> Member:
        type_ = self.types.of(entry)
        if type_ is None:
            raise DwarfError("a member without a type")
        offset: int | bytes = member_offset(entry)
        bit_size = entry.number(At.BIT_SIZE)
        bit_offset = 0
        if bit_size is not None:
            offset, bit_offset = bit_field(entry, type_, bit_size)
        name = entry.string(At.NAME) or None
        return Member(name, type_, offset, bit_size, bit_offset, bool(entry.number(At.ARTIFICIAL)))

    @functools.cached_property
    def static_members(self) -> Sequence[tuple[str, Entry]]:
        return tuple(
            (name, child)
            for child in self.entry.children()
            if (child.tag == Tag.MEMBER and any(child.value(name) for name in STATIC))
            or child.tag == Tag.VARIABLE
            if (name := child.string(At.NAME))
        )

    @functools.cached_property
    def bases(self) -> Sequence[Base]:
        return tuple(
            Base(type_, member_offset(child), bool(child.number(At.VIRTUALITY)))
            for child in self.entry.children()
            if child.tag == Tag.INHERITANCE
            if (type_ := self.types.of(child)) is not None
        )

    @functools.cached_property
    def enumerators(self) -> Sequence[Enumerator]:
        found = []
        for child in self.entry.children():
            if child.tag == Tag.ENUMERATOR and (value := child.number(At.CONST_VALUE)) is not None:
                name = child.string(At.NAME) or ""
                found.append(Enumerator(name, wrapped(value, self.size, is_signed=self.is_signed)))
        return tuple(found)

    @functools.cached_property
    def parameters(self) -> Sequence[Type]:
        found: list[Type] = []
        for child in self.entry.children():
            if child.tag == Tag.FORMAL_PARAMETER and (type_ := self.types.of(child)) is not None:
                # `this` cannot be changed, which not all compilers say.
                is_this = child.number(At.ARTIFICIAL) and type_.kind is Kind.POINTER
                found.append(Qualified(type_) if is_this else type_)
        return tuple(found)

    @functools.cached_property
    def is_variadic(self) -> bool:
        return any(child.tag == Tag.UNSPECIFIED_PARAMETERS for child in self.entry.children())

    @property
    def is_prototyped(self) -> bool:
        return self.language is not Language.C or bool(self.entry.number(At.PROTOTYPED))

    @functools.cached_property
    def template_arguments(self) -> Sequence[TemplateArgument]:
        return tuple(self._template_arguments(self.entry))

    def _template_arguments(self, entry: Entry, depth: int = 2) -> Iterator[TemplateArgument]:
        for child in entry.children():
            if child.tag in {Tag.TEMPLATE_TYPE_PARAMETER, Tag.TEMPLATE_VALUE_PARAMETER}:
                if (type_ := self.types.of(child)) is not None:
                    value = child.value(At.CONST_VALUE)
                    yield TemplateArgument(child.string(At.NAME), type_, value.raw if value else None)
            elif child.tag == Tag.GNU_TEMPLATE_PARAMETER_PACK and depth:
                yield from self._template_arguments(child, depth - 1)

    @functools.cached_property
    def variant_part(self) -> VariantPart | None:
        for child in self.entry.children():
            if child.tag == Tag.VARIANT_PART:
                reference = child.reference(At.DISCR)
                discriminant = self._member(reference) if reference is not None else None
                variants = (
                    v for each in child.children() if each.tag == Tag.VARIANT for v in self._variant(each)
                )
                return VariantPart(discriminant, tuple(variants))
        return None

    def _variant(self, entry: Entry) -> Iterator[Variant]:
        value = entry.number(At.DISCR_VALUE)
        ranges = ((value, value),) if value is not None else ()
        for child in entry.children():
            if child.tag == Tag.MEMBER:
                yield Variant(self._member(child), ranges)

    @functools.cached_property
    def is_declaration(self) -> bool:
        return self.entry.number(At.DECLARATION) is not None

    @functools.cached_property
    def bare(self) -> Type:
        return super().bare

    @functools.cached_property
    def _definition(self) -> Type | None:
        return self.types.definition(self)

    def completed(self) -> Type:
        return self._definition or self

    def virtual_function(self, slot: int) -> str | None:
        """Give the name of the virtual function that has a place in the class's table (5.7.8)."""
        for child in self.entry.children():
            location = child.value(At.VTABLE_ELEM_LOCATION) if child.tag == Tag.SUBPROGRAM else None
            if location is not None and location.raw in {slot, bytes([0x10, slot])}:  # DW_OP_constu
                return child.string(At.NAME)
        return None

    def attribute(self, name: At) -> int | None:
        """Give a number that only some languages have."""
        return self.entry.number(name)

    def reference(self, name: At) -> Type | None:
        """Give a type that only some languages name."""
        return self.types.of(self.entry, name)


class BaseType(EntryType):
    """`int`, `char`, `double`, ..."""

    def __init__(self, types: Types, entry: Entry) -> None:
        super().__init__(types, entry)
        self.kind, self._is_signed = ENCODINGS.get(entry.number(At.ENCODING) or 0, (Kind.UNKNOWN, False))
        if self.kind is Kind.INTEGER and self.entry.string(At.NAME) in WIDE_CHARACTERS:
            self.kind = Kind.CHARACTER

    @functools.cached_property
    def own_name(self) -> str | None:
        name = self.entry.string(At.NAME)
        return PLAIN_NAMES.get(name, name) if name is not None else None

    @property
    def is_signed(self) -> bool:
        return self._is_signed


class ArrayType(Array):
    """One dimension of an array type."""

    def __init__(self, types: Types, entry: Entry, target: Type | None, subrange: Entry | None) -> None:
        super().__init__(target or Type(), None)
        self.types = types
        self.entry = entry
        self._subrange = subrange

    @functools.cached_property
    def own_name(self) -> str | None:
        return self.entry.string(At.NAME) if self.language in {Language.RUST, Language.GO} else None

    @functools.cached_property
    def count(self) -> int | None:
        subrange = self._subrange
        if subrange is None:
            return None
        count = static_number(subrange, At.COUNT)
        if count is not None:
            return count if count >= 0 else None
        last = static_number(subrange, At.UPPER_BOUND)
        if last is None:
            return None
        # Of `char x[]` and `char x[0]` older compilers say that the last index is -1.
        last = wrapped(last, 8, is_signed=True) if last >> 32 != 0xFFFFFFFF else last
        last = -1 if last == 0xFFFFFFFF else last
        return max(0, last - self.lower_bound + 1)

    @functools.cached_property
    def lower_bound(self) -> int:
        return (static_number(self._subrange, At.LOWER_BOUND) or 0) if self._subrange is not None else 0

    @functools.cached_property
    def dynamic_count(self) -> DynamicCount | None:
        subrange = self._subrange
        if subrange is None:
            return None
        for name in (At.COUNT, At.UPPER_BOUND):
            value = subrange.value(name)
            if value is None:
                continue
            if isinstance(value.raw, bytes):
                return DynamicCount(value.raw, name is At.UPPER_BOUND)
            if (entry := subrange.unit.reference(value)) is not None:
                return DynamicCount(entry, name is At.UPPER_BOUND)
        return None

    @functools.cached_property
    def is_vector(self) -> bool:
        return bool(self.entry.number(At.GNU_VECTOR))
