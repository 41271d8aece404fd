"""Workbooks for people: a sheet a listing, with a styled head, widths that fit, and a page set-up
that prints. No cell is ever taken for a formula or a link."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.documents.target_files import (
    BLANK_STAMP,
    STAMP_PROPERTY,
    TargetFile,
    require_workbook_name,
    stamped,
    write_targets,
)

DRILL_MARK = "DRILL - made-up entries, nothing was sent"
_WIDEST = 40


def write_listing(
    path: Path, sheets: Mapping[str, Sequence[Mapping[str, Any]]], *, drill: bool = False, force: bool = False
) -> Path:
    """Write rows by sheet name; an empty sheet says so. Raises BadInput for a name that no workbook
    has; Refused if there is such a file and somebody may have worked on it, unless with `force`."""
    import pandas as pd

    require_workbook_name(path)
    sink = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
    with pd.ExcelWriter(sink, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        for name, rows in sheets.items():
            _sheet(writer, name, pd.DataFrame(rows or [{"": "none"}]), drill)
        writer.book.set_custom_property(STAMP_PROPERTY, BLANK_STAMP)
    purpose = f"report {', '.join(sheets)}"
    instead = "move it away or take another name with --out"
    target = TargetFile(path, stamped(sink.getvalue(), purpose), purpose, instead)
    return write_targets([target], force=force)[0]


def _sheet(writer: Any, name: str, table: Any, drill: bool) -> None:
    top = 2 if drill else 0
    table.columns = [str(column).replace("_", " ") for column in table.columns]
    table.to_excel(writer, sheet_name=name, index=False, startrow=top)
    sheet, workbook = writer.sheets[name], writer.book
    head = workbook.add_format(
        {"bold": True, "bg_color": "#1F3A5F", "font_color": "white", "text_wrap": True, "valign": "top"}
    )
    if drill:
        drill_format = workbook.add_format({"bold": True, "font_color": "#B00020", "font_size": 14})
        sheet.write(0, 0, DRILL_MARK, drill_format)
    for index, column in enumerate(table.columns):
        widest = max([len(column) // 2 + 4, *(len(str(value)) + 2 for value in table.iloc[:, index])])
        sheet.set_column(index, index, min(widest, _WIDEST))
        sheet.write(top, index, column, head)
    sheet.freeze_panes(top + 1, 1)
    sheet.autofilter(top, 0, top + len(table), max(len(table.columns) - 1, 0))
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(top)
