"""Cargo parties of certified summaries: SE30-36 and SE50-56 (AE 2026-07 p.58-64, 80-88).

The manufacturer goes on every line; the consignee's number stands in the 11 record; a buyer or a
ship-to that a 47 record already names must not be named again (note 2, p.83).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.cargo.parties import parties
from tasks.ace.summary.slice import SummarySlice
from tasks.ace.wire.slices import Part
from tasks.ace.wire.vectors import Keys, Mask, truths

_NAMED_BY_LINE = (("BY", "sold_to"), ("ST", "delivered_to"))


def cargo_parties(part: SummarySlice) -> list[Part]:
    """The party records of a slice that holds certified entries' rows only."""
    if not len(part.ranks["parties"]):
        return []
    return parties(_arranged(part))


def _arranged(part: SummarySlice) -> SummarySlice:
    """The same entries with their parties as AE wants them."""
    table, rank = part.tables["parties"], part.ranks["parties"]
    kind = part.plain("party", "parties")
    line = part.integers("line", "parties")
    gone = truths(pc.equal(kind, "CN")) & part.given("number", "parties") & (line == 0)
    for code, field in _NAMED_BY_LINE:
        named = np.bincount(part.ranks["lines"][part.given(field, "lines")], minlength=len(part))
        gone |= truths(pc.equal(kind, code)) & (named > 0)[rank]
    makers = truths(pc.equal(kind, "MF")) & (line == 0)
    kept = ~(gone | makers)
    copies, lines = _on_lines(part, makers, kind, line)
    rows = np.concatenate((np.flatnonzero(kept), copies))
    numbers = pa.array(np.concatenate((line[kept], lines)))
    place = table.column_names.index("line")
    arranged = table.take(pa.array(rows)).set_column(place, "line", numbers)
    return replace(
        part,
        tables={**part.tables, "parties": arranged},
        ranks={**part.ranks, "parties": rank[rows]},
    )


def _on_lines(part: SummarySlice, makers: Mask, kind: pa.Array, line: Keys) -> tuple[Keys, Keys]:
    """Rows of the summary's manufacturer for each line that names none, and those lines."""
    rank = part.ranks["parties"]
    own = truths(pc.equal(kind, "MF")) & (line > 0)
    taken = np.isin(part.line_keys, (rank[own] << 10) | line[own])
    maker = np.full(len(part), -1, dtype=np.int64)
    maker[rank[makers]] = np.flatnonzero(makers)
    of_line = maker[part.ranks["lines"]]
    wanted = ~taken & (of_line >= 0)
    return of_line[wanted], part.integers("line", "lines")[wanted]
