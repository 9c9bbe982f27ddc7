"""What can go wrong in a way that the user should read."""

from __future__ import annotations


class DebuggerError(Exception):
    """A refusal: names the thing, the cause and the remedy, in a sentence a user can act on.

    `short` is a fixed word that clients compare with, such as DAP's `notStopped`.
    Everything else that is raised is a bug, and is answered as "internal error".
    """

    def __init__(self, text: str, *, short: str | None = None) -> None:
        super().__init__(text)
        self.short = short or text
