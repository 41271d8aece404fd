"""Which disclaimers an agency allows in PG01 (`data/codes/disclaimer.csv`, PGA message set July 2026
p.19-20), and what more is known of those that the chapter leaves to the agencies
(`data/ace/disclaimers.csv`).

The chapter keeps E to G for one agency, program or entry type; it leaves A to D to each agency's own
guide, which may allow fewer. These guides are not at hand. CBP's tariff code guide says of a few flags
which codes they take; of all else a person is told that it was not judged. None is ever a default.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from tasks.core.errors import Problem
from tasks.entries.record.code_lists import code_rows
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named

ANY = "*"


@cache
def allowed_codes(agency: str, program: str, entry_type: str) -> tuple[str, ...]:
    """The codes that may stand for an agency's program on an entry of this type."""
    return tuple(
        row["code"]
        for row in code_rows("disclaimer")
        if row["agency"] in (ANY, agency) and row["program"] in ("", program) and row["entry_type"] in ("", entry_type)
    )


def allowed_text(agency: str, program: str, entry_type: str) -> str:
    """What would be right instead, in words for a desk."""
    listed = " ".join(allowed_codes(agency, program, entry_type))
    return f"for {agency} one of {listed} if its guidance allows it, or the agency's data on this line"


class DisclaimerGuide(NamedTuple):
    """A row of CBP's tariff code guide: the codes that an agency's program takes under a flag of the
    tariff, or (`whatever_flag`) under any. `mark`: how sure it is."""

    agency: str
    program: str
    flag: str
    whatever_flag: bool
    codes: tuple[str, ...]
    mark: str
    source: str

    def __str__(self) -> str:
        return f"under flag {self.flag} {self.agency} takes only {' '.join(self.codes)} [{self.mark}]"


@cache
def agency_guide() -> tuple[DisclaimerGuide, ...]:
    """What is known of codes that the chapter leaves to the agencies; the first row is of all."""
    text = files("continuity_data").joinpath("ace", "disclaimers.csv").read_text(encoding="utf-8")
    return tuple(
        DisclaimerGuide(
            row["agency"],
            row["program"],
            row["flag"],
            row["whatever_flag"] == "Y",
            tuple(row["codes"].split()),
            row["mark"],
            row["source"],
        )
        for row in csv.DictReader(text.splitlines())
    )


def _narrower(agency: str, program: str) -> list[DisclaimerGuide]:
    agency_rows = [row for row in agency_guide() if row.agency == agency]
    return [row for row in agency_rows if program == row.program or not row.program or not program]


@cache
def disclaimer_doubt(agency: str, program: str, code: str) -> str:
    """Why a code that the chapter leaves to the agency is hardly taken, in words with how sure that is;
    empty where nothing speaks against it."""
    rows = [row for row in _narrower(agency, program) if row.whatever_flag and program]
    return "; ".join(str(row) for row in rows if code not in row.codes)


@cache
def refused_under(flag: str, code: str) -> str:
    """Why a flag of the tariff does not take a code, in words; empty where it may."""
    return "; ".join(str(row) for row in agency_guide() if row.flag == flag and code not in row.codes)


@cache
def unjudged_disclaimer(agency: str, program: str, code: str) -> str:
    """Agency, program and code where only the agency's own guide could say whether it is allowed, with
    flags under which it is not; empty where the code was judged."""
    rows = _narrower(agency, program)
    if code not in agency_guide()[0].codes or any(row.whatever_flag and program for row in rows):
        return ""
    but = "; ".join(str(row) for row in rows if code not in row.codes)
    return " ".join(filter(None, (agency, program, code))) + (f" ({but})" if but else "")


def unjudged_text(counts: Mapping[str, int]) -> str:
    """A line on disclaimers that nobody judged: `counts` by what `unjudged` says. Empty without any."""
    if not counts:
        return ""
    listed = ", ".join(f"{what}: {count}" for what, count in sorted(counts.items()))
    return f"disclaimers not judged by agency, whose own guide may allow fewer: {listed}"


def disclaimer_warnings(record: EntryRecord, file: str) -> Iterator[Problem]:
    """A warning for each disclaimer of a record that CBP's tariff code guide does not list for its agency,
    and for each that only the agency's own guide could judge. Nothing is changed by either."""
    columns = ["agency", "program", "disclaimer"]
    counts = record.pga.select(columns).group_by(columns).aggregate([([], "count_all")])
    rows = counts.sort_by([(name, "ascending") for name in columns]).to_pylist()
    for row in rows:
        agency, program, code = (row[name] or "" for name in columns)
        if not code or not agency:
            continue
        what = f"on {row['count_all']} row(s) of {agency} {program}".strip()
        if why := disclaimer_doubt(agency, program, code):
            yield _warning(file, code, f"{what}: {why}:", "see the agency's guide before it goes", "W702")
        elif why := unjudged_disclaimer(agency, program, code):
            but = why.partition(" (")[2].rstrip(")")
            wrong = f"{what}: not judged, since CBP leaves it to the agency's own guide"
            yield _warning(file, code, f"{wrong}{f'; {but}' if but else ''}:", "see that this guide allows it", "W703")


def _warning(file: str, value: str, wrong: str, right: str, code: str) -> Problem:
    title = field_named("pga", "disclaimer").title
    return Problem(file, RECORD_SHEETS["pga"], 0, title, value, wrong, right, code)
