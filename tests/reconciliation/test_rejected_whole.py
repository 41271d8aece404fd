"""A batch that CBP rejects whole: its entries go alone, and the faulty one comes back to its desk
with CBP's code and text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.journal.verification import verify_journal
from tasks.reconciliation.accounting.report_data import build_report
from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.decisions.settlements import allow_resend
from tasks.reconciliation.events import AnswerRead, AnswerRepeated
from tasks.reconciliation.receiving.answer_files import read_inbox
from tests.ace import made_summary
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries
from tests.reconciliation.broker_office import Office

CODE = "X33"


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def test_the_faulty_entry_comes_back_with_cbps_words(world: World) -> None:
    first, second = record_summaries(world, ["01", "23"])
    for number in (first, second):
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    _until_plan(world)
    world.ace.misbehave("reject", times=1, detail=CODE)
    world.exchange()
    read_inbox(world.house, "bo")
    together = {one.number: one.sent["SE"] for one, _ in entry_decisions(world.house)}
    assert {one.state for one in together.values()} == {"batch rejected"}
    assert not together[first].alone
    _until_plan(world)
    world.ace.misbehave("reject", times=1, detail=CODE)
    world.exchange()
    world.run()
    back = {one.number: v for one, v in entry_decisions(world.house) if v.step is NextStep.DESK}
    assert len(back) == 1
    (why,) = (verdict.why for verdict in back.values())
    assert CODE in why
    assert "no code" not in why
    house = world.house
    assert verify_journal(house.journal, house.content).ok
    rows = build_report(house.journal, house.content, house.settings).discrepancies.to_pylist()
    assert [CODE in row["what"] for row in rows if row["kind"] == "batch rejected"] == [True, True]


def test_a_second_copy_of_an_answer_is_noted_once_and_changes_nothing(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    world.ace.seed_paper_release(number, made_summary.RELEASED)
    _until_plan(world)
    world.ace.misbehave("twice", only="SX")
    world.exchange()
    world.run()
    house = world.house
    (event,) = house.journal.events(kind="answer.repeated")
    assert isinstance(event.said, AnswerRepeated)
    assert len(event.said.batches) == 1
    read = {said.file for one in house.journal.events(kind="answer.read")
            if isinstance(said := one.said, AnswerRead)}  # fmt: skip
    assert event.said.file not in read
    assert world.steps()[number] == NextStep.SETTLE
    rows = build_report(house.journal, house.content, house.settings).discrepancies.to_pylist()
    (twice,) = [row for row in rows if row["kind"] == "answered twice"]
    assert "2 answers" in twice["what"] and not twice["open"]


@pytest.mark.parametrize("types", [["01", "01", "23"], ["01"]])
def test_what_no_entry_is_to_blame_for_goes_again_together(world: World, types: list[str]) -> None:
    """ACE took nothing just then: neither one by one, nor back to the desks."""
    numbers = record_released(world, types)
    _until_plan(world)
    world.ace.misbehave("reject", times=1, only="SE", detail="X13")
    world.exchange()
    read_inbox(world.house, "bo")
    assert {one.sent["SE"].state for one, _ in entry_decisions(world.house)} == {"batch rejected"}
    last = world.turn()
    while last.waiting is None:
        world.exchange()
        last = world.turn()
    assert [len(batch.numbers) for batch in last.waiting.batches] == [len(numbers)]


def test_a_profile_that_does_not_fit_is_mended_outside_the_record(world: World) -> None:
    numbers = record_released(world, ["01", "01"])
    _until_plan(world)
    world.ace.misbehave("reject", times=1, only="SE", detail="X17")
    world.run()
    found = {one.number: verdict for one, verdict in entry_decisions(world.house)}
    assert {verdict.step for verdict in found.values()} == {NextStep.OUTSIDE}
    assert all("X17" in verdict.why for verdict in found.values())
    allow_resend(world.house, numbers, "CBP's client representative mended the profile", "bo")
    world.run()
    assert set(world.steps().values()) == {"settled"}
    assert all(held.stands_once for held in world.ace.book().values())


def _until_plan(world: World) -> None:
    """Turns and answers until a plan waits; it is approved and written, not yet taken."""
    for _ in range(12):
        last = world.turn()
        world.exchange()
        if last.waiting is not None:
            world.office.approve(last.waiting)
            world.office.write(last.waiting)
            return
    raise AssertionError("no plan came")
