"""The order of messages, and what a client that does not read costs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from dapserver.protocol import types as dap
from dapserver.protocol.envelopes import Event, Response
from dapserver.protocol.outbox import AT_ONCE, Outbox


class Transport(asyncio.WriteTransport):
    """Keeps what is written, so that the order can be seen; a socket would not show each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))

    def is_closing(self) -> bool:
        return False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def messages(self) -> list[dict[str, Any]]:
        rest, result = b"".join(self.writes), []
        while rest:
            header, _, rest = rest.partition(b"\r\n\r\n")
            length = int(header.split(b":")[1])
            result.append(json.loads(rest[:length]))
            rest = rest[length:]
        return result

    def briefly(self) -> list[str]:
        return [
            f"{m['body']['reason']} {m['body']['threadId']}"
            if m.get("event") == "thread"
            else str(m.get("event") or m.get("command"))
            for m in self.messages()
        ]


@pytest.fixture
def transport() -> Transport:
    return Transport()


@pytest.fixture
def outbox(transport: Transport) -> Outbox:
    return Outbox(transport)


def test_a_thread_event_is_what_the_model_would_say(outbox: Outbox, transport: Transport) -> None:
    outbox.post(("started", 7))
    outbox.post(Event(event="thread", body=dap.ThreadEventBody(reason="started", thread_id=7)))
    outbox.flush()
    by_hand, by_model = transport.messages()
    assert by_hand.pop("seq") + 1 == by_model.pop("seq")
    assert by_hand == by_model


def test_the_events_of_one_wake_up_are_one_write(outbox: Outbox, transport: Transport) -> None:
    for tid in range(100):
        outbox.post(("started", tid))
    outbox.flush()
    assert len(transport.writes) == 1
    assert len(transport.messages()) == 100


def test_responses_that_come_one_after_the_other_are_one_write(outbox: Outbox, transport: Transport) -> None:
    async def answer_all() -> None:
        for seq in range(3):
            outbox.send(Response(request_seq=seq, command=f"c{seq}"), more_soon=True)
        outbox.post(("started", 7))
        assert transport.writes == []
        outbox.flush()  # what is written at once takes along what waits
        assert transport.briefly() == ["c0", "c1", "c2", "started 7"]
        assert len(transport.writes) == 1
        outbox.send(Response(request_seq=4, command="c4"), more_soon=True)
        await asyncio.sleep(0)  # nothing more came in this turn of the loop
        assert transport.briefly()[4:] == ["c4"]
        for seq in range(2 * AT_ONCE):
            outbox.send(Response(request_seq=seq, command="many"), more_soon=True)
        assert len(transport.writes) == 4  # a client need not wait for all to look at the first

    asyncio.run(answer_all())


def test_events_follow_the_response_of_the_request_that_is_handled(
    outbox: Outbox, transport: Transport
) -> None:
    outbox.take_turn()
    outbox.post(("started", 1))
    outbox.flush()
    assert transport.writes == []
    outbox.send(Response(request_seq=1, command="attach"))
    outbox.yield_turn()
    assert transport.briefly() == ["attach", "started 1"]


def test_announced_is_what_stands_before_the_next_message(outbox: Outbox) -> None:
    outbox.post(("started", 1))
    outbox.post(("started", 2))
    outbox.flush()
    outbox.take_turn()
    outbox.post(("exited", 1))
    assert list(outbox.announced) == [1, 2]
    outbox.yield_turn()
    assert list(outbox.announced) == [2]


def test_for_a_slow_client_what_has_come_and_gone_vanishes(outbox: Outbox, transport: Transport) -> None:
    outbox.pause_writing()
    for message in (("started", 1), ("started", 2), ("exited", 1)):
        outbox.post(message)
        outbox.flush()
    outbox.resume_writing()
    assert transport.briefly() == ["started 2"]
    assert [m["seq"] for m in transport.messages()] == [1]


def test_nothing_vanishes_that_a_response_may_mention(outbox: Outbox, transport: Transport) -> None:
    outbox.pause_writing()
    outbox.post(("started", 1))
    outbox.flush()
    outbox.send(Response(request_seq=1, command="threads"))
    outbox.post(("exited", 1))
    outbox.flush()
    outbox.resume_writing()
    assert transport.briefly() == ["started 1", "threads", "exited 1"]
