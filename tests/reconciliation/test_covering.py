"""Several releases under one consolidating summary, against the stand-in ACE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.reconciliation.classify import Step
from tasks.reconciliation.loop import verdicts
from tasks.shared.journal_check import verify
from tests.ace import made_record, made_summary
from tests.entries import house as desks
from tests.reconciliation.ace_world import World, open_world, take_record
from tests.reconciliation.house import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def recorded(world: World, parts: int, whole: str = "") -> list[str]:
    """A consolidating summary (unless it is given) and releases that it covers, as a desk hands them
    in. The summary comes first."""
    office = world.office
    numbers = desks.issue(office.journal, office.settings, "truck", parts + (not whole))
    rows = []
    for number in numbers:
        head = not whole and number == numbers[0]
        fields = {"consolidating": True, "filing_route": "ae_only"} if head else {
            "consolidated_summary": whole or numbers[0], "filing_route": "se_then_ae"}  # fmt: skip
        made = made_summary.summary(int(number[4:11]), "01", **fields)
        made["parties"] = made_record.parties(number)
        if head:
            made["bills"] = made["conveyances"] = []
        rows.append(made)
    take_record(world, made_record.joined(rows))
    for number in numbers[1 - bool(whole) :]:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    return numbers


def settled(world: World, turns: int = 16) -> None:
    """Turns in which every plan is approved."""
    for _ in range(turns):
        last = world.turn()
        if last.waiting is not None:
            world.office.approve(last.waiting)
        world.exchange()


def steps(world: World) -> dict[str, str]:
    return world.steps()


def test_the_summary_waits_for_its_releases_and_names_them_all(world: World) -> None:
    whole, *parts = recorded(world, 3)
    settled(world)
    assert set(steps(world).values()) == {"settled"}, [
        (one.number, verdict) for one, verdict in verdicts(world.house)
    ]
    book = world.ace.book()
    assert book[whole].summary and not book[whole].entry
    assert all(book[part].entry and not book[part].summary for part in parts)
    named = world.office.journal.events(kind="batch.named")
    sent = [(one.said.application, number) for one in named for number in one.said.numbers]  # type: ignore[attr-defined]
    assert sorted(sent) == sorted([("AE", whole), *(("SE", part) for part in parts)])
    assert verify(world.house.journal).ok


def test_a_release_that_is_not_in_ace_keeps_the_summary_back(world: World) -> None:
    whole, first, second = recorded(world, 2)
    for _ in range(6):
        world.turn()  # nothing is approved
        world.exchange()
    assert steps(world)[whole] == Step.WAIT
    why = {one.number: verdict.why for one, verdict in verdicts(world.house)}[whole]
    assert first in why and second in why


def test_a_release_recorded_after_its_summary_was_settled_is_for_a_person(world: World) -> None:
    whole, *_ = recorded(world, 2)
    settled(world)
    assert set(steps(world).values()) == {"settled"}
    (late,) = recorded(world, 1, whole)
    settled(world, 8)
    assert steps(world)[late] == Step.PERSON
    assert late not in world.ace.book() or not world.ace.book()[late].summary
