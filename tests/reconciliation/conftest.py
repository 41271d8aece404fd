from __future__ import annotations

import pytest

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.settings import Settings
from tasks.reconciliation.accounting.report_data import AccountingReport
from tests.cli.conftest import continuity as continuity
from tests.reconciliation.broker_office import Office, open_office
from tests.reconciliation.reports import report_of
from tests.reconciliation.sample_outage import Outage, tell

__all__ = ["continuity"]


@pytest.fixture
def office(journal: Journal, house: Settings) -> Office:
    return open_office(journal, house)


@pytest.fixture
def outage(journal: Journal, content: ContentStore) -> Outage:
    """Twenty numbers, two of each way."""
    made = Outage(journal, content, 20)
    tell(made)
    return made


@pytest.fixture
def report(outage: Outage, house: Settings) -> AccountingReport:
    return report_of(outage, house)
