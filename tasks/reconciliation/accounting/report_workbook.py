"""The report as tables: a workbook for people, Parquet for machines."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.reconciliation.accounting.audit_tables import authorization_lines, discretion_lines
from tasks.reconciliation.accounting.downtime_letters import downtime_letter_lines
from tasks.reconciliation.accounting.report_data import AccountingReport

MOST_ROWS = 1_000_000
"""Rows that a sheet holds with room for its head; the Parquet file holds all."""

DRILL = "DRILL - made-up entries, nothing was sent"
_WIDEST, _LOOKED_AT, _MOST_TEXT = 46, 400, 32_000
_WIDE, _LETTER, _LEGAL = 22, 1, 5
_TITLES = {
    "desk": "Desk",
    "cbp_late": "Late by CBP's flag",
    "ace_release": "ACE release",
    "ace_value": "ACE value",
    "entry_in_ace": "Entry in ACE by",
    "summary_in_ace": "Summary in ACE by",
    "ace_owed": "Owed by ACE's summary",
    "collection": "Collection",
    "collected": "Collected",
    "days_late": "Days late",
    "working_days_late": "Working days late",
    "paper_release": "Paper release",
    "paper_value": "Paper value",
    "release_differs": "Release dates differ",
}


def report_parquet(report: AccountingReport) -> bytes:
    """The numbers, one row each, with incident, head of the journal and moment in the file's
    metadata."""
    metadata = {
        "incident": report.incident,
        "made": report.made_at,
        "drill": str(report.drill).lower(),
        "head_seq": str(report.head.seq),
        "head_digest": report.head.digest,
        "filer": report.broker.filer_code,
    }
    sink = io.BytesIO()
    pq.write_table(report.numbers.replace_schema_metadata(metadata), sink, compression="zstd")
    return sink.getvalue()


def report_sheets(report: AccountingReport) -> bytes:
    """All tables, a sheet each, set up to be printed."""
    import xlsxwriter

    sink = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(sink, options) as workbook:
        created = clock.parse(report.made_at).replace(tzinfo=None)
        workbook.set_properties({"title": report_title(report), "created": created})
        styles = _styles(workbook)
        for name, table in _sheets(report):
            _sheet(workbook.add_worksheet(name), styles, report, name, table)
    return sink.getvalue()


def report_title(report: AccountingReport) -> str:
    client = f", for {report.client}" if report.client else ""
    return f"Accounting of entry numbers, {report.about}{client}"


def heading(report: AccountingReport) -> str:
    """Whose report, and at which place of which book: on every page and sheet."""
    broker, head = report.broker, report.head
    return (
        f"{broker.name}, filer {broker.filer_code}, licence {broker.licence or '-'}; "
        f"book at event {head.seq}, {head.digest[:16]}"
    )


def _sheets(report: AccountingReport) -> list[tuple[str, pa.Table]]:
    listed = report.numbers if len(report.numbers) <= MOST_ROWS else report.used
    return [
        ("Summary", summary(report)),
        ("Desks", report.desks),
        ("Ports", report.ports),
        ("Importers", report.importers),
        ("Numbers", listed.slice(0, MOST_ROWS)),
        ("Matters", report.discrepancies),
        (
            "Proofs",
            pa.Table.from_pylist(
                [{"what": proof.what, "figure": proof.figure, "holds": proof.holds} for proof in report.proofs]
            ),
        ),
        ("Approvals", report.approvals),
        ("Batches", report.batches),
        *([("Authorisation", report.authorizations)] if len(report.authorizations) else []),
        *([("Letters", report.letters)] if len(report.letters) else []),
        *([("Discretion", report.discretion)] if len(report.discretion) else []),
        *([("Open work", report.work)] if len(report.work) else []),
        ("Who did what", report.activities),
        *([("Restore", report.restore.rows)] if report.restore.lines else []),
    ]


def summary(report: AccountingReport) -> pa.Table:
    """Rows of `what` and `figure`: who, when, which book, then the figures."""
    broker = report.broker
    rows = [
        ("broker", broker.name),
        ("filer code", broker.filer_code),
        ("licence", broker.licence),
        ("incident", report.name),
        ("made", report.made_at),
        ("status", report.status),
        ("book: events", f"{report.head.seq:,}"),
        ("book: digest", report.head.digest),
        *((row["what"], row["figure"]) for row in report.figures()),
        ("CBP's authorisation", "; ".join(authorization_lines(report.authorizations))),
        ("discretion relied on", "; ".join(discretion_lines(report.discretion)) or "not recorded"),
        ("letters signed", "; ".join(downtime_letter_lines(report.letters))),
    ]
    return pa.table({"what": [row[0] for row in rows], "figure": [row[1] for row in rows]})


def _styles(workbook: Any) -> dict[str, Any]:
    return {
        "head": workbook.add_format(
            {"bold": True, "bg_color": "#1F3A5F", "font_color": "white", "text_wrap": True, "valign": "top"}
        ),
        "drill": workbook.add_format({"bold": True, "font_color": "#B00020", "font_size": 14}),
        "said": workbook.add_format({"italic": True, "font_color": "#555555"}),
        "date": workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left", "valign": "top"}),
        "money": workbook.add_format({"num_format": "#,##0", "valign": "top"}),
        "cents": workbook.add_format({"num_format": "#,##0.00", "valign": "top"}),
        "total": workbook.add_format({"bold": True, "top": 1, "num_format": "#,##0"}),
        "wrap": workbook.add_format({"text_wrap": True, "valign": "top"}),
        "plain": workbook.add_format({"valign": "top"}),
    }


def _sheet(sheet: Any, styles: dict[str, Any], report: AccountingReport, name: str, table: pa.Table) -> None:
    """A sheet with whose it is, a styled head, fitting widths, sums, and a page that prints."""
    top = 2 + report.drill
    if report.drill:
        sheet.write(0, 0, DRILL, styles["drill"])
    sheet.write(top - 2, 0, heading(report), styles["said"])
    for index, column in enumerate(table.schema):
        title = column_title(column.name)
        sheet.write(top, index, title, styles["head"])
        style = _style(styles, column, wrap=table.num_columns <= _WIDE)
        sheet.set_column(index, index, _width(title, table.column(index)), style)
        _fill(sheet, top + 1, index, table.column(index), style)
    if name in ("Desks", "Ports", "Importers"):
        _totals(sheet, styles, table, top)
    _page(sheet, report, name, top, table)


def _fill(sheet: Any, row: int, index: int, column: pa.ChunkedArray, style: Any) -> None:
    """One column of values, each as what it is; an absent one leaves its cell empty."""
    if pa.types.is_boolean(column.type):
        column = pc.if_else(column, "yes", "no")
    write = {
        "int64": sheet.write_number,
        "date32[day]": sheet.write_datetime,
        "decimal128(14, 2)": sheet.write_number,
    }.get(str(column.type), sheet.write_string)
    text = pa.types.is_string(column.type)
    for below, value in enumerate(to_list(column)):
        if value is not None:
            write(row + below, index, value[:_MOST_TEXT] if text else value, style)


def column_title(name: str) -> str:
    plain = name.replace("_", " ")
    plain = plain.capitalize() if plain.isupper() else plain
    return _TITLES.get(name, plain[:1].upper() + plain[1:])


def _style(styles: dict[str, Any], column: pa.Field, *, wrap: bool) -> Any:
    if pa.types.is_date(column.type):
        return styles["date"]
    if pa.types.is_integer(column.type):
        return styles["money"]
    if pa.types.is_decimal(column.type):
        return styles["cents"]
    return styles["wrap"] if wrap else styles["plain"]


def _width(title: str, column: pa.ChunkedArray) -> int:
    """By the head's longest word and the first values: enough to read, never wider than a hand."""
    lengths = [len(str(value)) for value in to_list(column.slice(0, _LOOKED_AT)) if value is not None]
    widest = max([max(len(word) for word in title.split()) + 3, *(size + 2 for size in lengths)])
    return min(widest, _WIDEST)


def _totals(sheet: Any, styles: dict[str, Any], table: pa.Table, top: int) -> None:
    """The sums, as values: a reader without a calculating program must see them too."""
    row = top + 1 + len(table)
    sheet.write(row, 0, "in all", styles["total"])
    for index, column in enumerate(table.schema):
        if pa.types.is_integer(column.type):
            sheet.write(row, index, sum(to_list(table.column(index))), styles["total"])


def _page(sheet: Any, report: AccountingReport, name: str, top: int, table: pa.Table) -> None:
    drill_mark = "DRILL   " if report.drill else ""
    sheet.freeze_panes(top + 1, 1)
    if len(table):
        sheet.autofilter(top, 0, top + len(table), table.num_columns - 1)
    sheet.set_landscape()
    sheet.set_paper(_LETTER if table.num_columns <= _WIDE else _LEGAL)
    sheet.fit_to_pages(1 if table.num_columns <= _WIDE else 2, 0)
    sheet.repeat_columns(0)
    sheet.repeat_rows(top)
    sheet.set_header(f"&L{_safe(drill_mark + report_title(report))}&R{_safe(name)}")
    sheet.set_footer(f"&L&8{_safe(heading(report)[:110])}&R&8&P / &N")


def _safe(text: str) -> str:
    """`&` begins a code in a header of a sheet."""
    return text.replace("&", "&&")
