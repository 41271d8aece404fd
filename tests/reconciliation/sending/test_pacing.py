"""At most so many files an hour, whoever writes them and however often the loop is started anew."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.reconciliation.cycle_stages import write_cycle_queries
from tasks.reconciliation.events import QueryNamed
from tasks.reconciliation.plan.eligibility import approved_plans
from tasks.reconciliation.sending.batch_writing import HOUR, Pace, sending_pace
from tests.reconciliation.ace_exchange import open_world, record_summaries, today
from tests.reconciliation.broker_office import Office


@pytest.fixture
def office(office: Office) -> Office:
    ace = office.settings(AceSettings).model_copy(update={"batches_per_hour": 2})
    office.settings = office.settings.model_copy(update={"ace": ace})
    return office


def files(office: Office) -> int:
    return len(list(office.outbound.glob("*.abi")))


def test_the_rest_of_a_plan_goes_in_the_next_hour(office: Office, tmp_path: Path) -> None:
    begin = clock.now()
    with clock.held(begin):
        office.record(1, 10, tmp_path)
        made = office.plan()
        assert made is not None and len(made.batches) >= 3
        office.approve(made)
        assert len(office.write(made)) == 2
        assert files(office) == 2
        assert [one.again for one in office.write(made)] == [True, True]
    with clock.held(begin + HOUR - timedelta(seconds=1)):
        assert sending_pace(office.journal, office.settings).again == begin + HOUR
        office.write(made)
        assert files(office) == 2
    with clock.held(begin + HOUR):
        office.write(made)
        assert files(office) == min(4, len(made.batches))
    with clock.held(begin + 2 * HOUR):
        office.write(made)
        assert files(office) == len(made.batches)
        assert not list(approved_plans(office.journal, office.book.content, 2))


def test_questions_and_filings_count_together(office: Office, tmp_path: Path) -> None:
    world = open_world(office, tmp_path / "ace")
    numbers = record_summaries(world, ["01", "01", "23"])
    begin = clock.now()
    with clock.held(begin):
        one_each = world.office.settings(AceSettings).model_copy(update={"numbers_per_query": 1, "batches_per_hour": 2})
        office.settings = office.settings.model_copy(update={"ace": one_each})
        asked = write_cycle_queries(world.house, "bo", today())
        assert len(asked) == 2 == files(office)
        assert write_cycle_queries(world.house, "bo", today()) == []
        assert world.turn().pace == Pace(0, begin + HOUR)
    with clock.held(begin + HOUR):
        assert len(write_cycle_queries(world.house, "bo", today())) == 2
    events = office.journal.events(kind=QueryNamed.kind)
    assert {number for event in events for number in event.said.asked} == set(numbers)
    world.ace.close()
