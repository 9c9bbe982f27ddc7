"""What a function has returned, as long as the thread stands where it came back.

It is shown among the locals, before them, as lldb-dap and js-debug do: editors open that scope by themselves,
and a scope of its own (`presentationHint` returnValue, as gdb has it) would be seen after a click.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dapserver.debugger.values.places import ConstantPlace, Piece, PiecesPlace
from dapserver.debugger.values.value import Value
from dapserver.symbols.dwarf.constants import At
from dapserver.symbols.dwarf.locations_evaluation import NotKnown
from dapserver.symbols.dwarf.reading import DwarfError
from dapserver.symbols.dwarf.results import IN_MEMORY, Part, Unknown, result_parts
from dapserver.symbols.dwarf.types import Language, Type
from dapserver.symbols.dwarf.types_encoding import unit_language

if TYPE_CHECKING:
    from dapserver.debugger.values.frame import Frame
    from dapserver.symbols.dwarf.entries import Entry
    from dapserver.symbols.dwarf.source import SourceInfo

CHANGED = re.compile(r"\.(isra|part)\.\d+")
"""In the linker's names of functions of which gcc has taken a piece, or arguments and results that nobody
needed (-fipa-sra)."""

PADDING = 16
"""Bytes that a type may have behind what is in registers, at the most."""

BY_FRAME_POINTER = b"\x56"
"""DW_OP_reg6, rbp: the frame base of a function that is not optimized."""

NO_CALL = 3
"""DW_CC_nocall (DWARF 5, table 7.24): clang has done the like."""


def results(frame: Frame) -> list[tuple[str, Value]]:
    """Give a label and the value of each result of the function that *frame* was returned to from.

    None where nothing was returned, and where it cannot be told what. Never raises.
    """
    pc = frame.state.returned
    module = frame.space.module_at(pc) if pc is not None else None
    if pc is None or module is None:
        return []
    image, source = frame.space.modules.image(module), frame.space.modules.source_info(module)
    if image is None or source is None:
        return []
    found = source.function_at(pc - module.bias)
    if found is None:
        return []
    _, function = found
    try:
        symbol = image.symbols.nearest(function.ranges[0][0])
        if symbol is not None and CHANGED.search(symbol.name):
            return []
        label = f"Return value of {source.function_name(function) or (symbol.name if symbol else '?')}"
        return list(_results(frame, source, function.entry, label))
    except (DwarfError, NotKnown):
        return []


def _results(frame: Frame, source: SourceInfo, function: Entry, label: str) -> Iterator[tuple[str, Value]]:
    if any(origin.number(At.CALLING_CONVENTION) == NO_CALL for origin in function.origins()):
        return
    language = unit_language(function.unit)
    if language is Language.GO:
        yield from _results_of_go(frame, source, function, label)
        return
    type_ = source.declarations.types.of(function)
    if type_ is None:
        return
    parts = _parts(type_, language)
    if parts and _may_be_left_out(function):
        value = _value_wanted(frame, type_, parts)
    else:
        value = _value(frame, type_, parts)
    if value is not None:
        yield label, value


def _may_be_left_out(function: Entry) -> bool:
    """Whether the compiler may have changed what a function returns: a local one that LLVM has optimized.

    What nobody uses, or all callers know, such a function may not return, and nothing says so
    (DeadArgumentElimination, IPSCCP).
    """
    if "LLVM" not in (producer := function.unit.root.string(At.PRODUCER) or "") and "clang" not in producer:
        return False
    is_external = any(origin.number(At.EXTERNAL) for origin in function.origins())
    base = function.value(At.FRAME_BASE)
    return not is_external and (base is None or base.raw != BY_FRAME_POINTER)


def _value_wanted(frame: Frame, type_: Type, parts: Sequence[Part]) -> Value | None:
    """Make a value that the caller takes; None if it does not."""
    from dapserver.debugger.values.taken import is_taken, wanted_at  # noqa: PLC0415 - of what LLVM made alone

    if parts == IN_MEMORY:
        address = wanted_at(frame)
        return Value.at(frame.space, type_, address) if address is not None else None
    return _value(frame, type_, parts) if any(is_taken(frame, part.register) for part in parts) else None


def _parts(type_: Type, language: Language) -> Sequence[Part] | None:
    try:
        if language is Language.RUST:
            from dapserver.symbols.dwarf.results_rust import rust_result_parts  # noqa: PLC0415 - of Rust alone

            return rust_result_parts(type_)
        return result_parts(type_)
    except Unknown:
        return None


def _results_of_go(
    frame: Frame, source: SourceInfo, function: Entry, label: str
) -> Iterator[tuple[str, Value]]:
    from dapserver.symbols.dwarf.results_go import (  # noqa: PLC0415 - of Go alone
        go_result_parts,
        results_of,
        uses_registers,
    )

    try:
        entries = results_of(function)
    except Unknown:
        return
    types = [source.declarations.types.of(entry) for _, entry in entries]
    known = [type_ for type_ in types if type_ is not None]
    if not uses_registers(function) or len(known) != len(types):
        return
    for (name, _), type_, parts in zip(entries, known, go_result_parts(known), strict=True):
        value = _value(frame, type_, parts)
        if value is not None:
            yield label if len(entries) == 1 else f"{label}: {name}", value


def _value(frame: Frame, type_: Type, parts: Sequence[Part] | None) -> Value | None:
    """Make a value of what is in registers; None if it is nowhere."""
    if not parts:
        return None
    if parts == IN_MEMORY:
        return Value.at(frame.space, type_, frame.register(parts[0].register))
    return Value(frame.space, type_, PiecesPlace(tuple(_pieces(frame, parts))))


def _pieces(frame: Frame, parts: Sequence[Part]) -> Iterator[Piece]:
    """Put the parts in their places in the value, with what nobody looks at between them."""
    end = 0
    for part in sorted(parts):
        if part.offset > end:
            yield Piece(ConstantPlace(b""), 8 * (part.offset - end))
        yield Piece(frame.register_place(part.register), 8 * part.size)
        end = part.offset + part.size
    yield Piece(ConstantPlace(b""), 8 * PADDING)
