"""The report on paper: summary and totals, one page for the auditor, what went wrong and how it was
settled, and every used number with paper and ACE side by side; and the report's folder, with PDF, workbook,
Parquet and signed manifest.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.core.files import write_atomic
from tasks.documents.api import INK, INNER_WIDTH, RED, PageFrame, Paper, PaperColumn
from tasks.reconciliation.accounting.audit_page import add_audit_page, proof_text
from tasks.reconciliation.accounting.discrepancy_table import OPEN
from tasks.reconciliation.accounting.number_account import STRAY, UNACCOUNTED
from tasks.reconciliation.accounting.open_work import OPEN as STILL_OPEN, work_by_kind
from tasks.reconciliation.accounting.report_data import AccountingReport
from tasks.reconciliation.accounting.report_rows import DUE_LATER, IN_TIME, LATE
from tasks.reconciliation.accounting.report_workbook import (
    DRILL,
    column_title,
    report_parquet,
    report_sheets,
    report_title,
)
from tasks.security.api import write_manifest

MOST_ROWS = 5_000
"""Rows of one list on paper; beyond it the totals stand, and the workbook holds the list."""

_NUMBERS = (
    PaperColumn("Number", 23),
    PaperColumn("Desk, port", 19),
    PaperColumn("Type, outcome", 20),
    PaperColumn("Place", 19),
    PaperColumn("Importer", 37, most=2),
    PaperColumn("Paper release", 16),
    PaperColumn("ACE release", 16),
    PaperColumn("Summary in ACE by", 16),
    PaperColumn("Summary due", 16),
    PaperColumn("Days late", 14),
    PaperColumn("CBP's flag", 10),
    PaperColumn("Paper value", 15, "R"),
    PaperColumn("ACE value", 15, "R"),
    PaperColumn("Stamped copy", INNER_WIDTH - 236, most=3),
)
_READING = (
    "Summary due: ten working days after the paper release, federal holidays left out, local closings "
    "not (19 CFR 142.12(b), as seen in secondary sources [S]). Days late are calendar days after that "
    "day, counted to the day on which ACE's answer that it holds the summary was read, or to the day of "
    "this report while it is open; ACE took it then or earlier. CBP's flag is the late flag that ACE "
    "itself returns. Days are days in Washington, moments are UTC.",
    "ACE value: of the summary that ACE stores, by the field-by-field comparison; empty where ACE has "
    "shown no summary. A stamped copy is listed by the file name that the desk wrote. Importer numbers "
    "that are private stand as ***-**-****; this report never opens them.",
)


def render_report(report: AccountingReport) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker, head = report.broker, report.head
    frame = PageFrame(
        title=report_title(report),
        left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        right=f"{'' if report.signed else 'DRAFT, not signed · '}{report.about} · "
        f"book at event {head.seq:,}, {head.digest[:12]}",
        foot=f"Made {report.made_at[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}. "
        "Confidential: client records (19 CFR 111.24).",
        mark=DRILL if report.drill else "",
        made=clock.parse(report.made_at),
    )
    paper = Paper(frame)
    chapters = [
        _front_page,
        add_audit_page,
        _discrepancy_chapter,
        *([_work_chapter] if len(report.work) else []),
        _numbers_chapter,
    ]
    for chapter in chapters:
        paper.page()
        chapter(paper, report)
    return paper.bytes()


def _front_page(paper: Paper, report: AccountingReport) -> None:
    paper.title(report_title(report))
    paper.text(report.status, 9.5, INK if report.signed else RED, "B")
    for (place, desk), numbers in sorted(_numbers_without_place(report).items()):
        where = f"{place} at {desk}" if desk else place
        paper.text(
            f"{where}: {len(numbers):,} number(s): {', '.join(numbers[:8])}{', ...' if len(numbers) > 8 else ''}",
            9.5,
            RED,
            "B",
        )
    for proof in report.proofs:
        if not proof.holds:
            paper.text(proof_text(proof), 9.5, RED, "B")
    rows = [(column_title(row["what"]), row["figure"]) for row in report.figures()]
    half_count = -(-len(rows) // 2)
    pairs = [
        (*rows[n], "", *(rows[half_count + n] if half_count + n < len(rows) else ("", ""))) for n in range(half_count)
    ]
    columns = [
        PaperColumn("What", 70),
        PaperColumn("Figure", 25, "R"),
        PaperColumn("", 10),
        PaperColumn("What", 70),
        PaperColumn("Figure", 25, "R"),
    ]
    paper.table(columns, pairs, 8.5)
    _totals(paper, "By desk and port", report.desks, 2)
    _totals(paper, "By port", report.ports, 1)
    _totals(paper, "By importer", report.importers, 2)


def _numbers_without_place(report: AccountingReport) -> dict[tuple[str, str], list[str]]:
    numbers: dict[tuple[str, str], list[str]] = {}
    lost = (pc.equal(report.numbers["place"], place) for place in _NO_PLACE)
    for row in to_list(report.numbers.filter(pc.or_(*lost)).select(["place", "desk", "number"])):
        numbers.setdefault((row["place"], row["desk"]), []).append(row["number"])
    return numbers


_NO_PLACE = (UNACCOUNTED, STRAY)


def _totals(paper: Paper, heading: str, table: pa.Table, keys: int) -> None:
    """A totals table with its sums; empty columns are left out."""
    paper.heading(heading)
    column_names = [
        name for n, name in enumerate(table.column_names) if n < keys or name == "in all" or pc.sum(table[name]).as_py()
    ]
    name_width = 58.0 if len(column_names) <= 15 else 40.0
    first = {"importer_name": name_width, "importer_number": 24.0, "desk": 26.0, "port": 14.0}
    columns = [
        PaperColumn(column_title(name), first.get(name, 0.0), "L" if n < keys else "R")
        for n, name in enumerate(column_names)
    ]
    listed = table.select(column_names).slice(0, MOST_ROWS)
    rows = [[_text(value) for value in row.values()] for row in to_list(listed)]
    last = ["in all", *[""] * (keys - 1), *(_text(pc.sum(table[name]).as_py() or 0) for name in column_names[keys:])]
    rows = [*rows, last]
    columns, size = paper.fitted(columns, rows)
    paper.table(columns, rows, size, bold_last=True)
    _note_omitted_rows(paper, len(table), heading)


def _note_omitted_rows(paper: Paper, count: int, name: str) -> None:
    if count > MOST_ROWS:
        paper.text(f"{count - MOST_ROWS:,} more rows stand in the workbook ({name}).", 8.5, RED)


def _discrepancy_chapter(paper: Paper, report: AccountingReport) -> None:
    paper.title("Differences and mishaps, and how each was settled", 14)
    if not len(report.discrepancies):
        paper.text("None was found.")
        return
    counts = ", ".join(
        f"{row['counts']:,} {row['values']}" for row in to_list(pc.value_counts(report.discrepancies["kind"]))
    )
    open_ = pc.sum(report.discrepancies["open"]).as_py() or 0
    paper.text(f"{len(report.discrepancies):,} in all: {counts}. Open: {open_:,}.", colour=RED if open_ else INK)
    columns = [
        PaperColumn("Kind", 28),
        PaperColumn("Entry, batch or file", 32),
        PaperColumn("Found", 16),
        PaperColumn("What", 92),
        PaperColumn("How it was settled", INNER_WIDTH - 168),
    ]
    rows = (
        [row["kind"], row["subject"], _text(row["found"]), row["what"], row["settled"]]
        for row in to_list(report.discrepancies.slice(0, MOST_ROWS))
    )
    paper.table(columns, rows, red=lambda row: row[4] == OPEN)
    _note_omitted_rows(paper, len(report.discrepancies), "Matters")


def _work_chapter(paper: Paper, report: AccountingReport) -> None:
    paper.title("Open when the systems went down, and how each item ended", 14)
    kinds = [
        PaperColumn("Work", 50),
        PaperColumn("In all", 16, "R"),
        PaperColumn("Open", 16, "R"),
        PaperColumn("The others", INNER_WIDTH - 82),
    ]
    rows = [[kind, f"{count:,}", f"{open_:,}", ends] for kind, count, open_, ends in work_by_kind(report.work)]
    paper.table(kinds, rows, red=lambda row: row[2] != "0")
    columns = [
        PaperColumn("Work", 34),
        PaperColumn("Reference", 34),
        PaperColumn("Importer", 56, most=2),
        PaperColumn("Due", 22),
        PaperColumn("Ended", 22),
        PaperColumn("On", 18),
        PaperColumn("By", 18),
        PaperColumn("Shown by", INNER_WIDTH - 204, most=3),
    ]
    listed = (
        [
            row["work"],
            _join_text(row["reference"], row["entry_type"], row["port"]),
            _join_text(row["importer_number"], row["importer"]),
            row["due"][:10],
            row["ended"],
            row["ended_on"][:10],
            row["by"],
            row["shown_by"],
        ]
        for row in to_list(report.work.slice(0, MOST_ROWS))
    )
    paper.table(columns, listed, red=lambda row: row[4] == STILL_OPEN)
    _note_omitted_rows(paper, len(report.work), "Open work")


def _numbers_chapter(paper: Paper, report: AccountingReport) -> None:
    used = report.used
    paper.title(f"Every number used: {len(used):,} of {len(report.numbers):,} reserved", 14)
    for text in _READING:
        paper.text(text, 7.5)
    if len(used) > MOST_ROWS:
        paper.text(
            f"{len(used):,} numbers are more than a paper can usefully list. The totals stand "
            "above; every number stands in the workbook (Numbers) and in the Parquet file, "
            "under the same signature.",
            9.5,
            RED,
            "B",
        )
        return
    paper.table(
        _NUMBERS,
        (_number_cells(row) for row in to_list(used)),
        7.2,
        red=lambda row: row[3] in _NO_PLACE or row[9] not in ("", "0", DUE_LATER),
    )


def _number_cells(row: dict[str, Any]) -> list[str]:
    flag = row["cbp_late"]
    late = "" if row["days_late"] is None else f"{row['days_late']:,}"
    status = row["lateness"] if row["lateness"] not in (IN_TIME, LATE) else ""
    under = "; ".join(
        part
        for part in (row["what_happened"], _money_text(row), row["next_step"] and f"next: {row['next_step']}")
        if part
    )
    late = "" if status == DUE_LATER else late
    return [
        row["number"],
        _join_text(row["desk"], row["port"]),
        _join_text(row["entry_type"], row["outcome"]),
        row["place"],
        _join_text(row["importer_number"], row["importer_name"]),
        _text(row["paper_release"]),
        _text(row["ace_release"]),
        _text(row["summary_in_ace"]),
        _text(row["summary_due"]),
        f"{late} {status}".strip(),
        "" if flag is None else "late" if flag else "not late",
        _text(row["paper_value"]),
        _text(row["ace_value"]),
        row["stamped_copy"] or "",
        under,
    ]


def _money_text(row: dict[str, Any]) -> str:
    if row["ace_owed"] is None:
        return ""
    return _join_text(f"duty and fees in ACE {row['ace_owed']:,} dollars", row["collection"], _text(row["collected"]))


def _join_text(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_report_files(report: AccountingReport, folder: Path, home: Path) -> list[Path]:
    """Write `accounting-<incident>.pdf`, `.xlsx`, `.parquet` and the manifest that the host signs.
    Writing again replaces them. Returns the files, the manifest last."""
    name = f"accounting-{report.incident}"
    contents = {
        f"{name}.pdf": render_report(report),
        f"{name}.xlsx": report_sheets(report),
        f"{name}.parquet": report_parquet(report),
    }
    paths = [write_atomic(folder / file, data) for file, data in contents.items()]
    drill_mark = "DRILL " if report.drill else ""
    what = f"{drill_mark}accounting {report.name}, book at {report.head.seq} {report.head.digest}"
    return [*paths, write_manifest(folder, home, what)]
