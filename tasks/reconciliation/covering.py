"""Releases that one consolidating summary covers (AE 2026-07 p.134): it has no release of its own, they
have no summary of their own. It goes when ACE shows all of them released (error 237), and names them
all; each is settled when it does. Where no summary of our book can take a release, a person puts it
right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from tasks.reconciliation.classify import few, orphaned, stated
from tasks.reconciliation.facts import Paper, Release, Summary, facts_of, paper_of
from tasks.reconciliation.view import SUMMARY, Standing
from tasks.shared.errors import Problem
from tasks.shared.journal import Journal
from tasks.shared.projections import ENTRIES, NUMBERS

if TYPE_CHECKING:
    import pyarrow as pa

_THERE = (Release.FREE, Release.OTHER_DAY)
"""Released, not merely on file: a summary that names one that is not is rejected (error 237)."""
_STANDING = ("recorded", "settled")


def joined(found: list[Standing]) -> list[Standing]:
    """The same entries, each consolidating summary with its releases, each of these with whether the
    summary stands in ACE."""
    parts: dict[str, list[Standing]] = {}
    for one in found:
        if one.covered_by:
            parts.setdefault(one.covered_by, []).append(one)
    if not parts and not any(one.consolidating for one in found):
        return found
    heads = {one.number: one for one in found if one.number in parts}
    return [_joined(one, parts.get(one.number, ()), heads.get(one.covered_by)) for one in found]


def _joined(one: Standing, parts: Iterable[Standing], head: Standing | None) -> Standing:
    if one.covered_by:
        carried = head is not None and _stands(head, one)
        late = head is not None and head.state == "settled" and not carried
        why = _uncovered(one.covered_by, head)
        return msgspec.structs.replace(one, carried=carried, late=late, uncovered=why)
    covers = [part for part in parts if part.state in _STANDING]
    if not (covers or one.consolidating):
        return one
    return msgspec.structs.replace(
        one,
        consolidating=True,
        covers=tuple(part.number for part in covers),
        awaited=tuple(part.number for part in covers if not _released(part)),
    )


def _uncovered(number: str, head: Standing | None) -> Problem | None:
    """Why no summary goes under the number that is to cover a release; None where one may."""
    if head is None:
        return Problem(code="covering-summary-not-recorded", values={"number": number})
    if head.state not in _STANDING:
        return Problem(
            code="covering-summary-closed", values={"number": number, "state": head.state}
        )
    if head.covered_by:
        return Problem(
            code="covering-summary-covered", values={"number": number, "other": head.covered_by}
        )
    if paper_of(head) is Paper.CLOSED:
        outcome = head.outcome if head.route != "none" else f"route {head.route}"
        return Problem(
            code="covering-summary-not-filed", values={"number": number, "outcome": outcome}
        )
    return None


def uncovered(found: Iterable[Standing]) -> Iterator[tuple[str, Problem, list[str]]]:
    """Numbers that are to cover releases of ours and under which no summary goes: the number, why and
    what to do, and the releases that wait for it."""
    waiting: dict[str, list[str]] = {}
    reasons: dict[str, Problem] = {}
    for one in found:
        if orphaned(one) and one.uncovered is not None:
            waiting.setdefault(one.covered_by, []).append(one.number)
            reasons[one.covered_by] = one.uncovered
    for number, parts in sorted(waiting.items()):
        yield number, reasons[number], parts


def without_summary(found: Iterable[Standing]) -> list[str]:
    """A line for each of these numbers, for a person."""
    return [
        f"{len(parts)} release(s) have no summary to go with ({few(parts)}): {stated(why)}"
        for _, why, parts in uncovered(found)
    ]


def _stands(head: Standing, part: Standing) -> bool:
    """Whether ACE showed it, compared with a book that knew of this release."""
    view = head.views.get(SUMMARY)
    good = head.state == "settled" or facts_of(head).summary is Summary.GOOD
    return good and view is not None and view.seq > part.recorded


def _released(part: Standing) -> bool:
    return part.state == "settled" or facts_of(part).release in _THERE


def releases(journal: Journal, numbers: Iterable[str]) -> pa.Table:
    """RELEASES: what of our book names one of these summaries as the one that covers it."""
    # Entry states are read without these, which take long to load.
    import pyarrow as pa

    from tasks.ace.summary.prepare import RELEASES

    column = ENTRIES.c
    query = (
        sa.select(column.covered_by, column.number)
        .join(NUMBERS, NUMBERS.c.number == column.number)
        .where(column.covered_by != "", NUMBERS.c.state.in_(_STANDING))
        .order_by(column.number)
    )
    wanted = set(numbers)
    rows = [row for row in journal.rows(query) if row.covered_by in wanted]
    columns = [[row.covered_by for row in rows], [row.number for row in rows]]
    return pa.table([pa.array(one, pa.string()) for one in columns], schema=RELEASES)
