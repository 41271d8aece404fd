"""Releases that one consolidating summary covers (AE 2026-07 p.134): it has no release of its own, they
have no summary of their own. It goes when ACE shows all of them released (error 237), and names them
all; each is settled when it does. Where no summary of our book can take a release, a person puts it
right.

Whether ACE takes one summary for the releases that name it (AE 2026-07 p.176): released within one
period of seven days (error 244), in one district (242), by one mode of transport (247), by air by one
carrier too.

The desks see only their own entries, so this is judged when the summary is about to go: a sure rejection
is held, and told with what to do.
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
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pyarrow as pa

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput
from tasks.entries.api import RECORD_SHEETS, code_meanings, field_named, record_of_entries

SPAN = timedelta(days=6)
"""From the first to the last day of a period of seven."""

AIR = ("40", "41")
_COLUMNS = ("entry_number", "port_of_entry", "mode_of_transport", "carrier_code")

Row = Mapping[str, Any]


def refuse_consolidations(content: ContentStore, covers: pa.Table, known: Mapping[str, EntryState]) -> None:
    """Raises BadInput, naming each consolidating summary whose releases ACE would not take together.
    `covers`: RELEASES. The day of a release is ACE's; where it shows none, the paper's."""
    parts: dict[str, list[str]] = {}
    for row in covers.to_pylist():
        parts.setdefault(row["entry_number"], []).append(row["release"])
    wanted = {number: known[number].content for some in parts.values() for number in some}
    if not wanted:
        return
    entries = record_of_entries(content, wanted, ("entries",)).entries.select(_COLUMNS).to_pylist()
    rows = {row["entry_number"]: row for row in entries}
    problems = [
        _problem(whole, code, releases)
        for whole, numbers in parts.items()
        for code, releases in _faults([rows[number] for number in numbers], known)
    ]
    if problems:
        raise BadInput("consolidated-summaries-not-accepted", problems)


def _faults(rows: Sequence[Row], known: Mapping[str, EntryState]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The code of each fault, and the releases by the value in which they differ."""
    days = [date.fromisoformat(day) for row in rows if (day := _day(row, known))]
    if days and max(days) - min(days) > SPAN:
        yield "consolidated-releases-over-seven-days", _each(rows, lambda row: _day(row, known))
    if _several(rows, lambda row: (row["port_of_entry"] or "")[:2]):
        yield "consolidated-releases-several-districts", _each(rows, itemgetter("port_of_entry"))
    if _several(rows, lambda row: row["mode_of_transport"]):
        yield "consolidated-releases-several-modes", _each(rows, _mode)
    flown = all(row["mode_of_transport"] in AIR for row in rows)
    if flown and _several(rows, lambda row: row["carrier_code"]):
        yield "consolidated-releases-several-carriers", _each(rows, itemgetter("carrier_code"))


def _day(row: Row, known: Mapping[str, EntryState]) -> str:
    one = known[row["entry_number"]]
    return derive_facts(one).dated or one.released


def _mode(row: Row) -> str:
    code = row["mode_of_transport"]
    return f"{code} {code_meanings('mode_of_transport').get(code, '')}".strip()


def _several(rows: Sequence[Row], of: Callable[[Row], str | None]) -> bool:
    """More than one value; what is not given is not compared."""
    return len({value for row in rows if (value := of(row))}) > 1


def _each(rows: Sequence[Row], of: Callable[[Row], str | None]) -> dict[str, list[str]]:
    """The releases by their value."""
    releases: dict[str, list[str]] = {}
    for row in rows:
        releases.setdefault(of(row) or "not given", []).append(row["entry_number"])
    return dict(sorted(releases.items()))


def _problem(summary: str, code: str, releases: Mapping[str, Sequence[str]]) -> Problem:
    return Problem(
        subject=summary,
        sheet=RECORD_SHEETS["entries"],
        column=field_named("entries", "consolidated_summary").title,
        code=code,
        values={"releases": releases, "listed": _listed(releases)},
    )


def _listed(releases: Mapping[str, Sequence[str]]) -> str:
    """Each value with the first three of its releases."""
    return ", ".join(
        f"{value}: {' '.join(numbers[:3])}{' ...' if numbers[3:] else ''}" for value, numbers in releases.items()
    )


_THERE = (ReleaseStatus.FREE, ReleaseStatus.OTHER_DAY)
"""Released, not merely on file: a summary that names one that is not is rejected (error 237)."""
_STANDING = ("recorded", "settled")


def join_releases(found: list[EntryState]) -> list[EntryState]:
    """The same entries, each consolidating summary with its releases, each of these with whether the
    summary stands in ACE."""
    parts: dict[str, list[EntryState]] = {}
    for one in found:
        if one.covered_by:
            parts.setdefault(one.covered_by, []).append(one)
    if not parts and not any(one.consolidating for one in found):
        return found
    heads = {one.number: one for one in found if one.number in parts}
    return [_joined(one, parts.get(one.number, ()), heads.get(one.covered_by)) for one in found]


def _joined(one: EntryState, parts: Iterable[EntryState], head: EntryState | None) -> EntryState:
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


def _uncovered(number: str, head: EntryState | None) -> Problem | None:
    """Why no summary goes under the number that is to cover a release; None where one may."""
    if head is None:
        return Problem(code="covering-summary-not-recorded", values={"number": number})
    if head.state not in _STANDING:
        return Problem(code="covering-summary-closed", values={"number": number, "state": head.state})
    if head.covered_by:
        return Problem(code="covering-summary-covered", values={"number": number, "other": head.covered_by})
    if paper_outcome(head) is PaperOutcome.CLOSED:
        outcome = head.outcome if head.route != "none" else f"route {head.route}"
        return Problem(code="covering-summary-not-filed", values={"number": number, "outcome": outcome})
    return None


def uncovered(found: Iterable[EntryState]) -> Iterator[tuple[str, Problem, list[str]]]:
    """Numbers that are to cover releases of ours and under which no summary goes: the number, why and
    what to do, and the releases that wait for it."""
    waiting: dict[str, list[str]] = {}
    reasons: dict[str, Problem] = {}
    for one in found:
        if lacks_summary(one) and one.uncovered is not None:
            waiting.setdefault(one.covered_by, []).append(one.number)
            reasons[one.covered_by] = one.uncovered
    for number, parts in sorted(waiting.items()):
        yield number, reasons[number], parts


def missing_summary_lines(found: Iterable[EntryState]) -> list[str]:
    """A line for each of these numbers, for a person."""
    return [
        f"{len(parts)} release(s) have no summary to go with ({first_three(parts)}): {problem_text(why)}"
        for _, why, parts in uncovered(found)
    ]


def _stands(head: EntryState, part: EntryState) -> bool:
    """Whether ACE showed it, compared with a book that knew of this release."""
    view = head.views.get(SUMMARY)
    good = head.state == "settled" or derive_facts(head).summary is SummaryStatus.GOOD
    return good and view is not None and view.seq > part.recorded


def _released(part: EntryState) -> bool:
    return part.state == "settled" or derive_facts(part).release in _THERE


def covered_releases(journal: Journal, numbers: Iterable[str]) -> pa.Table:
    """RELEASES: what of our book names one of these summaries as the one that covers it."""
    # Entry states are read without these, which take long to load.
    import pyarrow as pa

    from tasks.ace.api import RELEASE_TABLES

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
    return pa.table([pa.array(one, pa.string()) for one in columns], schema=RELEASE_TABLES)
