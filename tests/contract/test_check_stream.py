"""The checker of the contract itself: what it lets pass, and what it finds."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.contract import check_stream


def stream(*steps: tuple[str, Any]) -> list[dict[str, Any]]:
    """Messages from short words: ("started", 1), ("threads", [1]), ("stopped", {...})..."""
    sequence = itertools.count(1)
    messages = []
    for word, value in [("attach", None), *steps]:
        message: dict[str, Any] = {"seq": next(sequence)}
        if word in ("started", "exited"):
            body = {"reason": word, "threadId": value}
            message |= {"type": "event", "event": "thread", "body": body}
        elif word in ("attach", "threads", "continue"):
            message |= {"type": "response", "request_seq": message["seq"], "success": True}
            message |= {"command": word, "body": value}
            if word == "threads":
                message["body"] = {"threads": [{"id": t, "name": f"x [{t}]"} for t in value]}
        else:
            message |= {"type": "event", "event": word.removeprefix("process-"), "body": value}
        messages.append(message)
    return messages


def test_a_whole_session_passes() -> None:
    alive = check_stream(
        stream(
            ("started", 1),
            ("started", 2),
            ("threads", [1, 2]),
            ("stopped", {"threadId": 2, "allThreadsStopped": True}),
            ("continue", {"allThreadsContinued": True}),
            ("exited", 2),
            ("started", 2),
            ("exited", 2),
            ("threads", [1]),
            ("exited", 1),
            ("process-exited", {"exitCode": 3}),
            ("terminated", {}),
        )
    )
    assert alive == set()


@pytest.mark.parametrize(
    ("steps", "complaint"),
    [
        ([("started", 1), ("started", 1)], "started twice"),
        ([("exited", 1)], "exited without having started"),
        ([("started", 1), ("exited", 1), ("exited", 1)], "exited without having started"),
        ([("started", 1), ("threads", [])], "not listed"),
        ([("started", 1), ("exited", 1), ("threads", [1])], "not alive on the wire"),
        ([("started", 1), ("stopped", {"threadId": 2})], "not alive on the wire"),
        ([("started", 1), ("continued", {"threadId": 1})], "while nothing was stopped"),
        ([("started", 1), ("process-exited", {"exitCode": 0})], "with threads alive"),
        ([("terminated", {}), ("started", 1)], "after `terminated`"),
        ([("output", {"category": "stdout", "output": "x"})], "foreign process"),
        ([("noise", {})], "nobody asked for"),
    ],
)
def test_a_broken_session_is_found(steps: list[tuple[str, Any]], complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_stream(stream(*steps))


def test_thread_events_before_the_response_to_attach_are_found() -> None:
    with pytest.raises(AssertionError, match="before the response"):
        check_stream(stream(("started", 1))[1:])
