from __future__ import annotations

import pytest

from tasks.shared.journal import Journal
from tasks.shared.settings import Settings
from tests.desk.conftest import continuity
from tests.reconciliation.house import Office, open_office

__all__ = ["continuity"]


@pytest.fixture
def office(journal: Journal, house: Settings) -> Office:
    return open_office(journal, house)
