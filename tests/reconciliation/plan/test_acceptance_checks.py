"""A withdrawal that draws on a warehouse entry of our own waits until ACE shows that one (error 298)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.core.errors import Problem
from tasks.reconciliation.decisions.exclusions import AWAITED
from tasks.reconciliation.decisions.rule_table import HELD
from tasks.reconciliation.plan import plan_description
from tasks.reconciliation.plan.plan_description import held_lines
from tasks.reconciliation.step_listing import entry_steps
from tests.ace import made_record, made_summary
from tests.entries import house as desks
from tests.reconciliation.ace_exchange import World, open_world, take_record, today
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def test_a_withdrawal_waits_for_its_warehouse_entry_and_then_goes(world: World) -> None:
    office = world.office
    into, out = desks.issue(office.journal, office.settings, "truck", 2)
    open_ = {"paper_outcome": "waiting", "release_date": None, "estimated_entry_date": today()}
    made = [made_summary.summary(int(into[4:11]), "21"),
            made_summary.summary(int(out[4:11]), "31", warehouse_entry=into, **open_)]  # fmt: skip
    for number, rows in zip((into, out), made, strict=True):
        rows["parties"] = made_record.parties(number)
    take_record(world, made_record.joined(made))
    world.ace.seed_paper_release(into, made_summary.RELEASED)
    held: list[Problem] = []
    for _ in range(14):
        last = world.turn()
        held += [last.held[out]] if out in last.held else []
        if last.held and len(held) == 1:
            assert held[0].code == AWAITED and held[0].values["source"] == into
            assert plan_description.TO_CORRECT not in held_lines(last.held)
            (row,) = [one for one in entry_steps(world.house) if one["number"] == out]
            assert row["step"] == HELD and into in row["why"]
        if last.waiting is not None:
            office.approve(last.waiting)
        world.exchange()
    assert held and set(world.steps().values()) == {"settled"}, world.steps()
    assert world.ace.book()[out].summary
    assert not [one for one in world.ace.history(out) if "rejected" in str(one)]
