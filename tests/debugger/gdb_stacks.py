"""Run inside gdb: print the physical frames of all threads, one JSON object a thread.

Inlined and tail-called functions have no frame of their own: gdb makes those up.
"""

from __future__ import annotations

import json
import os

import gdb  # type: ignore[import-untyped]

LIMIT = 600
REGISTERS = os.environ["STACK_REGISTERS"].split()


def physical(frame: gdb.Frame) -> bool:
    return frame.type() not in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)


def register(frame: gdb.Frame, name: str) -> int:
    return int(frame.read_register(name)) & (1 << 64) - 1


def stack() -> list[dict[str, object]]:
    frames: list[dict[str, object]] = []
    frame = gdb.newest_frame()
    while frame is not None and len(frames) < LIMIT:
        if physical(frame):
            values = {name: register(frame, name) for name in REGISTERS}
            is_signal = frame.type() == gdb.SIGTRAMP_FRAME
            frames.append({"pc": frame.pc(), "is_signal_frame": is_signal, "registers": values})
        try:
            frame = frame.older()
        except gdb.error:
            break
    return frames


for thread in gdb.selected_inferior().threads():
    thread.switch()
    print(json.dumps({"tid": thread.ptid[1], "frames": stack()}), flush=True)
