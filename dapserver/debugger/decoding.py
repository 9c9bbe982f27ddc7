"""The decoder of x86-64 machine code: capstone's, with all that it tells of an instruction."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from capstone import Cs


@lru_cache(maxsize=1)
def decoder() -> Cs:
    """The one that all share."""
    import capstone  # noqa: PLC0415 - 40 ms of start-up

    made = capstone.Cs(capstone.CS_ARCH_X86, capstone.CS_MODE_64)
    made.detail = True
    return made
