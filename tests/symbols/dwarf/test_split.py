"""Split debug information: all as in the same program that has it whole."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dapserver.symbols import opening
from dapserver.symbols.dwarf import SourceInfo
from tests.symbols.dwarf.split_programs import NOWHERE, RECIPES, WHERE, Told, built, opened, told
from tests.symbols.files import readelf_symbols, run


@pytest.fixture(params=RECIPES, scope="module")
def both(request: pytest.FixtureRequest) -> tuple[Told, Told]:
    """What is told of the program with split debug information, and of the other one."""
    split, whole = told(RECIPES[request.param])
    return split, whole


def test_the_debug_information_is_elsewhere(both: tuple[Told, Told]) -> None:
    split, whole = both
    assert any(split.info.info.unit(header.offset).is_skeleton for header in split.info.info.headers)
    assert not any(whole.info.info.unit(header.offset).is_skeleton for header in whole.info.info.headers)


def test_frames(both: tuple[Told, Told]) -> None:
    split, whole = both
    assert split.frames() == whole.frames()
    assert sum(bool(frames and frames[0].function) for frames in whole.frames()) > 60
    assert not split.info.problems


def test_variables(both: tuple[Told, Told]) -> None:
    split, whole = both
    variables = whole.variables()
    different = [pair for pair in zip(split.variables(), variables, strict=True) if pair[0] != pair[1]]
    if split.recipe and split.recipe.has_short_ranges:
        assert all(ours == (*theirs[:-1], NOWHERE) for ours, theirs in different)
        assert len(different) < len(variables) // 50
    else:
        assert not different
    assert len(variables) > 100
    # The constants of classes are in units that g++ tells of only here.
    assert set(split.statics()) >= set(whole.statics())


def test_breakpoints(both: tuple[Told, Told]) -> None:
    split, whole = both
    assert split.line_breakpoints() == whole.line_breakpoints()
    assert split.function_breakpoints() == whole.function_breakpoints()
    assert split.files() == whole.files()


def test_names(both: tuple[Told, Told]) -> None:
    split, whole = both
    assert split.types() == whole.types()
    assert split.names() == whole.names()


class Moved:
    """A program with split debug information in a directory of its own."""

    def __init__(self, directory: Path, recipe: str) -> None:
        self.made = built(RECIPES[recipe])
        self.program = directory / "program"
        shutil.copy(self.made, self.program)
        self.main = next(each.start for each in readelf_symbols(self.made) if each.name == "main")

    def function(self, info: SourceInfo) -> str | None:
        return info.frames_at(self.main)[-1].function


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are not where the compiler wrote them."""
    found = opening.read

    def read(path: str) -> bytes:
        if path.startswith(WHERE.name):
            raise FileNotFoundError(path)
        return found(path)

    monkeypatch.setattr("dapserver.symbols.split_files.read", read)


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("recipe", ["gcc-4", "gcc-5", "clang-5"])
def test_a_missing_file_is_named_and_there_are_lines(tmp_path: Path, recipe: str) -> None:
    moved = Moved(tmp_path, recipe)
    info = opened(moved.program)
    (frame,) = info.frames_at(moved.main)
    assert frame.path is not None
    assert frame.path.endswith(("inlines.c", "values.c"))
    assert frame.line > 0
    assert frame.function == "main"
    missing = str(moved.made.parent / Path(frame.path).stem) + ".dwo"
    assert any(missing in problem for problem in info.problems)
    assert info.problem_at(moved.main) in info.problems
    assert info.addresses(frame.path, frame.line)


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize("recipe", ["gcc-4", "gcc-5", "clang-5"])
def test_a_file_beside_the_program_is_found(tmp_path: Path, recipe: str) -> None:
    moved = Moved(tmp_path, recipe)
    for file in moved.made.parent.glob("*.dwo"):
        shutil.copy(file, tmp_path)
    info = opened(moved.program)
    assert moved.function(info) == "main"
    assert not info.problems


@pytest.mark.usefixtures("hidden")
def test_a_file_of_another_build_is_refused(tmp_path: Path) -> None:
    """Its identifier differs: what it says of addresses would be wrong."""
    moved = Moved(tmp_path, "gcc-5")
    for file in built(RECIPES["gcc-5-O0"]).parent.glob("*.dwo"):
        shutil.copy(file, tmp_path / "inlines.dwo")
        shutil.copy(file, tmp_path / "beside.dwo")
    info = opened(moved.program)
    assert moved.function(info) == "main"
    assert not info.entries_at(moved.main)
    assert any("inlines.dwo" in problem for problem in info.problems)


@pytest.mark.parametrize("recipe", ["gcc-4", "gcc-4-package"])
def test_of_a_stripped_program(tmp_path: Path, recipe: str) -> None:
    """The skeletons are in a separate debug file, the package is beside the program."""
    moved = Moved(tmp_path, recipe)
    run("objcopy", "--only-keep-debug", moved.made, tmp_path / "program.debug")
    run("strip", moved.program)
    run("objcopy", f"--add-gnu-debuglink={tmp_path / 'program.debug'}", moved.program)
    if recipe == "gcc-4-package":
        shutil.copy(f"{moved.made}.dwp", tmp_path / "program.dwp")
    info = opened(moved.program)
    assert moved.function(info) == "main"
    assert not info.problems
