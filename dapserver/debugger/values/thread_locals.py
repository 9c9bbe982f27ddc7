"""Where a thread has its copies of a module's thread-local variables.

Drepper, "ELF Handling For Thread-Local Storage", variant II (x86-64): the program's own block ends
at the thread pointer. Those of libraries are found by the table that the thread pointer leads to,
whose layout glibc tells debuggers in its `_thread_db_*` variables.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dapserver.symbols.dwarf.locations_evaluation import NotKnown
from dapserver.symbols.elf import SegmentType

if TYPE_CHECKING:
    from dapserver.debugger.modules import Module
    from dapserver.debugger.values.space import Space

DT_DEBUG = 21
LINK_MAP_LIMIT = 10_000
NOT_ALLOCATED = (1 << 64) - 1
# struct r_debug and struct link_map of link.h
R_MAP, L_LD, L_NEXT = 8, 16, 24


def thread_block(space: Space, module: Module, thread_pointer: int) -> int:
    """Give the address of a thread's block of *module*. Raises NotKnown."""
    image = space.modules.image(module)
    segment = next((s for s in image.segments if s.type == SegmentType.TLS), None) if image else None
    if segment is None:
        raise NotKnown("the module has no thread-local variables")
    if module is next(iter(_programs(space)), None):
        alignment = max(segment.alignment, 1)
        size = segment.memory_size + (-segment.memory_size) % alignment
        return thread_pointer - size
    number = _module_number(space, module)
    table = space.word(thread_pointer + _descriptor(space, "pthread_dtvp")[1])
    size, offset = _descriptor(space, "dtv_dtv")
    slot = table + offset + number * size
    block = space.word(slot + _descriptor(space, "dtv_t_pointer_val")[1])
    if block == NOT_ALLOCATED:
        raise NotKnown("the thread has not used these variables yet")
    return block


def _descriptor(space: Space, name: str) -> tuple[int, int]:
    """(size in bytes, offset) of a field, as glibc tells them."""
    for module in space.modules:
        image = space.modules.image(module)
        for address in image.symbols.addresses_of(f"_thread_db_{name}") if image else ():
            data = space.read(address + module.bias, 12)
            return int.from_bytes(data[:4], "little") // 8, int.from_bytes(data[8:], "little")
    raise NotKnown("the C library does not tell where it keeps thread-local variables")


def _module_number(space: Space, module: Module) -> int:
    image = space.modules.image(module)
    dynamic = next((s for s in image.segments if s.type == SegmentType.DYNAMIC), None) if image else None
    if dynamic is not None:
        for link_map in _link_maps(space):
            if space.word(link_map + L_LD) == dynamic.address + module.bias:
                return space.word(link_map + _descriptor(space, "link_map_l_tls_modid")[1])
    raise NotKnown("the dynamic loader does not list the module")


def _link_maps(space: Space) -> Iterator[int]:
    """The dynamic loader's list of modules, by what the program's DT_DEBUG leads to."""
    for program in _programs(space):
        image = space.modules.image(program)
        dynamic = next((s for s in image.segments if s.type == SegmentType.DYNAMIC), None) if image else None
        if dynamic is None:
            continue
        for position in range(0, dynamic.memory_size, 16):
            at = dynamic.address + program.bias + position
            if space.word(at) == DT_DEBUG:
                link_map = space.word(space.word(at + 8) + R_MAP)
                for _ in range(LINK_MAP_LIMIT):
                    if link_map == 0:
                        return
                    yield link_map
                    link_map = space.word(link_map + L_NEXT)


def _programs(space: Space) -> Iterator[Module]:
    """The module that names its interpreter or, if linked statically, has none."""
    modules = list(space.modules)
    for module in modules:
        image = space.modules.image(module)
        if image is not None and (image.interpreter is not None or image.header.type == 2):
            yield module
    for module in modules:
        if not module.path.startswith("["):
            yield module
