"""What an ELF file says of itself: headers, notes, load bias, sections; and what is refused."""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from dapserver.symbols.elf import ElfError, ElfFile, FileType, SegmentFlag, SegmentType
from tests.symbols.files import libc, mapped_files, program, read, run, shapes, this_python, with_zstd

EM_X86_64, EM_AARCH64 = 62, 183
DT_NEEDED = 1


@pytest.mark.parametrize(
    ("flags", "file_type", "has_interpreter"),
    [
        (("-pie",), FileType.DYN, True),
        (("-no-pie",), FileType.EXEC, True),
        (("-static",), FileType.EXEC, False),
        (("-static-pie",), FileType.DYN, False),
    ],
)
def test_kinds_of_program(flags: tuple[str, ...], file_type: FileType, has_interpreter: bool) -> None:
    elf = read(shapes(*flags))
    assert elf.header.type == file_type
    assert elf.header.machine in {EM_X86_64, EM_AARCH64}
    assert (elf.interpreter is not None) == has_interpreter
    assert any(tag == DT_NEEDED for tag, _ in elf.dynamic) == has_interpreter
    entry = elf.symbols.nearest(elf.header.entry)
    assert entry is not None
    assert entry.name == "_start"
    assert entry.offset == 0


def test_a_go_program_is_static() -> None:
    elf = read(program("hello.go"))
    assert elf.header.type == FileType.EXEC
    assert elf.interpreter is None
    assert elf.dynamic == ()


def test_parsing_takes_a_map_of_the_file_in_place() -> None:
    with shapes().open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    elf = ElfFile.parse(mapped)
    text = elf.section(".text")
    assert text is not None
    assert elf.contents(text).obj is mapped
    assert elf == read(shapes())


# -- load bias -----------------------------------------------------------------------------------


class _LoadedObject(ctypes.Structure):
    """The head of struct dl_phdr_info, see dl_iterate_phdr(3)."""

    _fields_ = (("bias", ctypes.c_uint64), ("name", ctypes.c_char_p))


def loader_biases() -> dict[str, int]:
    """What the dynamic loader of this process says: {path: load bias}."""
    biases: dict[str, int] = {}

    def note(info: int, _size: int, _data: int) -> int:
        loaded = _LoadedObject.from_address(info)
        biases[loaded.name.decode() or str(this_python())] = loaded.bias
        return 0

    signature = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    ctypes.CDLL(None).dl_iterate_phdr(signature(note), None)
    return biases


def test_load_bias_is_what_the_loader_says() -> None:
    expected = {Path(path).resolve(): bias for path, bias in loader_biases().items() if "/" in path}
    mapped = {path.resolve(): lines for path, lines in mapped_files().items()}
    assert libc().resolve() in expected.keys() & mapped.keys()
    for path in expected.keys() & mapped.keys():
        elf = read(path)
        start, offset, _ = min(mapped[path])
        assert elf.load_bias(start, offset) == expected[path], path
        for start, offset, permissions in mapped[path]:
            if "x" in permissions:
                assert elf.load_bias(start, offset, executable=True) == expected[path], path


def test_load_bias_with_two_segments_in_one_page_of_the_file() -> None:
    elf = read(program("hello.rs"))
    for segment in elf.segments:
        if segment.type == SegmentType.LOAD:
            lead = segment.offset % mmap.PAGESIZE
            start, offset = 0x5000_0000_0000 + segment.address - lead, segment.offset - lead
            executable = bool(segment.flags & SegmentFlag.EXECUTE)
            if executable or segment.offset == 0:
                assert elf.load_bias(start, offset, executable=executable) == 0x5000_0000_0000


def test_load_bias_of_a_part_split_off_by_mprotect() -> None:
    elf = read(libc())
    text = next(s for s in elf.segments if s.type == SegmentType.LOAD and s.flags & SegmentFlag.EXECUTE)
    inside = text.offset - text.offset % mmap.PAGESIZE + 16 * mmap.PAGESIZE
    start = 0x7000_0000_0000 + inside + text.address - text.offset
    assert elf.load_bias(start, inside) == 0x7000_0000_0000


def test_load_bias_of_a_part_that_no_segment_covers() -> None:
    size = shapes().stat().st_size
    assert read(shapes()).load_bias(0x1000, size + 16 * mmap.PAGESIZE) is None


def test_the_vdso_is_read_from_memory() -> None:
    line = next(x for x in Path("/proc/self/maps").read_text().splitlines() if "[vdso]" in x)
    start, end = (int(word, 16) for word in line.split()[0].split("-"))
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        memory.seek(start)
        elf = ElfFile.parse(memory.read(end - start))
    assert elf.header.type == FileType.DYN
    assert elf.load_bias(start, 0) == start
    named = [elf.symbols.nearest(address) for address in range(end - start)]
    assert any(nearest and "clock_gettime" in nearest.name for nearest in named)


# -- sections ------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["zlib", "zstd"])
def test_compressed_sections_are_inflated(method: str, tmp_path: Path) -> None:
    packed, plain = (with_zstd() if method == "zstd" else shapes("-gz=zlib")), tmp_path / "plain"
    run("objcopy", "--decompress-debug-sections", packed, plain)
    packed_elf, plain_elf = read(packed), read(plain)
    names = [s.name for s in packed_elf.sections if s.name.startswith(".debug_")]
    assert ".debug_info" in names
    for name in names:
        one, other = packed_elf.section(name), plain_elf.section(name)
        assert one is not None
        assert other is not None
        assert packed_elf.contents(one) == plain_elf.contents(other)


@pytest.mark.parametrize(
    ("kind", "claimed", "complaint"),
    [
        (3, 100, "only zlib and zstd"),
        (1, 1 << 60, "more data than its bytes can hold"),
        (2, 1 << 60, "more data than its bytes can hold"),
        (1, 10, "not of the size"),
        (2, 10, "not of the size"),
    ],
)
def test_a_false_compression_header_is_refused(kind: int, claimed: int, complaint: str) -> None:
    data = bytearray((with_zstd() if kind == 2 else shapes("-gz=zlib")).read_bytes())
    section = ElfFile.parse(bytes(data)).section(".debug_info")
    assert section is not None
    struct.pack_into("<IIQ", data, section.offset, kind, 0, claimed)
    elf = ElfFile.parse(data)
    with pytest.raises(ElfError, match=complaint):
        elf.contents(section)


def test_sections_without_bytes_are_empty() -> None:
    elf = read(shapes())
    bss = elf.section(".bss")
    assert bss is not None
    assert bss.size
    assert len(elf.contents(bss)) == 0


def test_an_unknown_section_is_none() -> None:
    assert read(shapes()).section(".nothing") is None


def test_a_file_without_section_headers_keeps_its_segments() -> None:
    data = bytearray(shapes().read_bytes())
    whole = ElfFile.parse(bytes(data))
    struct.pack_into("<Q", data, 40, 0)  # e_shoff
    elf = ElfFile.parse(data)
    assert elf.sections == ()
    assert elf.segments == whole.segments
    assert elf.build_id == whole.build_id
    assert elf.symbols.nearest(elf.header.entry) is None


def test_an_object_file_has_notes_and_no_segments(tmp_path: Path) -> None:
    source = tmp_path / "note.s"
    source.write_text('.section .note.x, "", %note\n.long 2, 3, 7\n.asciz "X"\n.balign 4\n.ascii "abc"\n')
    run("as", "-o", tmp_path / "note.o", source)
    elf = read(tmp_path / "note.o")
    assert elf.header.type == FileType.REL
    assert elf.segments == ()
    assert [(n.name, n.type, n.description) for n in elf.notes if n.name == b"X"] == [(b"X", 7, b"abc")]
    assert elf.build_id is None


def test_more_sections_than_the_header_can_count(tmp_path: Path) -> None:
    source = tmp_path / "many.s"
    source.write_text("".join(f".section .s{i}\n.byte 1\n" for i in range(66_000)))
    run("as", "-o", tmp_path / "many.o", source)
    elf = read(tmp_path / "many.o")
    assert elf.section(".s65999") is not None
    assert elf.section(".shstrtab") is not None


# -- refusals ------------------------------------------------------------------------------------


def with_byte(position: int, value: int) -> bytes:
    data = bytearray(shapes().read_bytes())
    data[position] = value
    return bytes(data)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: b"", "not an ELF file"),
        (lambda: b"#!/bin/sh\n", "not an ELF file"),
        (lambda: b"\x7fELF", "ends within its header"),
        (lambda: shapes().read_bytes()[:63], "ends within its header"),
        (lambda: shapes().read_bytes()[:100], "ends within its program headers"),
        (lambda: with_byte(4, 1), "32-bit"),
        (lambda: with_byte(4, 9), "unknown class"),
        (lambda: with_byte(5, 2), "big-endian"),
    ],
)
def test_what_cannot_be_read_is_refused(make: Callable[[], bytes], complaint: str) -> None:
    with pytest.raises(ElfError, match=complaint):
        ElfFile.parse(make())
