"""Batches in another copy of the journal: one that ACE never got, and what was sent again in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.core.journal.adoption import AdoptionHook
from tasks.core.journal.bodies import AdoptionRule
from tasks.core.journal.journal import Event
from tasks.reconciliation.events import BatchNamed, BatchNotReceived

_TAKEN = AdoptionRule()


class BatchAdoption(AdoptionHook):
    """Takes the statement that ACE never got a batch if every entry of it went again in a later batch.
    Without it the later batch could not be taken, and what went in it would not count as sent."""

    def rules(self, theirs: Sequence[Event], prefix: int) -> Mapping[int, AdoptionRule]:
        statements: dict[str, list[int]] = {}
        batches: dict[str, BatchNamed] = {}
        not_resent: dict[str, set[str]] = {}
        for event in theirs:
            body = event.said if event.kind.startswith("batch.") else None
            if isinstance(body, BatchNamed):
                for lost, numbers in not_resent.items():
                    if batches[lost].application == body.application:
                        numbers.difference_update(body.numbers)
                batches[body.batch] = body
            elif isinstance(body, BatchNotReceived) and event.seq > prefix and body.batch in batches:
                not_resent[body.batch] = set(batches[body.batch].numbers)
                statements.setdefault(body.batch, []).append(event.seq)
        return {seq: _TAKEN for batch, numbers in not_resent.items() if not numbers for seq in statements[batch]}
