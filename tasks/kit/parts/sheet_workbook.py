"""Tables as one workbook: a sheet a table, filters on, nothing read as formula or link."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

_MAX_WIDTH = 48


def workbook(sheets: Mapping[str, tuple[str, Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    """`sheets`: by name, a note (the line over the table), its heading, its rows."""
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has none

    out = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    workbook_file: Any  # xlsxwriter has no types
    with xlsxwriter.Workbook(out, options) as workbook_file:
        bold = workbook_file.add_format(
            {"bold": True, "bg_color": "#1F3A5F", "font_color": "white", "text_wrap": True, "valign": "top"}
        )
        note_format = workbook_file.add_format({"italic": True, "font_color": "#5F5F5F"})
        cell = workbook_file.add_format({"valign": "top", "text_wrap": True})
        for name, (note, heading, rows) in sheets.items():
            sheet = workbook_file.add_worksheet(name)
            sheet.write_string(0, 0, note, note_format)
            for index, title in enumerate(heading):
                sheet.write_string(1, index, title, bold)
                sheet.set_column(index, index, _width(title, [row[index] for row in rows]))
            for index, row in enumerate(rows, 2):
                sheet.write_row(index, 0, [_cell_value(value) for value in row], cell)
            sheet.freeze_panes(2, 1)
            sheet.autofilter(1, 0, max(1, len(rows) + 1), len(heading) - 1)
            sheet.set_landscape()
            sheet.fit_to_pages(1, 0)
            sheet.repeat_rows(1)
            sheet.set_footer("&L&A&Rpage &P of &N")
    return out.getvalue()


def _width(title: str, values: Sequence[Any]) -> int:
    longest = max((len(str(_cell_value(value) or "")) for value in values), default=0)
    return min(max(len(title) // 2 + 4, longest + 2, 8), _MAX_WIDTH)


def _cell_value(value: Any) -> Any:
    if isinstance(value, list | tuple | set):
        return "; ".join(str(element) for element in cast("Iterable[object]", value))
    return value if isinstance(value, int | float | str) or value is None else str(value)
