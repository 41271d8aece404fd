"""A batch file that the sender took, or somebody removed: no answer comes, and a person is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tasks.core import clock
from tasks.core.status_lines import StatusLine
from tasks.reconciliation.decisions.rule_table import NextStep
from tasks.reconciliation.step_listing import entry_steps
from tasks.status.status_page import status_lines
from tests.reconciliation.ace_exchange import World, open_world, send_one
from tests.reconciliation.broker_office import Office as Desk


@pytest.fixture
def world(office: Desk, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def told(world: World) -> list[StatusLine]:
    house = world.house
    board = status_lines(house)
    return [line for line in board if line.code == "batch-without-answer"]


def test_a_removed_batch_file_is_asked_about_never_settled_and_told(world: World) -> None:
    number = send_one(world)
    (file,) = world.office.outbound.glob("*-se-*")
    file.unlink()
    world.exchange()
    assert not world.turn().silent and not told(world), "not while an answer may be on its way"
    with clock.held(clock.now() + timedelta(hours=2)):
        for _ in range(3):
            done = world.turn()
            world.exchange()
            assert done.asked and not done.settled and not done.waiting
        (line,) = done.silent
        assert line.file == file.name and line.batch.startswith("26") and line.numbers == (number,)
        assert [found.values["numbers"] for found in told(world)] == [[number]]
        (row,) = entry_steps(world.house)
        assert (row["number"], row["step"]) == (number, NextStep.WAIT) and line.words in row["why"]
