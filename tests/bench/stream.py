"""Whether a recorded session told of exactly the threads there were, each at its turn."""

from __future__ import annotations

from collections import Counter

from tests.bench.client import Message
from tests.support.contract import check_stream, thread_events


def complaint(messages: list[Message], before: set[int], created: list[int]) -> str | None:
    """Say how our session was not true; None if it was.

    *before*: the threads at attach. *created*: those that came and went since, in their order.
    """
    try:
        check_stream(messages)
    except AssertionError as error:
        return str(error)[:500]
    events = thread_events(messages)
    first = {tid for _, tid in events[: len(before)]}
    if first != before:
        return f"of {len(before)} threads at attach, {len(before & first)} were told at once"
    since = events[len(before) :]
    started = [tid for reason, tid in since if reason == "started"]
    if started != created:
        order = ", in another order" if Counter(started) == Counter(created) else ""
        return f"{len(created)} threads were created, {len(started)} told as started{order}"
    exited = Counter(tid for reason, tid in since if reason == "exited")
    if exited != Counter(created):
        return f"{len(created)} threads ended, {exited.total()} were told as exited"
    return None


def peer_complaint(messages: list[Message], before: set[int], created: list[int]) -> str | None:
    """The same of a peer, which may number threads as it likes: only counts can be compared."""
    counts = Counter(reason for reason, _ in thread_events(messages))
    if not counts:
        return "no thread events"
    expected = {"started": len(before) + len(created), "exited": len(created)}
    # gdb lets all threads exit in the end, when it detaches
    if counts["started"] != expected["started"] or counts["exited"] < expected["exited"]:
        return f"{dict(counts)} instead of {expected}"
    return None
