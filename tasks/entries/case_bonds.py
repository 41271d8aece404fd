"""Warns of AD/CVD cases under a continuous bond alone: ACE may want a single transaction bond beside it
(AE error 710), which a surety needs time to file. The dictionary's word is of 2014 and says nothing of cash
deposits, so it is told at recording, before the release goes out, and holds nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.record import Record
from tasks.entries.schema import SHEETS, field
from tasks.shared.errors import Problem

CODE = "W704"
DEAR = Decimal("5")
"""Per cent from which a case counts; one by quantity always does."""


def warnings(record: Record, file: str, rows: Mapping[str, int]) -> Iterator[Problem]:
    """One warning for each such entry. `rows`: the row of each number on the sheet Entries."""
    entries = record.entries
    bare = pc.and_(pc.equal(entries["bond_type"], "8"), pc.is_null(entries["second_surety"]))
    alone = entries.filter(pc.fill_null(bare, False))["entry_number"]
    lines = record.lines.filter(pc.is_in(record.lines["entry_number"], value_set=alone))
    found: dict[str, list[str]] = {}
    for kind in ("ad", "cd"):
        for row in lines.filter(_dear(lines, kind)).to_pylist():
            rate, unit = row[f"{kind}_rate"], row[f"{kind}_rate_type"]
            said = f"{rate} a unit" if unit == "S" else f"{rate} per cent"
            found.setdefault(row["entry_number"], []).append(
                f"line {row['line']}, {row[f'{kind}_case']} at {said}"
            )
    for number, cases in sorted(found.items()):
        more = f" and {len(cases) - 2} more" if cases[2:] else ""
        yield Problem(
            file, SHEETS["entries"], rows.get(number, 0), field("entries", "second_surety").title, "",
            f"{number}: {', '.join(cases[:2])}{more} under a continuous bond alone; ACE may reject the "
            "summary (710)", "have the surety file a single transaction bond, and fill in the second bond, or "
            "be ready for that answer", CODE,
        )  # fmt: skip


def _dear(lines: pa.Table, kind: str) -> pa.ChunkedArray:
    given = pc.is_valid(lines[f"{kind}_case"])
    rate = pc.greater_equal(lines[f"{kind}_rate"].cast(pa.float64()), float(DEAR))
    by_unit = pc.equal(lines[f"{kind}_rate_type"], "S")
    dear = pc.or_kleene(pc.fill_null(rate, False), pc.fill_null(by_unit, False))
    return pc.and_(given, dear)
