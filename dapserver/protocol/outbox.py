"""Everything that goes to the client, in order, at the client's pace.

Two things wait here. While a request is being handled, events wait until its response is out.
While the client reads too slowly, all messages wait, and a thread's `started` and `exited` that
both still wait annihilate, so that a slow client neither slows the target nor fills our memory.
"""

from __future__ import annotations

import asyncio
import itertools

from dapserver.protocol.envelopes import Event, Response, ReverseRequest

BACKLOG = 4 << 20
"""Bytes the transport may hold before messages wait here instead."""

AT_ONCE = 32
"""Responses that are written together at most: to many requests at once, as an editor sends them for the
stacks of 500 threads. A write costs as much as half of what a stack does, and the client a wake-up."""

DROP_OUTPUT = 1024
"""Messages that may wait before the program's own output is no longer worth keeping."""


ThreadChange = tuple[str, int]
"""A thread event without its envelope: ("started" or "exited", tid). They come by the thousand."""

Message = Response | Event | ReverseRequest | ThreadChange


class Outbox:
    """Orders, holds, encodes and writes messages."""

    def __init__(self, transport: asyncio.WriteTransport) -> None:
        transport.set_write_buffer_limits(high=BACKLOG)
        self._transport = transport
        self._seq = itertools.count(1)
        self._held: list[Message] = []
        self._waiting: dict[int, Message] = {}
        self._waiting_keys = itertools.count()
        self._unwritten_starts: dict[int, int] = {}
        self._full = False
        self._pieces: list[bytes] = []
        """Encoded messages that are written together."""
        self.turn_taken = False
        """Whether events are held back, because a request is being handled."""
        self.announced: dict[int, None] = {}
        """The threads that the client knows once it has read all that was sent: in order of
        their `started`, without those whose `exited` was sent."""

    # -- what may be said when -----------------------------------------------------------

    def take_turn(self) -> None:
        """Hold events back from here on: a request is being handled."""
        self.turn_taken = True

    def yield_turn(self) -> None:
        """Let the held events follow the response that was just sent."""
        self.turn_taken = False
        self.flush()

    @property
    def full(self) -> bool:
        """Whether the client reads too slowly, so that what can be left unsaid should be."""
        return self._full

    @property
    def overfull(self) -> bool:
        """Whether so much waits for the client that the program's output is to be dropped."""
        return len(self._waiting) > DROP_OUTPUT

    # -- messages --------------------------------------------------------------------------

    def post(self, event: Message) -> None:
        """Queue an event; it leaves with the next `flush`."""
        self._held.append(event)

    def flush(self) -> None:
        """Write all queued events at once, unless a request is waiting for its response."""
        if self._held and not self.turn_taken:
            held, self._held = self._held, []
            self._send(held)

    def send(self, message: Response | ReverseRequest, *, more_soon: bool = False) -> None:
        """Write a message that is not an event, before any event that is held back.

        *more_soon*: others follow within this turn of the loop most likely, and may be written with it.
        """
        self._send([message], more_soon=more_soon)

    # -- writing ---------------------------------------------------------------------------

    def _send(self, messages: list[Message], *, more_soon: bool = False) -> None:
        announced = self.announced
        for message in messages:
            if type(message) is tuple:
                reason, tid = message
                if reason == "started":
                    announced[tid] = None
                else:
                    announced.pop(tid, None)
        if self._full:
            for message in messages:
                self._keep(message)
        else:
            self._write(messages, more_soon=more_soon)

    def _keep(self, message: Message) -> None:
        """Queue behind what waits already, or drop it together with its opposite."""
        key = next(self._waiting_keys)
        if type(message) is not tuple:
            # It may mention any thread started before it: those may no longer vanish.
            self._unwritten_starts.clear()
        elif message[0] == "started":
            self._unwritten_starts[message[1]] = key
        elif (start := self._unwritten_starts.pop(message[1], None)) is not None:
            del self._waiting[start]
            return
        self._waiting[key] = message

    def _write(self, messages: list[Message], *, more_soon: bool = False) -> None:
        pieces = self._pieces
        pieces += [self._encode(message) for message in messages]
        if not more_soon or len(pieces) >= AT_ONCE:
            self.write_out()
        elif len(pieces) == len(messages):
            asyncio.get_running_loop().call_soon(self.write_out)

    def write_out(self) -> None:
        """Write what was to be written together with more."""
        if self._pieces and not self._transport.is_closing():
            self._transport.write(b"".join(self._pieces))
        self._pieces.clear()

    def _encode(self, message: Message) -> bytes:
        seq = next(self._seq)
        if isinstance(message, tuple):
            # By hand: a storm of threads is a storm of these, and a model costs 4 us each.
            reason, tid = message
            body = (
                f'{{"seq":{seq},"type":"event","event":"thread",'
                f'"body":{{"reason":"{reason}","threadId":{tid}}}}}'
            )
            return f"Content-Length: {len(body)}\r\n\r\n{body}".encode("ascii")
        data = message.write(seq).encode()
        return b"Content-Length: %d\r\n\r\n%b" % (len(data), data)

    # -- flow control: called by the transport's protocol ------------------------------------

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        waiting, self._waiting = self._waiting, {}
        self._unwritten_starts.clear()
        self._write(list(waiting.values()))
