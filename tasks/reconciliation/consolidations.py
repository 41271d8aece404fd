"""Whether ACE takes one summary for the releases that name it (AE 2026-07 p.176): released within one
period of seven days (error 244), in one district (242), by one mode of transport (247), by air by one
carrier too.

The desks see only their own entries, so this is judged when the summary is about to go: a sure rejection
is held, and told with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pyarrow as pa

from tasks.entries import shelf
from tasks.entries.codes import meanings
from tasks.entries.schema import SHEETS, field
from tasks.reconciliation.facts import facts_of
from tasks.reconciliation.view import Standing
from tasks.shared.content import ContentStore
from tasks.shared.errors import BadInput, Problem

SPAN = timedelta(days=6)
"""From the first to the last day of a period of seven."""

AIR = ("40", "41")
_COLUMNS = ("entry_number", "port_of_entry", "mode_of_transport", "carrier_code")

Row = Mapping[str, Any]


def refuse(content: ContentStore, covers: pa.Table, known: Mapping[str, Standing]) -> None:
    """Raises BadInput, naming each consolidating summary whose releases ACE would not take together.
    `covers`: RELEASES. The day of a release is ACE's; where it shows none, the paper's."""
    parts: dict[str, list[str]] = {}
    for row in covers.to_pylist():
        parts.setdefault(row["entry_number"], []).append(row["release"])
    wanted = {number: known[number].content for some in parts.values() for number in some}
    if not wanted:
        return
    entries = shelf.record(content, wanted, ("entries",)).entries.select(_COLUMNS).to_pylist()
    rows = {row["entry_number"]: row for row in entries}
    problems = [
        _problem(whole, code, releases)
        for whole, numbers in parts.items()
        for code, releases in _faults([rows[number] for number in numbers], known)
    ]
    if problems:
        raise BadInput("consolidated-summaries-not-accepted", problems)


def _faults(
    rows: Sequence[Row], known: Mapping[str, Standing]
) -> Iterator[tuple[str, dict[str, list[str]]]]:
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


def _day(row: Row, known: Mapping[str, Standing]) -> str:
    one = known[row["entry_number"]]
    return facts_of(one).dated or one.released


def _mode(row: Row) -> str:
    code = row["mode_of_transport"]
    return f"{code} {meanings('mode_of_transport').get(code, '')}".strip()


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
        sheet=SHEETS["entries"],
        column=field("entries", "consolidated_summary").title,
        code=code,
        values={"releases": releases, "listed": _listed(releases)},
    )


def _listed(releases: Mapping[str, Sequence[str]]) -> str:
    """Each value with the first three of its releases."""
    return ", ".join(
        f"{value}: {' '.join(numbers[:3])}{' ...' if numbers[3:] else ''}"
        for value, numbers in releases.items()
    )
