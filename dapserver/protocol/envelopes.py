"""What surrounds a body on its way to the client: DAP's base protocol (`ProtocolMessage` in the schema).

Bodies are models of pydantic. Envelopes are not: every message has one, of the same few members, and a
model takes 10 us to make and to write.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from pydantic_core import PydanticSerializationError

from dapserver.protocol.model import Model


@dataclass(slots=True, eq=False)
class Response:
    """The answer to a request."""

    request_seq: int
    command: str
    success: bool = True
    message: str | None = None
    """Why not, in short."""
    body: Model | None = None

    def write(self, seq: int) -> str:
        """The message as JSON, with its number."""
        success = "true" if self.success else "false"
        head = (
            f'{{"seq":{seq},"type":"response","request_seq":{self.request_seq},'
            f'"command":{json.dumps(self.command)},"success":{success}'
        )
        if self.message is not None:
            head += f',"message":{json.dumps(self.message)}'
        return _with(head, "body", self.body)


@dataclass(slots=True, eq=False)
class Event:
    """Something that has happened."""

    event: str
    body: Model | None = None

    def write(self, seq: int) -> str:
        """The message as JSON, with its number."""
        return _with(f'{{"seq":{seq},"type":"event","event":"{self.event}"', "body", self.body)


@dataclass(slots=True, eq=False)
class ReverseRequest:
    """A request from us to the client."""

    command: str
    arguments: Model | None = None
    seq: int = 0
    """Given when it is written."""

    def write(self, seq: int) -> str:
        """The message as JSON, with its number."""
        self.seq = seq
        return _with(
            f'{{"seq":{seq},"type":"request","command":"{self.command}"', "arguments", self.arguments
        )


def _with(head: str, name: str, model: Model | None) -> str:
    return f"{head}}}" if model is None else f'{head},"{name}":{_json(model)}}}'


def _json(model: Model) -> str:
    try:
        return model.model_dump_json(by_alias=True, exclude_none=True)
    except PydanticSerializationError:
        # Half a surrogate pair, from a request that is quoted or a file name that is no UTF-8.
        return json.dumps(model.model_dump(by_alias=True, exclude_none=True))
