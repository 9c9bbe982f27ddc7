"""Compressed sections (gABI 4, "Section Compression"), and those that GNU tools renamed before."""

from __future__ import annotations

import struct
import sys

try:
    from isal import isal_zlib as inflating
except ImportError:  # it has no wheel for some machines
    import zlib as inflating  # type: ignore[no-redef] # the same interface, and a third of the speed

_DAMAGED: type[Exception] = inflating.error  # type: ignore[assignment] # an instance, say isal's stubs

HEADER = struct.Struct("<IIQQ")
ZLIB, ZSTD = 1, 2  # ELFCOMPRESS_*
OLD_HEADER_SIZE = 12  # "ZLIB" and the size, eight bytes, big-endian

MAX_RATIO = 1032
"""What deflate can reach (zlib.net/zlib_tech.html). More is a damaged header."""
ZSTD_ROOM = 16 << 20
"""Bytes that zstd may make of any number: it reaches 32,000 to 1, and then a file is a bomb."""


class CompressionError(ValueError):
    """A section cannot be read; the text names it and says why."""


def decompressed(section: memoryview, name: str) -> memoryview:
    """Give what is in the section *name*, which starts with its header. Raises CompressionError."""
    if len(section) < HEADER.size:
        raise CompressionError(f"section {name} ends within its compression header")
    method, _, size, _ = HEADER.unpack_from(section)
    packed = section[HEADER.size :]
    if method == ZLIB:
        return _inflated(packed, size, name)
    if method == ZSTD:
        return _from_zstd(packed, size, name)
    raise CompressionError(
        f"section {name} is compressed by method {method}; only zlib and zstd are supported"
    )


def old_decompressed(section: memoryview, name: str) -> memoryview:
    """Give what is in the section *name* that is called .z... in the file. Raises CompressionError."""
    if bytes(section[:4]) != b"ZLIB":
        raise CompressionError(f"section {name} is not compressed as its name says")
    size = int.from_bytes(section[4:OLD_HEADER_SIZE], "big")
    return _inflated(section[OLD_HEADER_SIZE:], size, name)


def _inflated(packed: memoryview, size: int, name: str) -> memoryview:
    if size > len(packed) * MAX_RATIO:
        raise CompressionError(f"section {name} claims more data than its bytes can hold")
    try:
        # one byte more than claimed, to notice a claim that is too small
        unpacked = inflating.decompressobj().decompress(packed, size + 1)
    except _DAMAGED as error:
        raise CompressionError(f"section {name} cannot be decompressed: {error}") from None
    return _of_size(unpacked, size, name)


def _from_zstd(packed: memoryview, size: int, name: str) -> memoryview:
    """What the frames in *packed* make (RFC 8878, 3.1)."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415 - only for files that need it
        else:
            from backports import zstd  # noqa: PLC0415 - as above
    except ImportError:
        raise CompressionError(
            f"section {name} is compressed by zstd; to read it, install backports.zstd"
        ) from None
    if size > len(packed) * MAX_RATIO + ZSTD_ROOM:
        raise CompressionError(f"section {name} claims more data than its bytes can hold")
    frames: list[bytes] = []
    room = size + 1  # as above
    try:
        while packed and room > 0:
            end = zstd.get_frame_size(packed)
            frames.append(zstd.ZstdDecompressor().decompress(packed[:end], max_length=room))
            room -= len(frames[-1])
            packed = packed[end:]
    except zstd.ZstdError as error:
        raise CompressionError(f"section {name} cannot be decompressed: {error}") from None
    return _of_size(b"".join(frames) if len(frames) != 1 else frames[0], size, name)


def _of_size(unpacked: bytes, size: int, name: str) -> memoryview:
    if len(unpacked) != size:
        raise CompressionError(f"section {name} is not of the size its compression header claims")
    return memoryview(unpacked)
