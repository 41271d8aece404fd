"""The report on paper: summary and totals, one page for the auditor, what went wrong and how it was
settled, and every used number with paper and ACE side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.reconciliation.account import STRAY, UNACCOUNTED
from tasks.reconciliation.report_auditor import auditor_page, told
from tasks.reconciliation.report_matters import OPEN
from tasks.reconciliation.report_rows import DUE_LATER, IN_TIME, LATE
from tasks.reconciliation.report_tables import DRILL, column_title, title
from tasks.reconciliation.report_work import OPEN as STILL_OPEN, by_kind
from tasks.shared import clock
from tasks.shared.paper import INK, INNER, RED, Column, Frame, Paper

if TYPE_CHECKING:
    from tasks.reconciliation.report import Report

MOST_ROWS = 5_000
"""Rows of one list on paper; beyond it the totals stand, and the workbook holds the list."""

_NUMBERS = (
    Column("Number", 23), Column("Desk, port", 19), Column("Type, outcome", 20), Column("Place", 19),
    Column("Importer", 37, most=2), Column("Paper release", 16), Column("ACE release", 16),
    Column("Summary in ACE by", 16), Column("Summary due", 16), Column("Days late", 14),
    Column("CBP's flag", 10), Column("Paper value", 15, "R"), Column("ACE value", 15, "R"),
    Column("Stamped copy", INNER - 236, most=3),
)  # fmt: skip
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


def render(report: Report) -> bytes:
    """The PDF. Raises MissingPart without fpdf2 or its fonts."""
    broker, head = report.broker, report.head
    frame = Frame(
        title=title(report),
        left=f"{broker.name} · filer {broker.filer_code} · licence {broker.licence or 'not set'}",
        right=f"{'' if report.signed else 'DRAFT, not signed · '}{report.about} · "
              f"book at event {head.seq:,}, {head.digest[:12]}",
        foot=f"Made {report.made[:16]}Z from the book at event {head.seq}, SHA-256 {head.digest}. "
             "Confidential: client records (19 CFR 111.24).",
        mark=DRILL if report.drill else "",
        made=clock.parse(report.made),
    )  # fmt: skip
    paper = Paper(frame)
    chapters = [_front, auditor_page, _matters, *([_work] if len(report.work) else []), _numbers]
    for chapter in chapters:
        paper.page()
        chapter(paper, report)
    return paper.bytes()


def _front(paper: Paper, report: Report) -> None:
    paper.title(title(report))
    paper.text(report.status, 9.5, INK if report.signed else RED, "B")
    for (place, desk), numbers in sorted(_without_place(report).items()):
        where = f"{place} at {desk}" if desk else place
        paper.text(f"{where}: {len(numbers):,} number(s): {', '.join(numbers[:8])}"
                   f"{', ...' if len(numbers) > 8 else ''}", 9.5, RED, "B")  # fmt: skip
    for proof in report.proofs:
        if not proof.holds:
            paper.text(told(proof), 9.5, RED, "B")
    rows = [(column_title(row["what"]), row["figure"]) for row in report.figures()]
    half = -(-len(rows) // 2)
    pairs = [(*rows[n], "", *(rows[half + n] if half + n < len(rows) else ("", "")))
             for n in range(half)]  # fmt: skip
    columns = [Column("What", 70), Column("Figure", 25, "R"), Column("", 10), Column("What", 70),
               Column("Figure", 25, "R")]  # fmt: skip
    paper.table(columns, pairs, 8.5)
    _totals(paper, "By desk and port", report.desks, 2)
    _totals(paper, "By port", report.ports, 1)
    _totals(paper, "By importer", report.importers, 2)


def _without_place(report: Report) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    lost = (pc.equal(report.numbers["place"], place) for place in _NO_PLACE)
    for row in report.numbers.filter(pc.or_(*lost)).select(["place", "desk", "number"]).to_pylist():
        found.setdefault((row["place"], row["desk"]), []).append(row["number"])
    return found


_NO_PLACE = (UNACCOUNTED, STRAY)


def _totals(paper: Paper, name: str, table: pa.Table, keys: int) -> None:
    """A totals table with its sums; empty columns are left out."""
    paper.heading(name)
    kept = [one for n, one in enumerate(table.column_names)
            if n < keys or one == "in all" or pc.sum(table[one]).as_py()]  # fmt: skip
    name_width = 58.0 if len(kept) <= 15 else 40.0
    first = {"importer_name": name_width, "importer_number": 24.0, "desk": 26.0, "port": 14.0}
    columns = [Column(column_title(one), first.get(one, 0.0), "L" if n < keys else "R")
               for n, one in enumerate(kept)]  # fmt: skip
    shown = table.select(kept).slice(0, MOST_ROWS)
    rows = [[_text(value) for value in row.values()] for row in shown.to_pylist()]
    last = ["in all", *[""] * (keys - 1), *(_text(pc.sum(table[one]).as_py() or 0)
                                            for one in kept[keys:])]  # fmt: skip
    rows = [*rows, last]
    columns, size = paper.fitted(columns, rows)
    paper.table(columns, rows, size, bold_last=True)
    _more(paper, len(table), name)


def _more(paper: Paper, count: int, name: str) -> None:
    if count > MOST_ROWS:
        paper.text(f"{count - MOST_ROWS:,} more rows stand in the workbook ({name}).", 8.5, RED)


def _matters(paper: Paper, report: Report) -> None:
    paper.title("Differences and mishaps, and how each was settled", 14)
    if not len(report.matters):
        paper.text("None was found.")
        return
    counts = ", ".join(f"{row['counts']:,} {row['values']}"
                       for row in pc.value_counts(report.matters["kind"]).to_pylist())  # fmt: skip
    open_ = pc.sum(report.matters["open"]).as_py() or 0
    paper.text(f"{len(report.matters):,} in all: {counts}. Open: {open_:,}.",
               colour=RED if open_ else INK)  # fmt: skip
    columns = [Column("Kind", 28), Column("Entry, batch or file", 32), Column("Found", 16),
               Column("What", 92), Column("How it was settled", INNER - 168)]  # fmt: skip
    rows = ([row["kind"], row["subject"], _text(row["found"]), row["what"], row["settled"]]
            for row in report.matters.slice(0, MOST_ROWS).to_pylist())  # fmt: skip
    paper.table(columns, rows, red=lambda row: row[4] == OPEN)
    _more(paper, len(report.matters), "Matters")


def _work(paper: Paper, report: Report) -> None:
    paper.title("Open when the systems went down, and how each item ended", 14)
    kinds = [Column("Work", 50), Column("In all", 16, "R"), Column("Open", 16, "R"),
             Column("The others", INNER - 82)]  # fmt: skip
    rows = [[kind, f"{count:,}", f"{open_:,}", ends] for kind, count, open_, ends in
            by_kind(report.work)]  # fmt: skip
    paper.table(kinds, rows, red=lambda row: row[2] != "0")
    columns = [Column("Work", 34), Column("Reference", 34), Column("Importer", 56, most=2),
               Column("Due", 22), Column("Ended", 22), Column("On", 18), Column("By", 18),
               Column("Shown by", INNER - 204, most=3)]  # fmt: skip
    listed = ([row["work"], _joined(row["reference"], row["entry_type"], row["port"]),
               _joined(row["importer_number"], row["importer"]), row["due"][:10], row["ended"],
               row["ended_on"][:10], row["by"], row["shown_by"]]
              for row in report.work.slice(0, MOST_ROWS).to_pylist())  # fmt: skip
    paper.table(columns, listed, red=lambda row: row[4] == STILL_OPEN)
    _more(paper, len(report.work), "Open work")


def _numbers(paper: Paper, report: Report) -> None:
    used = report.used
    paper.title(f"Every number used: {len(used):,} of {len(report.numbers):,} reserved", 14)
    for text in _READING:
        paper.text(text, 7.5)
    if len(used) > MOST_ROWS:
        paper.text(f"{len(used):,} numbers are more than a paper can usefully list. The totals stand "
                   "above; every number stands in the workbook (Numbers) and in the Parquet file, "
                   "under the same signature.", 9.5, RED, "B")  # fmt: skip
        return
    paper.table(_NUMBERS, (_line(row) for row in used.to_pylist()), 7.2,
                red=lambda row: row[3] in _NO_PLACE or row[9] not in ("", "0", DUE_LATER))  # fmt: skip


def _line(row: dict[str, Any]) -> list[str]:
    flag = row["cbp_late"]
    late = "" if row["days_late"] is None else f"{row['days_late']:,}"
    word = row["lateness"] if row["lateness"] not in (IN_TIME, LATE) else ""
    under = "; ".join(part for part in (row["what_happened"], _money(row), row["next_step"] and
                                        f"next: {row['next_step']}") if part)  # fmt: skip
    late = "" if word == DUE_LATER else late
    return [
        row["number"], _joined(row["desk"], row["port"]),
        _joined(row["entry_type"], row["outcome"]), row["place"],
        _joined(row["importer_number"], row["importer_name"]), _text(row["paper_release"]),
        _text(row["ace_release"]), _text(row["summary_in_ace"]), _text(row["summary_due"]),
        f"{late} {word}".strip(), "" if flag is None else "late" if flag else "not late",
        _text(row["paper_value"]), _text(row["ace_value"]), row["stamped_copy"] or "", under,
    ]  # fmt: skip


def _money(row: dict[str, Any]) -> str:
    if row["ace_owed"] is None:
        return ""
    return _joined(f"duty and fees in ACE {row['ace_owed']:,} dollars", row["collection"],
                   _text(row["collected"]))  # fmt: skip


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else str(value)
