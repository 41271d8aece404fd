"""Lines of the status page on the screening of partners (P9), once partners are screened here."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.errors import ContentMissing
from tasks.core.status_lines import AMBER, RED, StatusLine
from tasks.screening import open_items
from tasks.screening.open_items import lists_not_screened, register_changed_at, risky_unreviewed, undecided_hits
from tasks.workspace import Workspace

_UPDATE = "continuity screen lists update DIR, or --download"


def lines(workspace: Workspace) -> Iterator[StatusLine]:
    """Hits that wait for a person, lists that are red or not screened against yet, reviews that fell
    due or were never made of a risky partner."""
    journal = workspace.journal
    if count := undecided_hits(journal):
        fact = f"{count.undecided} undecided, {count.blocking} of them block a partner"
        yield StatusLine(
            "screening-hits",
            "P9",
            "screening hits",
            RED if count.blocking else AMBER,
            fact,
            "continuity screen hits",
            count.since,
            values={"undecided": count.undecided, "blocking": count.blocking},
        )
    if red := open_items.red_lists(journal):
        yield StatusLine(
            "screening-lists",
            "P9",
            "screening lists",
            RED,
            "; ".join(reason.text for reason in red),
            _UPDATE,
            open_items.red_since(journal),
        )
    changed, since = lists_not_screened(journal)
    if changed:
        yield StatusLine(
            "lists-not-screened-against",
            "P9",
            "screening",
            AMBER,
            f"partners not screened against: {', '.join(changed)}",
            "continuity screen run",
            since,
            values={"lists": changed},
        )
    try:
        yield from _not_screened(workspace)
        yield from _reviews(workspace)
    except ContentMissing as error:
        yield StatusLine(
            "partner-register",
            "P9",
            "partner register",
            RED,
            str(error),
            "continuity journal verify",
            values={"error": error.code},
        )


def _not_screened(workspace: Workspace) -> Iterator[StatusLine]:
    registered = register_changed_at(workspace.journal)
    if not registered:
        return
    from tasks.screening.risk.screening_coverage import RUN, unscreened_partners

    partners = unscreened_partners(workspace)
    if partners.count:
        why = "; ".join(reason.text for reason in partners.reasons)
        fact = f"{partners.count} of {partners.partners} not screened: {why}"
        since = open_items.red_since(workspace.journal) if partners.red else registered
        yield StatusLine(
            "partners-not-screened",
            "P9",
            "partners",
            RED,
            fact,
            _UPDATE if partners.red else RUN,
            since,
            values={"count": partners.count, "partners": partners.partners},
        )


def _reviews(workspace: Workspace) -> Iterator[StatusLine]:
    count, day = open_items.overdue_reviews(workspace)
    if count:
        yield StatusLine(
            "partner-reviews-due",
            "P9",
            "partner reviews",
            AMBER,
            f"{count} fell due",
            "continuity screen risk --due",
            day,
            values={"count": count},
        )
    count, since = risky_unreviewed(workspace)
    if count:
        yield StatusLine(
            "risky-partners-not-reviewed",
            "P9",
            "risky partners",
            AMBER,
            f"{count} of high risk wait for a review, no list names them",
            "continuity screen risk, then screen review",
            since,
            values={"count": count},
        )
