"""Totals of the report's rows: by desk and port, by port, by importer. Each column of each table
sums to that of the rows."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation.account import PLACES, RELEASED
from tasks.reconciliation.report_rows import LATE, LATE_OPEN

RESERVE, NO_IMPORTER = "(reserve)", "(not recorded)"
SUMS = (
    "in all",
    "released on paper",
    "summary in ACE",
    "late",
    "differ",
    "paper value",
    "ACE value",
)
"""Columns of every totals table after its own keys and the places: counts, then whole dollars."""


def every(rows: pa.Table) -> dict[str, pa.Table]:
    """The three tables, by the name that the report gives them."""
    return {
        "desks": totals(rows, {"desk": RESERVE, "port": ""}),
        "ports": totals(rows, {"port": RESERVE}),
        "importers": totals(rows, {"importer_number": NO_IMPORTER, "importer_name": ""}),
    }


def totals(rows: pa.Table, keys: Mapping[str, str]) -> pa.Table:
    """One row for each value of the keys (each with the word for its absence): numbers in each
    place that is used, then `SUMS`. Every column sums to that of the rows."""
    places = [place for place in PLACES if place in counts(rows["place"])]
    columns = {key: _filled(rows[key], word) for key, word in keys.items()}
    columns |= {place: pc.equal(rows["place"], place) for place in places} | _sums(rows)
    numeric = {name: column if name in keys else pc.cast(column, pa.int64())
               for name, column in columns.items()}  # fmt: skip
    summed = pa.table(numeric).group_by(list(keys)).aggregate(
        [(name, "sum") for name in columns if name not in keys])  # fmt: skip
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    ordered = summed.sort_by([(key, "ascending") for key in keys])
    return ordered.select(list(columns)).combine_chunks()


def _filled(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    """Absent and empty alike become the word."""
    return pc.if_else(pc.equal(pc.fill_null(column, ""), ""), word, column)


def _sums(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {
        "in all": pc.is_valid(rows["number"]),
        "released on paper": among(rows["outcome"], RELEASED),
        "summary in ACE": pc.is_valid(rows["summary_in_ace"]),
        "late": among(rows["lateness"], (LATE, LATE_OPEN)),
        "differ": pc.or_(pc.is_valid(rows["differences"]),
                         pc.fill_null(rows["release_differs"], False)),
        "paper value": pc.fill_null(rows["paper_value"], 0),
        "ACE value": pc.fill_null(rows["ace_value"], 0),
    }  # fmt: skip


def among(column: pa.ChunkedArray, values: tuple[str, ...]) -> pa.ChunkedArray:
    """Which values are among these; an absent one is not."""
    return pc.is_in(column, value_set=pa.array(values))


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs."""
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}


def count(flags: pa.ChunkedArray) -> int:
    """How many are true."""
    return int(pc.sum(flags).as_py() or 0)
