"""Questions that ACE does not even look at, and what CBP asks of us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.ace.query import summary_queries
from tasks.reconciliation import report_book, report_matters
from tasks.reconciliation.asking import asker_of, write_question
from tasks.reconciliation.classify import Step
from tasks.reconciliation.cycle import verdicts
from tasks.reconciliation.requests import answered, requests
from tasks.reconciliation.standings import AT_LAST, standings
from tasks.reconciliation.terms import sending_day
from tasks.shared import clock
from tasks.shared.errors import BadInput, Busy, Refused
from tasks.shared.journal_check import verify
from tasks.shared.kinds.ace import QueryNamed
from tests.ace import made_summary
from tests.errors import refused
from tests.reconciliation.ace_world import World, open_world, record_summaries
from tests.reconciliation.house import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def test_questions_rejected_again_and_again_are_told_to_a_person(world: World) -> None:
    """A wrong password, say: after three rejections one question at a time, and all go on by themselves
    once it is mended."""
    office = world.office
    ace = office.settings.ace.model_copy(update={"ask_again_minutes": 30, "numbers_per_query": 1})
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
        found = {one.number: verdict for one, verdict in verdicts(world.house)}
        assert {verdict.step for verdict in found.values()} == {Step.PERSON}
        assert all("X33" in verdict.why for verdict in found.values())
        assert len(asked(world)) == before + 1
        world.ace.behave()
        world.exchange()
        assert len(world.turn().asked) > 1
        assert Step.PERSON not in {verdict.step for _, verdict in verdicts(world.house)}
    assert {one.number for one in standings(world.house.journal)} == set(numbers)
    assert verify(world.house.journal).ok


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
    (open_,) = requests(world.house.journal)
    assert (open_.number, open_.code) == (number, "2") and "PACKAGE" in open_.what
    assert "DIS" in open_.what_to_do
    with pytest.raises(BadInput):
        answered(world.house, [number], " ", b"receipt", "bo")
    with refused("cbp-request-not-open", Refused):
        answered(world.house, [number, "ABC-9000099-9"], "by DIS", b"receipt", "bo")
    (matter,) = called(world)
    assert matter["open"] and number == matter["subject"]
    answered(world.house, [number], "package sent by DIS", b"receipt", "bo")
    assert not requests(world.house.journal)
    assert requests(world.house.journal, every=True)[0].how == "package sent by DIS"
    (matter,) = called(world)
    assert not matter["open"] and "package sent by DIS" in matter["settled"]
    world.ace.notify(number, "2", team="042")
    world.exchange()
    world.turn()
    assert len(requests(world.house.journal)) == 1, "asked again, it is open again"
    assert verify(world.house.journal).ok


def called(world: World) -> list[dict]:
    journal = world.house.journal
    known = {one.number: one for one in standings(journal)}
    rows = report_matters.table(report_book.read(journal), known).to_pylist()
    return [row for row in rows if row["kind"] == report_matters.CALLED]


def test_a_detention_ends_when_cbp_says_so_and_a_status_asks_nothing(world: World) -> None:
    number = in_ace(world)
    for kind, count in (("D", 1), ("Q", 1), ("C", 0)):
        world.ace.notify(number, kind)
        world.exchange()
        world.turn()
        assert len(requests(world.house.journal)) == count, kind


def test_the_slower_of_two_desks_that_ask_at_once_is_told(office: Office, tmp_path: Path) -> None:
    """Both took the same id: an answer to the one question would be read as one to the other."""
    numbers = office.record(1, 2, tmp_path)
    asker = asker_of(office.house, "2704", sending_day(office.settings))
    for number, name in zip(numbers, ("first", "second"), strict=True):
        (query,) = summary_queries(asker, [number])
        if name == "first":
            write_question(office.house, "summary", query, query.asked, "bo")
        else:
            with refused("another-query-in-progress", Busy):
                write_question(office.house, "summary", query, query.asked, "bo")
    assert len(list(office.outbound.iterdir())) == 1
