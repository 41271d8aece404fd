"""Files into grids of cells: workbooks by calamine after the checks of untrusted input, CSV by its heading."""

from __future__ import annotations

import csv
import difflib
import io
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import defusedxml.ElementTree as ElementTree
import python_calamine

from tasks.core import untrusted_input
from tasks.core.errors import HostileFile, Problem
from tasks.core.untrusted_input import ArchiveLimits, refuse_input
from tasks.documents.api import MOST_ROWS, WorkbookFacts, check_workbook, formula_cells
from tasks.entries.record.record_fields import RECORD_SHEETS, RECORD_TABLES, fields_of
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.cell_values import Cell

_OWN_SHEETS = {
    n.lower() for n in (workbook_layout.README, workbook_layout.LISTS, workbook_layout.ABOUT, workbook_layout.PROBLEMS)
}
_MAX_PROBLEMS = 200


@dataclass
class CellGrid:
    """The rows of one table in one file, heading included (rows[0])."""

    file: str
    sheet: str
    table: str
    rows: list[list[Cell]]


@dataclass
class InputFile:
    """The content of a file and its problems as a file. `readable`: it was opened. `other_grids`: the
    sheets that are no table, with their rows."""

    readable: bool = False
    grids: list[CellGrid] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    other_grids: list[CellGrid] = field(default_factory=list)


def open_file(path: Path, limits: ArchiveLimits | None = None) -> InputFile:
    """The grids of a workbook (.xlsx) or CSV file. Never raises for what a file holds."""
    try:
        if path.suffix.lower() == ".csv":
            return _csv(path, untrusted_input.read_text(path, limits))
        if path.suffix.lower() == ".xlsx":
            return _workbook(path, check_workbook(path, limits))
        raise refuse_input(path, "no kind of file that is read here", "an .xlsx or .csv file")
    except HostileFile as refused:
        return InputFile(problems=list(refused.problems))
    except OSError as error:
        why = error.strerror or type(error).__name__
        problem = Problem(file=path.name, wrong=f"cannot be opened ({why})", code="E002")
        return InputFile(problems=[problem])


def _workbook(path: Path, facts: WorkbookFacts) -> InputFile:
    opened = InputFile(readable=True)
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = {name: workbook.get_sheet_by_name(name) for name in workbook.sheet_names}
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        refused = refuse_input(path, f"the workbook cannot be read ({error})", "save it again")
        return InputFile(problems=list(refused.problems))
    by_name = {RECORD_SHEETS[table].lower(): table for table in RECORD_TABLES}
    for name, sheet in sheets.items():
        table = by_name.get(name.strip().lower())
        if table:
            rows = _rows(sheet)
            opened.grids.append(CellGrid(path.name, name, table, rows))
            opened.problems += _merged(path, name, sheet)
        elif name.strip().lower() == workbook_layout.ABOUT.lower():
            opened.about = {str(row[0]): str(row[1]) for row in _rows(sheet) if len(row) > 1}
        elif name.strip().lower() not in _OWN_SHEETS and (rows := _rows(sheet)):
            opened.problems.append(_unknown_sheet(path, name, rows))
            opened.other_grids.append(CellGrid(path.name, name, "", rows))
    try:
        opened.problems += _formulas(path, facts, {grid.sheet: grid for grid in opened.grids})
    except (KeyError, ElementTree.ParseError) as error:
        refused = refuse_input(path, f"the workbook is not whole ({error})", "save it again")
        return InputFile(problems=list(refused.problems))
    return opened


def _rows(sheet: python_calamine.CalamineSheet) -> list[list[Cell]]:
    if not sheet.height:
        return []
    return cast("list[list[Cell]]", sheet.to_python(skip_empty_area=False))


def _merged(path: Path, name: str, sheet: python_calamine.CalamineSheet) -> Iterator[Problem]:
    for (first_row, first_column), (last_row, last_column) in (sheet.merged_cell_ranges or [])[:_MAX_PROBLEMS]:
        area = f"{_column_letters(first_column)}{first_row + 1}:{_column_letters(last_column)}{last_row + 1}"
        fault = "merged cells"
        yield Problem(path.name, name, first_row + 1, "", area, fault, "one value a cell", "E007")


def _column_letters(column: int) -> str:
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


def _unknown_sheet(path: Path, name: str, rows: list[list[Cell]]) -> Problem:
    sheet_names = list(RECORD_SHEETS.values())
    table = best_table([str(cell) for cell in rows[0]])
    near = difflib.get_close_matches(name, sheet_names, n=1)
    right = f"one of {', '.join(sheet_names)}; move what matters there and delete this one"
    if table or near:
        right = f"rename it to {RECORD_SHEETS[table] if table else near[0]}, if that is meant"
    return Problem(path.name, name, 0, "", "", "unknown sheet", right, "E003")


def _formulas(path: Path, facts: WorkbookFacts, grids: Mapping[str, CellGrid]) -> Iterator[Problem]:
    """Cells with formulas or error values, found in the XML: calamine gives the last result."""
    right = "the value itself, typed in"
    for name, cells in itertools.groupby(formula_cells(path, facts, grids), lambda cell: cell[0]):
        for _, cell, fault in itertools.islice(cells, _MAX_PROBLEMS):
            row, heading = _cell_position(grids[name], cell)
            yield Problem(path.name, name, row, heading, cell, fault, right, "E008")
        if next(cells, None):
            yield Problem(path.name, name, 0, "", "", "more formulas", right, "E008")


def _cell_position(grid: CellGrid, cell: str) -> tuple[int, str]:
    """Spreadsheet row and heading of a reference like C5."""
    letters = cell.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - ord("A") + 1
    heading = grid.rows[0] if grid.rows else []
    row = int(cell[len(letters) :] or 0)
    return row, str(heading[column - 1]) if 0 < column <= len(heading) else letters


def heading_key(text: object) -> str:
    """Headings are compared without case and runs of blanks."""
    return " ".join(str(text).split()).lower()


def known_headings(table: str) -> dict[str, str]:
    """Heading to field name: titles and the names themselves."""
    fields = fields_of(table)
    return {heading_key(f.title): f.name for f in fields} | {f.name: f.name for f in fields}


def best_table(heading: list[str]) -> str:
    """The one table whose headings fit best, "" if fewer than half of them do or two tie."""
    cells = {heading_key(cell) for cell in heading if str(cell).strip()}
    scores = {table: len(cells & known_headings(table).keys()) for table in RECORD_TABLES}
    best = max(scores.values())
    winners = [table for table, score in scores.items() if score == best]
    return winners[0] if len(winners) == 1 and 2 * best >= len(cells) > 0 else ""


def _csv(path: Path, text: str) -> InputFile:
    if text.count("\n") > MOST_ROWS:
        row_count = f"{text.count(chr(10)):,} rows"
        raise refuse_input(path, row_count, f"at most {MOST_ROWS:,}; split the file")
    try:
        source = io.StringIO(text, newline="")
        rows: list[list[Cell]] = [list(row) for row in csv.reader(source, strict=True)]
    except csv.Error as error:
        raise refuse_input(path, f"no proper CSV ({error})", "CSV with commas") from None
    heading = [str(cell) for cell in rows[0]] if rows else []
    if len(heading) == 1 and any(separator in heading[0] for separator in ";\t|"):
        raise refuse_input(path, "columns not parted by commas", "CSV with commas", heading[0])
    stem = path.stem.lower()
    table = stem if stem in RECORD_TABLES else best_table(heading)
    if not table:
        right = f"headings or a file name of one of {', '.join(RECORD_TABLES)}"
        raise refuse_input(path, "the headings fit no table", right, ", ".join(heading)[:80])
    return InputFile(readable=True, grids=[CellGrid(path.name, "", table, rows)])
