from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tasks.core import clock
from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.workspace import Workspace

MORNING = datetime(2026, 11, 24, 13, 3, tzinfo=UTC)
"""A Tuesday, 08:03 in New York; Thanksgiving is that Thursday."""


@pytest.fixture
def office(journal: Journal, content: ContentStore, house: Settings) -> Workspace:
    return Workspace(house, journal=journal)


@pytest.fixture
def morning() -> Iterator[datetime]:
    with clock.held(MORNING):
        yield MORNING
