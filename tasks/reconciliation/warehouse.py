"""Withdrawals and re-warehousings draw on a warehouse entry, whose summary ACE must hold before theirs
(AE 2026-07 p.178; error 298). Where that entry is in our own book they wait for it: sent together or first,
they came back to a desk that had nothing to mend. One that only ACE has is ACE's to judge.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.schema import SHEETS, field
from tasks.reconciliation.facts import CLOSED, Summary, facts_of
from tasks.reconciliation.view import Standing
from tasks.shared.errors import BadInput, Problem

_WAITS = "waits until ACE shows the summary of the warehouse entry"
"""Reasons are kept in plans as text; by this the one that no desk need correct is known."""

_IN_ACE = (Summary.GOOD, Summary.DIFFERENT)


def refuse(entries: pa.Table, known: Mapping[str, Standing]) -> None:
    """Raises BadInput, naming each entry that draws on one of ours of which ACE shows no summary yet."""
    drawn = entries.filter(pc.is_valid(entries["warehouse_entry"]))
    problems = [
        Problem(
            sheet=SHEETS["entries"],
            column=field("entries", "warehouse_entry").title,
            code="warehouse-withdrawal-blocked",
            values={"row": row["entry_number"], "reason": wrong},
        )
        for row in drawn.select(["entry_number", "warehouse_entry"]).to_pylist()
        if (wrong := _wrong(known.get(row["warehouse_entry"])))
    ]
    if problems:
        raise BadInput("warehouse-entries-not-in-ace", problems)


def _wrong(source: Standing | None) -> str:
    if source is None or source.state == "settled":
        return ""
    if source.state != "recorded" or source.outcome in CLOSED:
        why = source.outcome if source.state == "recorded" else source.state
        return f"it draws on {source.number}, which is {why}: correct the warehouse entry"
    return "" if facts_of(source).summary in _IN_ACE else f"{_WAITS} {source.number} (298)"


def is_waiting(reason: str) -> bool:
    """Whether an entry is held until its warehouse entry stands, and not for what a desk can correct."""
    return _WAITS in reason
