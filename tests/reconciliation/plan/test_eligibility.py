"""Weekly zone entries: ACE takes a week that begins on the day of sending or within seven days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core import messages
from tasks.reconciliation.decisions.rule_table import NextStep
from tests.ace import made_record, made_summary
from tests.entries import house as desks
from tests.reconciliation.ace_exchange import World, open_world, take_record, today
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def weekly(world: World, days: int) -> str:
    office = world.office
    (number,) = desks.issue(office.journal, office.settings, "truck", 1)
    rows = made_summary.summary(int(number[4:11]), "06", "", location_of_goods="Z123",
                                zone_week=today() + timedelta(days=days))  # fmt: skip
    rows["parties"] = made_record.parties(number)
    take_record(world, made_record.joined([rows]))
    return number


def test_a_week_that_began_in_the_outage_is_held_with_what_to_do(world: World) -> None:
    past, now, soon, later = (weekly(world, days) for days in (-5, 0, 7, 8))
    for number in (now, soon):
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    for _ in range(14):
        last = world.turn()
        if last.waiting is not None:
            world.office.approve(last.waiting)
        world.exchange()
    assert {number: reason.code for number, reason in last.held.items()} == {
        past: "zone-week-begun", later: "zone-week-too-far-ahead",
    }  # fmt: skip
    assert last.held[later].values["sendable"] == str(today() + timedelta(days=1))
    assert not world.ace.history(past) and not world.ace.history(later)
    assert {world.steps()[one] for one in (now, soon)} == {str(NextStep.SETTLE)}
    world.ace.seed_officer_entry(past, port="3801", released=made_summary.RELEASED,
                                 entry_type="06", notified=True)  # fmt: skip
    last = world.run()
    assert past not in last.held


def test_a_text_that_names_another_entry_first_holds_only_its_own_entry(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    past, good = weekly(world, -5), weekly(world, 0)
    world.ace.seed_paper_release(good, made_summary.RELEASED)
    words = messages.problem

    def longer(code: str, values: Mapping[str, object]) -> tuple[str, str]:
        wrong, right = words(code, values)
        return f"{good} is not affected: {wrong}", right

    monkeypatch.setattr(messages, "problem", longer)
    for _ in range(14):
        last = world.turn()
        if last.waiting is not None:
            break
        world.exchange()
    assert last.waiting is not None and last.waiting.numbers == [good]
    assert list(last.waiting.held) == [past] == [last.waiting.held[past].subject]
