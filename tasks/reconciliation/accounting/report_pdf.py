"""The report on paper: summary and totals, one page for the auditor, what went wrong and how it was
settled, and every used number with paper and ACE side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.core import clock
from tasks.documents.api import INK, INNER_WIDTH, RED, PageFrame, Paper, PaperColumn
from tasks.reconciliation.accounting.audit_page import add_audit_page, proof_text
from tasks.reconciliation.accounting.discrepancy_table import OPEN
from tasks.reconciliation.accounting.number_account import STRAY, UNACCOUNTED
from tasks.reconciliation.accounting.open_work import OPEN as STILL_OPEN, work_by_kind
from tasks.reconciliation.accounting.report_rows import DUE_LATER, IN_TIME, LATE
from tasks.reconciliation.accounting.report_workbook import DRILL, column_title, report_title

if TYPE_CHECKING:
    from tasks.reconciliation.accounting.report_data import AccountingReport

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
        foot=f"Made {report.made[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}. "
        "Confidential: client records (19 CFR 111.24).",
        mark=DRILL if report.drill else "",
        made=clock.parse(report.made),
    )
    paper = Paper(frame)
    chapters = [_front, add_audit_page, _matters, *([_work] if len(report.work) else []), _numbers]
    for chapter in chapters:
        paper.page()
        chapter(paper, report)
    return paper.bytes()


def _front(paper: Paper, report: AccountingReport) -> None:
    paper.title(report_title(report))
    paper.text(report.status, 9.5, INK if report.signed else RED, "B")
    for (place, desk), numbers in sorted(_without_place(report).items()):
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
    half = -(-len(rows) // 2)
    pairs = [(*rows[n], "", *(rows[half + n] if half + n < len(rows) else ("", ""))) for n in range(half)]
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


def _without_place(report: AccountingReport) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    lost = (pc.equal(report.numbers["place"], place) for place in _NO_PLACE)
    for row in report.numbers.filter(pc.or_(*lost)).select(["place", "desk", "number"]).to_pylist():
        found.setdefault((row["place"], row["desk"]), []).append(row["number"])
    return found


_NO_PLACE = (UNACCOUNTED, STRAY)


def _totals(paper: Paper, name: str, table: pa.Table, keys: int) -> None:
    """A totals table with its sums; empty columns are left out."""
    paper.heading(name)
    kept = [
        one for n, one in enumerate(table.column_names) if n < keys or one == "in all" or pc.sum(table[one]).as_py()
    ]
    name_width = 58.0 if len(kept) <= 15 else 40.0
    first = {"importer_name": name_width, "importer_number": 24.0, "desk": 26.0, "port": 14.0}
    columns = [
        PaperColumn(column_title(one), first.get(one, 0.0), "L" if n < keys else "R") for n, one in enumerate(kept)
    ]
    shown = table.select(kept).slice(0, MOST_ROWS)
    rows = [[_text(value) for value in row.values()] for row in shown.to_pylist()]
    last = ["in all", *[""] * (keys - 1), *(_text(pc.sum(table[one]).as_py() or 0) for one in kept[keys:])]
    rows = [*rows, last]
    columns, size = paper.fitted(columns, rows)
    paper.table(columns, rows, size, bold_last=True)
    _more(paper, len(table), name)


def _more(paper: Paper, count: int, name: str) -> None:
    if count > MOST_ROWS:
        paper.text(f"{count - MOST_ROWS:,} more rows stand in the workbook ({name}).", 8.5, RED)


def _matters(paper: Paper, report: AccountingReport) -> None:
    paper.title("Differences and mishaps, and how each was settled", 14)
    if not len(report.matters):
        paper.text("None was found.")
        return
    counts = ", ".join(
        f"{row['counts']:,} {row['values']}" for row in pc.value_counts(report.matters["kind"]).to_pylist()
    )
    open_ = pc.sum(report.matters["open"]).as_py() or 0
    paper.text(f"{len(report.matters):,} in all: {counts}. Open: {open_:,}.", colour=RED if open_ else INK)
    columns = [
        PaperColumn("Kind", 28),
        PaperColumn("Entry, batch or file", 32),
        PaperColumn("Found", 16),
        PaperColumn("What", 92),
        PaperColumn("How it was settled", INNER_WIDTH - 168),
    ]
    rows = (
        [row["kind"], row["subject"], _text(row["found"]), row["what"], row["settled"]]
        for row in report.matters.slice(0, MOST_ROWS).to_pylist()
    )
    paper.table(columns, rows, red=lambda row: row[4] == OPEN)
    _more(paper, len(report.matters), "Matters")


def _work(paper: Paper, report: AccountingReport) -> None:
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
            _joined(row["reference"], row["entry_type"], row["port"]),
            _joined(row["importer_number"], row["importer"]),
            row["due"][:10],
            row["ended"],
            row["ended_on"][:10],
            row["by"],
            row["shown_by"],
        ]
        for row in report.work.slice(0, MOST_ROWS).to_pylist()
    )
    paper.table(columns, listed, red=lambda row: row[4] == STILL_OPEN)
    _more(paper, len(report.work), "Open work")


def _numbers(paper: Paper, report: AccountingReport) -> None:
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
        (_line(row) for row in used.to_pylist()),
        7.2,
        red=lambda row: row[3] in _NO_PLACE or row[9] not in ("", "0", DUE_LATER),
    )


def _line(row: dict[str, Any]) -> list[str]:
    flag = row["cbp_late"]
    late = "" if row["days_late"] is None else f"{row['days_late']:,}"
    word = row["lateness"] if row["lateness"] not in (IN_TIME, LATE) else ""
    under = "; ".join(
        part for part in (row["what_happened"], _money(row), row["next_step"] and f"next: {row['next_step']}") if part
    )
    late = "" if word == DUE_LATER else late
    return [
        row["number"],
        _joined(row["desk"], row["port"]),
        _joined(row["entry_type"], row["outcome"]),
        row["place"],
        _joined(row["importer_number"], row["importer_name"]),
        _text(row["paper_release"]),
        _text(row["ace_release"]),
        _text(row["summary_in_ace"]),
        _text(row["summary_due"]),
        f"{late} {word}".strip(),
        "" if flag is None else "late" if flag else "not late",
        _text(row["paper_value"]),
        _text(row["ace_value"]),
        row["stamped_copy"] or "",
        under,
    ]


def _money(row: dict[str, Any]) -> str:
    if row["ace_owed"] is None:
        return ""
    return _joined(f"duty and fees in ACE {row['ace_owed']:,} dollars", row["collection"], _text(row["collected"]))


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
