"""Builds a desk's workbook: the sheets, their headings, notes, drop-downs, protection and print.

Protection has no password: it keeps a slip of the hand from the numbers, not a person. Text is
never taken for a formula or a link, whatever it begins with.

The sheet that lists what is wrong with a workbook: the first one its desk sees.
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


def problem_sheet(book: WorkbookBuilder, problems: Sequence[Problem]) -> None:
    """The sheet Problems: one row each, with a link to the cell where there is one."""
    sheet = book.book.add_worksheet(workbook_layout.PROBLEMS)
    head = book.format("problem head", bold=True, bg_color="9C0006", font_color="FFFFFF", border=1)
    body = book.format("problem", text_wrap=True, valign="top", num_format="@")
    link = book.format("problem link", font_color="0563C1", underline=1, valign="top")
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
    book.page_texts(sheet)


def problem_text(problem: Problem) -> str:
    """What is wrong and what would be right, in one line for a note."""
    return f"{problem.wrong}; right: {problem.right}" if problem.right else problem.wrong


HOUSE = ("name", "filer_code", "licence", "contact_name", "contact_phone")
_SPARE_ROWS, _MOST_ROWS = 300, 20_000
_NUMBER_FORMATS = {"text": "@", "integer": "#,##0", "decimal": "#,##0.00", "date": "yyyy-mm-dd"}
_PAGE_WIDTH = 150.0
_LONGEST = 32_767
"""Characters that a cell holds; a writer leaves out a longer text without a word."""
_PROTECTION = {"format_columns": True, "format_rows": True, "format_cells": True, "sort": True}
_RED = {"bg_color": "FFC7CE", "font_color": "9C0006"}


@dataclass
class SheetRows:
    """What a sheet shows. `rows`: field name to cell (a value, or an `Original`), the first under the
    heading. `marks`: what is wrong with a cell, by row (0: the first under the heading, -1: the
    heading) and field. `extras`: headings that are none of ours, with their cells."""

    rows: Sequence[Mapping[str, Any]] = ()
    marks: Mapping[tuple[int, str], str] = field(default_factory=dict)
    extras: Sequence[tuple[str, Sequence[Any]]] = ()


@dataclass(frozen=True, slots=True)
class OriginalSheet:
    """A cell as a file held it, with its own number format. `shape`: "" for that of the column."""

    value: Any
    shape: NumberFormat = ""


class WorkbookBuilder:
    """One workbook in the making. `house`: the names in HOUSE; missing ones stay empty. `handed_to`: the
    broker who takes the entries over, for whom the first sheet has other words."""

    def __init__(
        self, desk: str, port: str, numbers: Sequence[str], house: Mapping[str, str], drill: bool, handed_to: str = ""
    ) -> None:
        self.desk, self.port, self.numbers = desk, port, list(numbers)
        self.house, self.drill, self.handed_to = house, drill, handed_to
        self.title = f"Downtime entries: {handed_to or f'desk {desk}'}"
        self._sink = io.BytesIO()
        plain = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        self.book = xlsxwriter.Workbook(self._sink, plain)
        self._formats: dict[str, Format] = {}

    def made(self, sheets: Mapping[str, SheetRows]) -> bytes:
        """The bytes of the workbook: Read me, a sheet a table, and the hidden ones."""
        readme = self.book.add_worksheet(workbook_layout.README)
        for table in RECORD_TABLES:
            self._sheet(table, sheets.get(table, SheetRows()))
        self._lists()
        self._about()
        write_readme(self.book, readme, self)
        named = {"title": self.title}
        self.book.set_properties(named | {"company": self.house.get("name", "")})
        return self.close()

    def close(self) -> bytes:
        """Finish the workbook and return its bytes, to be stamped for its purpose."""
        self.book.set_custom_property(STAMP_PROPERTY, BLANK_STAMP)
        self.book.close()
        return self._sink.getvalue()

    def format(self, name: str, **properties: Any) -> Format:
        """One format of the book, made once for its name."""
        if name not in self._formats:
            base = {"font_name": "Arial", "font_size": 10, "valign": "vcenter"}
            self._formats[name] = self.book.add_format(base | properties)
        return self._formats[name]

    def _sheet(self, table: str, shown: SheetRows) -> None:
        sheet = self.book.add_worksheet(RECORD_SHEETS[table])
        fields, count = workbook_layout.columns(table), len(shown.rows)
        last = count if table == "entries" else self._room(count)
        for column, known in enumerate(fields):
            self._column(sheet, column, known, last, shown.marks.get((-1, known.name)))
        for place, row in enumerate(shown.rows):
            for column, known in enumerate(fields):
                mark = shown.marks.get((place, known.name))
                cell = row.get(known.name)
                if mark or cell is not None:
                    self._cell(sheet, place + 1, column, known, cell, mark)
        self._extras(sheet, len(fields), shown)
        self._mark_missing(sheet, fields, last)
        self._set_up(sheet, table, fields)

    def _room(self, filled: int) -> int:
        """How many rows of a child sheet are prepared."""
        return min(filled + max(_SPARE_ROWS, 10 * len(self.numbers)), _MOST_ROWS)

    def _column(self, sheet: Worksheet, column: int, known: RecordField, last: int, mark: str | None) -> None:
        fill, letters, _ = workbook_layout.TINTS[known.level]
        heading = self.format(
            f"heading {known.level}",
            bold=True,
            text_wrap=True,
            align="center",
            border=1,
            border_color="FFFFFF",
            bg_color=fill,
            font_color=letters,
        )
        sheet.set_column(column, column, workbook_layout.width(known), self._look(known))
        sheet.write_string(0, column, known.title, heading)
        if text := mark or workbook_layout.note(known):
            self.comment(sheet, 0, column, text)
        rule = workbook_layout.validation(known, len(self.numbers) + 1)
        if rule and last and not is_locked(known):
            sheet.data_validation(1, column, last, column, rule)

    def comment(self, sheet: Worksheet, row: int, column: int, text: str) -> None:
        """A note on a cell, big enough to be read whole."""
        size = {"width": 260, "height": 18 * (2 + len(text) // 42)}
        font = {"font_size": 9, "font_name": "Arial", "color": "FFFBE6"}
        sheet.write_comment(row, column, text[:1000], size | font)

    def _look(self, known: RecordField, shape: NumberFormat = "", marked: bool = False) -> Format:
        shape = shape or _NUMBER_FORMATS.get(known.type, "@")
        locked, align = is_locked(known), workbook_layout.align(known)
        look = {"num_format": shape, "locked": locked, "border": 1, "border_color": "D9D9D9"}
        if not locked:
            look |= {"align": align, "indent": 0 if align == "center" else 1}
        else:
            is_key = known.level == "key"
            look |= {"bold": is_key, "font_color": "1F3864" if is_key else "7F7F7F"}
            look |= {"bg_color": "F2F2F2"}
        name = f"{locked} {shape!r} {align} {known.level == 'key'} {marked}"
        return self.format(name, **look | (_RED if marked else {}))

    def _cell(self, sheet: Worksheet, row: int, column: int, known: RecordField, cell: Any, mark: str | None) -> None:
        write_any(sheet, row, column, cell, lambda shape="": self._look(known, shape, bool(mark)))
        if mark:
            self.comment(sheet, row, column, mark)

    def _extras(self, sheet: Worksheet, first: int, shown: SheetRows) -> None:
        """Columns of the file that are none of ours, kept beside the others and marked."""

        def look(shape: NumberFormat = "") -> Format:
            shape = shape or "@"
            return self.format(f"extra {shape!r}", num_format=shape, locked=False, **_RED)

        for column, (heading, values) in enumerate(shown.extras, start=first):
            sheet.write_string(0, column, heading, look())
            for row, cell in enumerate(values, start=1):
                write_any(sheet, row, column, cell, look)

    def _mark_missing(self, sheet: Worksheet, fields: Sequence[RecordField], last: int) -> None:
        """Once a row is begun, what is needed in any case and still empty shows pale red."""
        begun = [c for c, f in enumerate(fields) if f.name in ("entry_type", "importer_number")]
        cells = "&".join(f"${xl_col_to_name(column)}2" for column in begun or [0])
        empty = self.format("missing", bg_color="FCE4E1")
        for column, known in enumerate(fields):
            if known.level == "release" and known.name != "mode_of_transport" and last:
                formula = f'=AND({cells}<>"",{xl_col_to_name(column)}2="")'
                look = {"type": "formula", "criteria": formula, "format": empty}
                sheet.conditional_format(1, column, last, column, look)

    def _set_up(self, sheet: Worksheet, table: str, fields: Sequence[RecordField]) -> None:
        sheet.set_row(0, 44)
        sheet.freeze_panes(1, 1)
        sheet.set_tab_color("ED7D31" if self.drill else workbook_layout.TABS.get(table, "2E75B6"))
        sheet.ignore_errors({"number_stored_as_text": f"A1:CZ{_MOST_ROWS}"})
        rows = {"insert_rows": True, "delete_rows": True} if table != "entries" else {}
        sheet.protect("", _PROTECTION | rows)
        sheet.set_landscape()
        sheet.set_paper(1)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.repeat_rows(0)
        sheet.repeat_columns("A:A")
        pages = max(1, round(sum(workbook_layout.width(known) for known in fields) / _PAGE_WIDTH))
        sheet.fit_to_pages(pages, 0)
        self.page_texts(sheet)

    def page_texts(self, sheet: Worksheet) -> None:
        """Header and footer of a printed page."""
        mark = '&C&"Arial,Bold"&14DRILL' if self.drill else ""
        house, desk = (t.replace("&", "&&") for t in (self.house.get("name", ""), self.desk))
        sheet.set_header(f"&L{house}{mark}&RDesk {desk}, port {self.port}")
        sheet.set_footer("&L&A&RPage &P of &N")

    def _lists(self) -> None:
        sheet = self.book.add_worksheet(workbook_layout.LISTS)
        for column, name in enumerate(workbook_layout.list_names()):
            sheet.write_string(0, column, name)
            sheet.write_column(1, column, workbook_layout.list_items(name))
        sheet.hide()

    def _about(self) -> None:
        sheet = self.book.add_worksheet(workbook_layout.ABOUT)
        facts = {"format": workbook_layout.FORMAT, "desk": self.desk, "port": self.port}
        facts |= {name: self.house.get(name, "") for name in HOUSE}
        facts |= {"drill": "Y" if self.drill else "N"}
        for row, (name, value) in enumerate(facts.items()):
            sheet.write_string(row, 0, name)
            sheet.write_string(row, 1, value)
        sheet.very_hidden()


def write_any(sheet: Worksheet, row: int, column: int, cell: Any, look: Callable[[NumberFormat], Format]) -> None:
    """Write a cell of any kind that a sheet or a record gives. `look(number format)`: its format,
    "" for the usual one; a date or hour gets one of its own wherever it stands. An `Original` keeps
    value, kind and number format, so that it reads as it did."""
    if isinstance(cell, OriginalSheet):
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
        sheet.write_string(row, column, str(cell)[:_LONGEST], look(""))


def _hours(cell: time | timedelta) -> str:
    return "[h]:mm:ss" if isinstance(cell, timedelta) else "hh:mm:ss" if cell.second else "hh:mm"


def _write_original(
    sheet: Worksheet, row: int, column: int, cell: OriginalSheet, look: Callable[[NumberFormat], Format]
) -> None:
    if isinstance(cell.value, bool):
        sheet.write_boolean(row, column, cell.value, look(cell.shape))
    else:
        is_date = isinstance(cell.value, date | time | timedelta)
        shape = "" if is_date and cell.shape == GENERAL_FORMAT else cell.shape
        write_any(sheet, row, column, cell.value, lambda usual: look(shape or usual))


def is_locked(known: RecordField) -> bool:
    """The pre-printed number of an entry and what the books set."""
    return known.level == "set" or (known.table == "entries" and known.level == "key")
