"""The sheet that lists what is wrong with a workbook: the first one its desk sees."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.entries import layout
from tasks.entries.book import Book, write_any
from tasks.shared.errors import Problem

_COLUMNS = (
    ("Sheet", 14),
    ("Row", 8),
    ("Column", 24),
    ("Value", 26),
    ("What is wrong", 44),
    ("What would be right", 52),
    ("Code", 8),
)


def problem_sheet(book: Book, problems: Sequence[Problem]) -> None:
    """The sheet Problems: one row each, with a link to the cell where there is one."""
    sheet = book.book.add_worksheet(layout.PROBLEMS)
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


def said(problem: Problem) -> str:
    """What is wrong and what would be right, in one line for a note."""
    return f"{problem.wrong}; right: {problem.right}" if problem.right else problem.wrong
