"""The two parts of pygls that are used, imported without the Language Server Protocol.

`pygls.io_` and `pygls.feature_manager` import `lsprotocol.types`, 500 classes that take 0.25 s to
build, for the sake of type annotations. While pygls is imported a stand-in takes their place, so
that an editor gets its first answer in a tenth of a second. Afterwards it is removed: whoever
imports lsprotocol later gets the real one.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager

STAND_INS = ("lsprotocol.types", "pygls.lsp")


class _StandIn(types.ModuleType):
    """A module that has every name; each is None."""

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


@contextmanager
def _without_lsp() -> Iterator[None]:
    before = set(sys.modules)
    absent = [name for name in STAND_INS if name not in sys.modules]
    for name in absent:
        sys.modules[name] = _StandIn(name)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
        # What was built upon the stand-ins must not be found by a later, real import of pygls.
        for name in set(sys.modules) - before:
            if name.startswith("pygls."):
                del sys.modules[name]


with _without_lsp():
    from pygls.feature_manager import FeatureManager
    from pygls.io_ import run_async

__all__ = ["FeatureManager", "run_async"]
