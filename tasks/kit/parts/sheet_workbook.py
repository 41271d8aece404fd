"""Tables for people as one workbook: a sheet a table, filters on, nothing read as formula or link."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

_WIDEST = 48


def workbook(sheets: Mapping[str, tuple[str, Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    """`sheets`: by name, what it tells (a line over the table), its heading, its rows."""
    import xlsxwriter

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with xlsxwriter.Workbook(out, options) as book:
        bold = book.add_format(
            {"bold": True, "bg_color": "#1F3A5F", "font_color": "white", "text_wrap": True, "valign": "top"}
        )
        told = book.add_format({"italic": True, "font_color": "#5F5F5F"})
        cell = book.add_format({"valign": "top", "text_wrap": True})
        for name, (words, heading, rows) in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.write_string(0, 0, words, told)
            for place, title in enumerate(heading):
                sheet.write_string(1, place, title, bold)
                sheet.set_column(place, place, _width(title, [row[place] for row in rows]))
            for place, row in enumerate(rows, 2):
                sheet.write_row(place, 0, [_shown(value) for value in row], cell)
            sheet.freeze_panes(2, 1)
            sheet.autofilter(1, 0, max(1, len(rows) + 1), len(heading) - 1)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(1)
            sheet.set_footer("&L&A&Rpage &P of &N")
    return out.getvalue()


def _width(title: str, values: Sequence[Any]) -> int:
    longest = max((len(str(_shown(value) or "")) for value in values), default=0)
    return min(max(len(title) // 2 + 4, longest + 2, 8), _WIDEST)


def _shown(value: Any) -> Any:
    if isinstance(value, list | tuple | set):
        return "; ".join(str(one) for one in value)
    return value if isinstance(value, int | float | str) or value is None else str(value)
