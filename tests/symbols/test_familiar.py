"""Files that were looked into before anybody asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from dapserver.symbols import familiar
from tests.symbols.files import libc, mapped_files, read, run, shapes


@pytest.fixture(autouse=True)
def nothing_familiar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(familiar, "_images", {})
    monkeypatch.setattr(familiar, "_sources", {})


def look_into(path: Path) -> None:
    assert list(familiar.look_into(str(path)))  # by steps


def test_a_copy_of_a_familiar_file_is_known_by_its_build_id() -> None:
    look_into(shapes())
    first, second = (familiar.same(read(shapes())) for _ in range(2))
    assert first is second
    source = familiar.source_info(read(shapes()))
    assert source is familiar.source_info(second)
    assert source is not None
    (main,) = second.symbols.addresses_of("main")
    assert [frame.function for frame in source.frames_at(main)] == ["main"]


def test_a_file_that_was_stripped_is_another(tmp_path: Path) -> None:
    look_into(shapes())
    stripped = tmp_path / "stripped"
    run("strip", "-o", stripped, shapes())
    image = read(stripped)
    assert image.build_id == read(shapes()).build_id
    assert familiar.same(image) is image
    assert familiar.source_info(image) is None


def test_a_file_without_a_build_id_stays_unfamiliar() -> None:
    nameless = shapes("-Wl,--build-id=none")
    assert list(familiar.look_into(str(nameless))) == []
    image = read(nameless)
    assert familiar.same(image) is image


@pytest.mark.parametrize("content", [b"", b"no ELF file", None])
def test_what_cannot_be_read_stays_unfamiliar(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert list(familiar.look_into(str(path))) == []


def test_the_c_library_and_its_loader_are_found_by_name() -> None:
    names = [path.name for path in mapped_files()]
    found = [name for name in names if familiar.C_LIBRARY.match(name)]
    assert libc().name in found
    assert len(found) == 2, found
    others = ("libcap.so.2", "libc++.so.1", "libcrypto.so.3", "ldconfig")
    assert not any(map(familiar.C_LIBRARY.match, others))
    assert all(map(familiar.C_LIBRARY.match, ("libc-2.31.so", "ld-musl-x86_64.so.1", "ld-2.31.so")))


def test_what_is_usual_is_there_in_the_c_library() -> None:
    look_into(libc())
    symbols = familiar.same(read(libc())).symbols
    missing = {name for name in familiar.USUAL if not symbols.addresses_of(name)}
    # In the symbols of the debug file, or in some versions alone.
    assert missing <= {
        "start_thread",
        "clone3",
        "__libc_start_call_main",
        "__futex_abstimed_wait_cancelable64",
        "__lll_lock_wait",
        "__syscall_cancel",
        "__internal_syscall_cancel",
        "__syscall_cancel_arch",
    }
