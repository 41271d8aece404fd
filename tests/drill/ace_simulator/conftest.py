"""A simulated ACE, empty, on the day of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.drill.ace_simulator.simulator import AceSimulator
from tests.drill.ace_simulator.printed_records import TODAY


@pytest.fixture
def ace() -> Iterator[AceSimulator]:
    with AceSimulator(":memory:", TODAY) as opened:
        yield opened
