"""Batches that have no answer long after they were written. The sender may have taken the file, or
somebody removed it: from here both look the same, so ACE is asked, and a person looks at the sender."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from tasks.shared import clock, messages
from tasks.shared.ace_tables import BATCHES, SENT
from tasks.shared.journal import Journal
from tasks.shared.store import EVENTS

LONG = timedelta(hours=1)
"""ACE answers in minutes; after an hour CBP wants to be called (AE 2026-07, `ZZZ`)."""


@dataclass(frozen=True)
class Silent:
    """A batch without an answer, since when (as the journal writes it), and whose entries wait."""

    batch: str
    file: str
    since: str
    numbers: tuple[str, ...]

    @property
    def words(self) -> str:
        since = self.since[:16].replace("T", " ")
        values = {"file": self.file, "since": since, "batch": self.batch}
        return messages.text("batch-not-answered", values)


def silent(journal: Journal) -> list[Silent]:
    """Those written more than an hour ago of which an entry still waits, oldest first."""
    before = clock.text(clock.now() - LONG)
    query = (
        sa.select(BATCHES.c.batch, BATCHES.c.file, EVENTS.c.at, SENT.c.number)
        .join(SENT, SENT.c.batch == BATCHES.c.batch)
        .join(EVENTS, EVENTS.c.seq == BATCHES.c.seq)
        .where(BATCHES.c.written, SENT.c.state == "waiting", EVENTS.c.at < before)
        .order_by(EVENTS.c.at, SENT.c.number)
    )
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in journal.rows(query):
        found.setdefault((row.batch, row.file, row.at), []).append(row.number)
    return [Silent(*key, tuple(numbers)) for key, numbers in found.items()]


def by_number(some: Iterable[Silent]) -> dict[str, str]:
    """What is to be said of each entry of these."""
    return {number: one.words for one in some for number in one.numbers}
