"""What a client should never send: a clear answer, or a clean end of that session alone."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dapserver.client import Closed, DapClient, Message, encode
from tests.conftest import Connect, Program
from tests.support.server import Server, stdio_client
from tests.support.session import attach
from tests.support.steps import expect_untraced, leave, obey, refusal
from tests.support.tally import tally
from tests.support.target import Target


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def request(**changes: Any) -> Message:
    """A good request, changed; a value of `...` takes the field out."""
    message = {"seq": 77, "type": "request", "command": "threads", "arguments": {}, **changes}
    return {name: value for name, value in message.items() if value is not ...}


@pytest.fixture
def crowd(program: Program) -> Target:
    target = program("crowd.c", "3")
    target.wait_line("main")
    return target


@pytest.fixture
def stranger(server: Server) -> Iterator[DapClient]:
    """A client that breaks rules without which the answers to it cannot be checked."""
    with server.connect() as client:
        yield client


@pytest.fixture
def bystander(program: Program, connect: Connect) -> tuple[DapClient, Target]:
    """Another client's session, which is to notice nothing."""
    target = program("crowd.c", "1")
    target.wait_line("main")
    client = connect()
    attach(client, target)
    return client, target


def expect_untouched(bystander: tuple[DapClient, Target]) -> None:
    client, target = bystander
    obey(target, "spawn 1")
    client.wait_until(lambda: tally(client).alive == target.tids())
    assert set(client.threads()) == target.tids()


# -- messages that can be told from the next one ------------------------------------------------

UNREADABLE = {
    "no JSON": b"{nonsense",
    "half a JSON": b'{"seq":1',
    "two objects": b"{}{}",
    "no UTF-8": b'{"seq":1,"type":"\xff\xfe"}',
    "UTF-16": json.dumps({"seq": 77}).encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "blank": b"  ",
    "null byte": b"\0",
    "too deep": b"[" * 100_000,
    "too deep an object": b'{"a":' * 100_000,
    "list": b"[]",
    "list of requests": json.dumps([request()]).encode(),
    "number": b"7",
    "huge number": b"9" * 10_000,
    "text": b'"threads"',
    "null": b"null",
    "true": b"true",
    "NaN": b"NaN",
    "empty object": b"{}",
}

MISSHAPEN = {
    "no seq": request(seq=...),
    "text for seq": request(seq="77"),
    "fraction for seq": request(seq=7.5),
    "null for seq": request(seq=None),
    "true for seq": request(seq=True),
    "object for seq": request(seq={}),
    "negative seq": request(seq=-1),
    "no type": request(type=...),
    "unknown type": request(type="wish"),
    "number for type": request(type=1),
    "event": request(type="event", event="initialized"),
    "no command": request(command=...),
    "number for command": request(command=1),
    "null for command": request(command=None),
    "list for arguments": request(arguments=[]),
    "text for arguments": request(arguments="all"),
    "number for arguments": request(arguments=1),
}


def expect_refusal(client: DapClient, data: bytes) -> Message:
    """Send it; it is answered by one refusal, and the session goes on."""
    before = len(client.messages)
    client.send_raw(data)
    client.threads()
    first = client.messages[before]
    assert first["type"] == "response", first
    assert first["success"] is False
    assert first["body"]["error"]["format"], first
    assert "nternal error" not in str(first)
    refused = [m for m in client.messages[before:] if m["type"] == "response"][:-1]
    assert refused == [first]
    return first


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_a_body_that_is_no_message_is_refused(crowd: Target, connect: Connect, body: bytes) -> None:
    client = connect()
    attach(client, crowd)
    expect_refusal(client, frame(body))
    leave(client, crowd)


@pytest.mark.parametrize("message", MISSHAPEN.values(), ids=MISSHAPEN)
def test_a_message_of_the_wrong_shape_is_refused(crowd: Target, connect: Connect, message: Message) -> None:
    client = connect()
    attach(client, crowd)
    answer = expect_refusal(client, encode(message))
    if type(message.get("seq")) is int and message["seq"] >= 0:
        assert answer["request_seq"] == message["seq"]
    leave(client, crowd)


def test_an_answer_to_what_was_never_asked_is_ignored(session_client: DapClient) -> None:
    session_client.initialize()
    session_client.send_raw(
        encode({"seq": 5, "type": "response", "request_seq": 99, "command": "x", "success": True})
    )
    session_client.send_raw(encode({"seq": 6, "type": "response"}))
    session_client.request("cancel")
    assert [m["command"] for m in session_client.messages if m["type"] == "response"] == [
        "initialize",
        "cancel",
    ]


WRONG_ARGUMENTS = {
    "pause without thread": ("pause", {}, "threadId"),
    "text for thread": ("pause", {"threadId": "main"}, "threadId"),
    "fraction for thread": ("continue", {"threadId": 1.5}, "threadId"),
    "null for thread": ("stackTrace", {"threadId": None}, "threadId"),
    "list for thread": ("stackTrace", {"threadId": [1]}, "threadId"),
    "text for singleThread": ("continue", {"threadId": 1, "singleThread": "perhaps"}, "singleThread"),
    "scopes without frame": ("scopes", {}, "frameId"),
    "variables without reference": ("variables", {}, "variablesReference"),
    "text for terminateDebuggee": ("disconnect", {"terminateDebuggee": "perhaps"}, "terminateDebuggee"),
    "text for request": ("cancel", {"requestId": "last"}, "requestId"),
}


@pytest.mark.parametrize("command, arguments, named", WRONG_ARGUMENTS.values(), ids=WRONG_ARGUMENTS)
def test_wrong_arguments_are_named(
    crowd: Target, connect: Connect, command: str, arguments: Message, named: str
) -> None:
    client = connect()
    attach(client, crowd)
    response = client.response(client.send(command, arguments))
    assert response["success"] is False
    sentence = response["body"]["error"]["format"].format(**response["body"]["error"].get("variables", {}))
    assert f"'{named}'" in sentence
    assert command in sentence
    assert set(client.threads()) == crowd.tids()
    leave(client, crowd)


WRONG_ATTACH = {
    "text for stopOnEntry": ("stopOnEntry", "no"),
    "number for nonStop": ("nonStop", 1),
    "number for program": ("program", 7),
    "text for waitFor": ("waitFor", "yes"),
    "list for sourceMap": ("sourceMap", ["/a", "/b"]),
}


@pytest.mark.parametrize("name, value", WRONG_ATTACH.values(), ids=WRONG_ATTACH)
def test_attach_arguments_of_the_wrong_type_are_named(
    crowd: Target, connect: Connect, name: str, value: Any
) -> None:
    client = connect()
    client.initialize()
    sentence = refusal(client, "attach", processId=crowd.pid, **{name: value})
    assert name in sentence
    assert repr(value) in sentence
    assert crowd.tracers() == {0}
    # Unknown names are nobody's business.
    client.request("attach", processId=crowd.pid, breakfast="eggs", __restart=None)
    leave(client, crowd)


# -- requests at the wrong time ------------------------------------------------------------------

AFTER_ATTACH = ["threads", "pause", "continue", "stackTrace", "modules", "terminate", "exceptionInfo"]


@pytest.mark.parametrize("command", [*AFTER_ATTACH, "attach", "launch", "configurationDone"])
def test_before_initialize(crowd: Target, connect: Connect, command: str) -> None:
    client = connect()
    sentence = refusal(client, command, processId=crowd.pid, program="/bin/true", threadId=1)
    assert "initialize" in sentence
    assert crowd.tracers() == {0}
    attach(client, crowd)
    leave(client, crowd)


@pytest.mark.parametrize("command", AFTER_ATTACH)
def test_before_attach(crowd: Target, connect: Connect, command: str) -> None:
    client = connect()
    client.initialize()
    assert "attach" in refusal(client, command, threadId=crowd.pid)
    client.request("attach", processId=crowd.pid)
    leave(client, crowd)


def test_attach_twice(crowd: Target, connect: Connect, program: Program) -> None:
    other = program("crowd.c", "1")
    other.wait_line("main")
    client = connect()
    attach(client, crowd)
    for target in (crowd, other):
        assert str(crowd.pid) in refusal(client, "attach", processId=target.pid)
    assert str(crowd.pid) in refusal(client, "launch", program="/bin/true")
    assert other.tracers() == {0}
    obey(crowd, "spawn 1")
    client.wait_until(lambda: tally(client).alive == crowd.tids())
    leave(client, crowd)


def test_initialize_twice(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    client.response(client.send("initialize", adapterID="dapserver"))
    assert set(client.threads()) == crowd.tids()
    leave(client, crowd)


def test_the_same_seq_twice(crowd: Target, stranger: DapClient) -> None:
    client = stranger
    attach(client, crowd)
    twice = encode(request())
    before = len(client.messages)
    client.send_raw(twice + twice)
    client.threads()
    answers = [m["request_seq"] for m in client.messages[before:] if m["type"] == "response"]
    assert answers[:2] == [77, 77]
    leave(client, crowd)


def test_the_end_of_a_client_whose_requests_had_the_same_seq() -> None:
    """One of them was answered; the other waits for a program, and is not forgotten with it."""
    with stdio_client() as client:
        client.initialize()
        wait = {"seq": 77, "type": "request", "command": "attach"}
        client.send_raw(encode({**wait, "arguments": {"program": "/no/such/program", "waitFor": True}}))
        client.send_raw(encode({**wait, "command": "pause", "arguments": {"threadId": 0}}))
        client.response(77)
        assert client.process is not None
        assert client.process.stdin is not None
        client.process.stdin.close()
        assert client.process.wait(10) == 0


def test_a_request_is_cancelled_twice_at_once(connect: Connect) -> None:
    client = connect()
    client.initialize()
    names = ("attach", "threads", "cancel", "cancel")
    words: list[Message] = [
        {"program": "/no/such/program", "waitFor": True},
        {},
        {"requestId": 91},
        {"requestId": 91},
    ]
    client.send_raw(
        b"".join(
            encode({"seq": 90 + number, "type": "request", "command": command, "arguments": arguments})
            for number, (command, arguments) in enumerate(zip(names, words, strict=True))
        )
    )
    assert client.response(91)["message"] == "cancelled"
    assert client.response(92)["success"]
    assert client.response(93)["success"]
    client.request("cancel", requestId=90)
    assert client.response(90)["message"] == "cancelled"
    answered = [message["request_seq"] for message in client.messages if message["type"] == "response"]
    assert len(answered) == len(set(answered))


# -- bytes in which no next message can be found ------------------------------------------------

GOOD = encode(request())
LOST = {
    "no length": b"Content-Type: application/json\r\n\r\n" + encode(request()),
    "nothing but an empty header": b"\r\n" + GOOD,
    "no header": json.dumps(request()).encode() + b"\r\n\r\n",
    "negative length": b"Content-Length: -5\r\n\r\nhello",
    "zero length": b"Content-Length: 0\r\n\r\n",
    "absurd length": b"Content-Length: 99999999999999999999\r\n\r\n{}",
    "length of many gigabytes": b"Content-Length: 9999999999\r\n\r\n{}",
    "text for length": b"Content-Length: many\r\n\r\n{}",
    "empty length": b"Content-Length:\r\n\r\n{}",
    "fraction for length": b"Content-Length: 2.0\r\n\r\n{}",
    "hexadecimal length": b"Content-Length: 0x2\r\n\r\n{}",
    "signed length": b"Content-Length: +2\r\n\r\n{}",
    "digits of another script": "Content-Length: \u0662\r\n\r\n{}".encode(),
    "two lengths": b"Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
    "endless header line": b"X: " + b"x" * 200_000 + b"\r\n",
    "endless header": b"X: x\r\n" * 100_000 + b"\r\n",
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "TLS": bytes.fromhex("16030100f8010000f40303") + b"\r\n" * 20,
    "zeros": b"\0" * 100 + b"\n",
}


@pytest.mark.parametrize("data", LOST.values(), ids=LOST)
def test_lost_framing_ends_this_session_alone(
    crowd: Target, connect: Connect, bystander: tuple[DapClient, Target], data: bytes
) -> None:
    client = connect()
    attach(client, crowd)
    told = len(client.messages)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        client.send_raw(data)  # of which it need not read all
    try:
        client.wait_closed()
    except ConnectionResetError:
        pass  # nor take leave properly of who is still sending
    else:
        said = [m for m in client.messages[told:] if m["type"] == "response"]
        assert len(said) == 1
        assert said[0]["success"] is False
        assert said[0]["body"]["error"]["format"]
    expect_untraced(crowd)
    obey(crowd, "spawn 1")
    expect_untouched(bystander)


def test_a_length_too_small_is_noticed_at_the_next_message(crowd: Target, stranger: DapClient) -> None:
    client = stranger
    attach(client, crowd)
    body = json.dumps(request()).encode()
    client.send_raw(b"Content-Length: %d\r\n\r\n%b" % (len(body) - 3, body) + GOOD)
    client.wait_closed()
    expect_untraced(crowd)
    obey(crowd, "spawn 1")


def test_a_length_too_large_waits_for_the_rest_and_harms_nobody(
    crowd: Target, connect: Connect, bystander: tuple[DapClient, Target]
) -> None:
    client = connect()
    attach(client, crowd)
    client.send_raw(b"Content-Length: 60000000\r\n\r\n" + b" " * 1000)
    expect_untouched(bystander)
    obey(crowd, "churn 200 4")
    client.close()
    expect_untraced(crowd)


# -- unusual, and yet right ----------------------------------------------------------------------

UNUSUAL = {
    "another header": b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n",
    "two other headers": b"A: 1\r\nB: 2\r\n",
}


@pytest.mark.parametrize("header", UNUSUAL.values(), ids=UNUSUAL)
def test_other_headers_are_skipped(connect: Connect, header: bytes) -> None:
    client = connect()
    client.initialize()
    client.send_raw(header + encode(request(command="cancel")))
    assert client.response(77)["success"]


@pytest.mark.parametrize("header", [b"content-length: %d", b"CONTENT-LENGTH:%d", b"Content-Length:   %d  "])
def test_spelling_of_the_header(connect: Connect, header: bytes) -> None:
    client = connect()
    client.initialize()
    body = json.dumps(request(command="cancel")).encode()
    client.send_raw(header % len(body) + b"\r\n\r\n" + body)
    assert client.response(77)["success"]


def test_characters_of_all_kinds_in_a_message(connect: Connect) -> None:
    """Lengths are bytes, not characters; half a surrogate pair is no character at all."""
    client = connect()
    client.initialize()
    for seq, text in enumerate(("ä€😀", "\u2028", "{0}{name}%s", "\ud83d"), 77):
        client.send_raw(encode(request(seq=seq, command=f"make {text}")))
        assert client.response(seq)["success"] is False


def test_one_byte_at_a_time(session_client: DapClient) -> None:
    arguments = {"adapterID": "dapserver", "clientName": "ä€😀"}
    for byte in encode(request(command="initialize", arguments=arguments)):
        session_client.send_raw(bytes([byte]))
    assert session_client.response(77)["success"]


def test_the_end_in_the_middle_of_a_message(crowd: Target, connect: Connect) -> None:
    client = connect()
    attach(client, crowd)
    client.send_raw(GOOD[: len(GOOD) // 2])
    client.close()
    expect_untraced(crowd)
    obey(crowd, "spawn 1")


def test_nothing_at_all(connect: Connect, bystander: tuple[DapClient, Target]) -> None:
    for _ in range(5):
        connect().close()
    client = connect()
    with pytest.raises(TimeoutError):
        client.wait_event("initialized", 0.1)
    with pytest.raises(Closed):
        client.send_raw(b"garbage\r\n\r\n")
        client.wait_event("initialized")
    expect_untouched(bystander)
