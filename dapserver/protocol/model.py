"""The base of all models on the wire: camelCase there, snake_case here."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """A JSON object of the protocol. Unknown members are ignored, as DAP asks."""

    # A validator is built at its first use: a session needs few of the 150 models, and building
    # all of them would take longer than answering `initialize`. See `build_all`.
    model_config = ConfigDict(
        extra="ignore", validate_by_name=True, alias_generator=to_camel, defer_build=True
    )


def build_all(base: type[Model] = Model) -> None:
    """Build the validators of all models now: for a server that forks, once for all its sessions."""
    for model in base.__subclasses__():
        model.model_rebuild()
        build_all(model)
