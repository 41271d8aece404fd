"""The lists: who keeps them, how old they may grow, which module reads each, and the fewest records that a
whole list, or a source of the CSL, has.

A list in force is compared with the one before; the first has none, so a cut-off file would pass for
the whole. Floors are data (`data/screening/floors.csv`): about half of the real size or less, with the
day and the source of that size. Small CSL sources (FSE, CAP, MBS) have no floor: their keepers may
empty them.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pyarrow as pa

from tasks.core.errors import Problem
from tasks.core.messages import Reason
from tasks.screening.events import ListShortfall
from tasks.screening.lists import agency_lists, csl, forced_labor, ofac
from tasks.screening.lists.agency_lists import read_dpl
from tasks.screening.lists.csl import read_csl
from tasks.screening.lists.list_files import ListFiles
from tasks.screening.lists.list_schema import RecordDraft, names_table

RECORDS, NAMES = "records", "names"


@dataclass(frozen=True)
class ListFloor:
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
def floors() -> tuple[ListFloor, ...]:
    """All floors, in the order of the file."""
    file = files("continuity_data").joinpath("screening", "floors.csv")
    return parse_floors(file.read_text(encoding="utf-8"))


def parse_floors(text: str) -> tuple[ListFloor, ...]:
    """The floors of a CSV text in the columns of `data/screening/floors.csv`."""
    return tuple(
        ListFloor(
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
    below = []
    for floor in floors():
        if floor.list != list_:
            continue
        records = sources[floor.source] if floor.source else table.num_rows
        if records < floor.records:
            below.append(_short(floor, RECORDS, records, floor.records))
        if floor.names and (names := names_table(table).num_rows) < floor.names:
            below.append(_short(floor, NAMES, names, floor.names))
    return below


def _short(floor: ListFloor, counted: str, count: int, least: int) -> ListShortfall:
    return ListShortfall(source=floor.source, counted=counted, count=count, least=least)


def shortfall_reason(short: ListShortfall) -> Reason:
    """One shortfall: what was counted, and the fewest of it in a whole list."""
    if not short.source:
        return Reason("list-below-floor", counted=short.counted, count=short.count, least=short.least)
    return Reason(
        "list-source-below-floor", source=short.source, counted=short.counted, count=short.count, least=short.least
    )


def shortfall_problem(list_: str, short: ListShortfall) -> Problem:
    """The same as a fault of a list that is loaded, with the size that the floor comes from."""
    floor = next((row for row in floors() if (row.list, row.source) == (list_, short.source)), None)
    cause = shortfall_reason(short)
    if floor is None or not floor.real_records:
        return Problem(list_, code="list-not-whole", values={**cause.values, "shortfall": cause.text})
    return Problem(
        list_,
        code="list-smaller-than-published",
        values={**cause.values, "shortfall": cause.text, "real_records": floor.real_records, "dated": floor.dated},
    )


OWN_LIST = "own"
Reader = Callable[[ListFiles], list[RecordDraft]]
READERS: dict[str, Reader] = {
    "ofac-sdn": ofac.read_sdn,
    "ofac-cons": ofac.read_consolidated,
    "csl": read_csl,
    "bis-dpl": read_dpl,
    "uflpa": forced_labor.read_uflpa,
    "cbp-wro": forced_labor.read_wro,
    "dod-1260h": agency_lists.read_dod,
    "fincen": agency_lists.read_fincen,
}
SIGNS: dict[str, tuple[str, ...]] = {
    "ofac-sdn": ofac.SDN.names,
    "ofac-cons": ofac.CONSOLIDATED.names,
    "csl": csl.FILES,
    "bis-dpl": agency_lists.FILES,
    "uflpa": forced_labor.UFLPA_FILES,
    "cbp-wro": forced_labor.WRO_FILES,
    "dod-1260h": agency_lists.DOD_FILES,
    "fincen": agency_lists.FINCEN_FILES,
}
"""The files by which a folder shows that it holds a list; the more of them, the wholer it is."""


@dataclass(frozen=True)
class ScreeningList:
    """`limit_days`: older than that it turns screening red, 0 for no limit. `csl_codes`: parts of
    the CSL that this list makes superfluous. `needed`: screening is not green without it."""

    list: str
    title: str
    keeper: str
    limit_days: int
    csl_codes: frozenset[str]
    needed: bool


@cache
def listings() -> dict[str, ScreeningList]:
    text = files("continuity_data").joinpath("screening", "lists.csv").read_text(encoding="utf-8")
    return {
        row["list"]: ScreeningList(
            row["list"],
            row["title"],
            row["keeper"],
            int(row["limit_days"] or 0),
            frozenset(row["csl_codes"].split()),
            row["needed"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    }
