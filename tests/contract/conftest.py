"""Each test of the contract runs over both transports, on a program in each language."""

from __future__ import annotations

import pytest

from tests.conftest import Program
from tests.support.puppet import PROGRAMS, Puppet


@pytest.fixture(params=PROGRAMS)
def puppet(request: pytest.FixtureRequest, program: Program) -> Puppet:
    target = program(PROGRAMS[request.param])
    target.wait_line("main pid=")
    return Puppet(target)
