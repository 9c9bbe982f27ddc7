"""What Go's runtime writes of all goroutines when it is told to quit: the oracle of a debugger's list."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

HEADER = re.compile(r"goroutine (\d+) .*\[([^,\]]*)(?:, .*)?\]:")
PLACE = re.compile(r"\t(.+):(\d+)( \+0x.*)?")
CREATED = re.compile(r"created by (\S+)(?: in goroutine (\d+))?")


@dataclass
class Dumped:
    """A goroutine, as the runtime tells of it."""

    id: int
    state: str
    frames: list[str] = field(default_factory=list)
    """`function at file.go:12`, innermost first; "..." stands for those in the middle of a deep stack."""
    created_by: str | None = None

    @property
    def is_system(self) -> bool:
        return self.created_by is not None and self.created_by.startswith("runtime.")


def parse(lines: Iterable[str]) -> dict[int, Dumped]:
    """Read what is written at the level `system`, which tells of the runtime's goroutines and frames too."""
    found: dict[int, Dumped] = {}
    current, function = Dumped(0, ""), ""
    for line in lines:
        if header := HEADER.fullmatch(line):
            current = found[int(header[1])] = Dumped(int(header[1]), header[2])
        elif place := PLACE.fullmatch(line):
            at = f"{function} at {os.path.basename(place[1])}:{place[2]}"
            if (created := CREATED.fullmatch(function)) is None:
                current.frames.append(at)
            else:
                at = f"{created[1]} at {os.path.basename(place[1])}:{place[2]}"
                current.created_by = at + (f", in goroutine {created[2]}" if created[2] else "")
        elif line.startswith("..."):
            current.frames.append("...")
        else:
            function = line if line.startswith("created by") else line.rpartition("(")[0]
    found.pop(0, None)  # a thread's own stack
    return found
