"""A filer code changed in the settings while entries of the old one are open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.settings import BrokerSettings
from tasks.reconciliation.cycle_stages import run_cycle
from tasks.reconciliation.decisions.exclusions import DIFFERS
from tasks.reconciliation.decisions.rule_table import HELD
from tasks.reconciliation.plan import plan_description
from tasks.reconciliation.plan.eligibility import ready_entries
from tasks.reconciliation.plan.plan_description import held_lines, reason_text
from tasks.reconciliation.step_listing import entry_steps
from tasks.status.status_page import status_lines
from tests.reconciliation.ace_exchange import World, open_world, record_summaries, today
from tests.reconciliation.broker_office import Office as Desk


@pytest.fixture
def world(office: Desk, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


@pytest.mark.parametrize("asked", [False, True])
def test_entries_of_another_filer_are_held_with_what_to_do(world: World, asked: bool) -> None:
    numbers = record_summaries(world, ["01", "01"])
    while asked and not ready_entries(world.office.journal, world.house.settings):
        world.turn()
        world.exchange()
    house = world.house
    other = house.settings(BrokerSettings).model_copy(update={"filer_code": "XYZ"})
    changed = house.with_settings(house.settings.model_copy(update={"broker": other}))
    done = run_cycle(changed, "bo", today())
    assert (done.asked, done.written, done.waiting) == ((), (), None)
    assert done.steps == {HELD: numbers} and list(done.held) == numbers
    reason = done.held[numbers[0]]
    assert (reason.code, reason.values) == (DIFFERS, {"theirs": "ABC", "ours": "XYZ"})
    (line,) = held_lines(done.held)
    assert reason_text(reason) in line and line != plan_description.TO_CORRECT
    assert {(row["step"], row["why"]) for row in entry_steps(changed)} == {(HELD, reason_text(reason))}
    assert [one.light for one in status_lines(changed) if reason.wrong in one.fact] == ["red"]
    again = world.turn()
    assert not again.held and (again.waiting if asked else again.asked)


def test_an_approved_plan_is_not_written_under_a_filer_code_that_changed(world: World) -> None:
    (number,) = record_summaries(world, ["01"])
    while not (waits := world.turn().waiting):
        world.exchange()
    world.office.approve(waits)
    house = world.house
    other = house.settings(BrokerSettings).model_copy(update={"filer_code": "XYZ"})
    changed = house.with_settings(house.settings.model_copy(update={"broker": other}))
    done = run_cycle(changed, "bo", today())
    assert not done.written and list(done.held) == [number]
    assert list(done.dropped) == [waits.digest]
    assert not list(world.office.outbound.glob("*-se-*"))
    with clock.held(clock.now() + timedelta(minutes=2)):
        again = world.turn()
    assert again.waiting and again.waiting.numbers == [number]
