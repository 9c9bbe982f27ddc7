"""Compressed sections: both methods, both kinds of names, false claims, and bombs."""

from __future__ import annotations

import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dapserver.symbols.compression import CompressionError, decompressed, old_decompressed
from tests.symbols.dwarf.variants import CPP, compiled, debug_info
from tests.symbols.files import read, readelf_symbols, run, shapes

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

TEXT = b"the quick brown fox " * 1000
ZLIB, ZSTD = 1, 2


def section(method: int, packed: bytes, size: int) -> memoryview:
    return memoryview(struct.pack("<IIQQ", method, 0, size, 1) + packed)


def test_frames_are_joined() -> None:
    packed = zstd.compress(TEXT) + zstd.compress(b"") + zstd.compress(TEXT[:7])
    assert decompressed(section(ZSTD, packed, len(TEXT) + 7), ".debug_x") == TEXT + TEXT[:7]


@pytest.mark.parametrize(("method", "pack"), [(ZLIB, zlib.compress), (ZSTD, zstd.compress)])
@given(data=st.data())
def test_damaged_data_is_refused_or_of_the_size_that_is_claimed(
    method: int, pack: Callable[[bytes], bytes], data: st.DataObject
) -> None:
    packed = bytearray(pack(TEXT))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(packed[: data.draw(st.integers(0, len(packed)))])
    try:
        found = decompressed(section(method, damaged, len(TEXT)), ".debug_x")
    except CompressionError as error:
        assert ".debug_x" in str(error)
    else:
        assert len(found) == len(TEXT)


@pytest.mark.parametrize(("method", "pack"), [(ZLIB, zlib.compress), (ZSTD, zstd.compress)])
@pytest.mark.parametrize("claim", [10, 1 << 28, 1 << 40])
def test_a_bomb_takes_no_memory(method: int, pack: Callable[[bytes], bytes], claim: int) -> None:
    """128 MB of zeros in a few KB: no more is made than is claimed, and no more claimed than is likely."""
    packed = pack(bytes(1 << 27))
    tracemalloc.start()
    try:
        with pytest.raises(CompressionError):
            decompressed(section(method, packed, claim), ".debug_x")
        assert tracemalloc.get_traced_memory()[1] < 80 << 20
    finally:
        tracemalloc.stop()


def test_without_the_library_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("compression", "backports"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(CompressionError, match=r"install backports\.zstd"):
        decompressed(section(ZSTD, zstd.compress(TEXT), len(TEXT)), ".debug_x")


@pytest.mark.parametrize("packed", [b"", b"ZLI", b"ZLIB" + b"\xff" * 20])
def test_a_false_old_header_is_refused(packed: bytes) -> None:
    with pytest.raises(CompressionError):
        old_decompressed(memoryview(packed), ".debug_x")


def _main(path: Path) -> int:
    return next(symbol.start for symbol in readelf_symbols(path) if symbol.name == "main")


@pytest.mark.parametrize("method", ["zlib", "zlib-gnu", "zstd"])
def test_frames_of_a_program_whose_sections_are_compressed(method: str, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    run("objcopy", f"--compress-debug-sections={method}", shapes(), packed)
    whole, found = debug_info(shapes()), debug_info(packed)
    main = _main(shapes())
    assert found.frames_at(main) == whole.frames_at(main)
    assert found.frames_at(main)[0].function == "main"
    assert not found.problems


def test_a_section_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Without lines there are still functions."""
    whole, damaged = compiled(CPP, "-O0"), tmp_path / "damaged"
    run("objcopy", "--compress-debug-sections=zstd", whole, damaged)
    data, lines = bytearray(damaged.read_bytes()), read(damaged).section(".debug_line")
    assert lines is not None
    data[lines.offset + 24 : lines.offset + 28] = b"none"
    damaged.write_bytes(data)
    info = debug_info(damaged)
    assert info.frames_at(_main(whole))[0].function == "main"
    assert any(".debug_line cannot be decompressed" in problem for problem in info.problems)
