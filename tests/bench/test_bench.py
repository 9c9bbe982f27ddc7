"""The measuring itself: verdicts, reading, and that a false stream of events is noticed."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import Mock

import pytest

from tests.bench import __main__ as command
from tests.bench import machine
from tests.bench.bench import Bench
from tests.bench.client import Message, RawClient, Refused
from tests.bench.figures import BARE, BEST, OURS, Figure, Goal, percentile
from tests.bench.stream import complaint, peer_complaint
from tests.bench.works import cold_breakpoint, storms

# -- verdicts ------------------------------------------------------------------------------------


def figure(goal: Goal, **samples: list[float]) -> Figure:
    names = {"ours": OURS, "bare": BARE}
    return Figure("work", "total", "ms", goal, {names.get(k, k): v for k, v in samples.items()})


@pytest.mark.parametrize(
    ("goal", "verdict"),
    [
        (Goal(), None),
        (Goal(limit=20), True),
        (Goal(limit=19), False),
        (Goal(times_bare=2), True),
        (Goal(times_bare=1.9), False),
        (Goal(limit=20, times_bare=1.9), False),
        (Goal(times_peer=("gdb", 0.2)), True),
        (Goal(times_peer=("gdb", 0.1)), False),
        (Goal(times_peer=("lldb-dap", 0.1)), None),
        (Goal(limit=20, more_is_better=True), True),
        (Goal(limit=21, more_is_better=True), False),
        (Goal(times_peer=("gdb", 0.3), more_is_better=True), False),
    ],
)
def test_verdicts(goal: Goal, verdict: bool | None) -> None:
    assert figure(goal, ours=[10, 20, 90], bare=[5, 10, 45], gdb=[100, 100, 450]).ok is verdict


def test_a_figure_that_was_not_measured_has_no_verdict() -> None:
    assert figure(Goal(limit=1)).ok is None


def test_the_ratio_is_that_of_the_pairs() -> None:
    """A slow round slows both of its halves."""
    assert figure(Goal(), ours=[10, 1000, 11], bare=[10, 1000, 10]).ratio(BARE) == 1


def test_the_best_peer_is_that_with_the_best_median() -> None:
    peers = {"gdb": [10.0, 11, 90], "lldb-dap": [20.0, 20, 20]}
    least = Goal(times_peer=(BEST, 0.5))
    assert figure(least, ours=[5, 5.5, 45], **peers).ok is True
    assert figure(least, ours=[6, 6.5, 46], **peers).ok is False
    most = Goal(times_peer=(BEST, 2), more_is_better=True)
    assert figure(most, ours=[40, 40, 40], bare=[99, 99, 99], **peers).ok is True
    assert figure(most, ours=[39, 39, 39], bare=[1, 1, 1], **peers).ok is False
    assert figure(least, ours=[5]).ok is None


def test_percentile() -> None:
    values = [float(value) for value in range(1, 1001)]
    assert percentile(values, 50) == 500
    assert percentile(values, 99) == 990
    assert percentile([7.0], 99) == 7


# -- reading -------------------------------------------------------------------------------------


@pytest.fixture
def pipe() -> Iterator[tuple[RawClient, int]]:
    """A client, and where to write what it reads."""
    (reader, other), null = os.pipe(), os.open(os.devnull, os.O_WRONLY)

    def close() -> None:
        os.close(reader)
        os.close(null)

    client = RawClient(reader, null, close)
    yield client, other
    client.close()
    os.close(other)


def framed(message: Message) -> bytes:
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_messages_cut_anywhere(pipe: tuple[RawClient, int]) -> None:
    client, other = pipe
    event = {"type": "event", "event": "thread", "body": {"reason": "started", "threadId": 1}}
    response = {"type": "response", "request_seq": 1, "success": True, "body": {"größe": "ä"}}
    data = framed(event) + framed(response)
    request = client.send("threads")
    for byte in data:
        os.write(other, bytes([byte]))
        client.drain(0)
    assert client.response(request).decode() == response
    assert client.messages() == [event, response]
    assert client.event("thread").decode() == event


def test_a_refusal_and_a_silence(pipe: tuple[RawClient, int]) -> None:
    client, other = pipe
    request = client.send("threads")
    refusal = {"type": "response", "request_seq": 1, "success": False, "command": "threads"}
    os.write(other, framed(refusal))
    with pytest.raises(Refused, match="threads"):
        client.response(request)
    with pytest.raises(TimeoutError, match="event stopped"):
        client.event("stopped", timeout=0.01)


# -- the truth of a stream -----------------------------------------------------------------------


def stream(*events: tuple[str, int]) -> list[Message]:
    attach: Message = {"type": "response", "request_seq": 1, "success": True, "command": "attach"}
    bodies = [{"reason": reason, "threadId": tid} for reason, tid in events]
    messages = [attach]
    messages += [{"type": "event", "event": "thread", "body": body} for body in bodies]
    return [{**message, "seq": seq} for seq, message in enumerate(messages, 1)]


AT_ATTACH = [("started", 5), ("started", 6)]
TRUE = [*AT_ATTACH, ("started", 7), ("started", 8), ("exited", 8), ("exited", 7)]


def test_a_true_stream() -> None:
    assert complaint(stream(*TRUE), {5, 6}, [7, 8]) is None
    assert peer_complaint(stream(*TRUE), {5, 6}, [7, 8]) is None


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (TRUE[1:], "at attach"),
        (TRUE[:-1], "1 were told as exited"),
        ([*AT_ATTACH, ("started", 7), ("exited", 7)], "1 told as started"),
        ([*TRUE, ("started", 9), ("exited", 9)], "3 told as started"),
        ([*TRUE, ("exited", 9)], "without having started"),
        ([*AT_ATTACH, ("started", 8), ("started", 7), *TRUE[4:]], "in another order"),
        ([*AT_ATTACH, ("exited", 7), ("started", 7)], "without having started"),
    ],
)
def test_a_false_stream(events: list[tuple[str, int]], words: str) -> None:
    found = complaint(stream(*events), {5, 6}, [7, 8])
    assert found is not None
    assert words in found


# -- a whole run -----------------------------------------------------------------------------------


SMALL = {
    "storms.THREADS": 200,
    "conditions.HITS": 200,
    "conditions.HITS_BY_SEVERAL": 200,
    "conditions.HITS_OF_SLOW_PEERS": 20,
    "steps.STEPS": 20,
    "stacks.THREADS": 10,
    "stacks.DEPTH": 50,
    "stacks.DESCRIBED": 20,
}
ROWS = ["storm-64", "conditions", "steps", "stacks-500", "stack-deep", "start"]


def test_a_small_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its figures are worth nothing, but each is there and the stream was true."""
    for name, value in SMALL.items():
        monkeypatch.setattr(f"tests.bench.works.{name}", value)
    monkeypatch.setattr(machine, "room_for_pids", contextlib.nullcontext)
    output = tmp_path / "figures.json"
    monkeypatch.setattr(sys, "argv", ["bench", "--pairs", "1", "--json", str(output), "--only", *ROWS])
    command.main()
    result = json.loads(output.read_text())
    assert result["problems"] == []
    total = result["figures"][0]
    assert set(total["samples"]) == {"untraced", BARE, OURS}
    assert all(
        value > 0
        for row in result["figures"]
        if row["measure"] != storms.LAG  # the program may take note of its end after our last event
        for values in row["samples"].values()
        for value in values
    )
    assert [row["measure"] for row in result["figures"] if row["samples"][OURS]] == [
        *("total", "last event, after the end", "peak memory"),
        *("no slot free", "slots free", "4 threads", "Go"),
        *("C", "Go"),
        "`stopped` → all top frames",
        *("to the last frame", "20 described"),
        *("new process", "warm TCP server"),
    ]


def test_what_is_not_installed_is_said_and_not_measured(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/ceph-osd").write_bytes(Path(sys.executable).read_bytes())  # no debug file
    bench = Bench(Mock(), [Mock(root=tmp_path)], 1, print)
    cold_breakpoint.in_the_biggest(bench)
    cold_breakpoint.in_python(bench)
    assert bench.figures == []
    assert ["ceph-osd-dbg" in bench.notes[0], "libpython" in bench.notes[1]] == [True, True]
