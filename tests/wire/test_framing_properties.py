"""Properties of framing and answering that hold for all byte streams, by hypothesis."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dapserver.client import Message, encode
from dapserver.protocol.framing import MAX_BODY, MAX_HEADER
from dapserver.protocol.outbox import Outbox
from dapserver.protocol.wire import Connection, NoArguments, request


@request("testFraming")
async def answer(_session: Any, _arguments: NoArguments) -> None:
    """A request that needs no session."""


class Written(asyncio.WriteTransport):
    """A client that reads everything at once."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False


class AnySession:
    """Lets every request in."""

    def admit(self, command: str, arguments: dict[str, Any]) -> None:
        pass

    def answered(self) -> None:
        pass


async def _serve(chunks: list[bytes]) -> bytes:
    reader = asyncio.StreamReader(limit=MAX_HEADER)
    written = Written()

    async def room() -> None:
        pass

    connection = Connection(reader, Outbox(written), room)
    connection.session = AnySession()
    serving = asyncio.create_task(connection.serve())
    for chunk in chunks:
        reader.feed_data(chunk)
        await asyncio.sleep(0)
    # An answer takes a few turns of the loop; the end of the stream would cancel it.
    for _ in range(20 * (len(chunks) + 1)):
        await asyncio.sleep(0)
    reader.feed_eof()
    await asyncio.wait_for(serving, 10)
    return written.data


def serve(*chunks: bytes) -> list[Message]:
    """What a connection answers to these bytes; its own framing is checked on the way."""
    data = asyncio.run(_serve(list(chunks)))
    messages = []
    while data:
        header = re.match(rb"Content-Length: (\d+)\r\n\r\n", data)
        assert header, data[:80]
        end = header.end() + int(header[1])
        messages.append(json.loads(data[header.end() : end]))
        data = data[end:]
    assert [m["seq"] for m in messages] == list(range(1, len(messages) + 1))
    return messages


def answered(messages: list[Message]) -> list[int]:
    return [m["request_seq"] for m in messages if m["success"]]


def asked(*seqs: int) -> bytes:
    return b"".join(encode({"seq": seq, "type": "request", "command": "testFraming"}) for seq in seqs)


def cut(data: bytes, positions: list[int]) -> list[bytes]:
    edges = [0, *sorted(position % (len(data) + 1) for position in positions), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


numbers = st.integers(0, 2**31 - 1)
requests = st.lists(numbers, min_size=1, max_size=5, unique=True)
positions = st.lists(st.integers(0, 10_000), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(requests, positions)
def test_however_the_stream_is_cut_each_request_is_answered_once_in_order(
    seqs: list[int], positions: list[int]
) -> None:
    assert answered(serve(*cut(asked(*seqs), positions))) == seqs


@given(requests, st.integers(0, 10_000))
def test_a_stream_that_ends_anywhere_is_answered_as_far_as_it_goes(seqs: list[int], position: int) -> None:
    whole = [len(asked(*seqs[: count + 1])) for count in range(len(seqs))]
    position %= len(asked(*seqs)) + 1
    complete = [seq for seq, end in zip(seqs, whole, strict=True) if end <= position]
    messages = serve(asked(*seqs)[:position])
    assert answered(messages) == complete
    assert len(messages) == len(complete)


@given(requests, st.binary(max_size=200), positions)
def test_garbage_ends_the_stream_cleanly_and_loses_nothing_before_it(
    seqs: list[int], garbage: bytes, positions: list[int]
) -> None:
    messages = serve(*cut(asked(*seqs) + garbage, positions))
    # Those that were still being handled when framing was lost may be cancelled.
    assert [m["request_seq"] for m in messages[: len(seqs)]] == seqs
    assert all(m["success"] or m["message"] == "cancelled" for m in messages[: len(seqs)])
    for message in messages[len(seqs) :]:
        assert message["success"] is False
        assert "nternal error" not in str(message)


@given(requests, json_values, requests)
def test_any_json_is_answered_and_the_stream_goes_on(before: list[int], value: Any, after: list[int]) -> None:
    messages = serve(asked(*before) + encode(value) + asked(*after))
    assert answered(messages) == [*before, *after]
    refused = [m for m in messages if not m["success"]]
    # A response is the only thing that wants no answer.
    is_response = isinstance(value, dict) and value.get("type") == "response"
    assert len(refused) == (0 if is_response else 1)


fields = st.fixed_dictionaries(
    {},
    optional={
        "seq": numbers | json_values,
        "type": st.sampled_from(["request", "event"]) | json_values,
        "command": st.sampled_from(["testFraming", "unknown"]) | json_values,
        "arguments": st.just({}) | json_values,
    },
)


@given(fields, requests)
def test_a_message_with_any_fields_gets_one_answer(message: Message, after: list[int]) -> None:
    messages = serve(encode(message) + asked(*after))
    assert answered(messages)[-len(after) :] == after
    assert len(messages) == (0 if message.get("type") == "response" else 1) + len(after)
    assert "nternal error" not in str(messages)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30))
def test_a_length_is_a_plain_number_or_the_end(text: str) -> None:
    body = asked(1).partition(b"\r\n\r\n")[2]
    header = f"Content-Length: {text}\r\n\r\n".encode()
    messages = serve(header + body)
    stripped = text.strip()
    if stripped.isdigit() and int(stripped) == len(body):
        assert answered(messages) == [1]
    elif not stripped.isdigit() or not 0 < int(stripped) <= MAX_BODY:
        (refused,) = messages
        assert refused["success"] is False
    else:
        assert not answered(messages)


@given(
    st.lists(
        st.from_regex(r"[A-Za-z-]{1,20}: ?[ -~]{0,40}", fullmatch=True).filter(
            lambda line: not line.lower().startswith("content-length")
        ),
        max_size=5,
    ),
    st.integers(0, 5),
)
def test_other_headers_change_nothing(lines: list[str], place: int) -> None:
    header, blank, body = asked(1).partition(b"\r\n\r\n")
    headers = [line.encode() for line in lines]
    headers.insert(place % (len(headers) + 1), header)
    assert answered(serve(b"\r\n".join(headers) + blank + body)) == [1]
