"""Where the procedure linkage table leads: from its entries to the functions of other modules. x86-64."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dapserver.debugger.memory import Memory
    from dapserver.debugger.modules import Modules
    from dapserver.symbols.elf import ElfFile

ENTRY = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25(.{4})", re.DOTALL)
"""endbr64, bnd jmp *offset(%rip) (System V ABI, AMD64 supplement, figure 5.2, and binutils since)."""
ENTRY_SIZE = 16

TABLES = (".plt", ".plt.sec", ".plt.got")
RELOCATION = struct.Struct("<QQq")
SYMBOL = struct.Struct("<IBBHQQ")


class Linkage:
    """The linkage between the modules of one process."""

    def __init__(self, modules: Modules, memory: Memory) -> None:
        self._modules = modules
        self._memory = memory

    def followed(self, address: int) -> int:
        """Give the function that a call of *address* comes to: another one if that is an entry of a table."""
        module = self._modules.at(address)
        image = self._modules.image(module) if module is not None else None
        if module is None or image is None or not _is_table(image, address - module.bias):
            return address
        try:
            found = ENTRY.match(self._memory.read(address, ENTRY_SIZE))
        except OSError:
            return address
        if found is None:
            return address
        slot = address + found.end() + int.from_bytes(found[1], "little", signed=True)
        target = self._memory.word(slot)
        if target is None:
            return address
        if _is_table(image, target - module.bias):  # it has not been called yet, and is bound then
            return self._defined(_symbol_of(image, slot - module.bias)) or address
        return target

    def _defined(self, name: str | None) -> int | None:
        """Where the first module that has a symbol has it: what the dynamic linker will choose."""
        for module in self._modules if name is not None else ():
            image = self._modules.image(module)
            for address in image.symbols.addresses_of(name) if image is not None and name is not None else ():
                return address + module.bias
        return None


def _is_table(image: ElfFile, address: int) -> bool:
    sections = (image.section(name) for name in TABLES)
    return any(each.address <= address < each.address + each.size for each in sections if each is not None)


def _symbol_of(image: ElfFile, slot: int) -> str | None:
    """The name that the dynamic linker is to look for to fill a slot of the global offset table."""
    sections = [image.section(name) for name in (".rela.plt", ".dynsym", ".dynstr")]
    contents = [bytes(image.contents(each)) for each in sections if each is not None]
    if len(contents) != len(sections):
        return None
    relocations, symbols, names = contents
    for offset, info, _ in RELOCATION.iter_unpack(relocations[: len(relocations) // 24 * 24]):
        at = (info >> 32) * SYMBOL.size
        if offset == slot and at + SYMBOL.size <= len(symbols):
            start = SYMBOL.unpack_from(symbols, at)[0]
            return names[start : names.find(b"\0", start)].decode(errors="replace")
    return None
