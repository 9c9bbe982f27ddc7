"""What a function was called with, from what its caller's debug information says of the call.

DWARF 5, 3.4: DW_TAG_call_site; before that, GNU's own. This recovers arguments of optimized code
whose registers have been used for something else since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.constants import At, Tag
from dapserver.symbols.dwarf.entries import Entry
from dapserver.symbols.dwarf.functions import entry_low, linkage_name, qualified_name
from dapserver.symbols.dwarf.locations_evaluation import NotKnown

if TYPE_CHECKING:
    from dapserver.debugger.values.frame import Frame

PARAMETERS = frozenset({Tag.CALL_SITE_PARAMETER, Tag.GNU_CALL_SITE_PARAMETER})


def argument_at_call(frame: Frame, caller: Frame, expression: bytes) -> int:
    """Give what *expression*, a register of *frame*, was when *caller* called it. Raises NotKnown."""
    site = _site(caller)
    if site is None:
        raise NotKnown("the caller does not tell what it calls with")
    if not _calls(site, caller, frame):
        # It may have called something that jumped on (a tail call), with other arguments.
        raise NotKnown("the caller did not call this function itself")
    for parameter in site.children():
        location = parameter.value(At.LOCATION)
        if parameter.tag in PARAMETERS and location is not None and location.raw == expression:
            value = parameter.value(At.CALL_VALUE) or parameter.value(At.GNU_CALL_SITE_VALUE)
            if value is not None and isinstance(value.raw, bytes):
                return caller.evaluated(value.raw, parameter)
    raise NotKnown("the caller does not tell what it calls with")


def _site(caller: Frame) -> Entry | None:
    if not caller.entries or caller.source is None:
        return None
    sites = caller.source.declarations.call_sites(caller.entries[-1])
    return sites.get(caller.state.physical.pc - caller.bias)


def _calls(site: Entry, caller: Frame, frame: Frame) -> bool:
    """Whether the call leads to the function of *frame*."""
    if not frame.entries:
        return False
    function = frame.entries[-1]
    called = site.reference(At.CALL_ORIGIN) or site.reference(At.ABSTRACT_ORIGIN)
    if called is None:
        return _target(site, caller) == _start(function, frame)
    if caller.module is frame.module and any(_same(called, origin) for origin in function.origins()):
        return True
    return (linkage_name(called) or qualified_name(called)) == (
        linkage_name(function) or qualified_name(function)
    )


def _same(one: Entry, other: Entry) -> bool:
    return one.unit is other.unit and one.offset == other.offset


def _target(site: Entry, caller: Frame) -> int | None:
    """Where a call through a pointer led."""
    value = site.value(At.CALL_TARGET) or site.value(At.GNU_CALL_SITE_TARGET)
    if value is None or not isinstance(value.raw, bytes):
        raise NotKnown("the caller does not tell what it called")
    return caller.evaluated(value.raw, site)


def _start(function: Entry, frame: Frame) -> int | None:
    low = entry_low(function)
    return None if low is None else low + frame.bias
