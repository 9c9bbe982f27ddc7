"""Values are what gdb prints, over compilers and versions of DWARF; where not, it says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.debugger.values.frames import Shown, Variables, both, clang, gcc, plain, same_type

C, CPP = "values.c", "values.cpp"

UNOPTIMIZED: dict[str, Callable[[], Path]] = {
    "c-gcc": lambda: gcc(C, "-O0"),
    "c-gcc-dwarf2": lambda: gcc(C, "-O0", "-gdwarf-2", "-gstrict-dwarf"),
    "c-gcc-dwarf4": lambda: gcc(C, "-O0", "-gdwarf-4"),
    "c-clang": lambda: clang(C, "-O0"),
    "c-clang-dwarf4": lambda: clang(C, "-O0", "-gdwarf-4"),
    "cpp-gcc": lambda: gcc(CPP, "-O0"),
    "cpp-gcc-dwarf4": lambda: gcc(CPP, "-O0", "-gdwarf-4"),
    "cpp-gcc-type-units": lambda: gcc(CPP, "-O0", "-fdebug-types-section"),
    "cpp-gcc-dwarf4-type-units": lambda: gcc(CPP, "-O0", "-gdwarf-4", "-fdebug-types-section"),
    "cpp-clang": lambda: clang(CPP, "-O0"),
    "cpp-clang-dwarf4": lambda: clang(CPP, "-O0", "-gdwarf-4"),
}
OPTIMIZED: dict[str, Callable[[], Path]] = {
    "c-gcc": lambda: gcc(C, "-O2"),
    "c-gcc-dwarf4": lambda: gcc(C, "-O2", "-gdwarf-4"),
    "c-clang": lambda: clang(C, "-O2"),
    "c-clang-dwarf4": lambda: clang(C, "-O2", "-gdwarf-4"),
    "cpp-gcc": lambda: gcc(CPP, "-O2"),
    # gdb 13 crashes at clang's optimized C++.
}
FUNCTIONS = {
    C: ("wait_for_the_end", "variable_length", "blocks", "show", "main"),
    CPP: ("shapes::Square::area", "show", "main"),
}
REASONS = {
    "numbers": "gdb's Python does not know the length of a variable-length array",
    "table": "as numbers",
    "null": "gdb has a number for std::nullptr_t",
    "virtual_method": "gdb adds parameters to the name of a virtual function",
    "lambda": "gdb does not follow references that are members",
    "left": "gdb's Python looks for the virtual base of what a reference leads to in a wrong place",
    "function": "gdb's Python does not read what a reference to a function leads to",
}
TYPE_REASONS = {"wider": "gdb has the compilers' names for unsigned __int128", **REASONS}


def pairs(answers: tuple[Variables, Variables], functions: tuple[str, ...]) -> dict[str, tuple[Shown, Shown]]:
    """Ours and gdb's of the same variable."""
    ours, theirs = answers
    found = {}
    for function in functions:
        mine, other = ours.get(function, {}), theirs.get(function, theirs.get(function.split("::")[-1], {}))
        for name in mine.keys() & other.keys():
            found[f"{function} {name}"] = (mine[name], other[name])
    return found


@pytest.mark.parametrize("variant", UNOPTIMIZED)
def test_without_optimization_each_value_is_what_gdb_prints(variant: str) -> None:
    functions = FUNCTIONS[C if variant.startswith("c-") else CPP]
    answers = both(UNOPTIMIZED[variant]())
    for function in functions:
        assert answers[0][function].keys() == answers[1][function].keys(), function
    found = pairs(answers, functions)
    assert len(found) > (70 if variant.startswith("c-") else 30)
    wrong = {
        key: (ours.text, theirs.text)
        for key, (ours, theirs) in found.items()
        if plain(ours.text) != plain(theirs.text) and key.split()[1] not in REASONS
    }
    assert not wrong


@pytest.mark.parametrize("variant", UNOPTIMIZED)
def test_types_are_spelled_as_gdb_spells_them(variant: str) -> None:
    functions = FUNCTIONS[C if variant.startswith("c-") else CPP]
    wrong = {
        key: (ours.type, theirs.type)
        for key, (ours, theirs) in pairs(both(UNOPTIMIZED[variant]()), functions).items()
        if not same_type(ours.type, theirs.type) and key.split()[1] not in TYPE_REASONS
    }
    assert not wrong


# What gdb says of optimized code is not always so.
OPTIMIZED_REASONS = {
    **REASONS,
    "argc": "gdb takes the register's value in another frame, or does not follow a call through a pointer",
    "argv": "as argc",
    "argument": "as argc",
    "n": "gdb guesses what a function was called with that was jumped to from another one",
    "zeros": "clang says nothing of the elements but the first, gdb takes them for zeros",
    "bottom": "gdb says otherwise that a virtual base is optimized out",
}


@pytest.mark.parametrize("variant", OPTIMIZED)
def test_with_optimization_nothing_is_made_up(variant: str) -> None:
    functions = FUNCTIONS[C if variant.startswith("c-") else CPP]
    found = pairs(both(OPTIMIZED[variant]()), functions)
    assert len(found) > (70 if variant.startswith("c-") else 30)
    wrong = {
        key: (ours.text, theirs.text)
        for key, (ours, theirs) in found.items()
        if plain(ours.text) != plain(theirs.text)
        and key.split()[1] not in OPTIMIZED_REASONS
        and not _pieces_made_up(theirs.text)
    }
    assert not wrong


def _pieces_made_up(theirs: str) -> bool:
    """gdb reads pieces that are optimized out as zeros, or as pointers, where others are known."""
    return "\\000" in theirs or "<synthetic pointer>" in theirs
