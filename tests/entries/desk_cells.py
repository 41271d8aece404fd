"""Cells as desks fill them in: of every kind, each with a number format of its own."""

from __future__ import annotations

import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import python_calamine
import xlsxwriter
from openpyxl.worksheet.worksheet import Worksheet

from tasks.core.files import write_atomic
from tasks.entries.record.history_report import read_with_notes
from tasks.entries.workbook.desk_workbooks import make_workbook
from tests.conftest import missing_part

Cells = dict[tuple[str, str, int], Any]
"""By sheet, heading and spreadsheet row."""

RIGHT: dict[tuple[str, str, int], tuple[Any, str]] = {
    ("Entries", "What the port did", 2): ("released", "General"),
    ("Entries", "Paper release date", 2): (date(2026, 11, 24), "d mmm yyyy"),
    ("Entries", "Paper release time", 2): (time(14, 5), "h:mm AM/PM"),
    ("Entries", "Stamped copy", 2): ("scan.pdf", "General"),
    ("Entries", "What the port did", 3): ("released", "@"),
    ("Entries", "Paper release date", 3): (datetime(2026, 11, 24), "yyyy-mm-dd hh:mm"),
    ("Entries", "Paper release time", 3): ("09:30", "@"),
    ("Entries", "Stamped copy", 3): ("0123", "@"),
    ("Entries", "Perishable", 2): (True, "General"),
    ("Entries", "Perishable", 3): (False, "General"),
    ("Entries", "Port of unlading", 3): (2704, "0000"),
    ("Entries", "Entered value", 3): ("9000", "General"),
    ("Entries", "Entered value", 4): (9000, "0.00E+00"),
    ("Tariffs", "Value", 3): (9000, '"USD" #,##0'),
    ("Tariffs", "Quantity", 2): (1.5, "0%"),
    ("Tariffs", "Quantity", 3): (1234.5, "#,##0.0;[Red]-#,##0.0"),
}
"""Values and number formats that no rule has anything against."""

FORMULA = ("Entries", "Entered value", 5)
FAULT = ("Bills", "Bill number", 2)
"""A cell that is wrong; BILL mends it."""
BILL = "BILL9"


def column(sheet: Worksheet, title: str) -> int:
    return next(cell.column for cell in sheet[1] if cell.value == title)


def fill(path: Path) -> None:
    """Fill in a workbook as a script does it, with a formula whose last result stands beside it."""
    book = openpyxl.load_workbook(path)
    for (name, title, row), (value, shape) in RIGHT.items():
        cell = book[name].cell(row, column(book[name], title))
        cell.value, cell.number_format = value, shape
    for (name, title, row), value in ((FORMULA, "=8000+1000"), (FAULT, "AB-12")):
        book[name].cell(row, column(book[name], title)).value = value
    book.save(path)
    with_results(path, "9000")


def with_results(path: Path, result: str) -> None:
    """Give every formula that openpyxl wrote a last result, as Excel saves it."""
    with zipfile.ZipFile(path) as archive:
        parts = {member: archive.read(member) for member in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in parts.items():
            if member.filename.startswith("xl/worksheets/"):
                value = f"</f><v>{result}</v>".encode()
                data = re.sub(rb"</f><v ?/>|</f><v></v>", value, data)
            archive.writestr(member.filename, data)


def rewritten(path: Path) -> None:
    """The same file as a program with xlsxwriter would write it: no styles but those of the cells."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    rows = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names}  # fmt: skip
    new = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False})
    for name, some in rows.items():
        sheet = new.add_worksheet(name)
        for row, cells in enumerate(some):
            for place, cell in enumerate(cells):
                key = (name, str(some[0][place]), row + 1)
                _, shape = RIGHT.get(key, (None, ""))
                if not shape:
                    shape = "yyyy-mm-dd" if isinstance(cell, date) else "General"
                look = new.add_format({"num_format": shape})
                if key == FORMULA:
                    sheet.write_formula(row, place, "=8000+1000", look, 9000)
                elif isinstance(cell, date | time):
                    sheet.write_datetime(row, place, cell, look)
                else:
                    sheet.write(row, place, cell, look)
    new.close()


def by_libreoffice(path: Path) -> None:
    """The same file as LibreOffice saves it."""
    program = shutil.which("soffice") or missing_part("LibreOffice")
    folder = path.parent / "saved"
    subprocess.run(
        [program, f"-env:UserInstallation=file://{path.parent / 'profile'}", "--headless",
         "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(folder), str(path)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    (folder / path.name).replace(path)


def as_it_is(path: Path) -> None:
    """Nothing more is done to the file."""


Saved = Callable[[Path], None]


def cells_of(path: Path) -> Cells:
    """Every cell that holds something, as the reader of hand-ins gets it."""
    book = python_calamine.CalamineWorkbook.from_path(str(path))
    cells: Cells = {}
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for number, row in enumerate(rows, start=1):
            for title, cell in zip(rows[0], row, strict=True):
                if cell != "":
                    cells[name, str(title), number] = cell
    return cells


def shapes_of(path: Path) -> dict[tuple[str, str, int], str]:
    """The number format of every cell that holds something."""
    book = openpyxl.load_workbook(path)
    return {
        (sheet.title, str(sheet.cell(1, cell.column).value), cell.row): cell.number_format
        for sheet in book
        for row in sheet.iter_rows(min_row=2)
        for cell in row
        if cell.value is not None
    }


def write_workbook(
    path: Path, desk: str, port: str, numbers: Sequence[str], broker: Mapping[str, str], **options: Any
) -> Path:
    """Write the workbook of a desk and return its path. `options`: those of
    `make_workbook`."""
    return write_atomic(path, make_workbook(desk, port, numbers, broker, **options))


def read_report(path: Path) -> list[dict[str, Any]]:
    """The rows of a trade history report, without its notes."""
    return read_with_notes(path)[0]
