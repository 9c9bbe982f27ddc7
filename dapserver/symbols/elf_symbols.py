"""The symbol table of an ELF file, asked by address (gABI chapter 4, "Symbol Table")."""

from __future__ import annotations

import re
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

SYMBOL = struct.Struct("<IBBHQQ")
NAME_CHUNK = 128
NESTING_LIMIT = 1000  # symbols looked at for one that contains an address

STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_GNU_IFUNC = 0, 1, 2, 10
SHN_UNDEF, SHN_ABS, SHN_COMMON = 0, 0xFFF1, 0xFFF2
NO_ADDRESS = frozenset({SHN_UNDEF, SHN_ABS, SHN_COMMON})

FUNCTION = 4  # a rank from here on is a function's; below, the binding counts
BINDING_RANK = {STB_WEAK: 2, STB_GLOBAL: 3, STB_GNU_UNIQUE: 3}
TYPE_RANK = {STT_NOTYPE: 0, STT_OBJECT: 0, STT_FUNC: FUNCTION, STT_GNU_IFUNC: FUNCTION}
# By st_info; 0 is a symbol that names no address (a section, a file, a thread-local).
RANK = bytes(
    TYPE_RANK[info & 15] + BINDING_RANK.get(info >> 4, 1) if info & 15 in TYPE_RANK else 0
    for info in range(256)
)
LOCAL_LABEL = STB_LOCAL << 4 | STT_NOTYPE
LAST_ADDRESS = (1 << 64) - 1

# A symbol in the sorted index is one int: start, rank, number in the table. 300,000 of them
# sort in a fraction of a second and take 6 MB once unpacked, where tuples would take 60.
RANK_SHIFT, START_SHIFT, NUMBER_MASK = 32, 40, (1 << 32) - 1


class Nearest(NamedTuple):
    """The symbol an address belongs to. *size* 0: it tells none and is the nearest label."""

    name: str
    offset: int
    size: int


class _Symbol(NamedTuple):
    """An Elf64_Sym."""

    name: int
    info: int
    other: int
    section: int
    start: int
    size: int


class _Index:
    """The symbols that have an address, in order of their starts, the best of one start last."""

    __slots__ = ("_max_ends", "_numbers", "_starts", "_table")

    def __init__(self, table: memoryview, names: memoryview) -> None:
        self._table = table
        fields = SYMBOL.iter_unpack(table)
        keys = sorted(
            start << START_SHIFT | RANK[info] << RANK_SHIFT | number
            for number, (name, info, _, section, start, size) in enumerate(fields)
            if RANK[info]
            and section not in NO_ADDRESS
            and (size or info != LOCAL_LABEL or not _is_mapping_symbol(names, name))
        )
        words = table.cast("Q")
        ends = ((key >> START_SHIFT) + words[3 * (key & NUMBER_MASK) + 2] for key in keys)
        self._starts = array("Q", [key >> START_SHIFT for key in keys])
        self._numbers = array("I", [key & NUMBER_MASK for key in keys])
        self._max_ends = array("Q", accumulate(map(partial(min, LAST_ADDRESS), ends), max))

    def _symbol(self, position: int) -> _Symbol:
        return _Symbol._make(SYMBOL.unpack_from(self._table, self._numbers[position] * SYMBOL.size))

    def containing(self, address: int) -> Iterator[_Symbol]:
        """The sized symbols that contain *address*, innermost first.

        Symbols nest (hand-written assembly), so one that ended already may hide one that has
        not; the highest end so far tells when there is none further down. A damaged size must
        not make this walk through the whole table.
        """
        last = bisect_right(self._starts, address)
        for position in range(last - 1, max(last - NESTING_LIMIT, 0) - 1, -1):
            if self._max_ends[position] <= address:
                return
            symbol = self._symbol(position)
            if symbol.start + symbol.size > address:
                yield symbol

    def end_before(self, address: int) -> int | None:
        """The end of the last sized symbol that ends before *address* or there; None inside of one."""
        position = bisect_right(self._starts, address - 1)
        if not position or not self._starts[0] < self._max_ends[position - 1] <= address:
            return None
        return int(self._max_ends[position - 1])

    def labels(self, address: int) -> Iterator[_Symbol]:
        """The symbols without size next before *address*, unless a sized one ended since."""
        position = bisect_right(self._starts, address)
        if not position or self._max_ends[position - 1] > self._starts[position - 1]:
            return
        start = self._starts[position - 1]
        while position and self._starts[position - 1] == start:
            position -= 1
            yield self._symbol(position)


class SymbolTable:
    """The symbols of one file. Addresses are the file's own, without the load bias."""

    __slots__ = ("_lazy_index", "_names", "_section_ends", "_table")

    def __init__(self, table: memoryview, names: memoryview, section_ends: Sequence[int]) -> None:
        """Take a symbol section, its string table, and the end address of each section.

        Without *section_ends*, symbols without size are never given.
        """
        self._table = table[: len(table) - len(table) % SYMBOL.size]
        self._names = names
        self._section_ends = section_ends
        self._lazy_index: _Index | None = None

    def __len__(self) -> int:
        """Count the entries of the table, those without an address included."""
        return len(self._table) // SYMBOL.size

    def nearest(self, address: int) -> Nearest | None:
        """Find the symbol that *address* belongs to; None if there is none.

        A function goes before other symbols, an inner one before an outer one, then global before
        weak before local. A symbol that tells its size is never given for an address behind its
        end. One that does not (a label in assembly) is given up to the next symbol or the end of
        its section. The first call sorts the table.
        """
        index = self._index()
        return self._best(address, index.containing(address)) or self._best(
            address,
            (symbol for symbol in index.labels(address) if self._section_end(symbol) > address),
        )

    def end_before(self, address: int) -> int | None:
        """Find where the symbols before *address* end; None if it is in one, or there are none."""
        return self._index().end_before(address)

    def addresses_of(self, name: str) -> list[int]:
        """Find where the symbols of this very name are, those without a place in the file left out."""
        return [symbol.start for symbol in self._named(name)]

    def is_indirect(self, name: str) -> bool:
        """Tell whether *name* is a function that chooses among several when it is linked (STT_GNU_IFUNC)."""
        return any(symbol.info & 0xF == STT_GNU_IFUNC for symbol in self._named(name))

    def _named(self, name: str) -> Iterator[_Symbol]:
        text = name.encode() + b"\0"
        places = {match.start() for match in re.finditer(re.escape(text), self._names)}
        places = {place for place in places if place == 0 or self._names[place - 1] == 0} or places
        for place in places:
            for match in re.finditer(re.escape(place.to_bytes(4, "little")), self._table):
                if match.start() % SYMBOL.size == 0:
                    symbol = _Symbol._make(SYMBOL.unpack_from(self._table, match.start()))
                    if symbol.section not in NO_ADDRESS:
                        yield symbol

    def mentions_mangled(self, name: str) -> bool:
        """Tell whether a symbol that C++ or Rust has mangled has *name* as one of its names.

        Names follow their lengths (Itanium C++ ABI, 5.1; Rust's v0 mangling), and then comes the end
        of a list of names, what a template was made with, or the hash of Rust's older mangling.
        """
        part = re.escape(f"{len(name.encode())}{name}".encode())
        pattern = rb"\0_ZL?%b|\0_Z[^\0]*[^\0\d]%b(?:[EIB]|17h)|\0_R[^\0]*[^\0\d]%b" % (part, part, part)
        return re.search(pattern, self._names) is not None

    def functions_mentioning(self, text: str) -> Iterator[tuple[str, int]]:
        """Give names and addresses of the functions that have *text* in their names, in table order."""
        # From the start of each name with the text up to the text: symbols share the ends of names.
        starts, lasts = [-1], [-1]
        for match in re.finditer(re.escape(text.encode()), self._names):
            start = _name_start(self._names, match.start())
            if start != starts[-1]:
                starts.append(start)
                lasts.append(match.start())
            lasts[-1] = match.start()
        for name, info, _, section, start, _ in SYMBOL.iter_unpack(self._table):
            if RANK[info] >= FUNCTION and section not in NO_ADDRESS:
                index = bisect_right(starts, name) - 1
                if name <= lasts[index]:
                    yield _string(self._names, name).decode(errors="replace").partition("@@")[0], start

    def _index(self) -> _Index:
        if self._lazy_index is None:
            self._lazy_index = _Index(self._table, self._names)
        return self._lazy_index

    def _best(self, address: int, symbols: Iterator[_Symbol]) -> Nearest | None:
        """The best of *symbols*; of names for the same code the plainest: `read`, not `__read`."""
        named = [(symbol, name) for symbol in symbols if (name := self._name(symbol))]
        if not named:
            return None

        def merit(candidate: tuple[_Symbol, str]) -> tuple[bool, int, int, int, int, str]:
            symbol, name = candidate
            rank = RANK[symbol.info]
            underscores = len(name) - len(name.lstrip("_"))
            return rank >= FUNCTION, symbol.start, rank, -underscores, -len(name), name

        symbol, name = max(named, key=merit)
        return Nearest(name, address - symbol.start, symbol.size)

    def _name(self, symbol: _Symbol) -> str:
        """The name without a default version (`memcpy@@GLIBC_2.14`); empty if it cannot be read."""
        return _string(self._names, symbol.name).decode(errors="replace").partition("@@")[0]

    def _section_end(self, symbol: _Symbol) -> int:
        ends = self._section_ends
        return ends[symbol.section] if symbol.section < len(ends) else 0


def _is_mapping_symbol(names: memoryview, offset: int) -> bool:
    """Tell the marks between code and data of the Arm ABIs ($x, $d), which name nothing."""
    return offset < len(names) and names[offset] == ord("$")


def _name_start(table: memoryview, position: int) -> int:
    """Where the string around *position* starts."""
    start = position
    while start:
        before = bytes(table[max(start - NAME_CHUNK, 0) : start])
        zero = before.rfind(b"\0")
        if zero >= 0:
            return start - len(before) + zero + 1
        start -= len(before)
    return 0


def _string(table: memoryview, offset: int) -> bytes:
    """The zero-terminated string at *offset*; empty if it has no end within *table*."""
    text = b""
    while offset < len(table):
        head, zero, _ = bytes(table[offset : offset + NAME_CHUNK]).partition(b"\0")
        text += head
        if zero:
            return text
        offset += NAME_CHUNK
    return b""
