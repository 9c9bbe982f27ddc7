"""Who may connect: whoever reaches the server may trace what its user may."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from pathlib import Path

from dapserver.debugger.errors import DebuggerError

_TABLES = {socket.AF_INET: "/proc/net/tcp", socket.AF_INET6: "/proc/net/tcp6"}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be reached from this machine."""
    infos = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return all(ipaddress.ip_address(str(info[4][0]).split("%")[0]).is_loopback for info in infos)


def read_token(path: str) -> str:
    """The token in a file; DebuggerError if others may read it, or it is too short to be one."""
    file = Path(path)
    try:
        token = file.read_text().strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise DebuggerError(f"cannot read the token file {path}: {error}") from None
    if mode & 0o077:
        raise DebuggerError(f"others may read the token file {path}: 'chmod 600 {path}' first")
    if len(token) < 16:
        raise DebuggerError(
            f"the token in {path} is shorter than 16 characters; make one with "
            f"'head -c 24 /dev/urandom | base64 > {path}'"
        )
    return token


def refuse_unix(client: socket.socket) -> str | None:
    """Why a client on the Unix socket may not come in; None if it may."""
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, _ = struct.unpack("iii", credentials)
    return _refuse_uid(uid, f"process {pid}")


def refuse_tcp(client: socket.socket, *, has_token: bool) -> str | None:
    """Why a TCP client may not come in; None if it may.

    On this machine the kernel's table of connections tells whose socket is at the other end,
    whichever of the machine's addresses it has. From elsewhere it cannot be told: a listener that
    can be reached from there has a token, which is asked for later.
    """
    here, there = client.getsockname(), client.getpeername()
    if has_token and not ipaddress.ip_address(here[0].split("%")[0]).is_loopback:
        return None
    uid = _owner(client.family, there, here)
    if uid is None:
        return f"the owner of port {there[1]} cannot be found out"
    return _refuse_uid(uid, f"port {there[1]}")


def _refuse_uid(uid: int, who: str) -> str | None:
    if uid in (os.getuid(), 0):
        return None
    return f"{who} belongs to uid {uid}; only uid {os.getuid()} and root may debug as uid {os.getuid()}"


def _owner(family: int, local: tuple[str, int], remote: tuple[str, int]) -> int | None:
    """The uid of the socket that has these two ends, from /proc/net/tcp (proc(5))."""
    wanted = {_both_ends(family, local, remote)}
    if family == socket.AF_INET6 and local[0].startswith("::ffff:"):
        family = socket.AF_INET
        ends = [(address[0].removeprefix("::ffff:"), address[1]) for address in (local, remote)]
        wanted.add(_both_ends(family, *ends))
    for table in _TABLES.values():
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if f"{fields[1]} {fields[2]}" in wanted:
                return int(fields[7])
    return None


def _both_ends(family: int, local: tuple[str, int], remote: tuple[str, int]) -> str:
    return f"{_end(family, local)} {_end(family, remote)}"


def _end(family: int, address: tuple[str, int]) -> str:
    """As the table writes it: words of four bytes in the machine's order, in hexadecimal."""
    packed = socket.inet_pton(family, address[0].split("%")[0])
    words = struct.unpack(f"{len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"
