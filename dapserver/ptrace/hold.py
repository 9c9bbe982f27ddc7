"""Become a program, but not before a tracer says so. Run by its path, in a process of its own:

    python -I -S hold.py SOCKET NOFILE PROGRAM [ARGUMENT...]

It connects to SOCKET (whose owner thereby learns its pid), waits for a byte, and executes PROGRAM
with NOFILE as soft limit on open files. If that fails it sends back the errno as text; the socket
closes by itself if it succeeds. So a launched program runs in the terminal and with the
environment that somebody else gave it, and is traced from its first instruction.
"""

import ctypes
import os
import resource
import signal
import socket
import sys

PR_SET_PTRACER = 0x59616D61  # prctl(2); the owner of the socket is no parent of ours in a terminal


def main(path: str, soft_limit: str, program: str, *arguments: str) -> None:
    with socket.socket(socket.AF_UNIX) as owner:
        owner.connect(path)
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1 & (1 << 64) - 1), 0, 0, 0)
        _forget_our_ways(int(soft_limit))
        if owner.recv(1) != b"\n":
            sys.exit(1)
        try:
            os.execvp(program, [program, *arguments])
        except OSError as error:
            owner.sendall(str(error.errno).encode())
    sys.exit(127)


def _forget_our_ways(soft_limit: int) -> None:
    """Signals and limits must be for the program as if no tracer had started it."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, set())
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard))


if __name__ == "__main__":
    main(*sys.argv[1:])
