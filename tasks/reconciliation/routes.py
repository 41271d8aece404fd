"""By which messages an entry goes, as the rules take it."""

from __future__ import annotations

from tasks.reconciliation.view import Standing

COVERED, CARRIED, LATE, ORPHAN = (
    "covered",
    "covered, summary in ACE",
    "covered, too late",
    "covered, summary not in the book",
)
CONSOLIDATING, GATHERING, LONE = (
    "consolidating",
    "consolidating, releases open",
    "consolidates nothing",
)
"""Routes of releases that another entry's summary covers, and of such summaries."""


def route_of(one: Standing) -> str:
    """The route as recorded, but for consolidating summaries and what they cover."""
    if one.route == "none":
        return one.route
    if one.covered_by:
        covered = ORPHAN if one.uncovered else COVERED
        return CARRIED if one.carried else LATE if one.late else covered
    if one.consolidating:
        return GATHERING if one.awaited else CONSOLIDATING if one.covers else LONE
    return one.route
