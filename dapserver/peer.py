"""Whose the other end of a TCP connection on this machine is.

The kernel is asked for that one socket (sock_diag(7)); where it cannot be asked, in some containers,
its table is read (/proc/net/tcp, proc(5)), which takes milliseconds. A socket that nobody holds any
more (in TIME_WAIT, or orphaned) is shown as root's there, and has the inode number 0: it is nobody's.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

Address = tuple[str, int]

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI")
_ENDS = struct.Struct("!HH16s16s")
_ANY_INTERFACE_ANY_COOKIE = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
_ANSWER = struct.Struct("=BBBB48sIIIII")


def owner(family: int, local: Address, remote: Address) -> int | None:
    """The uid of the socket whose own end is *local*; None if there is none, or nobody holds it."""
    for family_, ends in _spellings(family, local, remote):
        with contextlib.suppress(OSError):
            uid = _ask(family_, *ends)
            if uid is not None:
                return uid
    return _look_up(
        {_as_in_table(f, a) + " " + _as_in_table(f, b) for f, (a, b) in _spellings(family, local, remote)}
    )


def _spellings(family: int, local: Address, remote: Address) -> Iterator[tuple[int, tuple[Address, Address]]]:
    """The ends as given; if they are IPv4 within IPv6, also as IPv4, which the other end may have."""
    yield family, (local, remote)
    if family == socket.AF_INET6 and local[0].startswith("::ffff:"):
        plain = [(address[0].removeprefix("::ffff:"), address[1]) for address in (local, remote)]
        yield socket.AF_INET, (plain[0], plain[1])


def _packed(family: int, address: Address) -> bytes:
    return socket.inet_pton(family, address[0].split("%")[0])


def _ask(family: int, local: Address, remote: Address) -> int | None:
    """Ask the kernel for one socket; OSError if it cannot be asked."""
    ends = _ENDS.pack(local[1], remote[1], _packed(family, local), _packed(family, remote))
    every_state = 0xFFFFFFFF
    body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, every_state) + ends + _ANY_INTERFACE_ANY_COOKIE
    header = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as netlink:
        netlink.settimeout(1)
        netlink.send(header + body)
        answer = netlink.recv(8192)
    if _HEADER.unpack_from(answer)[1] != _SOCK_DIAG_BY_FAMILY:
        return None
    *_, found, _expires, _received, _unsent, uid, inode = _ANSWER.unpack_from(answer, _HEADER.size)
    # Where no connection has these ends, a listener on the same port is given.
    return int(uid) if inode and found[: _ENDS.size] == ends else None


def _look_up(wanted: set[str]) -> int | None:
    for table in _TABLES:
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if f"{fields[1]} {fields[2]}" in wanted and fields[9] != "0":
                return int(fields[7])
    return None


def _as_in_table(family: int, address: Address) -> str:
    """Words of four bytes in the machine's order, in hexadecimal."""
    packed = _packed(family, address)
    words = struct.unpack(f"{len(packed) // 4}I", packed)
    return "".join(f"{word:08X}" for word in words) + f":{address[1]:04X}"
