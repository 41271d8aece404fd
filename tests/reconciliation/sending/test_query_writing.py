"""Questions that ACE does not even look at, and what CBP asks of us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.ace.queries.query_batches import summary_queries
from tasks.ace.settings import AceSettings
from tasks.core import clock
from tasks.core.errors import BadInput, Busy, Refused
from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting import discrepancy_table
from tasks.reconciliation.accounting.discrepancy_table import discrepancy_rows
from tasks.reconciliation.accounting.number_history import read_history
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.events import QueryNamed
from tasks.reconciliation.plan.payment_terms import sending_day
from tasks.reconciliation.receiving.cbp_requests import answer_requests, open_requests
from tasks.reconciliation.sending.query_writing import next_query_sender, write_query
from tasks.reconciliation.state.entry_reader import AT_LAST, list_entry_states
from tests.ace import made_summary
from tests.errors import refused
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def test_questions_rejected_again_and_again_are_told_to_a_person(world: World) -> None:
    """A wrong password, say: after three rejections one question at a time, and all go on by themselves
    once it is mended."""
    office = world.office
    ace = office.settings(AceSettings).model_copy(update={"ask_again_minutes": 30, "numbers_per_query": 1})
    office.settings = office.settings.model_copy(update={"ace": ace})
    numbers = record_summaries(world, ["01"] * 3)
    pause = timedelta(minutes=31)
    world.ace.misbehave("reject", times=1000, detail="X33")
    now = clock.now()
    with clock.held(now):
        assert len(world.turn().asked) == AT_LAST
        world.exchange()
        assert not world.turn().asked
    now += pause
    with clock.held(now):
        before = len(asked(world))
        last = world.turn()
        assert len(last.asked) == 1, "one question alone, to see whether it is mended"
        again = world.turn()
        assert not again.asked
        found = {one.number: verdict for one, verdict in entry_decisions(world.house)}
        assert {verdict.step for verdict in found.values()} == {NextStep.PERSON}
        assert all("X33" in verdict.why for verdict in found.values())
        assert len(asked(world)) == before + 1
        world.ace.behave()
        world.exchange()
        assert len(world.turn().asked) > 1
        assert NextStep.PERSON not in {verdict.step for _, verdict in entry_decisions(world.house)}
    assert {one.number for one in list_entry_states(world.house.journal)} == set(numbers)
    assert verify_journal(world.house.journal).ok


def asked(world: World) -> list[str]:
    events = world.house.journal.events(kind=QueryNamed.kind)
    return [event.said.batch for event in events]  # type: ignore[attr-defined]


def in_ace(world: World) -> str:
    (number,) = record_summaries(world, ["01"])
    world.ace.seed_paper_release(number, made_summary.RELEASED)
    world.run()
    assert world.steps()[number] == "settled"
    return number


def test_what_cbp_asks_of_a_summary_stays_until_it_is_answered(world: World) -> None:
    number = in_ace(world)
    world.ace.notify(number, "2")
    world.exchange()
    world.turn()
    (open_,) = open_requests(world.house.journal)
    assert (open_.number, open_.code) == (number, "2") and "PACKAGE" in open_.what
    assert "DIS" in open_.what_to_do
    with pytest.raises(BadInput):
        answer_requests(world.house, [number], " ", b"receipt", "bo")
    with refused("cbp-request-not-open", Refused):
        answer_requests(world.house, [number, "ABC-9000099-9"], "by DIS", b"receipt", "bo")
    (matter,) = called(world)
    assert matter["open"] and number == matter["subject"]
    answer_requests(world.house, [number], "package sent by DIS", b"receipt", "bo")
    assert not open_requests(world.house.journal)
    assert open_requests(world.house.journal, every=True)[0].how == "package sent by DIS"
    (matter,) = called(world)
    assert not matter["open"] and "package sent by DIS" in matter["settled"]
    world.ace.notify(number, "2", team="042")
    world.exchange()
    world.turn()
    assert len(open_requests(world.house.journal)) == 1, "asked again, it is open again"
    assert verify_journal(world.house.journal).ok


def called(world: World) -> list[dict]:
    journal = world.house.journal
    known = {one.number: one for one in list_entry_states(journal)}
    rows = discrepancy_rows(read_history(journal), known).to_pylist()
    return [row for row in rows if row["kind"] == discrepancy_table.CALLED]


def test_a_detention_ends_when_cbp_says_so_and_a_status_asks_nothing(world: World) -> None:
    number = in_ace(world)
    for kind, count in (("D", 1), ("Q", 1), ("C", 0)):
        world.ace.notify(number, kind)
        world.exchange()
        world.turn()
        assert len(open_requests(world.house.journal)) == count, kind


def test_the_slower_of_two_desks_that_ask_at_once_is_told(office: Office, tmp_path: Path) -> None:
    """Both took the same id: an answer to the one question would be read as one to the other."""
    numbers = office.record(1, 2, tmp_path)
    asker = next_query_sender(office.house, "2704", sending_day(office.settings))
    for number, name in zip(numbers, ("first", "second"), strict=True):
        (query,) = summary_queries(asker, [number])
        if name == "first":
            write_query(office.house, "summary", query, query.asked, "bo")
        else:
            with refused("another-query-in-progress", Busy):
                write_query(office.house, "summary", query, query.asked, "bo")
    assert len(list(office.outbound.iterdir())) == 1
