"""Run inside gdb: print the variables of each frame of the first thread, one JSON object a frame."""

from __future__ import annotations

import json
import os

import gdb  # type: ignore[import-untyped]

LIMIT = 60
REPEATS = int(os.environ["VALUES_REPEATS"])


def shown(value: gdb.Value) -> str:
    try:
        return str(
            value.format_string(
                deref_refs=True, static_members=False, max_elements=200, repeat_threshold=REPEATS
            )
        )
    except (gdb.error, UnicodeError, RuntimeError) as error:
        return f"<error: {error}>"


def variables(frame: gdb.Frame) -> list[dict[str, object]]:
    """Innermost block first."""
    frame.select()  # the printers look types up in the selected frame's language
    found: list[dict[str, object]] = []
    try:
        block = frame.block()
    except RuntimeError:
        return found
    while block is not None and not block.is_global and not block.is_static:
        for symbol in block:
            if symbol.is_variable or symbol.is_argument or symbol.is_constant:
                value = symbol.value(frame)
                found.append({"name": symbol.name, "type": str(symbol.type), "text": shown(value)})
        if block.function is not None:
            break
        block = block.superblock
    return found


frame = gdb.newest_frame()
for _ in range(LIMIT):
    if frame is None:
        break
    print(json.dumps({"function": frame.name(), "variables": variables(frame)}), flush=True)
    frame = frame.older()
