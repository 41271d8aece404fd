"""Entries of a plan that ACE would surely reject: they are held with what can be done, so that no such batch is sent.

Weekly zone entries (type 06, election W): ACE takes a first day of the zone week from the day of sending to
seven days ahead, and no other (CATAIR SE v40 p.39, note 1). A week that began during the outage cannot be
sent late: SE cannot carry the paper's date.

Withdrawals and re-warehousings draw on a warehouse entry, whose summary ACE must hold before theirs
(AE 2026-07 p.178; error 298). Where that entry is recorded here they wait for it. One that only ACE has is
ACE's to judge.

Consolidated summaries (AE 2026-07 p.176): ACE takes one summary for releases within one period of seven days
(error 244), in one district (242), by one mode of transport (247), and by air by one carrier. The desks see
only their own entries, so this is judged when the summary is about to go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, Problem
from tasks.entries.api import RECORD_SHEETS, code_meanings, field_named, record_of_entries
from tasks.reconciliation.decisions.entry_facts import CLOSED, SummaryStatus, derive_facts
from tasks.reconciliation.decisions.exclusions import AWAITED
from tasks.reconciliation.state.entry_state import EntryState

AHEAD = timedelta(days=7)


def refuse_zone_weeks(entries: pa.Table, sent: date) -> None:
    """Raises BadInput, naming each weekly entry whose zone week ACE would not take on this day."""
    weekly = pc.and_(pc.equal(entries["entry_type"], "06"), pc.is_valid(entries["zone_week"]))
    rows = entries.filter(weekly).select(["entry_number", "zone_week"]).to_pylist()
    values = {"days": AHEAD.days}
    problems = [
        _problem(
            row["entry_number"],
            "zone_week",
            "zone-week-begun" if row["zone_week"] < sent else "zone-week-too-far-ahead",
            values | {"sendable": str(row["zone_week"] - AHEAD)},
            str(row["zone_week"]),
        )
        for row in rows
        if not sent <= row["zone_week"] <= sent + AHEAD
    ]
    if problems:
        raise BadInput("weekly-zone-entries-not-accepted", problems)


def _problem(number: str, field: str, code: str, values: dict[str, Any], value: str = "") -> Problem:
    """A problem of one entry in a field of its row."""
    column = field_named("entries", field).title
    return Problem(subject=number, sheet=RECORD_SHEETS["entries"], column=column, value=value, code=code, values=values)


_WITH_SUMMARY = (SummaryStatus.MATCHES, SummaryStatus.DIFFERS)


def refuse_warehouse_entries(entries: pa.Table, states: Mapping[str, EntryState]) -> None:
    """Raises BadInput, naming each entry that draws on one of ours of which ACE shows no summary yet."""
    drawn = entries.filter(entries["warehouse_entry"].is_valid())
    problems = []
    for row in drawn.select(["entry_number", "warehouse_entry"]).to_pylist():
        source = states.get(row["warehouse_entry"])
        if source is not None and (code := _warehouse_fault(source)):
            state = source.outcome if source.state == "recorded" else source.state
            values = {"source": source.number, "state": state}
            problems.append(_problem(row["entry_number"], "warehouse_entry", code, values))
    if problems:
        raise BadInput("warehouse-entries-not-in-ace", problems)


def _warehouse_fault(source: EntryState) -> str:
    """The code of what a warehouse entry lacks; empty if it may be drawn on."""
    if source.state == "settled":
        return ""
    if source.state != "recorded" or source.outcome in CLOSED:
        return "warehouse-entry-closed"
    return "" if derive_facts(source).summary in _WITH_SUMMARY else AWAITED


SPAN = timedelta(days=6)
"""From the first to the last day of a period of seven."""

AIR = ("40", "41")
_COMPARED_COLUMNS = ("entry_number", "port_of_entry", "mode_of_transport", "carrier_code")

Row = Mapping[str, Any]


def refuse_consolidations(content: ContentStore, covers: pa.Table, states: Mapping[str, EntryState]) -> None:
    """Raises BadInput, naming each consolidating summary whose releases ACE would not take together.
    `covers`: RELEASES. The day of a release is ACE's; where it shows none, the paper's."""
    parts: dict[str, list[str]] = {}
    for row in covers.to_pylist():
        parts.setdefault(row["entry_number"], []).append(row["release"])
    contents = {number: states[number].content for numbers in parts.values() for number in numbers}
    if not contents:
        return
    entries = record_of_entries(content, contents, ("entries",)).entries.select(_COMPARED_COLUMNS).to_pylist()
    rows = {row["entry_number"]: row for row in entries}
    problems = [
        _problem(summary, "consolidated_summary", code, {"releases": releases, "listed": _listed_releases(releases)})
        for summary, numbers in parts.items()
        for code, releases in _consolidation_faults([rows[number] for number in numbers], states)
    ]
    if problems:
        raise BadInput("consolidated-summaries-not-accepted", problems)


def _consolidation_faults(
    rows: Sequence[Row], states: Mapping[str, EntryState]
) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The code of each fault, and the releases by the value in which they differ."""
    days = [date.fromisoformat(day) for row in rows if (day := _release_day(row, states))]
    if days and max(days) - min(days) > SPAN:
        yield "consolidated-releases-over-seven-days", _releases_by_value(rows, lambda row: _release_day(row, states))
    if _has_several_values(rows, lambda row: (row["port_of_entry"] or "")[:2]):
        yield "consolidated-releases-several-districts", _releases_by_value(rows, itemgetter("port_of_entry"))
    if _has_several_values(rows, lambda row: row["mode_of_transport"]):
        yield "consolidated-releases-several-modes", _releases_by_value(rows, _mode_text)
    flown = all(row["mode_of_transport"] in AIR for row in rows)
    if flown and _has_several_values(rows, lambda row: row["carrier_code"]):
        yield "consolidated-releases-several-carriers", _releases_by_value(rows, itemgetter("carrier_code"))


def _release_day(row: Row, states: Mapping[str, EntryState]) -> str:
    state = states[row["entry_number"]]
    return derive_facts(state).dated or state.released


def _mode_text(row: Row) -> str:
    code = row["mode_of_transport"]
    return f"{code} {code_meanings('mode_of_transport').get(code, '')}".strip()


def _has_several_values(rows: Sequence[Row], of: Callable[[Row], str | None]) -> bool:
    """More than one value; what is not given is not compared."""
    return len({value for row in rows if (value := of(row))}) > 1


def _releases_by_value(rows: Sequence[Row], of: Callable[[Row], str | None]) -> dict[str, list[str]]:
    """The releases by their value."""
    releases: dict[str, list[str]] = {}
    for row in rows:
        releases.setdefault(of(row) or "not given", []).append(row["entry_number"])
    return dict(sorted(releases.items()))


def _listed_releases(releases: Mapping[str, Sequence[str]]) -> str:
    """Each value with the first three of its releases."""
    return ", ".join(
        f"{value}: {' '.join(numbers[:3])}{' ...' if numbers[3:] else ''}" for value, numbers in releases.items()
    )
