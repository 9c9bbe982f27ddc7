"""The programs in programs/, compiled in all the ways that make a difference in their DWARF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from unittest import mock

from dapserver.symbols.dwarf import SourceInfo
from tests.support import build
from tests.symbols.files import read

SOURCES = Path(__file__).parent / "programs"
CLANG = {
    ".c": ["clang", "-std=gnu11", "-g", *build.WARNINGS],
    ".cpp": ["clang++", "-std=c++17", "-g", *build.WARNINGS],
}


def compiled(name: str, *flags: str) -> Path:
    return build.build(str(SOURCES / name), *flags)


def clang_compiled(name: str, *flags: str) -> Path:
    with mock.patch.dict(build.COMMANDS, CLANG):
        return compiled(name, *flags)


def debug_info(path: Path | str, alternate: Path | None = None) -> SourceInfo:
    info = SourceInfo.open(read(path), read(alternate) if alternate else None)
    assert info is not None
    return info


C, CPP, RUST = "inlines.c", "scopes.cpp", "modules.rs"
UNUSED_CODE = ("-ffunction-sections", "-Wl,--gc-sections")

VARIANTS: dict[str, Callable[[], Path]] = {
    "c-O0": lambda: compiled(C, "-O0"),
    "c-O2": lambda: compiled(C, "-O2"),
    "c-dwarf2": lambda: compiled(C, "-O2", "-gdwarf-2", "-gstrict-dwarf"),
    "c-dwarf3": lambda: compiled(C, "-O2", "-gdwarf-3"),
    "c-dwarf4": lambda: compiled(C, "-O2", "-gdwarf-4"),
    "c-64-bit": lambda: compiled(C, "-O2", "-gdwarf64"),
    "c-clang-O0": lambda: clang_compiled(C, "-O0"),
    "c-clang-O2": lambda: clang_compiled(C, "-O2", "-gdwarf-4"),
    "cpp-O0": lambda: compiled(CPP, "-O0"),
    "cpp-O2": lambda: compiled(CPP, "-O2"),
    "cpp-dwarf4": lambda: compiled(CPP, "-O2", "-gdwarf-4", "-fdebug-types-section"),
    "cpp-type-units": lambda: compiled(CPP, "-O2", "-fdebug-types-section"),
    "cpp-unused-code": lambda: compiled(CPP, "-O0", *UNUSED_CODE, "-gz"),
    "cpp-clang-O0": lambda: clang_compiled(CPP, "-O0", "-gdwarf-4", *UNUSED_CODE),
    "cpp-clang-O2": lambda: clang_compiled(CPP, "-O2"),
    "rust-O0": lambda: compiled(RUST),
    "rust-O2": lambda: compiled(RUST, "-C", "opt-level=2"),
    "rust-dwarf5": lambda: compiled(RUST, "-C", "opt-level=2", "-C", "dwarf-version=5"),
    "go": lambda: build.build("goroutines.go"),
    "go-unoptimized": lambda: build.build("goroutines.go", "-gcflags=all=-N -l"),
}
