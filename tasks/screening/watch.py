"""What a person should know without asking: hits that wait, lists that are red. Light to import."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from tasks.shared.journal import Journal
from tasks.shared.projections import LISTS, SCREENED


@dataclass(frozen=True)
class Waiting:
    """How many hits wait for a person, and how many of those block their partner."""

    undecided: int
    blocking: int

    def __bool__(self) -> bool:
        return self.undecided > 0


def undecided(journal: Journal) -> Waiting:
    if not journal.rows(sa.select(SCREENED.c.what).limit(1)):
        return Waiting(0, 0)
    from tasks.screening.decisions import hits_in
    from tasks.screening.policy import BLOCK

    waiting = [hit for hit in hits_in(journal) if hit.undecided]
    return Waiting(len(waiting), sum(hit.effect == BLOCK for hit in waiting))


def red_lists(journal: Journal) -> list[str]:
    """Why lists are red, and which; nothing in a house that screens nobody."""
    if not (journal.rows(sa.select(SCREENED.c.what)) or journal.rows(sa.select(LISTS.c.list))):
        return []
    from tasks.screening.lists.versions import standing

    by_reason: dict[str, list[str]] = {}
    for row in standing(journal):
        if row["state"] == "red":
            by_reason.setdefault(str(row["why"]), []).append(str(row["list"]))
    return [f"{', '.join(lists)}: {why}" for why, lists in by_reason.items()]
