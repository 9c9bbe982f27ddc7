"""A small synchronous DAP client: what `dapserver demo` shows, and what the tests speak with.

It reads like a session: send requests, wait for events with a deadline. Every message stays in
`messages`, in the order of the wire, so that order itself can be checked.
"""

from __future__ import annotations

import json
import select
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

Message = dict[str, Any]
READ_SIZE = 1 << 18


class RequestFailed(Exception):
    """The server refused a request; the text is its message to the user."""

    def __init__(self, command: str, response: Message) -> None:
        self.response = response
        error = response.get("body", {}).get("error", {})
        super().__init__(error.get("format") or response.get("message") or f"{command} failed")


class Closed(Exception):
    """The server ended the connection."""


def encode(message: Message) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


@dataclass
class _Wire:
    """The two file descriptors of a connection, and what owns them."""

    reader: int
    write: Callable[[bytes], object]
    read: Callable[[int], bytes]
    close: Callable[[], object]


class DapClient:
    """One DAP connection. All timeouts are in seconds and raise TimeoutError."""

    def __init__(self, wire: _Wire, process: subprocess.Popen[bytes] | None = None) -> None:
        self._wire = wire
        self._buffer = bytearray()
        self._seq = 0
        self._answers: dict[int, Message] = {}
        self.process = process
        self.messages: list[Message] = []
        self.reverse_requests: list[Message] = []
        self.on_reverse_request: Callable[[Message], Message] = lambda _request: {}
        self.mark = 0  # wait_event looks at messages from here on

    @classmethod
    def tcp(cls, port: int, host: str = "127.0.0.1", timeout: float = 10) -> Self:
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls._of_socket(sock)

    @classmethod
    def unix(cls, path: str) -> Self:
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(path)
        return cls._of_socket(sock)

    @classmethod
    def _of_socket(cls, sock: socket.socket) -> Self:
        sock.settimeout(None)
        return cls(_Wire(sock.fileno(), sock.sendall, sock.recv, sock.close))

    @classmethod
    def stdio(cls, argv: list[str], **popen: Any) -> Self:
        """Start *argv* and speak with it over its stdin and stdout."""
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **popen)
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def close() -> None:
            stdin.close()
            stdout.close()

        return cls(_Wire(stdout.fileno(), stdin.write, stdout.read, close), process)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; wait for the server's process if this client started it."""
        self._wire.close()
        if self.process is not None:
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise

    # -- requests ------------------------------------------------------------------------

    def send(self, command: str, arguments: Message | None = None, **more: Any) -> int:
        """Send a request without waiting; the request's seq."""
        self._seq += 1
        message = {"seq": self._seq, "type": "request", "command": command}
        if arguments is not None or more:
            message["arguments"] = {**(arguments or {}), **more}
        self.send_raw(encode(message))
        return self._seq

    def send_raw(self, data: bytes) -> None:
        self._wire.write(data)

    def response(self, seq: int, timeout: float = 20) -> Message:
        """The whole response to request *seq*, successful or not."""
        self._pump(lambda: seq in self._answers, timeout, f"no response to request {seq}")
        return self._answers[seq]

    def request(self, command: str, arguments: Message | None = None, /, **more: Any) -> Message:
        """Send a request and return its response's body; RequestFailed if it was refused."""
        timeout = more.pop("timeout", 20)
        response = self.response(self.send(command, arguments, **more), timeout)
        if not response["success"]:
            raise RequestFailed(command, response)
        return dict(response.get("body") or {})

    def initialize(self, **more: Any) -> Message:
        """The usual first request; the server's capabilities."""
        return self.request(
            "initialize",
            {
                "clientID": "dapserver",
                "adapterID": "dapserver",
                "supportsInvalidatedEvent": True,
                **more,
            },
        )

    def attach(self, pid: int, **more: Any) -> Message:
        """initialize, attach, configurationDone: what an editor does at F5."""
        capabilities = self.initialize()
        self.request("attach", processId=pid, **more)
        self.request("configurationDone")
        return capabilities

    def threads(self) -> dict[int, str]:
        """Ask for the thread list: {tid: name}."""
        return {t["id"]: t["name"] for t in self.request("threads")["threads"]}

    # -- events ----------------------------------------------------------------------------

    def events(self, name: str | None = None, /, **body: Any) -> list[Message]:
        """Bodies of the events received so far of this name, with these values in the body."""
        return [m.get("body") or {} for m in self.messages if _is_event(m, name, body)]

    def wait_event(self, name: str, timeout: float = 20, /, **body: Any) -> Message:
        """The next event of this name with these values in its body; moves `mark` behind it."""
        position = self.mark

        def found() -> bool:
            nonlocal position
            while position < len(self.messages):
                if _is_event(self.messages[position], name, body):
                    return True
                position += 1
            return False

        self._pump(found, timeout, f"no event {name} {body or ''}")
        self.mark = position + 1
        return dict(self.messages[position].get("body") or {})

    def next_event(self, timeout: float = 20) -> Message:
        """The next event, whichever it is, as a whole message; moves `mark` behind it."""
        position = self.mark

        def found() -> bool:
            nonlocal position
            while position < len(self.messages) and self.messages[position]["type"] != "event":
                position += 1
            return position < len(self.messages)

        self._pump(found, timeout, "no event")
        self.mark = position + 1
        return self.messages[position]

    def wait_until(self, condition: Callable[[], bool], timeout: float = 20) -> None:
        """Read messages until *condition* holds."""
        self._pump(condition, timeout, "the condition did not come true")

    def live_threads(self) -> set[int]:
        """What the `thread` events received so far say is alive."""
        alive: set[int] = set()
        for body in self.events("thread"):
            (alive.add if body["reason"] == "started" else alive.discard)(body["threadId"])
        return alive

    def wait_closed(self, timeout: float = 20) -> None:
        """Read until the server hangs up."""
        try:
            self._pump(lambda: False, timeout, "the server did not hang up")
        except Closed:
            return

    # -- the wire --------------------------------------------------------------------------

    def _pump(self, done: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout
        while not done():
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._wire.reader], [], [], left)[0]:
                tail = self.messages[-4:]
                raise TimeoutError(f"{complaint} within {timeout} s; last messages: {tail}")
            self._read()

    def _read(self) -> None:
        data = self._wire.read(READ_SIZE)
        if not data:
            raise Closed("the server hung up")
        self._buffer += data
        for message in self._split():
            self.messages.append(message)
            if message["type"] == "response":
                self._answers[message["request_seq"]] = message
            elif message["type"] == "request":
                self._answer(message)

    def _split(self) -> Iterator[Message]:
        start = 0
        while (header := self._buffer.find(b"\r\n\r\n", start)) >= 0:
            length = int(self._buffer[start:header].split(b":")[1])
            end = header + 4 + length
            if len(self._buffer) < end:
                break
            yield json.loads(self._buffer[header + 4 : end])
            start = end
        del self._buffer[:start]

    def _answer(self, request: Message) -> None:
        self.reverse_requests.append(request)
        self._seq += 1
        self.send_raw(
            encode(
                {
                    "seq": self._seq,
                    "type": "response",
                    "request_seq": request["seq"],
                    "command": request["command"],
                    "success": True,
                    "body": self.on_reverse_request(request),
                }
            )
        )


def _is_event(message: Message, name: str | None, body: Message) -> bool:
    if message["type"] != "event" or (name is not None and message["event"] != name):
        return False
    got = message.get("body") or {}
    return all(got.get(key) == value for key, value in body.items())
