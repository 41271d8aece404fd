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
_PAST = (
    "ask the port: either it keys the weekly entry with the paper's date, and the next question "
    "finds it in ACE, or it takes an entry without election, and the desk empties this field"
)


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
    past = first < sent
    wrong = "the zone week began before today" if past else "the zone week is over 7 days ahead"
    return Problem(
        sheet=SHEETS["entries"],
        column=field("entries", "zone_week").title,
        value=str(first),
        right=_PAST if past else f"it is sent from {first - AHEAD} on",
        code="weekly-zone-entry-blocked",
        values={"number": number, "reason": wrong},
    )
