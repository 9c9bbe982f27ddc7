"""Programs of nothing but debug information, for what no compiler at hand writes."""

from __future__ import annotations

import struct

from dapserver.symbols.dwarf import SourceInfo
from dapserver.symbols.dwarf.constants import At, Form, Tag
from dapserver.symbols.elf import ElfFile

CODE = (0x1000, 0x9000)
"""Where the executable segment is."""

NO_CHILDREN, CHILDREN = 0, 1


def abbreviation(code: int, tag: Tag, children: int, *attributes: tuple[At, Form]) -> bytes:
    """All numbers must be below 128."""
    return bytes([code, tag, children, *(number for pair in attributes for number in pair), 0, 0])


def unit(version: int, *entries: bytes) -> bytes:
    """A unit of 32-bit DWARF whose abbreviations are the first ones."""
    header = struct.pack("<HBBI", version, 1, 8, 0) if version >= 5 else struct.pack("<HIB", version, 0, 8)
    content = header + b"".join(entries)
    return struct.pack("<I", len(content)) + content


def u64(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


def u32(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}I", *numbers)


def program(**sections: bytes) -> SourceInfo:
    """Open an ELF file with .debug_ sections of these contents."""
    info = SourceInfo.open(ElfFile.parse(elf({f".debug_{name}": each for name, each in sections.items()})))
    assert info is not None
    return info


def elf(sections: dict[str, bytes]) -> bytes:
    """An ELF file with an executable segment, which has no bytes, and these sections."""
    names, contents = b"\0.shstrtab\0", b""
    start = 64 + 56
    rows = [bytes(64)]
    for name, content in sections.items():
        rows.append(_section_header(len(names), 1, start + len(contents), len(content)))
        names += name.encode() + b"\0"
        contents += content
    rows.append(_section_header(1, 3, start + len(contents), len(names)))
    contents += names
    low, high = CODE
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack(
        "<HHIQQQIHHHHHH", 3, 62, 1, low, 64, start + len(contents), 0, 64, 56, 1, 64, len(rows), len(rows) - 1
    )
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, low, low, 0, high - low, 4096)
    return header + segment + contents + b"".join(rows)


def _section_header(name: int, kind: int, offset: int, size: int) -> bytes:
    return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, size, 0, 0, 1, 0)
