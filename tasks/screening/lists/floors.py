"""The fewest records that a whole list has, of each list and of each source of the CSL.

A list in force is compared with the one before; the first has none, so a cut-off file would pass for
the whole. Floors are data (`data/screening/floors.csv`): about half of the real size or less, with the
day and the source of that size. Small CSL sources (FSE, CAP, MBS) have no floor: their keepers may
empty them.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pyarrow as pa

from tasks.screening.lists import tables
from tasks.shared.errors import Problem
from tasks.shared.kinds.screening import ListShortfall
from tasks.shared.messages import Reason

RECORDS, NAMES = "records", "names"


@dataclass(frozen=True)
class Floor:
    """`source`: a source code of the CSL, empty for the whole list. `records`, `names`: fewest of each,
    0 for no floor. `real_records`: the size that the floor comes from, 0 if not counted; `dated`: its
    day or month (ISO); `basis`: who counted what."""

    list: str
    source: str
    records: int
    names: int
    real_records: int
    dated: str
    basis: str


@cache
def floors() -> tuple[Floor, ...]:
    """All floors, in the order of the file."""
    file = files("continuity_data").joinpath("screening", "floors.csv")
    return read(file.read_text(encoding="utf-8"))


def read(text: str) -> tuple[Floor, ...]:
    """The floors of a CSV text in the columns of `data/screening/floors.csv`."""
    return tuple(
        Floor(
            row["list"],
            row["source"],
            int(row["records"] or 0),
            int(row["names"] or 0),
            int(row["real_records"] or 0),
            row["dated"],
            row["basis"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def shortfalls(list_: str, table: pa.Table) -> list[ListShortfall]:
    """What of a list (schema RECORDS) is below its floor; the list itself first, then its sources."""
    sources = Counter(row[0] if row else "" for row in table["programs"].to_pylist())
    found = []
    for floor in floors():
        if floor.list != list_:
            continue
        records = sources[floor.source] if floor.source else table.num_rows
        if records < floor.records:
            found.append(_short(floor, RECORDS, records, floor.records))
        if floor.names and (names := tables.names(table).num_rows) < floor.names:
            found.append(_short(floor, NAMES, names, floor.names))
    return found


def _short(floor: Floor, counted: str, count: int, least: int) -> ListShortfall:
    return ListShortfall(source=floor.source, counted=counted, count=count, least=least)


def reason(short: ListShortfall) -> Reason:
    """One shortfall: what was counted, and the fewest of it in a whole list."""
    if not short.source:
        return Reason(
            "list-below-floor", counted=short.counted, count=short.count, least=short.least
        )
    return Reason(
        "list-source-below-floor",
        source=short.source,
        counted=short.counted,
        count=short.count,
        least=short.least,
    )


def problem(list_: str, short: ListShortfall) -> Problem:
    """The same as a fault of a list that is loaded, with the size that the floor comes from."""
    floor = next((one for one in floors() if (one.list, one.source) == (list_, short.source)), None)
    cause = reason(short)
    if floor is None or not floor.real_records:
        return Problem(
            list_, code="list-not-whole", values={**cause.values, "shortfall": cause.text}
        )
    return Problem(
        list_,
        code="list-smaller-than-published",
        values={
            **cause.values,
            "shortfall": cause.text,
            "real_records": floor.real_records,
            "dated": floor.dated,
        },
    )
