"""What llvm-symbolizer says of addresses, in the shape of our own answers."""

from __future__ import annotations

import json
import posixpath
import random
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.symbols.files import readelf_symbols, run


class Frame(NamedTuple):
    """A frame as both tell it."""

    function: str | None
    """As the linker names it."""
    path: str | None
    line: int
    column: int


def addresses_in_functions(path: Path, count: int) -> list[int]:
    """*count* addresses at random, always the same ones, each byte of code as likely as another."""
    symbols = [s for s in readelf_symbols(path) if s.type == "FUNC" and s.size]
    choice = random.Random(1)
    chosen = choice.choices(symbols, weights=[s.size for s in symbols], k=count)
    return [s.start + choice.randrange(s.size) for s in chosen]


def symbolize(path: Path, addresses: list[int]) -> list[list[Frame]]:
    """Ask llvm-symbolizer for the frames at each address, innermost first."""
    answers = subprocess.run(
        ["llvm-symbolizer", "--inlines", "--functions=linkage", "--no-demangle", "--output-style=JSON",
         f"--obj={path}"],
        input="".join(f"{address:#x}\n" for address in addresses),
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [_frames(json.loads(line)["Symbol"]) for line in answers.splitlines()]


def _frames(symbols: list[dict[str, object]]) -> list[Frame]:
    return [
        Frame(
            str(symbol["FunctionName"]) or None,
            posixpath.normpath(str(symbol["FileName"])) if symbol["FileName"] else None,
            int(str(symbol["Line"])),
            int(str(symbol["Column"])),
        )
        for symbol in symbols
        if symbol["FunctionName"] or symbol["FileName"]
    ]


def without_symbols(path: Path, directory: Path) -> Path:
    """A copy without symbols: llvm-symbolizer prefers their names to those in the debug information."""
    copy = directory / path.name
    run("objcopy", "--wildcard", "--strip-symbol=*", path, copy)
    return copy
