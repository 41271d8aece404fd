"""Releases that one consolidating summary covers (AE 2026-07 p.134): it has no release of its own, they
have no summary of their own. It goes when ACE shows all of them released (error 237), and names them
all; each is settled when it does. Where no summary of our journal can take a release, a person corrects it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from tasks.core.errors import Problem
from tasks.core.journal.journal import Journal
from tasks.entries.api import ENTRIES, NUMBERS
from tasks.reconciliation.decisions.classification import first_three, lacks_summary, problem_text
from tasks.reconciliation.decisions.entry_facts import (
    PaperOutcome,
    ReleaseStatus,
    SummaryStatus,
    derive_facts,
    paper_outcome,
)
from tasks.reconciliation.state.entry_state import SUMMARY, EntryState

if TYPE_CHECKING:
    import pyarrow as pa

_RELEASED = (ReleaseStatus.RELEASED, ReleaseStatus.OTHER_DAY)
"""Released, not merely on file: a summary that names one that is not is rejected (error 237)."""
_OPEN_STATES = ("recorded", "settled")


def join_releases(entries: list[EntryState]) -> list[EntryState]:
    """The same entries, each consolidating summary with its releases, each of these with whether the
    summary stands in ACE."""
    parts: dict[str, list[EntryState]] = {}
    for entry in entries:
        if entry.covered_by:
            parts.setdefault(entry.covered_by, []).append(entry)
    if not parts and not any(entry.consolidating for entry in entries):
        return entries
    heads = {entry.number: entry for entry in entries if entry.number in parts}
    return [_join_release(entry, parts.get(entry.number, ()), heads.get(entry.covered_by)) for entry in entries]


def _join_release(entry: EntryState, parts: Iterable[EntryState], head: EntryState | None) -> EntryState:
    if entry.covered_by:
        carried = head is not None and _summary_stands(head, entry)
        late = head is not None and head.state == "settled" and not carried
        why = _uncovered_reason(entry.covered_by, head)
        return msgspec.structs.replace(entry, carried=carried, late=late, uncovered=why)
    covers = [part for part in parts if part.state in _OPEN_STATES]
    if not (covers or entry.consolidating):
        return entry
    return msgspec.structs.replace(
        entry,
        consolidating=True,
        covers=tuple(part.number for part in covers),
        awaited=tuple(part.number for part in covers if not _released(part)),
    )


def _uncovered_reason(number: str, head: EntryState | None) -> Problem | None:
    """Why no summary goes under the number that is to cover a release; None where one may."""
    if head is None:
        return Problem(code="covering-summary-not-recorded", values={"number": number})
    if head.state not in _OPEN_STATES:
        return Problem(code="covering-summary-closed", values={"number": number, "state": head.state})
    if head.covered_by:
        return Problem(code="covering-summary-covered", values={"number": number, "other": head.covered_by})
    if paper_outcome(head) is PaperOutcome.CLOSED:
        outcome = head.outcome if head.route != "none" else f"route {head.route}"
        return Problem(code="covering-summary-not-filed", values={"number": number, "outcome": outcome})
    return None


def uncovered(entries: Iterable[EntryState]) -> Iterator[tuple[str, Problem, list[str]]]:
    """Numbers that are to cover releases of ours and under which no summary goes: the number, why and
    what to do, and the releases that wait for it."""
    waiting: dict[str, list[str]] = {}
    reasons: dict[str, Problem] = {}
    for entry in entries:
        if lacks_summary(entry) and entry.uncovered is not None:
            waiting.setdefault(entry.covered_by, []).append(entry.number)
            reasons[entry.covered_by] = entry.uncovered
    for number, parts in sorted(waiting.items()):
        yield number, reasons[number], parts


def missing_summary_lines(entries: Iterable[EntryState]) -> list[str]:
    """A line for each of these numbers, for a person."""
    return [
        f"{len(parts)} release(s) have no summary to go with ({first_three(parts)}): {problem_text(why)}"
        for _, why, parts in uncovered(entries)
    ]


def _summary_stands(head: EntryState, part: EntryState) -> bool:
    """Whether ACE showed it, compared with a book that knew of this release."""
    status = head.ace_statuses.get(SUMMARY)
    good = head.state == "settled" or derive_facts(head).summary is SummaryStatus.MATCHES
    return good and status is not None and status.seq > part.recorded


def _released(part: EntryState) -> bool:
    return part.state == "settled" or derive_facts(part).release in _RELEASED


def covered_releases(journal: Journal, numbers: Iterable[str]) -> pa.Table:
    """RELEASES: what of our journal names one of these summaries as the one that covers it."""
    # Entry states are read without these, which take long to load.
    import pyarrow as pa

    from tasks.ace.api import RELEASE_TABLES

    entry = ENTRIES.c
    query = (
        sa.select(entry.covered_by, entry.number)
        .join(NUMBERS, NUMBERS.c.number == entry.number)
        .where(entry.covered_by != "", NUMBERS.c.state.in_(_OPEN_STATES))
        .order_by(entry.number)
    )
    summaries = set(numbers)
    rows = [row for row in journal.rows(query) if row.covered_by in summaries]
    columns = [[row.covered_by for row in rows], [row.number for row in rows]]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=RELEASE_TABLES)
