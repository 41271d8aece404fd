"""The report's main table, one row a number with the paper beside what ACE shows and days late, and its totals
by desk and port, by port, by importer.

Private numbers are masked here, before anything else sees them; none is ever opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.ace.api import ENTERED_VALUE, SUMMARY_DUE_DAYS
from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
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
    columns = {key: _fill_absent(rows[key], absent_text) for key, absent_text in keys.items()}
    columns |= {place: pc.equal(rows["place"], place) for place in places} | _sums(rows)
    numeric: dict[str, Any] = {
        name: column if name in keys else pc.cast(column, pa.int64()) for name, column in columns.items()
    }
    summed = pa.table(numeric).group_by(list(keys)).aggregate([(name, "sum") for name in columns if name not in keys])
    summed = summed.rename_columns([name.removesuffix("_sum") for name in summed.column_names])
    ordered = summed.sort_by([(key, "ascending") for key in keys])
    return ordered.select(list(columns)).combine_chunks()


def _fill_absent(column: pa.ChunkedArray, absent_text: str) -> pa.ChunkedArray:
    """Absent and empty alike become the word."""
    return pc.if_else(pc.equal(pc.fill_null(column, ""), ""), absent_text, column)


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
    return {pair["values"]: pair["counts"] for pair in to_list(pc.value_counts(column))}


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


def paper_entries(content: ContentStore, entry_states: Mapping[str, EntryState]) -> dict[str, PaperEntry]:
    """By entry number, out of the content where its last revision stands. Raises ContentMissing."""
    paper: dict[str, PaperEntry] = {}
    for digest in sorted({entry.content for entry in entry_states.values() if entry.content}):
        blob = content.get(digest)
        columns = ["entry_number", "entered_value", "importer_name", "stamped_copy", "officer"]
        entries = read_table(blob, "entries").select(columns)
        copies = _copies(read_table(blob, "documents"))
        for number, value, name, stamp, officer in zip(*(to_list(column) for column in entries.columns), strict=True):
            if number in entry_states and entry_states[number].content == digest:
                paper[number] = PaperEntry(value, name, stamp or copies.get(number), officer)
    return paper


def _copies(documents: pa.Table) -> dict[str, str]:
    """Stamped copies that are listed as documents."""
    stamped = documents.filter(pc.equal(documents["document_type"], "Stamped copy"))
    return dict(zip(to_list(stamped["entry_number"]), to_list(stamped["file_name"]), strict=True))


def number_rows(
    lines: Iterable[AccountLine],
    entries: Mapping[str, EntryState],
    paper: Mapping[str, PaperEntry],
    number_history: NumberHistory,
    today: date,
) -> pa.Table:
    """The rows in the accounting's order, with `SCHEMA`."""
    blank = PaperEntry()
    raw = [_number_row(line, entries.get(line.number), paper.get(line.number, blank), number_history) for line in lines]
    columns = {name: [row.get(name) for row in raw] for name in SCHEMA.names}
    table = pa.table([pa.array(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)
    return scrub_private(with_lateness(table, today))


def _number_row(
    line: AccountLine, entry: EntryState | None, paper: PaperEntry, number_history: NumberHistory
) -> dict[str, object]:
    number, end = line.number, number_history.ends.get(line.number)
    row: dict[str, object] = {
        "number": number,
        "series": line.series,
        "desk": line.desk,
        "place": line.place,
        "entry_type": line.entry_type or None,
        "route": line.route or None,
        "outcome": line.outcome or None,
        "port": entry.port if entry and entry.port else line.port,
        "importer_number": mask_importer(line.importer) or None,
        "importer_name": paper.importer,
        "paper_value": paper.value,
        "stamped_copy": paper.stamped,
        "officer": paper.officer,
        "batches": ", ".join(sending.batch for sending in number_history.sent.get(number, ())) or None,
        "ended": end.position.day if end else None,
        "ended_by": end.position.actor if end else None,
        "what_happened": history(line, entry, number_history),
    }
    return row | (_ace_facts(entry, paper, number_history) if entry else {})


def mask_importer(importer: str) -> str:
    return MASK if is_reference(importer) else importer


def _ace_facts(state: EntryState, paper: PaperEntry, number_history: NumberHistory) -> dict[str, object]:
    summary = state.ace_statuses.get(SUMMARY)
    first_release, first_summary = (number_history.first_stood(state.number, about) for about in (RELEASE, SUMMARY))
    decision = classify(state)
    released, release_day = _date(state.released), ace_release(state)
    return {
        "paper_release": released,
        "ace_release": release_day,
        "release_differs": released != release_day if released and release_day else None,
        "entry_in_ace": first_release.position.day if first_release else None,
        "summary_in_ace": first_summary.position.day if first_summary else None,
        "cbp_late": summary.late if summary else None,
        "differences": "; ".join(map(difference_text, summary.differs)) or None if summary else None,
        "ace_value": _ace_value(summary, paper, bool(first_summary)),
        **_payment_facts(number_history, state.number),
        "next_step": f"{decision.step}: {decision.why}" if state.state == "recorded" else None,
    }


def _payment_facts(number_history: NumberHistory, number: str) -> dict[str, object]:
    """What the last summary that ACE showed says of money."""
    lines = [answer.line for answer in number_history.answers.get(number, ()) if answer.line.owed]
    if not lines:
        return {}
    last = lines[-1]
    return {
        "ace_owed": Decimal(last.owed),
        "collection": last.collection or None,
        "collected": _date(last.collection_date),
    }


def ace_release(entry: EntryState) -> date | None:
    """The release date that ACE showed last."""
    dated = [
        status
        for about in (SUMMARY, NOTICE, RELEASE)
        if (status := entry.ace_statuses.get(about)) and status.release_date
    ]
    return _date(max(dated, key=lambda status: status.seq).release_date) if dated else None


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _ace_value(summary: EntryAceStatus | None, paper: PaperEntry, filed: bool) -> int | None:
    """Of the stored summary: the paper's, unless the comparison found another."""
    if summary is None or not filed or summary.disposition == "not found":
        return None
    value_difference = next((difference for difference in summary.differs if difference.field == ENTERED_VALUE), None)
    if value_difference is None:
        return paper.value
    return int(value_difference.ace) if value_difference.ace.isdigit() else None


def history(line: AccountLine, entry: EntryState | None, number_history: NumberHistory) -> str:
    """What happened to a number, in order, in one sentence."""
    number, parts = line.number, []
    files = number_history.recorded.get(number, [])
    if line.desk and not files:
        parts.append(f"printed for {line.desk}")
    if line.place == USED:
        parts.append(line.note)
    if files:
        again = f", last revised {files[-1].position.day}" if len(files) > 1 else ""
        parts.append(f"recorded {files[0].position.day} from {files[0].name}{again}")
    if first_found := number_history.first_found(number):
        parts.append(f"found in ACE {first_found.position.day}, keyed there by CBP")
    if bond := number_history.bonds.get(number):
        parts.append(f"surety's eBond confirmed {bond.day}")
    parts += [
        f"{sending.application} in batch {sending.batch}: {number_history.fate(number, sending)}"
        for sending in number_history.sent.get(number, ())
    ]
    first_shown = number_history.first_stood(number, SUMMARY)
    if first_shown and first_shown is not first_found and first_shown.batch not in number_history.sendings:
        parts.append(f"ACE shows the summary {first_shown.position.day}")
    if end := number_history.ends.get(number):
        parts.append(f"{line.place} {end.position.day} by {end.position.actor}: {end.how}")
    return "; ".join(parts)


def with_lateness(table: pa.Table, today: date) -> pa.Table:
    """Due day and days late of every row at once (19 CFR 142.12(b): ten working days from the
    time of entry; seen in secondary sources)."""
    counts = _owes_summary(table)
    released = _selected_days(table["paper_release"], counts)
    accepted = _selected_days(table["summary_in_ace"], counts)
    closed = _holidays(released, accepted, today)
    due = np.full(len(released), np.datetime64("NaT"), "datetime64[D]")
    due[counts] = np.busday_offset(released[counts], SUMMARY_DUE_DAYS, roll="preceding", holidays=closed)
    is_accepted, settled = ~np.isnat(accepted), _is_in(table["place"], (SETTLED,))
    until = np.where(is_accepted, accepted, np.datetime64(today, "D"))
    judged = counts & (is_accepted | ~settled)
    late = judged & (until > due)
    calendar, working = np.zeros(len(due), int), np.zeros(len(due), int)
    calendar[late] = (until[late] - due[late]).astype(int)
    working[late] = np.busday_count(due[late] + 1, until[late] + 1, holidays=closed)
    statuses = np.select(
        [~counts, ~judged, late & is_accepted, late, is_accepted], ["", UNKNOWN, LATE, LATE_OPEN, IN_TIME], DUE_LATER
    )
    for name, values, missing in (
        ("summary_due", due, ~counts),
        ("days_late", calendar, ~judged),
        ("working_days_late", working, ~judged),
        ("lateness", statuses, None),
    ):
        index = SCHEMA.get_field_index(name)
        column = pa.array(values, mask=missing).cast(SCHEMA.field(name).type)
        table = table.set_column(index, SCHEMA.field(name), column)
    return table


def _owes_summary(table: pa.Table) -> np.ndarray:
    """Released on paper, with a filing due from us under this number."""
    released = _is_in(table["outcome"], RELEASED) & table["paper_release"].is_valid().to_numpy()
    elsewhere = _is_in(table["place"], (HANDED_OVER, AWAY, BURNT, VOID)) | _is_in(table["route"], (NO_ROUTE,))
    return released & ~elsewhere


def _is_in(column: pa.ChunkedArray, values: tuple[str, ...]) -> np.ndarray:
    return pc.is_in(column, value_set=pa.array(values)).to_numpy()


def _selected_days(column: pa.ChunkedArray, selected: np.ndarray) -> np.ndarray:
    days = column.to_numpy().astype("datetime64[D]")
    days[~selected] = np.datetime64("NaT")
    return days


def _holidays(released: np.ndarray, accepted: np.ndarray, today: date) -> list[date]:
    """Federal holidays of all the years that matter."""
    days = [today, *(accepted_day for part in (released, accepted) for accepted_day in part[~np.isnat(part)].tolist())]
    years = range(min(days).year - 1, max(days).year + 2)
    return sorted({day for year in years for day in federal_holidays(year)})


def scrub_private(table: pa.Table) -> pa.Table:
    """The table with every private reference, and all that looks like a Social Security number,
    masked in every text."""
    for index, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            clean = pc.replace_substring_regex(table.column(index), PRIVATE, MASK)
            table = table.set_column(index, column, clean)
    return table
