"""Status lines on the screening of partners: undecided hits, red lists, partners not screened, reviews due."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from tasks.core.errors import ContentMissing
from tasks.core.journal.journal import Journal
from tasks.core.status_lines import AMBER, RED, StatusLine
from tasks.screening.hits.hit_decisions import journal_hits
from tasks.screening.hits.role_policy import BLOCK
from tasks.screening.lists.list_versions import event_time, lists_not_screened, red_lists, red_since
from tasks.screening.risk.partner_state import reviews_due, unreviewed_partners
from tasks.screening.risk.screening_coverage import RUN, unscreened_partners
from tasks.screening.tables import HITS, REVIEWS, SCREENED
from tasks.workspace import Workspace

_UPDATE = "continuity screen lists update DIR, or --download"


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
    waiting = [hit for hit in journal_hits(journal) if hit.undecided]
    blocking = sum(hit.effect == BLOCK for hit in waiting)
    return UndecidedHits(len(waiting), blocking, _newest_found_at(journal, {hit.hit for hit in waiting}))


def register_changed_at(journal: Journal) -> str:
    """When the register of partners was last changed; empty if there is none."""
    rows = journal.rows(sa.select(SCREENED.c.seq).where(SCREENED.c.what == "register"))
    return event_time(journal, rows[0].seq) if rows else ""


def overdue_reviews(workspace: Workspace) -> tuple[int, str]:
    """How many partners that somebody looked at are due to be looked at again today, and since which
    day the newest."""
    if not workspace.journal.rows(sa.select(REVIEWS.c.partner).limit(1)):
        return 0, ""
    due = reviews_due(workspace)
    return len(due), due[-1] if due else ""


def risky_unreviewed(workspace: Workspace) -> tuple[int, str]:
    """How many partners wait for a look for their risk alone, though no list names them, and the moment
    of the screening that left them so."""
    screened = workspace.journal.rows(sa.select(SCREENED.c.seq).where(SCREENED.c.what == "hits"))
    if not screened:
        return 0, ""
    partners = unreviewed_partners(workspace)
    return len(partners), event_time(workspace.journal, screened[0].seq) if partners else ""


def _newest_found_at(journal: Journal, hits: set[str]) -> str:
    query = sa.select(HITS.c.hit, HITS.c.found).where(HITS.c.present)
    newest = max((row.found for row in journal.rows(query) if row.hit in hits), default=0)
    return event_time(journal, newest)


def open_lines(workspace: Workspace) -> Iterator[StatusLine]:
    """Hits that wait for a person, lists that are red or not screened against yet, reviews that fell
    due or were never made of a risky partner."""
    journal = workspace.journal
    if count := undecided_hits(journal):
        fact = f"{count.undecided} undecided, {count.blocking} of them block a partner"
        values = {"undecided": count.undecided, "blocking": count.blocking}
        light = RED if count.blocking else AMBER
        yield _line("screening-hits", "screening hits", light, fact, "continuity screen hits", count.since, **values)
    if red := red_lists(journal):
        fact = "; ".join(reason.text for reason in red)
        yield _line("screening-lists", "screening lists", RED, fact, _UPDATE, red_since(journal))
    changed, since = lists_not_screened(journal)
    if changed:
        fact = f"partners not screened against: {', '.join(changed)}"
        yield _line("lists-not-screened-against", "screening", AMBER, fact, RUN, since, lists=changed)
    try:
        yield from _not_screened(workspace)
        yield from _reviews(workspace)
    except ContentMissing as error:
        fact, step = str(error), "continuity journal verify"
        yield _line("partner-register", "partner register", RED, fact, step, error=error.code)


def _line(code: str, what: str, light: str, fact: str, step: str, since: str = "", **values: object) -> StatusLine:
    return StatusLine(code, "P9", what, light, fact, step, since, values=values)


def _not_screened(workspace: Workspace) -> Iterator[StatusLine]:
    registered = register_changed_at(workspace.journal)
    partners = unscreened_partners(workspace) if registered else None
    if partners and partners.count:
        why = "; ".join(reason.text for reason in partners.reasons)
        fact = f"{partners.count} of {partners.partners} not screened: {why}"
        since = red_since(workspace.journal) if partners.red else registered
        step, values = _UPDATE if partners.red else RUN, {"count": partners.count, "partners": partners.partners}
        yield _line("partners-not-screened", "partners", RED, fact, step, since, **values)


def _reviews(workspace: Workspace) -> Iterator[StatusLine]:
    count, day = overdue_reviews(workspace)
    if count:
        step = "continuity screen risk --due"
        yield _line("partner-reviews-due", "partner reviews", AMBER, f"{count} fell due", step, day, count=count)
    count, since = risky_unreviewed(workspace)
    if count:
        fact = f"{count} of high risk wait for a review, no list names them"
        step = "continuity screen risk, then screen review"
        yield _line("risky-partners-not-reviewed", "risky partners", AMBER, fact, step, since, count=count)
