"""What processes have in common."""

from __future__ import annotations

import ctypes

_libc = ctypes.CDLL(None, use_errno=True)
_KCMP_VM = 1


def share_memory(kcmp: int, first: int, second: int) -> bool:
    """Whether two processes have one address space; true too where the kernel cannot tell.

    *kcmp* is the number of the system call kcmp(2), which a kernel may have been built without.
    """
    return bool(_libc.syscall(kcmp, first, second, _KCMP_VM, 0, 0) <= 0)
