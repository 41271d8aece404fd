"""A batch that CBP rejects whole: its entries go alone, and the faulty one comes back to its desk
with CBP's code and text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.reconciliation import report
from tasks.reconciliation.classify import Step
from tasks.reconciliation.loop import verdicts
from tasks.reconciliation.reading import read_inbox
from tasks.shared.journal_check import verify
from tests.ace import made_summary
from tests.reconciliation.ace_world import World, open_world, record_summaries
from tests.reconciliation.house import Office

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
    together = {one.number: one.sent["SE"] for one, _ in verdicts(world.house)}
    assert {one.state for one in together.values()} == {"batch rejected"}
    assert not together[first].alone
    _until_plan(world)
    world.ace.misbehave("reject", times=1, detail=CODE)
    world.exchange()
    world.run()
    back = {one.number: v for one, v in verdicts(world.house) if v.step is Step.DESK}
    assert len(back) == 1
    (why,) = (verdict.why for verdict in back.values())
    assert CODE in why
    assert "no code" not in why
    house = world.house
    assert verify(house.journal, house.content).ok
    rows = report.build(house.journal, house.content, house.settings).matters.to_pylist()
    assert [CODE in row["what"] for row in rows if row["kind"] == "batch rejected"] == [True, True]


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
