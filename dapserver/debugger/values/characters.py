"""Characters and strings as gdb writes them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

ESCAPES = {7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 27: "\\033", 92: "\\\\"}
PREFIXES = {"wchar_t": "L", "char16_t": "u", "char32_t": "U"}
LAST_CODE_POINT = 0x10FFFF
STRAY = 0xDC00
"""With a byte that is no UTF-8 added: as Python's surrogateescape has it."""


def character(number: int, prefix: str = "") -> str:
    """Write `97 'a'`; *number* may be negative."""
    code = number & 0xFFFFFFFF
    if not prefix:
        code &= 0xFF
        code += STRAY if code > 127 else 0
    return f"{number} {prefix}'{escaped(code, quote=chr(39))}'"


def escaped(code: int, *, quote: str) -> str:
    """Write one character as it stands between *quote*s."""
    if code in ESCAPES:
        return ESCAPES[code]
    if code == ord(quote):
        return f"\\{quote}"
    if 32 <= code < 127 or (code > 160 and code <= LAST_CODE_POINT and chr(code).isprintable()):
        return chr(code)
    if STRAY + 128 <= code < STRAY + 256:
        code -= STRAY
    if code <= 0xFF:
        return f"\\{code:03o}"
    return f"\\{code:o}" if code > LAST_CODE_POINT else f"\\u{code:04x}"


def decoded(data: bytes, width: int) -> list[int]:
    """Give the characters of a string: UTF-8, or *width* bytes each; wrong bytes stand for themselves."""
    if width > 1:
        return [int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width)]
    return [ord(c) for c in data.decode("utf-8", "surrogateescape")]


def string(
    data: bytes, *, width: int = 1, prefix: str = "", limit: int, repeats: int, is_cut: bool = False
) -> str:
    """Write a string, at most *limit* characters of it, long runs as `'x' <repeats 20 times>`."""
    codes = decoded(data, width)
    if not codes:
        return f'{prefix}""' + ("..." if is_cut else "")
    parts: list[str] = []
    quoted: list[str] = []
    left = limit
    for code, count in _runs(codes):
        if left <= 0:
            is_cut = True
            break
        if count > repeats:
            if quoted:
                parts.append(f'{prefix}"{"".join(quoted)}"')
                quoted = []
            parts.append(f"{prefix}'{escaped(code, quote=chr(39))}' <repeats {count} times>")
            left -= repeats
        else:
            shown = min(count, left)
            quoted += [escaped(code, quote='"')] * shown
            left -= shown
            is_cut = is_cut or shown < count
    if quoted:
        parts.append(f'{prefix}"{"".join(quoted)}"')
    return ", ".join(parts) + ("..." if is_cut else "")


def _runs(codes: list[int]) -> Iterator[tuple[int, int]]:
    for code, group in groupby(codes):
        yield code, sum(1 for _ in group)
