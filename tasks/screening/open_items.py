"""What a person should know without asking: hits that wait, lists that are red. Light to import."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from tasks.core.journal.journal import Journal
from tasks.core.journal.store import EVENTS
from tasks.core.messages import Reason
from tasks.screening.tables import HITS, LISTS, REVIEWS, SCREENED
from tasks.workspace import Workspace


@dataclass(frozen=True)
class UndecidedHits:
    """How many hits wait for a person, how many of those block their partner, and the moment of the
    screening that found the newest."""

    undecided: int
    blocking: int
    since: str = ""

    def __bool__(self) -> bool:
        return self.undecided > 0


def undecided_hits(journal: Journal) -> UndecidedHits:
    if not journal.rows(sa.select(SCREENED.c.what).limit(1)):
        return UndecidedHits(0, 0)
    from tasks.screening.hits.hit_decisions import journal_hits
    from tasks.screening.hits.role_policy import BLOCK

    waiting = [hit for hit in journal_hits(journal) if hit.undecided]
    blocking = sum(hit.effect == BLOCK for hit in waiting)
    return UndecidedHits(len(waiting), blocking, _found(journal, {hit.hit for hit in waiting}))


def lists_not_screened(journal: Journal) -> tuple[list[str], str]:
    """Lists whose version in force the last screening of the partners did not use, and since when: their
    hits and points are those of before."""
    screened = journal.rows(sa.select(SCREENED.c.lists).where(SCREENED.c.what == "hits"))
    if not screened:
        return [], ""
    from tasks.screening.lists.list_versions import contents_in_force

    before = json.loads(screened[0].lists)
    changed = sorted(one for one, content in contents_in_force(journal).items() if before.get(one) != content)
    rows = journal.rows(sa.select(LISTS.c.seq).where(LISTS.c.list.in_(changed)))
    return changed, _moment(journal, max((row.seq for row in rows), default=0))


def register_changed_at(journal: Journal) -> str:
    """When the register of partners was last changed; empty if there is none."""
    rows = journal.rows(sa.select(SCREENED.c.seq).where(SCREENED.c.what == "register"))
    return _moment(journal, rows[0].seq) if rows else ""


def overdue_reviews(workspace: Workspace) -> tuple[int, str]:
    """How many partners that somebody looked at are due to be looked at again today, and since which
    day the newest."""
    if not workspace.journal.rows(sa.select(REVIEWS.c.partner).limit(1)):
        return 0, ""
    from tasks.screening.risk.partner_state import reviews_due

    due = reviews_due(workspace)
    return len(due), due[-1] if due else ""


def risky_unreviewed(workspace: Workspace) -> tuple[int, str]:
    """How many partners wait for a look for their risk alone, though no list names them, and the moment
    of the screening that left them so."""
    screened = workspace.journal.rows(sa.select(SCREENED.c.seq).where(SCREENED.c.what == "hits"))
    if not screened:
        return 0, ""
    from tasks.screening.risk.partner_state import unreviewed_partners as waiting

    found = waiting(workspace)
    return len(found), _moment(workspace.journal, screened[0].seq) if found else ""


def _found(journal: Journal, hits: set[str]) -> str:
    query = sa.select(HITS.c.hit, HITS.c.found).where(HITS.c.present)
    newest = max((row.found for row in journal.rows(query) if row.hit in hits), default=0)
    return _moment(journal, newest)


def _moment(journal: Journal, seq: int) -> str:
    found = journal.rows(sa.select(EVENTS.c.at).where(EVENTS.c.seq == seq))
    return found[0].at if found else ""


def red_lists(journal: Journal) -> list[Reason]:
    """Which lists are red (`lists`), and why (`reason`), one of a reason; none where nobody is
    screened."""
    if not (journal.rows(sa.select(SCREENED.c.what)) or journal.rows(sa.select(LISTS.c.list))):
        return []
    from tasks.screening.lists.list_versions import list_states

    by_reason: dict[Reason, list[str]] = {}
    for row in list_states(journal):
        if row["state"] == "red":
            by_reason.setdefault(row["reason"], []).append(row["list"])
    return [Reason("lists-red", lists=tuple(lists), reason=reason) for reason, lists in by_reason.items()]


def red_since(journal: Journal) -> str:
    """Since when a list is red, the newest of them: the day after its limit, or the moment at which
    what is no whole list was loaded. With none loaded at all, that of the last screening."""
    from tasks.screening.lists.list_versions import list_states

    red = [row for row in list_states(journal) if row["state"] == "red"]
    places = {row.list: row.seq for row in journal.rows(sa.select(LISTS.c.list, LISTS.c.seq))}
    turned = [_turned(journal, row, places) for row in red if row["list"] in places]
    screened = journal.rows(sa.select(sa.func.max(SCREENED.c.seq)))[0][0]
    return max(turned, default="") or _moment(journal, screened or 0)


def _turned(journal: Journal, row: dict[str, Any], places: dict[str, int]) -> str:
    age, limit = row["age_days"], row["limit_days"]
    if isinstance(age, int) and isinstance(limit, int) and age > limit:
        return str(date.fromisoformat(str(row["as_of"])) + timedelta(days=limit + 1))
    return _moment(journal, places[str(row["list"])])
