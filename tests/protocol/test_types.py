"""The generated models."""

from __future__ import annotations

from pathlib import Path

from dapserver.protocol import types as dap
from tests.protocol.generate_types import TYPES, generate


def test_they_are_what_the_schema_gives(tmp_path: Path) -> None:
    generate(tmp_path / "types.py")
    assert (tmp_path / "types.py").read_text() == TYPES.read_text()


def test_names_on_the_wire_are_the_schemas() -> None:
    body = dap.StoppedEventBody(reason="pause", thread_id=1, all_threads_stopped=True)
    expected = {"reason": "pause", "threadId": 1, "allThreadsStopped": True}
    assert body.model_dump(by_alias=True, exclude_none=True) == expected
    assert dap.Capabilities.model_validate({"supportsANSIStyling": True}).supports_ansi_styling
