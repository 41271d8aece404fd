"""Whether ACE takes one summary for the releases that name it (AE 2026-07 p.176): released within one
period of seven days (error 244), in one district (242), by one mode of transport (247), by air by one
carrier too.

The desks see only their own entries, so this is judged when the summary is about to go: a sure rejection
is held, and told with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
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
_RIGHT = (
    "give some of them another consolidated summary, or summaries of their own: correct them with "
    "continuity entries correct"
)
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
        _problem(whole, wrong)
        for whole, numbers in parts.items()
        for wrong in _wrong([rows[number] for number in numbers], known)
    ]
    if problems:
        raise BadInput("consolidated-summaries-not-accepted", problems)


def _wrong(rows: Sequence[Row], known: Mapping[str, Standing]) -> Iterator[str]:
    told = [date.fromisoformat(day) for row in rows if (day := _day(row, known))]
    if told and max(told) - min(told) > SPAN:
        apart = _each(rows, lambda row: _day(row, known))
        yield f"its releases are more than seven days apart (244): {apart}"
    if _several(rows, lambda row: (row["port_of_entry"] or "")[:2]):
        ports = _each(rows, lambda row: row["port_of_entry"])
        yield f"its releases lie in several districts (242): {ports}"
    if _several(rows, lambda row: row["mode_of_transport"]):
        yield f"its releases came by several modes of transport (247): {_each(rows, _mode)}"
    flown = all(row["mode_of_transport"] in AIR for row in rows)
    if flown and _several(rows, lambda row: row["carrier_code"]):
        carriers = _each(rows, lambda row: row["carrier_code"])
        yield f"its releases came by several air carriers: {carriers}"


def _day(row: Row, known: Mapping[str, Standing]) -> str:
    one = known[row["entry_number"]]
    return facts_of(one).dated or one.released


def _mode(row: Row) -> str:
    code = row["mode_of_transport"]
    return f"{code} {meanings('mode_of_transport').get(code, '')}".strip()


def _several(rows: Sequence[Row], of: Callable[[Row], str | None]) -> bool:
    """More than one value; what is not given is not compared."""
    return len({value for row in rows if (value := of(row))}) > 1


def _each(rows: Sequence[Row], of: Callable[[Row], str | None]) -> str:
    """Each value with the releases that have it, the first three of them named."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(of(row) or "not given", []).append(row["entry_number"])
    return ", ".join(
        f"{value}: {' '.join(numbers[:3])}{' ...' if numbers[3:] else ''}"
        for value, numbers in sorted(found.items())
    )


def _problem(whole: str, wrong: str) -> Problem:
    return Problem(
        sheet=SHEETS["entries"],
        column=field("entries", "consolidated_summary").title,
        right=_RIGHT,
        code="consolidated-summary-blocked",
        values={"whole": whole, "reason": wrong},
    )
