"""Accept and fork: one process per session, so that none can harm another. And stdio."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import logging
import os
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import dapserver.requests  # noqa: F401 - registers the handlers
from dapserver import access
from dapserver.debugger.errors import DebuggerError
from dapserver.protocol.framing import MAX_HEADER
from dapserver.protocol.model import build_all
from dapserver.protocol.outbox import Outbox
from dapserver.protocol.wire import Connection, resolve_arguments
from dapserver.ptrace import procfs
from dapserver.session import Session

log = logging.getLogger(__name__)

REAP_EVERY = 5
"""Seconds after which ended sessions are noticed even if no client comes."""

LATE = (
    "dapserver.debugger.unwinding",
    "dapserver.symbols.debug_files",
    "dapserver.debugger.values.inspector",
    "dapserver.debugger.values.call_sites",
    "dapserver.debugger.values.listing",
    "dapserver.symbols.dwarf.variables_of_file",
    "dapserver.wishes",
    "dapserver.debugger.evaluation.compiled",
    "dapserver.debugger.evaluation.parser",
    "dapserver.debugger.disassembly",
    "concurrent.futures.thread",
    "capstone",
)
"""What a session imports when it needs it; a server does so before, while nobody waits for it."""

GARBAGE_AT = 10_000
"""New objects after which cycles among them are looked for. Python's 700 make that a seventh of the time
that debug information takes to be read; this a twentieth."""

_END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Streams(asyncio.StreamReaderProtocol):
    """A stream whose flow control is told to the outbox too."""

    outbox: Outbox | None = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.outbox is not None:
            self.outbox.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.outbox is not None:
            self.outbox.resume_writing()

    async def room(self) -> None:
        """Wait until the client has read enough; ConnectionError once it is gone."""
        await self._drain_helper()  # type: ignore[attr-defined] # what StreamWriter.drain calls


async def _serve(
    reader: asyncio.StreamReader,
    streams: _Streams,
    transport: asyncio.WriteTransport,
    token: str | None,
) -> None:
    gc.set_threshold(GARBAGE_AT)
    outbox = streams.outbox = Outbox(transport)
    connection = Connection(reader, outbox, streams.room)
    session = connection.session = Session(connection, token)
    loop = asyncio.get_running_loop()
    for number in _END_SIGNALS:
        loop.add_signal_handler(number, connection.hang_up)
    try:
        await connection.serve()
    except Exception:
        log.exception("session ended by an error")
    await session.close()
    outbox.write_out()
    await _flush(transport)
    logging.shutdown()
    # Threads of the target that run are let go by the kernel now. A slower end would leave them
    # with a tracer that does not resume them.
    os._exit(0)


async def _flush(transport: asyncio.WriteTransport) -> None:
    """Give the last messages a moment to leave."""
    transport.close()
    deadline = asyncio.get_running_loop().time() + 1
    while (  # noqa: ASYNC110 - a transport tells nobody when it is empty
        transport.get_write_buffer_size() and asyncio.get_running_loop().time() < deadline
    ):
        await asyncio.sleep(0.005)


async def _serve_socket(sock: socket.socket, token: str | None) -> None:
    reader = asyncio.StreamReader(limit=MAX_HEADER)
    streams = _Streams(reader)
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: streams, sock)
    await _serve(reader, streams, transport, token)


async def _serve_pipes(wire_in: int, wire_out: int) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=MAX_HEADER)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(wire_in, "rb", 0))
    streams = _Streams(asyncio.StreamReader())
    transport, _ = await loop.connect_write_pipe(lambda: streams, os.fdopen(wire_out, "wb", 0))
    await _serve(reader, streams, transport, None)


def serve_stdio() -> None:
    """Serve one client on stdin and stdout; whatever else writes to stdout goes to stderr.

    Does not return. DebuggerError if they are files.
    """
    if any(stat.S_ISREG(os.fstat(fd).st_mode) for fd in (0, 1)):
        raise DebuggerError("stdin and stdout must be pipes, sockets or a terminal, not files")
    wire_in, wire_out = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    asyncio.run(_serve_pipes(wire_in, wire_out))


# -- many clients --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that accepts clients, how to name it, and who may come in."""

    sock: socket.socket
    name: str
    token: str | None = None

    def admits(self, client: socket.socket) -> str | None:
        """None if this client may come in, otherwise why not."""
        if self.sock.family == socket.AF_UNIX:
            return access.refuse_unix(client)
        return access.refuse_tcp(client, has_token=self.token is not None)


def listen_tcp(host: str, port: int, token: str | None) -> Listener:
    """Bind and listen; OSError if the address cannot be had."""
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = infos[0]
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.listen(128)
    bound = sock.getsockname()
    shown = f"[{bound[0]}]" if family == socket.AF_INET6 else bound[0]
    return Listener(sock, f"{shown}:{bound[1]}", token)


def listen_unix(path: str) -> Listener:
    """Bind and listen with mode 0600; a socket that nobody listens on any more is replaced."""
    sock = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(os.lstat(path).st_mode) and not _answers(path):
            os.unlink(path)
    old_mask = os.umask(0o177)
    try:
        sock.bind(path)
    finally:
        os.umask(old_mask)
    sock.listen(128)
    return Listener(sock, path)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


class _Ended(BaseException):
    """A signal asks the server to end."""


def serve_forever(listener: Listener) -> None:
    """Accept clients until a signal comes; then end every session cleanly."""
    sessions: set[int] = set()

    def end(_number: int, _frame: object) -> None:
        raise _Ended

    signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    for number in _END_SIGNALS:
        signal.signal(number, end)
    build_all()
    gc.freeze()  # what is loaded stays shared with the sessions
    print(f"dapserver: listening on {listener.name}", file=sys.stderr, flush=True)
    # An editor that starts a server on a socket of its own reads our stderr. If it is killed,
    # nobody is left to end us.
    watched = 2 if listener.sock.family == socket.AF_UNIX else None
    ahead = _prepare()
    prepared = False
    try:
        while True:
            if _somebody_came(listener, watched, REAP_EVERY if prepared else 0):
                _accept_one(listener, sessions)
            elif not prepared:
                prepared = next(ahead, True)
                gc.freeze()
            elif _closed(watched):
                break
            _reap(sessions)
    except _Ended:
        pass
    finally:
        for number in _END_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        listener.sock.close()
        _end_sessions(sessions)
        if listener.sock.family == socket.AF_UNIX:
            Path(listener.name).unlink(missing_ok=True)


def _prepare() -> Iterator[Literal[False]]:
    """Do what sessions would have to do, one step of some milliseconds after the other."""
    resolve_arguments()
    for module in LATE:
        importlib.import_module(module)
        yield False
    from dapserver.symbols import familiar  # noqa: PLC0415 - 10 ms of start-up, and not for stdio

    for path in dict.fromkeys(mapping.path for mapping in procfs.mappings(procfs.maps(os.getpid()))):
        if familiar.C_LIBRARY.match(os.path.basename(path)):
            for _ in familiar.look_into(path):
                yield False


def _somebody_came(listener: Listener, watched: int | None, timeout: float) -> bool:
    """Wait some seconds for a client; False then, and when there is something else to see to."""
    poll = select.poll()
    poll.register(listener.sock, select.POLLIN)
    if watched is not None:
        poll.register(watched, 0)  # what it hears of: see _closed
    # Only here may a signal to end be taken: elsewhere it would find a session that is in no list
    # yet, or one that was reaped but is in the list still.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _END_SIGNALS)
    try:
        ready = poll.poll(timeout * 1000)
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
    return any(fd == listener.sock.fileno() for fd, _ in ready)


def _closed(watched: int | None) -> bool:
    """Whether nobody can read what is written to this descriptor any more (poll(2)).

    POLLERR: a pipe whose reading end is closed. POLLHUP: a socket, as Node.js gives to its children.
    """
    poll = select.poll()
    if watched is not None:
        poll.register(watched, 0)
    return any(happened & (select.POLLERR | select.POLLHUP) for _, happened in poll.poll(0))


def _accept_one(listener: Listener, sessions: set[int]) -> None:
    try:
        client, _ = listener.sock.accept()
    except (TimeoutError, ConnectionError):
        return
    except OSError as error:  # no more file descriptors or memory: it passes, or others can serve
        log.warning("cannot accept a client: %s", error)
        time.sleep(0.1)
        return
    with client:
        try:
            pid = os.fork()
        except OSError as error:
            log.warning("cannot serve a client: %s", error)
            return
        if pid == 0:
            _become_session(listener, client)
        sessions.add(pid)


def _become_session(listener: Listener, client: socket.socket) -> NoReturn:
    """In the forked process: serve one client and end, whatever happens."""
    code = 1
    try:
        for number in (*_END_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _END_SIGNALS)
        client.settimeout(None)
        listener.sock.close()
        if why := listener.admits(client):
            log.warning("refused a client: %s", why)
        else:
            asyncio.run(_serve_socket(client, listener.token))
        code = 0
    except BaseException:
        log.exception("session ended by an error")
    finally:
        logging.shutdown()
        os._exit(code)


def _reap(sessions: set[int]) -> None:
    for pid in list(sessions):
        if os.waitpid(pid, os.WNOHANG)[0]:
            sessions.discard(pid)


def _end_sessions(sessions: set[int]) -> None:
    _reap(sessions)
    for pid in sessions:
        os.kill(pid, signal.SIGTERM)
    for pid in sessions:
        os.waitpid(pid, 0)
