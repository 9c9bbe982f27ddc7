"""The arguments of attach and launch, as users write them in their launch configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from dapserver.protocol.model import Model


def _process_id(value: Any) -> Any:
    """A number, or a string of digits: VS Code's `${command:...}` variables are strings."""
    if (
        isinstance(value, str)
        and value.strip().lstrip("-").isascii()
        and value.strip().lstrip("-").isdecimal()
    ):
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise PydanticCustomError("process_id", "expected a process id, a number or a numeric string")


class CommonArguments(Model):
    """Of both. Wrong types are refused, not guessed at: `"false"` is not false."""

    model_config = ConfigDict(strict=True)

    program: str | None = None
    stop_on_entry: bool = False
    source_map: dict[str, str] = Field(default_factory=dict)
    non_stop: bool = False
    debuginfod: bool = False
    token: str | None = None


class AttachArguments(CommonArguments):
    """`request: attach`."""

    process_id: Annotated[int, BeforeValidator(_process_id)] | None = Field(
        None, validation_alias=AliasChoices("processId", "pid")
    )
    wait_for: bool = False


class LaunchArguments(CommonArguments):
    """`request: launch`."""

    program: str
    args: list[str] = Field(default_factory=list)
    cwd: str | None = None
    env: dict[str, str | None] = Field(default_factory=dict)
    console: Literal["internalConsole", "integratedTerminal", "externalTerminal"] = "internalConsole"
