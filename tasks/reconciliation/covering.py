"""Releases that one consolidating summary covers (AE 2026-07 p.134): it has no release of its own, they
have no summary of their own. It goes when all of them stand in ACE (error 237), and names all of them;
each is settled when it does."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from tasks.ace.summary.prepare import RELEASES
from tasks.reconciliation.facts import Release, Summary, facts_of
from tasks.reconciliation.view import SUMMARY, Standing
from tasks.shared.journal import Journal
from tasks.shared.projections import ENTRIES, NUMBERS

_THERE = (Release.PENDING, Release.FREE, Release.OTHER_DAY, Release.STOPPED)
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
        return msgspec.structs.replace(one, carried=carried, late=late)
    covers = [part for part in parts if part.state in _STANDING]
    if not (covers or one.consolidating):
        return one
    return msgspec.structs.replace(
        one,
        consolidating=True,
        covers=tuple(part.number for part in covers),
        awaited=tuple(part.number for part in covers if not _released(part)),
    )


def _stands(head: Standing, part: Standing) -> bool:
    """Whether ACE showed it, compared with a book that knew of this release."""
    view = head.views.get(SUMMARY)
    good = head.state == "settled" or facts_of(head).summary is Summary.GOOD
    return good and view is not None and view.seq > part.recorded


def _released(part: Standing) -> bool:
    return part.state == "settled" or facts_of(part).release in _THERE


def releases(journal: Journal, numbers: Iterable[str]) -> pa.Table:
    """RELEASES: what of our book names one of these summaries as the one that covers it."""
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
