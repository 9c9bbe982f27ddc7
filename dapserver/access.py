"""Who may connect: whoever reaches the server may trace what its user may."""

from __future__ import annotations

import ipaddress
import os
import socket
import struct
from pathlib import Path

from dapserver import peer
from dapserver.debugger.errors import DebuggerError


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

    On this machine the kernel tells whose socket is at the other end, whichever of the machine's
    addresses it has. From elsewhere it cannot be told: a listener that can be reached from there
    has a token, which is asked for later.
    """
    here, there = client.getsockname(), client.getpeername()
    if has_token and not ipaddress.ip_address(here[0].split("%")[0]).is_loopback:
        return None
    uid = peer.owner(client.family, there[:2], here[:2])
    if uid is None:
        return f"the owner of port {there[1]} cannot be found out"
    return _refuse_uid(uid, f"port {there[1]}")


def _refuse_uid(uid: int, who: str) -> str | None:
    if uid in (os.getuid(), 0):
        return None
    return f"{who} belongs to uid {uid}; only uid {os.getuid()} and root may debug as uid {os.getuid()}"
