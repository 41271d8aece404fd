"""A stand-in ACE, empty, on the day of the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tasks.ace.stand_in import StandIn
from tests.ace.stand_in_hand import (
    TODAY,
)


@pytest.fixture
def ace() -> Iterator[StandIn]:
    with StandIn(":memory:", TODAY) as opened:
        yield opened
