"""Builds a desk's workbook: the sheets, their headings, notes, drop-downs, protection and print.

Protection has no password: it prevents mistakes, not intent. Text never becomes a formula or a link.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, cast

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from tasks.core.errors import Problem
from tasks.documents.api import BLANK_STAMP, GENERAL_FORMAT, STAMP_PROPERTY, NumberFormat
from tasks.entries.record.record_fields import RECORD_SHEETS, RECORD_TABLES, RecordField
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.readme_sheet import write_readme

_COLUMNS = (
    ("Sheet", 14),
    ("Row", 8),
    ("Column", 24),
    ("Value", 26),
    ("What is wrong", 44),
    ("What would be right", 52),
    ("Code", 8),
)


def problem_sheet(builder: WorkbookBuilder, problems: Sequence[Problem]) -> None:
    """The sheet Problems: one row each, with a link to the cell where there is one."""
    sheet = builder.workbook.add_worksheet(workbook_layout.PROBLEMS)
    head = builder.format("problem head", bold=True, bg_color="9C0006", font_color="FFFFFF", border=1)
    body = builder.format("problem", text_wrap=True, valign="top", num_format="@")
    link = builder.format("problem link", font_color="0563C1", underline=1, valign="top")
    for column, (title, width) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, head)
    for row, p in enumerate(problems, start=1):
        values = (p.sheet, p.row or None, p.column, p.value, p.wrong, p.right, p.rule)
        for column, value in enumerate(values):
            write_any(sheet, row, column, value, lambda shape: body)
        if p.sheet and p.row:
            sheet.write_url(row, 1, f"internal:'{p.sheet}'!A{p.row}", link, str(p.row))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(problems), 1), len(_COLUMNS) - 1)
    sheet.set_tab_color("9C0006")
    sheet.set_landscape()
    sheet.set_paper(1)
    sheet.repeat_rows(0)
    sheet.fit_to_pages(1, 0)
    builder.page_texts(sheet)


def problem_text(problem: Problem) -> str:
    """What is wrong and what would be right, in one line for a note."""
    return f"{problem.wrong}; right: {problem.right}" if problem.right else problem.wrong


BROKER_FIELDS = ("name", "filer_code", "licence", "contact_name", "contact_phone")
_SPARE_ROWS, _MAX_ROWS = 300, 20_000
_NUMBER_FORMATS = {"text": "@", "integer": "#,##0", "decimal": "#,##0.00", "date": "yyyy-mm-dd"}
_PAGE_WIDTH = 150.0
_MAX_CELL_LENGTH = 32_767
"""Characters that a cell holds; the writer drops a longer text silently."""
_PROTECTION = {"format_columns": True, "format_rows": True, "format_cells": True, "sort": True}
_RED = {"bg_color": "FFC7CE", "font_color": "9C0006"}


@dataclass
class SheetRows:
    """The content of a sheet. `rows`: field name to cell (a value, or an `OriginalCell`), the first under the
    heading. `faults`: notes on faulty cells, by row (0: the first under the heading, -1: the heading) and
    field. `extras`: unknown headings with their cells."""

    rows: Sequence[Mapping[str, Any]] = ()
    faults: Mapping[tuple[int, str], str] = field(default_factory=dict)
    extras: Sequence[tuple[str, Sequence[Any]]] = ()


@dataclass(frozen=True, slots=True)
class OriginalCell:
    """A cell as a file held it, with its own number format. `shape`: "" for that of the column."""

    value: Any
    shape: NumberFormat = ""


class WorkbookBuilder:
    """Builds one workbook. `broker`: the names in BROKER_FIELDS; missing ones stay empty. `handed_to`: the
    broker who takes the entries over, for whom the first sheet has other texts."""

    def __init__(
        self, desk: str, port: str, numbers: Sequence[str], broker: Mapping[str, str], drill: bool, handed_to: str = ""
    ) -> None:
        self.desk, self.port, self.numbers = desk, port, list(numbers)
        self.broker, self.drill, self.handed_to = broker, drill, handed_to
        self.title = f"Downtime entries: {handed_to or f'desk {desk}'}"
        self._sink = io.BytesIO()
        plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        self.workbook = xlsxwriter.Workbook(self._sink, plain)
        self._formats: dict[str, Format] = {}

    def build(self, sheets: Mapping[str, SheetRows]) -> bytes:
        """The bytes of the workbook: Read me, a sheet a table, and the hidden ones."""
        readme = self.workbook.add_worksheet(workbook_layout.README)
        for table in RECORD_TABLES:
            self._sheet(table, sheets.get(table, SheetRows()))
        self._lists()
        self._about()
        write_readme(readme, self)
        named = {"title": self.title}
        self.workbook.set_properties(named | {"company": self.broker.get("name", "")})
        return self.close()

    def close(self) -> bytes:
        """Finish the workbook and return its bytes, to be stamped for its purpose."""
        self.workbook.set_custom_property(STAMP_PROPERTY, BLANK_STAMP)
        self.workbook.close()
        return self._sink.getvalue()

    def format(self, name: str, **properties: Any) -> Format:
        """One format of the book, made once for its name."""
        if name not in self._formats:
            base = {"font_name": "Arial", "font_size": 10, "valign": "vcenter"}
            self._formats[name] = self.workbook.add_format(base | properties)
        return self._formats[name]

    def _sheet(self, table: str, sheet_rows: SheetRows) -> None:
        sheet = self.workbook.add_worksheet(RECORD_SHEETS[table])
        fields, count = workbook_layout.columns(table), len(sheet_rows.rows)
        last = count if table == "entries" else self._row_count(count)
        for column, record_field in enumerate(fields):
            self._column(sheet, column, record_field, last, sheet_rows.faults.get((-1, record_field.name)))
        for index, row in enumerate(sheet_rows.rows):
            for column, record_field in enumerate(fields):
                fault = sheet_rows.faults.get((index, record_field.name))
                cell = row.get(record_field.name)
                if fault or cell is not None:
                    self._cell(sheet, index + 1, column, record_field, cell, fault)
        self._extras(sheet, len(fields), sheet_rows)
        self._mark_missing(sheet, fields, last)
        self._set_up(sheet, table, fields)

    def _row_count(self, filled: int) -> int:
        """How many rows of a child sheet are prepared."""
        return min(filled + max(_SPARE_ROWS, 10 * len(self.numbers)), _MAX_ROWS)

    def _column(self, sheet: Worksheet, column: int, record_field: RecordField, last: int, fault: str | None) -> None:
        fill, letters, _ = workbook_layout.TINTS[record_field.level]
        heading = self.format(
            f"heading {record_field.level}",
            bold=True,
            text_wrap=True,
            align="center",
            border=1,
            border_color="FFFFFF",
            bg_color=fill,
            font_color=letters,
        )
        sheet.set_column(column, column, workbook_layout.width(record_field), self._look(record_field))
        sheet.write_string(0, column, record_field.title, heading)
        if text := fault or workbook_layout.note(record_field):
            self.comment(sheet, 0, column, text)
        rule = workbook_layout.validation(record_field, len(self.numbers) + 1)
        if rule and last and not is_locked(record_field):
            sheet.data_validation(1, column, last, column, rule)

    def comment(self, sheet: Worksheet, row: int, column: int, text: str) -> None:
        """A note on a cell, big enough to be read whole."""
        size = {"width": 260, "height": 18 * (2 + len(text) // 42)}
        font = {"font_size": 9, "font_name": "Arial", "color": "FFFBE6"}
        sheet.write_comment(row, column, text[:1000], size | font)

    def _look(self, record_field: RecordField, shape: NumberFormat = "", marked: bool = False) -> Format:
        shape = shape or _NUMBER_FORMATS.get(record_field.type, "@")
        locked, align = is_locked(record_field), workbook_layout.align(record_field)
        look = {"num_format": shape, "locked": locked, "border": 1, "border_color": "D9D9D9"}
        if not locked:
            look |= {"align": align, "indent": 0 if align == "center" else 1}
        else:
            is_key = record_field.level == "key"
            look |= {"bold": is_key, "font_color": "1F3864" if is_key else "7F7F7F"}
            look |= {"bg_color": "F2F2F2"}
        name = f"{locked} {shape!r} {align} {record_field.level == 'key'} {marked}"
        return self.format(name, **look | (_RED if marked else {}))

    def _cell(
        self, sheet: Worksheet, row: int, column: int, record_field: RecordField, cell: Any, fault: str | None
    ) -> None:
        write_any(sheet, row, column, cell, lambda shape="": self._look(record_field, shape, bool(fault)))
        if fault:
            self.comment(sheet, row, column, fault)

    def _extras(self, sheet: Worksheet, first: int, sheet_rows: SheetRows) -> None:
        """Unknown columns of the file, after the others and in red."""

        def look(shape: NumberFormat = "") -> Format:
            shape = shape or "@"
            return self.format(f"extra {shape!r}", num_format=shape, locked=False, **_RED)

        for column, (heading, values) in enumerate(sheet_rows.extras, start=first):
            sheet.write_string(0, column, heading, look())
            for row, cell in enumerate(values, start=1):
                write_any(sheet, row, column, cell, look)

    def _mark_missing(self, sheet: Worksheet, fields: Sequence[RecordField], last: int) -> None:
        """In a begun row, required cells that are still empty are pale red."""
        begun = [c for c, f in enumerate(fields) if f.name in ("entry_type", "importer_number")]
        cells = "&".join(f"${xl_col_to_name(column)}2" for column in begun or [0])
        empty = self.format("missing", bg_color="FCE4E1")
        for column, record_field in enumerate(fields):
            if record_field.level == "release" and record_field.name != "mode_of_transport" and last:
                formula = f'=AND({cells}<>"",{xl_col_to_name(column)}2="")'
                look = {"type": "formula", "criteria": formula, "format": empty}
                sheet.conditional_format(1, column, last, column, look)

    def _set_up(self, sheet: Worksheet, table: str, fields: Sequence[RecordField]) -> None:
        sheet.set_row(0, 44)
        sheet.freeze_panes(1, 1)
        sheet.set_tab_color("ED7D31" if self.drill else workbook_layout.TABS.get(table, "2E75B6"))
        sheet.ignore_errors({"number_stored_as_text": f"A1:CZ{_MAX_ROWS}"})
        rows = {"insert_rows": True, "delete_rows": True} if table != "entries" else {}
        sheet.protect("", _PROTECTION | rows)
        sheet.set_landscape()
        sheet.set_paper(1)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.repeat_rows(0)
        sheet.repeat_columns("A:A")
        pages = max(1, round(sum(workbook_layout.width(record_field) for record_field in fields) / _PAGE_WIDTH))
        sheet.fit_to_pages(pages, 0)
        self.page_texts(sheet)

    def page_texts(self, sheet: Worksheet) -> None:
        """Header and footer of a printed page."""
        drill_mark = '&C&"Arial,Bold"&14DRILL' if self.drill else ""
        broker, desk = (t.replace("&", "&&") for t in (self.broker.get("name", ""), self.desk))
        sheet.set_header(f"&L{broker}{drill_mark}&RDesk {desk}, port {self.port}")
        sheet.set_footer("&L&A&RPage &P of &N")

    def _lists(self) -> None:
        sheet = self.workbook.add_worksheet(workbook_layout.LISTS)
        for column, name in enumerate(workbook_layout.list_names()):
            sheet.write_string(0, column, name)
            sheet.write_column(1, column, workbook_layout.list_items(name))
        sheet.hide()

    def _about(self) -> None:
        sheet = self.workbook.add_worksheet(workbook_layout.ABOUT)
        facts = {"format": workbook_layout.FORMAT, "desk": self.desk, "port": self.port}
        facts |= {name: self.broker.get(name, "") for name in BROKER_FIELDS}
        facts |= {"drill": "Y" if self.drill else "N"}
        for row, (name, value) in enumerate(facts.items()):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
        sheet.very_hidden()


def write_any(sheet: Worksheet, row: int, column: int, cell: Any, look: Callable[[NumberFormat], Format]) -> None:
    """Write a cell of any type of a sheet or a record. `look(number format)`: its format, "" for the usual
    one; a date or hour gets one of its own. An `OriginalCell` keeps value, type and number format."""
    if isinstance(cell, OriginalCell):
        _write_original(sheet, row, column, cell, look)
    elif cell is None or cell == "":
        sheet.write_blank(row, column, None, look(""))
    elif isinstance(cell, bool):
        sheet.write_string(row, column, "Y" if cell else "N", look(""))
    elif isinstance(cell, int | float | Decimal):
        sheet.write_number(row, column, float(cell), look(""))
    elif isinstance(cell, datetime) and cell.time() != time():
        sheet.write_datetime(row, column, cell, look("yyyy-mm-dd hh:mm"))
    elif isinstance(cell, date):
        midnight = datetime(cell.year, cell.month, cell.day)
        sheet.write_datetime(row, column, midnight, look("yyyy-mm-dd"))
    elif isinstance(cell, time | timedelta):
        # Its annotation leaves out what it documents: "datetime.time, datetime.timedelta".
        sheet.write_datetime(row, column, cast("datetime", cell), look(_hours(cell)))
    else:
        sheet.write_string(row, column, str(cell)[:_MAX_CELL_LENGTH], look(""))


def _hours(cell: time | timedelta) -> str:
    return "[h]:mm:ss" if isinstance(cell, timedelta) else "hh:mm:ss" if cell.second else "hh:mm"


def _write_original(
    sheet: Worksheet, row: int, column: int, cell: OriginalCell, look: Callable[[NumberFormat], Format]
) -> None:
    if isinstance(cell.value, bool):
        sheet.write_boolean(row, column, cell.value, look(cell.shape))
    else:
        is_date = isinstance(cell.value, date | time | timedelta)
        shape = "" if is_date and cell.shape == GENERAL_FORMAT else cell.shape
        write_any(sheet, row, column, cell.value, lambda usual: look(shape or usual))


def is_locked(record_field: RecordField) -> bool:
    """True for the preprinted number of an entry and fields that recording sets."""
    return record_field.level == "set" or (record_field.table == "entries" and record_field.level == "key")
