"""The report's main table: one row a number, the paper beside what ACE shows, and days late.

Private numbers are masked here, before anything else sees them; none is ever opened.

Totals of the report's rows: by desk and port, by port, by importer. Each column of each table
sums to that of the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.api import ENTERED_VALUE, SUMMARY_DUE_DAYS
from tasks.core.calendar import federal_holidays
from tasks.core.content import ContentStore
from tasks.entries.api import read_table
from tasks.reconciliation.accounting.number_account import (
    AWAY,
    BURNT,
    HANDED_OVER,
    NO_ROUTE,
    PLACES,
    RELEASED,
    SETTLED,
    USED,
    VOID,
    AccountLine,
)
from tasks.reconciliation.accounting.number_history import NumberHistory
from tasks.reconciliation.decisions.classification import classify
from tasks.reconciliation.state.entry_state import NOTICE, RELEASE, SUMMARY, EntryAceStatus, EntryState, difference_text
from tasks.security.api import is_reference

RESERVE, NO_IMPORTER = "(reserve)", "(not recorded)"
SUMS = ("in all", "released on paper", "summary in ACE", "late", "differ", "paper value", "ACE value")
"""Columns of every totals table after its own keys and the places: counts, then whole dollars."""


def totals_tables(rows: pa.Table) -> dict[str, pa.Table]:
    """The three tables, by the name that the report gives them."""
    return {
        "desks": totals(rows, {"desk": RESERVE, "port": ""}),
        "ports": totals(rows, {"port": RESERVE}),
        "importers": totals(rows, {"importer_number": NO_IMPORTER, "importer_name": ""}),
    }


def totals(rows: pa.Table, keys: Mapping[str, str]) -> pa.Table:
    """One row for each value of the keys (each with the word for its absence): numbers in each
    place that is used, then `SUMS`. Every column sums to that of the rows."""
    places = [place for place in PLACES if place in value_counts(rows["place"])]
    columns = {key: _filled(rows[key], word) for key, word in keys.items()}
    columns |= {place: pc.equal(rows["place"], place) for place in places} | _sums(rows)
    numeric = {name: column if name in keys else pc.cast(column, pa.int64()) for name, column in columns.items()}
    summed = pa.table(numeric).group_by(list(keys)).aggregate([(name, "sum") for name in columns if name not in keys])
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    ordered = summed.sort_by([(key, "ascending") for key in keys])
    return ordered.select(list(columns)).combine_chunks()


def _filled(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    """Absent and empty alike become the word."""
    return pc.if_else(pc.equal(pc.fill_null(column, ""), ""), word, column)


def _sums(rows: pa.Table) -> dict[str, pa.ChunkedArray]:
    return {
        "in all": pc.is_valid(rows["number"]),
        "released on paper": is_among(rows["outcome"], RELEASED),
        "summary in ACE": pc.is_valid(rows["summary_in_ace"]),
        "late": is_among(rows["lateness"], (LATE, LATE_OPEN)),
        "differ": pc.or_(pc.is_valid(rows["differences"]), pc.fill_null(rows["release_differs"], False)),
        "paper value": pc.fill_null(rows["paper_value"], 0),
        "ACE value": pc.fill_null(rows["ace_value"], 0),
    }


def is_among(column: pa.ChunkedArray, values: tuple[str, ...]) -> pa.ChunkedArray:
    """Which values are among these; an absent one is not."""
    return pc.is_in(column, value_set=pa.array(values))


def value_counts(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value occurs."""
    return {one["values"]: one["counts"] for one in pc.value_counts(column).to_pylist()}


def count_true(flags: pa.ChunkedArray) -> int:
    """How many are true."""
    return int(pc.sum(flags).as_py() or 0)


MASK = "***-**-****"
PRIVATE = r"~[A-Z0-9]{11}|\b\d{3}-\d{2}-\d{4}\b"
"""A private reference, or a Social Security number that somebody wrote into a free text."""

IN_TIME, LATE, LATE_OPEN, DUE_LATER, UNKNOWN = ("in time", "late", "late, still open", "due later", "not known")
"""How a summary stands against its due day; empty where none is due."""

SCHEMA = pa.schema(
    [
        (name, pa.string())
        for name in (
            "number",
            "series",
            "desk",
            "port",
            "place",
            "entry_type",
            "route",
            "outcome",
            "importer_number",
            "importer_name",
        )
    ]
    + [
        ("paper_release", pa.date32()),
        ("ace_release", pa.date32()),
        ("paper_value", pa.int64()),
        ("ace_value", pa.int64()),
        ("ace_owed", pa.decimal128(14, 2)),
        ("collection", pa.string()),
        ("collected", pa.date32()),
        ("entry_in_ace", pa.date32()),
        ("summary_in_ace", pa.date32()),
        ("summary_due", pa.date32()),
        ("days_late", pa.int64()),
        ("working_days_late", pa.int64()),
        ("lateness", pa.string()),
        ("cbp_late", pa.bool_()),
        ("release_differs", pa.bool_()),
        ("stamped_copy", pa.string()),
        ("officer", pa.string()),
        ("differences", pa.string()),
        ("batches", pa.string()),
        ("ended", pa.date32()),
        ("ended_by", pa.string()),
        ("what_happened", pa.string()),
        ("next_step", pa.string()),
    ]
)
"""Values are whole dollars; days are calendar days in Washington. `summary_in_ace`: the day on
which ACE's answer that it has the summary was read, so ACE took it then or earlier. `ace_owed`:
dollars of duty, taxes, fees and AD/CVD on ACE's summary; `collection`: whether CBP has them, as ACE
showed last."""


@dataclass(frozen=True)
class PaperEntry:
    """What the desk recorded of one entry, as far as the report shows it."""

    value: int | None = None
    importer: str | None = None
    stamped: str | None = None
    officer: str | None = None


def paper_entries(content: ContentStore, standing: Mapping[str, EntryState]) -> dict[str, PaperEntry]:
    """By entry number, out of the content where its last revision stands. Raises ContentMissing."""
    found: dict[str, PaperEntry] = {}
    for digest in sorted({one.content for one in standing.values() if one.content}):
        blob = content.get(digest)
        columns = ["entry_number", "entered_value", "importer_name", "stamped_copy", "officer"]
        entries = read_table(blob, "entries").select(columns)
        copies = _copies(read_table(blob, "documents"))
        for number, value, name, stamp, officer in zip(
            *(column.to_pylist() for column in entries.columns), strict=True
        ):
            if number in standing and standing[number].content == digest:
                found[number] = PaperEntry(value, name, stamp or copies.get(number), officer)
    return found


def _copies(documents: pa.Table) -> dict[str, str]:
    """Stamped copies that are listed as documents."""
    kept = documents.filter(pc.equal(documents["document_type"], "Stamped copy"))
    return dict(zip(kept["entry_number"].to_pylist(), kept["file_name"].to_pylist(), strict=True))


def number_rows(
    lines: Iterable[AccountLine],
    standing: Mapping[str, EntryState],
    paper: Mapping[str, PaperEntry],
    story: NumberHistory,
    today: date,
) -> pa.Table:
    """The rows in the accounting's order, with `SCHEMA`."""
    blank = PaperEntry()
    raw = [_row(line, standing.get(line.number), paper.get(line.number, blank), story) for line in lines]
    columns = {name: [row.get(name) for row in raw] for name in SCHEMA.names}
    made = pa.table([pa.array(columns[one.name], one.type) for one in SCHEMA], schema=SCHEMA)
    return scrub_private(with_lateness(made, today))


def _row(line: AccountLine, one: EntryState | None, paper: PaperEntry, story: NumberHistory) -> dict[str, object]:
    number, end = line.number, story.ends.get(line.number)
    row: dict[str, object] = {
        "number": number,
        "series": line.series,
        "desk": line.desk,
        "place": line.place,
        "entry_type": line.entry_type or None,
        "route": line.route or None,
        "outcome": line.outcome or None,
        "port": one.port if one and one.port else line.port,
        "importer_number": mask_importer(line.importer) or None,
        "importer_name": paper.importer,
        "paper_value": paper.value,
        "stamped_copy": paper.stamped,
        "officer": paper.officer,
        "batches": ", ".join(sent.batch for sent in story.sent.get(number, ())) or None,
        "ended": end.mark.day if end else None,
        "ended_by": end.mark.actor if end else None,
        "what_happened": history(line, one, story),
    }
    return row | (_in_ace(one, paper, story) if one else {})


def mask_importer(importer: str) -> str:
    return MASK if is_reference(importer) else importer


def _in_ace(one: EntryState, paper: PaperEntry, story: NumberHistory) -> dict[str, object]:
    summary = one.views.get(SUMMARY)
    entry, filed = (story.first_stood(one.number, about) for about in (RELEASE, SUMMARY))
    verdict = classify(one)
    released, shown = _date(one.released), ace_release(one)
    return {
        "paper_release": released,
        "ace_release": shown,
        "release_differs": released != shown if released and shown else None,
        "entry_in_ace": entry.mark.day if entry else None,
        "summary_in_ace": filed.mark.day if filed else None,
        "cbp_late": summary.late if summary else None,
        "differences": "; ".join(map(difference_text, summary.differs)) or None if summary else None,
        "ace_value": _ace_value(summary, paper, bool(filed)),
        **_paid(story, one.number),
        "next_step": f"{verdict.step}: {verdict.why}" if one.state == "recorded" else None,
    }


def _paid(story: NumberHistory, number: str) -> dict[str, object]:
    """What the last summary that ACE showed says of money."""
    shown = [told.line for told in story.told.get(number, ()) if told.line.owed]
    if not shown:
        return {}
    last = shown[-1]
    return {
        "ace_owed": Decimal(last.owed),
        "collection": last.collection or None,
        "collected": _date(last.collection_date),
    }


def ace_release(one: EntryState) -> date | None:
    """The release date that ACE showed last."""
    shown = [view for about in (SUMMARY, NOTICE, RELEASE) if (view := one.views.get(about)) and view.release_date]
    return _date(max(shown, key=lambda view: view.seq).release_date) if shown else None


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _ace_value(summary: EntryAceStatus | None, paper: PaperEntry, filed: bool) -> int | None:
    """Of the stored summary: the paper's, unless the comparison found another."""
    if summary is None or not filed or summary.disposition == "not found":
        return None
    other = next((each for each in summary.differs if each.field == ENTERED_VALUE), None)
    if other is None:
        return paper.value
    return int(other.ace) if other.ace.isdigit() else None


def history(line: AccountLine, one: EntryState | None, story: NumberHistory) -> str:
    """What happened to a number, in order, in one sentence."""
    number, parts = line.number, []
    files = story.recorded.get(number, [])
    if line.desk and not files:
        parts.append(f"printed for {line.desk}")
    if line.place == USED:
        parts.append(line.note)
    if files:
        again = f", last revised {files[-1].mark.day}" if len(files) > 1 else ""
        parts.append(f"recorded {files[0].mark.day} from {files[0].name}{again}")
    if found := story.first_found(number):
        parts.append(f"found in ACE {found.mark.day}, keyed there by CBP")
    if bond := story.bonds.get(number):
        parts.append(f"surety's eBond confirmed {bond.day}")
    parts += [
        f"{sent.application} in batch {sent.batch}: {story.fate(number, sent)}" for sent in story.sent.get(number, ())
    ]
    shown = story.first_stood(number, SUMMARY)
    if shown and shown is not found and shown.batch not in story.sendings:
        parts.append(f"ACE shows the summary {shown.mark.day}")
    if end := story.ends.get(number):
        parts.append(f"{line.place} {end.mark.day} by {end.mark.actor}: {end.how}")
    return "; ".join(parts)


def with_lateness(made: pa.Table, today: date) -> pa.Table:
    """Due day and days late of every row at once (19 CFR 142.12(b): ten working days from the
    time of entry; seen in secondary sources)."""
    counts = _owes_summary(made)
    released = _days(made["paper_release"], counts)
    taken = _days(made["summary_in_ace"], counts)
    closed = _closed(released, taken, today)
    due = np.full(len(released), np.datetime64("NaT"), "datetime64[D]")
    due[counts] = np.busday_offset(released[counts], SUMMARY_DUE_DAYS, roll="preceding", holidays=closed)
    known, settled = ~np.isnat(taken), _in(made["place"], (SETTLED,))
    until = np.where(known, taken, np.datetime64(today, "D"))
    judged = counts & (known | ~settled)
    late = judged & (until > due)
    calendar, working = np.zeros(len(due), int), np.zeros(len(due), int)
    calendar[late] = (until[late] - due[late]).astype(int)
    working[late] = np.busday_count(due[late] + 1, until[late] + 1, holidays=closed)
    words = np.select([~counts, ~judged, late & known, late, known], ["", UNKNOWN, LATE, LATE_OPEN, IN_TIME], DUE_LATER)
    for name, values, missing in (
        ("summary_due", due, ~counts),
        ("days_late", calendar, ~judged),
        ("working_days_late", working, ~judged),
        ("lateness", words, None),
    ):
        place = SCHEMA.get_field_index(name)
        column = pa.array(values, mask=missing).cast(SCHEMA.field(name).type)
        made = made.set_column(place, SCHEMA.field(name), column)
    return made


def _owes_summary(made: pa.Table) -> np.ndarray:
    """Released on paper, with a filing due from us under this number."""
    released = _in(made["outcome"], RELEASED) & made["paper_release"].is_valid().to_numpy()
    elsewhere = _in(made["place"], (HANDED_OVER, AWAY, BURNT, VOID)) | _in(made["route"], (NO_ROUTE,))
    return released & ~elsewhere


def _in(column: pa.ChunkedArray, values: tuple[str, ...]) -> np.ndarray:
    return pc.is_in(column, value_set=pa.array(values)).to_numpy()


def _days(column: pa.ChunkedArray, wanted: np.ndarray) -> np.ndarray:
    found = column.to_numpy().astype("datetime64[D]")
    found[~wanted] = np.datetime64("NaT")
    return found


def _closed(released: np.ndarray, taken: np.ndarray, today: date) -> list[date]:
    """Federal holidays of all the years that matter."""
    days = [today, *(one for part in (released, taken) for one in part[~np.isnat(part)].tolist())]
    years = range(min(days).year - 1, max(days).year + 2)
    return sorted({day for year in years for day in federal_holidays(year)})


def scrub_private(made: pa.Table) -> pa.Table:
    """The table with every private reference, and all that looks like a Social Security number,
    masked in every text."""
    for place, column in enumerate(made.schema):
        if pa.types.is_string(column.type):
            clean = pc.replace_substring_regex(made.column(place), PRIVATE, MASK)
            made = made.set_column(place, column, clean)
    return made
