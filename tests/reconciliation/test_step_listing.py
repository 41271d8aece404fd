"""What should go and cannot be written: told as what it is, once a reason, with the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.reconciliation.decisions.rule_table import HELD
from tasks.reconciliation.plan import plan_description
from tasks.reconciliation.plan.plan_description import held_lines
from tasks.reconciliation.step_listing import entry_steps, held_reasons, split_held_entries
from tests.ace import made_summary
from tests.reconciliation.ace_exchange import World, open_world, record_summaries
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


@pytest.mark.parametrize("kinds", [["01", "11", "11"], ["11", "11"]])
def test_held_back_is_no_step_of_sending(world: World, kinds: list[str]) -> None:
    """With others beside it that go, and with none."""
    numbers = record_summaries(world, kinds)
    for number in numbers:
        world.ace.seed_paper_release(number, made_summary.RELEASED)
    last = world.turn()
    while "send the cargo release" not in last.steps:
        world.exchange()
        last = world.turn()
    held = numbers[-2:]
    head = world.office.journal.head()
    assert list(held_reasons(world.house)) == list(last.held or last.waiting.held) == held  # type: ignore[union-attr]
    rows = {row["number"]: row for row in entry_steps(world.house)}
    assert [number for number in numbers if rows[number]["step"] == HELD] == held
    assert "[C112]" in rows[held[0]]["why"] and f"entries correct {held[0]}" in rows[held[0]]["why"]
    assert world.office.journal.head() == head, "looking asks nobody"
    assert split_held_entries(last.steps, held_reasons(world.house))[HELD] == held
    first, *rest = held_lines(held_reasons(world.house))
    assert first.count("[C112]") == 1 and all(number in first for number in held)
    reason = held_reasons(world.house)[held[0]]
    assert (reason.subject, reason.column, reason.code) == (held[0], "SE10 40", "C112")
    assert rest == [plan_description.TO_CORRECT]
