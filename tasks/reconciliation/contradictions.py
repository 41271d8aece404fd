"""Answers of ACE that contradict what it said before of the same sending, or each other. The first stands
in the book, ACE is asked what is so, and a person is told: nothing is settled on a word alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from tasks.shared import messages
from tasks.shared.ace_tables import SENT
from tasks.shared.folds.ace import SENT_STATES
from tasks.shared.journal import Journal
from tasks.shared.kinds.ace import AnswerRead

_FINAL = ("taken", "rejected", "batch rejected")


@dataclass(frozen=True)
class Contradiction:
    """ACE gave one state of an entry in a batch, and now another one (states of `ace_tables.SENT`)."""

    number: str
    batch: str
    before: str
    now: str

    def __str__(self) -> str:
        return messages.text("ace-answers-contradict", asdict(self))


def contradictions(journal: Journal, bodies: Sequence[AnswerRead]) -> Iterator[Contradiction]:
    """One for each entry, in the order of the answers that are about to be written."""
    known: dict[str, dict[str, str]] = {}
    for body in bodies:
        if not body.batch:
            continue
        if body.batch not in known:
            rows = journal.rows(sa.select(SENT).where(SENT.c.batch == body.batch))
            known[body.batch] = {row.number: row.state for row in rows}
        before = known[body.batch]
        said = dict.fromkeys(before, "batch rejected") if body.rejected else {}
        told = [*said.items(), *((line.number, SENT_STATES.get(line.disposition, ""))
                                 for line in body.lines)]  # fmt: skip
        for number, state in told:
            if number not in before or state not in _FINAL:
                continue
            if before[number] in _FINAL and before[number] != state:
                yield Contradiction(number, body.batch, before[number], state)
            else:
                before[number] = state
