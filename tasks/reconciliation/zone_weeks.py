"""Weekly zone entries (type 06, election W): ACE takes a first day of the zone week from the day of
sending to seven days ahead, and no other (CATAIR SE v40 p.39, note 1).

A week that began during the outage can therefore not be sent late: SE cannot carry the paper's date.
Such an entry is held, with what can be done, instead of being sent into a sure rejection.
"""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.schema import SHEETS, field
from tasks.shared.errors import BadInput, Problem

AHEAD = timedelta(days=7)


def refuse(entries: pa.Table, sent: date) -> None:
    """Raises BadInput, naming each weekly entry whose zone week ACE would not take on this day."""
    weekly = pc.and_(pc.equal(entries["entry_type"], "06"), pc.is_valid(entries["zone_week"]))
    rows = entries.filter(weekly).select(["entry_number", "zone_week"]).to_pylist()
    problems = [
        _problem(row["entry_number"], row["zone_week"], sent)
        for row in rows
        if not sent <= row["zone_week"] <= sent + AHEAD
    ]
    if problems:
        raise BadInput("weekly-zone-entries-not-accepted", problems)


def _problem(number: str, first: date, sent: date) -> Problem:
    return Problem(
        subject=number,
        sheet=SHEETS["entries"],
        column=field("entries", "zone_week").title,
        value=str(first),
        code="zone-week-begun" if first < sent else "zone-week-too-far-ahead",
        values={"days": AHEAD.days, "sendable": str(first - AHEAD)},
    )
