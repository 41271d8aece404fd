"""Answers for another filer in a folder that several share: they change nothing, and are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.reconciliation.cycle_stages import entry_decisions
from tasks.reconciliation.receiving.answer_files import read_inbox, unreadable_files
from tests.reconciliation.ace_exchange import World, open_world, send_one
from tests.reconciliation.broker_office import Office


@pytest.fixture
def world(office: Office, tmp_path: Path) -> Iterator[World]:
    made = open_world(office, tmp_path / "ace")
    yield made
    made.ace.close()


def states(world: World) -> list[str]:
    return [one.sent["SE"].state for one, _ in entry_decisions(world.house)]


@pytest.mark.parametrize("other", [(b"A2704ABC", b"A2704XYZ"), (b"A2704ABC", b"A3901ABC")])
def test_another_senders_rejection_does_not_free_our_batch(world: World, other: tuple[bytes, bytes]) -> None:
    """Its id is the same, and our own batch may be taken: sent again it would stand there twice."""
    send_one(world)
    world.ace.misbehave("reject", times=1, only="SE", detail="X33")
    world.exchange()
    (answer,) = world.inbox.glob("*-se-*")
    ours = answer.read_bytes()
    answer.write_bytes(ours.replace(*other))
    told = unreadable_files(read_inbox(world.house, "bo"))
    assert f"is for the sender {other[1][1:].decode()}, but 2704ABC sent batch" in told[answer.name]
    assert states(world) == ["waiting"]
    answer.write_bytes(ours)
    read_inbox(world.house, "bo")
    assert states(world) == ["batch rejected"]


def test_another_filers_answer_is_kept_out(world: World) -> None:
    send_one(world)
    world.exchange()
    (answer,) = world.inbox.glob("*-se-*")
    ours = answer.read_bytes()
    # The other filer's stands before ours in the same file.
    answer.write_bytes(ours.replace(b"ABC", b"XYZ") + ours)
    told = unreadable_files(read_inbox(world.house, "bo"))
    assert told[answer.name].startswith("is for the filer XYZ, not for ABC")
    assert states(world) == ["taken"]
    batches = [event.said for event in world.office.journal.events(kind="answer.read")]
    numbers = {line.number for said in batches for line in said.lines}  # type: ignore[union-attr]
    assert numbers and not any(number.startswith("XYZ") for number in numbers)
