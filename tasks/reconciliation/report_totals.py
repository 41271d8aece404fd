"""Totals of the report's rows: by desk and port, by port, by importer. Each column of each table
sums to that of the rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
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
    import pandas as pd

    frame = pd.DataFrame(
        {key: pc.replace_with_mask(
            filled := pc.fill_null(rows[key], word).combine_chunks(), pc.equal(filled, ""), word
        ).to_pylist() for key, word in keys.items()}
    )  # fmt: skip
    places = [place for place in PLACES if place in set(rows["place"].to_pylist())]
    for place in places:
        frame[place] = pc.equal(rows["place"], place).to_numpy().astype("int64")
    for name, column in _sums(rows).items():
        frame[name] = column
    summed = frame.groupby(list(keys), sort=True, as_index=False).sum()
    return pa.Table.from_pandas(summed[[*keys, *places, *SUMS]], preserve_index=False)


def _sums(rows: pa.Table) -> dict[str, np.ndarray]:
    flags = {
        "in all": pc.is_valid(rows["number"]),
        "released on paper": among(rows["outcome"], RELEASED),
        "summary in ACE": pc.is_valid(rows["summary_in_ace"]),
        "late": among(rows["lateness"], (LATE, LATE_OPEN)),
        "differ": pc.or_(pc.is_valid(rows["differences"]),
                         pc.fill_null(rows["release_differs"], False)),
        "paper value": pc.fill_null(rows["paper_value"], 0),
        "ACE value": pc.fill_null(rows["ace_value"], 0),
    }  # fmt: skip
    return {name: column.to_numpy().astype("int64") for name, column in flags.items()}


def among(column: pa.ChunkedArray, values: tuple[str, ...]) -> pa.ChunkedArray:
    """Which values are among these; an absent one is not."""
    return pc.is_in(column, value_set=pa.array(values))


def counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs."""
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}


def count(flags: pa.ChunkedArray) -> int:
    """How many are true."""
    return int(pc.sum(flags).as_py() or 0)
