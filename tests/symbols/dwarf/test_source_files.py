"""Source files are found by their paths, which units may know by other directories."""

from __future__ import annotations

from pathlib import Path

from tests.symbols.dwarf.variants import debug_info
from tests.symbols.files import run

SOURCE = """\
int NAME(int number)
{
    return number + 1;
}
"""
LINE = 3


def test_a_relative_path_means_units_with_absolute_ones_too(tmp_path: Path) -> None:
    """As when a unit was compiled where its directory was mapped away (-fdebug-prefix-map)."""
    source = tmp_path / "parts" / "work.c"
    source.parent.mkdir()
    source.write_text(SOURCE)
    units = {"absolute": [], "relative": [f"-fdebug-prefix-map={tmp_path}=."]}
    for name, flags in units.items():
        run(
            "env",
            "-C",
            tmp_path,
            "gcc",
            "-g",
            "-fPIC",
            "-c",
            f"-DNAME={name}",
            *flags,
            source,
            "-o",
            tmp_path / f"{name}.o",
        )
    library = tmp_path / "library.so"
    run("gcc", "-shared", "-o", library, *(tmp_path / f"{name}.o" for name in units))
    info = debug_info(library)
    assert "parts/work.c" in set(info.source_files())
    for path in ("parts/work.c", "work.c", "/elsewhere/parts/work.c"):
        assert {place.function for place in info.addresses(path, LINE)} == set(units), path
    assert {place.function for place in info.addresses(str(source), LINE)} == {"absolute"}
