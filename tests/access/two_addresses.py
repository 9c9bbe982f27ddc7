"""Run in a network of its own: connect to a server on loopback from another address, as another user.

    unshare --net python two_addresses.py SIGN

The server listens on 127.0.0.1 and is root's. This machine has a second address; the other user
binds to that before it connects, and wants a file SIGN to be made by the server's hands.
"""

from __future__ import annotations

import fcntl
import socket
import struct
import subprocess
import sys

from dapserver.client import encode
from tests.access.users import as_other, initialize_and, other_users_environment
from tests.support.server import Server

ADDRESS = "192.0.2.7"  # of a network for documentation (RFC 5737)
SIOCSIFFLAGS, SIOCSIFADDR = 0x8914, 0x8916
IFF_UP = 1

CONNECT = """
import socket, sys
client = socket.socket()
client.bind((sys.argv[1], 0))
client.connect(("127.0.0.1", int(sys.argv[2])))
client.sendall(sys.stdin.buffer.read())
client.settimeout(10)
received = b""
try:
    while data := client.recv(65536):
        received += data
        if b'"exited"' in received:
            break
except OSError as error:
    print(type(error).__name__)
print("received", len(received))
"""


def bring_up() -> None:
    """Loopback, with a second address (netdevice(7))."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(ADDRESS))
        fcntl.ioctl(control, SIOCSIFADDR, struct.pack("16s16s", b"lo:1", address))


def main(sign: str) -> None:
    bring_up()
    launch = initialize_and("launch", program="/bin/touch", args=[sign])
    launch += encode({"seq": 3, "type": "request", "command": "configurationDone"})
    with Server() as server:
        subprocess.run(
            as_other(sys.executable, "-c", CONNECT, ADDRESS, str(server.port)),
            input=launch,
            env=other_users_environment(),
            check=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
