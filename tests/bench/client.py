"""A DAP client that costs next to nothing while it is measured with.

It reads what there is, stamps it, and looks into it afterwards: on a machine of two processors
a client that parses JSON meanwhile measures itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
READ_SIZE = 1 << 20
DAP_TIMEOUT = 120.0


class Refused(Exception):
    """The debugger answered that it will not."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message, and when its last byte was read: CLOCK_MONOTONIC nanoseconds."""

    time: int
    raw: bytes

    def decode(self) -> Message:
        message: Message = json.loads(self.raw)
        return message


class RawClient:
    """A connection, over two file descriptors. Timeouts in seconds raise TimeoutError."""

    def __init__(self, reader: int, writer: int, close: Callable[[], None]) -> None:
        self._reader, self._writer, self._close = reader, writer, close
        self._poll = select.poll()
        self._poll.register(reader, select.POLLIN)
        self._chunks: list[tuple[int, bytes]] = []
        self._rest = b""
        self._seq = 0
        self._answers: dict[int, Received] = {}
        self.received: list[Received] = []
        self.refusals: list[str] = []  # of `requests`

    @classmethod
    def tcp(cls, port: int) -> RawClient:
        sock = socket.create_connection(("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(sock.fileno(), sock.fileno(), sock.close)

    def close(self) -> None:
        self._close()

    # -- requests and events -------------------------------------------------------------

    def send(self, command: str, arguments: Message | None = None) -> int:
        self._seq += 1
        body = json.dumps(
            {"seq": self._seq, "type": "request", "command": command, "arguments": arguments or {}}
        ).encode()
        os.write(self._writer, b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        return self._seq

    def response(self, seq: int, timeout: float = DAP_TIMEOUT) -> Received:
        """Wait for the response to request *seq*; Refused if it was not successful."""
        self.wait(lambda: seq in self._answers, f"a response to request {seq}", timeout)
        message = self._answers[seq].decode()
        if not message["success"]:
            raise Refused(f"{message['command']}: {message.get('message')} {message.get('body')}")
        return self._answers[seq]

    def request(self, command: str, arguments: Message | None = None) -> tuple[float, Message]:
        """Send a request: milliseconds to the last byte of its response, and the body of that."""
        sent = time.monotonic_ns()
        received = self.response(self.send(command, arguments))
        return (received.time - sent) / 1e6, received.decode().get("body") or {}

    def requests(self, command: str, many: Iterable[Message]) -> list[Message]:
        """Send many requests at once, as an editor does: the bodies of the responses to those granted."""
        bodies = []
        for seq in [self.send(command, arguments) for arguments in many]:
            try:
                bodies.append(self.response(seq).decode()["body"])
            except Refused as refused:
                self.refusals.append(str(refused))
        return bodies

    def event(self, name: str, since: int = 0, timeout: float = DAP_TIMEOUT) -> Received:
        """Wait for the first event of this name from the message number *since* on."""
        found: list[Received] = []
        position = since
        pattern = name.encode()

        def arrived() -> bool:
            nonlocal position
            for received in self.received[position:]:
                position += 1
                if pattern in received.raw and received.decode().get("event") == name:
                    found.append(received)
                    return True
            return False

        self.wait(arrived, f"an event {name}", timeout)
        return found[0]

    def messages(self) -> list[Message]:
        return [received.decode() for received in self.received]

    # -- reading -------------------------------------------------------------------------

    def wait(self, done: Callable[[], bool], what: str, timeout: float = DAP_TIMEOUT) -> None:
        deadline = time.monotonic() + timeout
        self._split()
        while not done():
            if not self._poll.poll(max(0, deadline - time.monotonic()) * 1000):
                raise TimeoutError(f"not within {timeout} s: {what}")
            self._read()
            self._split()

    def drain(self, quiet: float) -> None:
        """Read until nothing has come for *quiet* seconds."""
        while self._poll.poll(quiet * 1000):
            self._read()
        self._split()

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Read in the background meanwhile. The answer to a last `threads` ends it."""
        ending = threading.Event()

        def record() -> None:
            while not ending.is_set():
                self._read()

        reader = threading.Thread(target=record)
        reader.start()
        try:
            yield
        finally:
            ending.set()
            last = self.send("threads")
            reader.join()
            with contextlib.suppress(Refused):  # lldb-dap has no list while the program runs
                self.response(last)

    def _read(self) -> None:
        data = os.read(self._reader, READ_SIZE)
        self._chunks.append((time.monotonic_ns(), data))
        if not data:
            raise ConnectionError("the debugger hung up")

    def _split(self) -> None:
        """Cut what was read into messages; parse none but the responses' numbers."""
        for stamp, chunk in self._chunks:
            data, start = self._rest + chunk, 0
            while (header := data.find(b"\r\n\r\n", start)) >= 0:
                length = int(data[start:header].lower().partition(b"content-length:")[2].split()[0])
                end = header + 4 + length
                if len(data) < end:
                    break
                self._note(Received(stamp, data[header + 4 : end]))
                start = end
            self._rest = data[start:]
        self._chunks.clear()

    def _note(self, received: Received) -> None:
        self.received.append(received)
        if b'"request_seq"' in received.raw:
            self._answers[received.decode()["request_seq"]] = received
