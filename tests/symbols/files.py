"""The ELF files that the tests read, and what readelf says of them."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dapserver.symbols.elf import ElfFile
from tests.support.build import build

PROGRAMS = Path(__file__).parent / "programs"


def read(path: Path | str) -> ElfFile:
    return ElfFile.parse(Path(path).read_bytes())


def shapes(*flags: str) -> Path:
    """programs/shapes.c, compiled with *flags*."""
    return build(str(PROGRAMS / "shapes.c"), *flags)


@functools.cache
def with_zstd() -> Path:
    """programs/shapes.c, its debug sections compressed with zstd: linkers and compilers of today can."""
    whole = shapes()
    packed = whole.with_name("shapes-zstd")
    if not packed.exists():
        fresh = whole.with_name(f"shapes-zstd-{os.getpid()}")
        run("objcopy", "--compress-debug-sections=zstd", whole, fresh)
        fresh.rename(packed)
    return packed


def program(name: str) -> Path:
    return build(str(PROGRAMS / name))


def mapped_files() -> dict[Path, list[tuple[int, int, str]]]:
    """The ELF files that this process runs from: [(mapped address, file offset, permissions)]."""
    files: dict[Path, list[tuple[int, int, str]]] = {}
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, permissions, offset, _, inode, *path = line.split(maxsplit=5)
        if inode != "0" and path and _is_elf(Path(path[0])):
            start = int(addresses.split("-")[0], 16)
            files.setdefault(Path(path[0]), []).append((start, int(offset, 16), permissions))
    return files


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def libc() -> Path:
    return next(path for path in mapped_files() if path.name.startswith("libc."))


def this_python() -> Path:
    return Path("/proc/self/exe").resolve()


def run(*command: str | Path) -> str:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        errors="replace",
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/local/bin:/usr/bin:/bin"},
    ).stdout


def unversioned(name: str) -> str:
    """The tools add versions to names where the file has them in a table of their own."""
    return name.strip().partition("@")[0]


@dataclass(frozen=True, slots=True)
class OracleSymbol:
    """A line of `readelf --symbols`."""

    start: int
    size: int
    type: str
    binding: str
    section: str
    name: str


def readelf_symbols(path: Path) -> Iterator[OracleSymbol]:
    """The symbols of .symtab or, where there is none, of .dynsym, that have an address."""
    tables = run("readelf", "--wide", "--symbols", path).split("\nSymbol table ")
    chosen = next((t for t in tables if t.startswith("'.symtab'")), tables[-1])
    for line in chosen.splitlines():
        fields = line.split(maxsplit=7)
        if len(fields) < 8 or not fields[0].rstrip(":").isdigit():
            continue
        _, value, size, kind, binding, _, section, name = fields
        if kind in {"FUNC", "IFUNC", "OBJECT", "NOTYPE"} and section not in {"UND", "ABS", "COM"}:
            yield OracleSymbol(int(value, 16), int(size, 0), kind, binding, section, unversioned(name))
