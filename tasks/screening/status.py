"""Lines of the status page on the screening of partners (P9), once partners are screened here."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.screening import watch
from tasks.shared.board import AMBER, RED, Line
from tasks.shared.errors import ContentMissing
from tasks.workspace import Workspace

_UPDATE = "continuity screen lists update DIR, or --download"


def lines(workspace: Workspace) -> Iterator[Line]:
    """Hits that wait for a person, lists that are red or not screened against yet, reviews that fell
    due or were never made of a risky partner."""
    journal = workspace.journal
    if count := watch.undecided(journal):
        fact = f"{count.undecided} undecided, {count.blocking} of them block a partner"
        yield Line("screening-hits", "P9", "screening hits", RED if count.blocking else AMBER, fact,
                   "continuity screen hits", count.since,
                   values={"undecided": count.undecided, "blocking": count.blocking})  # fmt: skip
    if red := watch.red_lists(journal):
        yield Line(
            "screening-lists",
            "P9",
            "screening lists",
            RED,
            "; ".join(reason.text for reason in red),
            _UPDATE,
            watch.red_since(journal),
        )
    changed, since = watch.unscreened(journal)
    if changed:
        yield Line("lists-not-screened-against", "P9", "screening", AMBER,
                   f"partners not screened against: {', '.join(changed)}", "continuity screen run", since,
                   values={"lists": changed})  # fmt: skip
    try:
        yield from _not_screened(workspace)
        yield from _reviews(workspace)
    except ContentMissing as error:
        yield Line("partner-register", "P9", "partner register", RED, str(error), "continuity journal verify",
                   values={"error": error.code})  # fmt: skip


def _not_screened(workspace: Workspace) -> Iterator[Line]:
    registered = watch.registered(workspace.journal)
    if not registered:
        return
    from tasks.screening.coverage import RUN, waiting

    partners = waiting(workspace)
    if partners.count:
        why = "; ".join(reason.text for reason in partners.reasons)
        fact = f"{partners.count} of {partners.partners} not screened: {why}"
        since = watch.red_since(workspace.journal) if partners.red else registered
        yield Line("partners-not-screened", "P9", "partners", RED, fact,
                   _UPDATE if partners.red else RUN, since,
                   values={"count": partners.count, "partners": partners.partners})  # fmt: skip


def _reviews(workspace: Workspace) -> Iterator[Line]:
    count, day = watch.overdue_reviews(workspace)
    if count:
        yield Line("partner-reviews-due", "P9", "partner reviews", AMBER, f"{count} fell due",
                   "continuity screen risk --due", day, values={"count": count})  # fmt: skip
    count, since = watch.unseen(workspace)
    if count:
        yield Line("risky-partners-not-reviewed", "P9", "risky partners", AMBER,
                   f"{count} of high risk wait for a review, no list names them",
                   "continuity screen risk, then screen review", since, values={"count": count})  # fmt: skip
