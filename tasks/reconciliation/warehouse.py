"""Withdrawals and re-warehousings draw on a warehouse entry, whose summary ACE must hold before theirs
(AE 2026-07 p.178; error 298). Where that entry is in our own book they wait for it: sent together or first,
they came back to a desk that had nothing to mend. One that only ACE has is ACE's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasks.entries.schema import SHEETS, field
from tasks.reconciliation.facts import CLOSED, Summary, facts_of
from tasks.reconciliation.view import Standing
from tasks.shared.errors import BadInput, Problem

if TYPE_CHECKING:
    import pyarrow as pa

AWAITED = "warehouse-summary-awaited"
"""The code of an entry that waits for another one: no desk need correct it."""

_IN_ACE = (Summary.GOOD, Summary.DIFFERENT)


def refuse(entries: pa.Table, known: Mapping[str, Standing]) -> None:
    """Raises BadInput, naming each entry that draws on one of ours of which ACE shows no summary yet."""
    drawn = entries.filter(entries["warehouse_entry"].is_valid())
    problems = []
    for row in drawn.select(["entry_number", "warehouse_entry"]).to_pylist():
        source = known.get(row["warehouse_entry"])
        if source is not None and (code := _fault(source)):
            problems.append(_problem(row["entry_number"], source, code))
    if problems:
        raise BadInput("warehouse-entries-not-in-ace", problems)


def _fault(source: Standing) -> str:
    """The code of what a warehouse entry lacks; empty if it may be drawn on."""
    if source.state == "settled":
        return ""
    if source.state != "recorded" or source.outcome in CLOSED:
        return "warehouse-entry-closed"
    return "" if facts_of(source).summary in _IN_ACE else AWAITED


def _problem(number: str, source: Standing, code: str) -> Problem:
    state = source.outcome if source.state == "recorded" else source.state
    return Problem(
        subject=number,
        sheet=SHEETS["entries"],
        column=field("entries", "warehouse_entry").title,
        code=code,
        values={"source": source.number, "state": state},
    )
