"""Executable memory that no file backs: where just-in-time compilers put their code."""

from __future__ import annotations


def anonymous_code(pid: int) -> list[range]:
    """Give the addresses of a process's executable mappings without a file, in their order.

    From /proc/PID/maps (proc_pid_maps(5)). Of a process whose leader has ended, give another
    thread's id. Empty if the process is gone or may not be looked at.
    """
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            lines = file.readlines()
    except OSError:
        return []
    result = []
    for line in lines:
        addresses, permissions, _, _, inode, *name = line.split(None, 5)
        if permissions[2:3] == b"x" and inode == b"0" and not b"".join(name).startswith(b"[v"):
            start, _, end = addresses.partition(b"-")
            result.append(range(int(start, 16), int(end, 16)))
    return result
