"""The stages of the cycle, and how often entry states are read and classified."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from tasks.core.journal import projections
from tasks.core.journal.journal import Journal, JournalHead
from tasks.entries.events import EntrySettled
from tasks.entries.tables import ENTRIES, NUMBERS, SENT, VIEWS
from tasks.reconciliation.cycle_stages import STAGES, Cycle, cycle_result
from tasks.reconciliation.decisions import classification as rules
from tasks.reconciliation.decisions.classification import EntryDecision, _decide
from tasks.reconciliation.events import RequestAnswered
from tasks.reconciliation.state import entry_reader as states
from tasks.reconciliation.state.entry_reader import _IRRELEVANT_EVENTS, _read_states, list_entry_states
from tasks.reconciliation.state.entry_state import EntryState
from tasks.reconciliation.tables import ASKED, BATCHES, BONDS, QUERIES
from tasks.security.events import PlanDropped
from tests.reconciliation.ace_exchange import World, open_world, record_released, record_summaries, send_one, today
from tests.reconciliation.broker_office import Office


@dataclass
class Counts:
    """How often all entries were read, and single entries classified."""

    read: int = 0
    classified: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.read, self.classified = 0, []


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    opened = open_world(office, tmp_path / "ace")
    yield opened
    opened.ace.close()


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Counts:
    counted, read, classified = Counts(), _read_states, _decide

    def count_read(journal: Journal) -> list[EntryState]:
        counted.read += 1
        return read(journal)

    def count_classified(entry: EntryState) -> EntryDecision:
        counted.classified.append(entry.number)
        return classified(entry)

    monkeypatch.setattr(states, "_read_states", count_read)
    monkeypatch.setattr(rules, "_decide", count_classified)
    return counted


def until_waiting(world: World) -> None:
    """Cycles until a plan waits."""
    while world.turn().waiting is None:
        world.exchange()


def test_a_cycle_without_news_reads_and_classifies_once(world: World, counts: Counts) -> None:
    numbers = record_released(world, ["01"] * 4)
    until_waiting(world)
    world.turn()
    for _ in range(2):
        assert world.turn().waiting is not None
    states._STATES.clear()
    counts.clear()
    assert not world.turn().moved
    assert counts.read == 1 and sorted(counts.classified) == sorted(numbers)
    counts.clear()
    world.turn()
    assert (counts.read, counts.classified) == (0, [])


def test_states_are_read_once_more_after_a_stage_that_changed_them(world: World, counts: Counts) -> None:
    """Over whole lives of entries: questions, plans, batches, answers, settlements."""
    record_released(world, ["01"] * 4)
    record_summaries(world, ["01"])
    journal, changing, entries = world.office.journal, set(), 5
    states.entry_states(journal)
    for _ in range(12):
        cycle, changes, classified = Cycle(world.house, "bo", today()), 0, 0
        for stage in STAGES:
            before = list_entry_states(journal)
            counts.clear()
            stage.run(cycle)
            after = list_entry_states(journal)
            changed = before != after
            assert counts.read == changed, stage.name
            assert stage.changes or not changed, stage.name
            changing |= {stage.name} if changed else set()
            changes, classified = changes + changed, classified + len(counts.classified)
            assert after == _read_states(journal), stage.name
        assert classified <= entries * (1 + changes)
        if cycle.waiting is not None:
            world.office.approve(cycle.waiting)
        world.exchange()
    assert changing == {"read what ACE sent", "settle what stands in ACE", "write approved batches",
                        "ask ACE"}  # fmt: skip


TABLES = {ENTRIES, NUMBERS, ASKED, BATCHES, BONDS, QUERIES, SENT, VIEWS}
"""What entry states are read from."""


def test_an_event_that_states_are_not_read_again_for_changes_none_of_their_tables(world: World) -> None:
    for body, apply in projections.projections().items():
        if body.kind not in states._changing() and body not in _IRRELEVANT_EVENTS:
            used = vars(sys.modules[apply.__module__]).values()
            assert not [t for t in used if isinstance(t, sa.Table) and t in TABLES], body
    journal = world.office.journal
    send_one(world)
    before = _read_states(journal)
    for body in (PlanDropped(plan="0" * 64, reason="another day"),
                 RequestAnswered(number=before[0].number, how="sent", proof="")):  # fmt: skip
        assert body.kind not in states._changing()
        journal.append(body, "tests", "bo")
    assert _read_states(journal) == before


def test_another_process_changes_an_entry(world: World) -> None:
    """Its events are seen, and so is a journal that was put in the place of this one."""
    (number,) = record_released(world, ["01"])
    journal = world.office.journal
    assert [entry.state for entry in list_entry_states(journal)] == ["recorded"]
    other = Journal(journal.url)
    body = EntrySettled(number=number, how="in ACE", proof="")
    other.append(body, f"entry/{number}", "bo")
    other.close()
    assert [entry.state for entry in list_entry_states(journal)] == ["settled"]
    states._STATES[journal].head = JournalHead(journal.head().seq, "f" * 64)
    states._STATES[journal].entries = ()
    assert len(list_entry_states(journal)) == 1


def test_running_the_stages_through_is_the_cycle(world: World) -> None:
    """The CLI and the flow have no order of their own."""
    numbers = record_released(world, ["01"] * 2)
    until_waiting(world)
    done = world.turn()
    again = Cycle(world.house, "bo", today())
    for stage in STAGES:
        stage.run(again)
    assert cycle_result(again) == done
    assert done.waiting is not None and sorted(done.waiting.numbers) == numbers
    assert len({stage.name for stage in STAGES}) == len(STAGES)
