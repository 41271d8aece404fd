"""A plan as it is kept: content, approved by its digest, never planned anew."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tasks.ace.api import PrivateSlot
from tasks.core.content import ContentStore
from tasks.core.errors import Problem
from tasks.core.journal.bodies import canonical
from tasks.security.api import Act

TOPIC = "batches"
"""A later plan of batches replaces the earlier ones."""

Row = dict[str, object]


@dataclass(frozen=True)
class PlannedBatch:
    """One batch of a plan. `content` is the SHA-256 of its stored form: `PASSWD` and placeholders
    where `slots` put the real values."""

    application: str
    batch: str
    file: str
    content: str
    numbers: tuple[str, ...]
    slots: tuple[PrivateSlot, ...]


@dataclass(frozen=True)
class SendingPlan:
    """`day`: for which it was made, YYYY-MM-DD. `entries`: the digest of each entry's rows as they
    were planned; `steps`: what was to be done with each, which must still be so when it is written.
    `duty`: the rows of `daily_duty`, what each payer owes on each statement date; `payments`: payer, statement
    date and cents of each summary; `notes`: what is to be said of how they are paid, and of how
    many. `dates`: where ACE's release date is another than the paper's.
    `held`: entries that were due but cannot be written, with the first reason, whose `subject` is
    the entry; they keep no other entry back."""

    digest: str
    batches: tuple[PlannedBatch, ...]
    entries: dict[str, str]
    day: str = ""
    duty: tuple[Row, ...] = field(default=())
    payments: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    notes: dict[str, int] = field(default_factory=dict)
    dates: tuple[Row, ...] = field(default=())
    held: dict[str, Problem] = field(default_factory=dict)
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def binds(self) -> list[str]:
        return [batch.content for batch in self.batches]

    @property
    def numbers(self) -> list[str]:
        return [number for batch in self.batches for number in batch.numbers]

    def lapsed(self, today: date) -> str:
        """Why its statement dates no longer hold, in words; empty while they do. They are set for
        the day of sending (AE 2026-07 p.174-176): a plan that carries duty is good for that alone.
        """
        if not self.duty or self.day == today.isoformat():
            return ""
        return f"it carries duty and its statement dates were set for {self.day or 'another day'}"


def store_plan(content: ContentStore, plan_fields: dict[str, object]) -> SendingPlan:
    """A plan put by, from all its fields but the digest."""
    payload = plan_fields | {"act": Act.SEND_BATCHES}
    return load_plan(content, content.put(canonical(payload).encode()))


def load_plan(content: ContentStore, digest: str) -> SendingPlan:
    """A plan by its digest. Raises ContentMissing."""
    payload = json.loads(content.get(digest))
    return SendingPlan(
        digest=digest,
        batches=tuple(_read_batches(payload["batches"])),
        entries=payload["entries"],
        day=payload.get("day", ""),
        duty=tuple(payload["duty"]),
        payments={number: tuple(payment) for number, payment in payload.get("payments", {}).items()},
        notes=payload.get("notes", {}),
        dates=tuple(payload.get("dates", ())),
        held={number: Problem(**facts) for number, facts in payload["held"].items()},
        steps=payload.get("steps", {}),
    )


def _read_batches(rows: Iterable[dict]) -> Iterable[PlannedBatch]:
    for row in rows:
        slots = tuple(PrivateSlot(**slot) for slot in row["slots"])
        yield PlannedBatch(**{**row, "numbers": tuple(row["numbers"]), "slots": slots})
