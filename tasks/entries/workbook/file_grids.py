"""Files into grids of cells: workbooks by calamine after the hostile checks, CSV by its heading."""

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

_OURS = {
    n.lower() for n in (workbook_layout.README, workbook_layout.LISTS, workbook_layout.ABOUT, workbook_layout.PROBLEMS)
}
_MOST = 200


@dataclass
class CellGrid:
    """The rows of one table as they stand in one file, heading included (rows[0])."""

    file: str
    sheet: str
    table: str
    rows: list[list[Cell]]


@dataclass
class InputFile:
    """What a file holds, and what is wrong with it as a file. `readable`: it was opened. `others`: the
    sheets that are no table, with their rows."""

    readable: bool = False
    grids: list[CellGrid] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    others: list[CellGrid] = field(default_factory=list)


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
    except OSError as wrong:
        why = wrong.strerror or type(wrong).__name__
        told = Problem(file=path.name, wrong=f"cannot be opened ({why})", code="E002")
        return InputFile(problems=[told])


def _workbook(path: Path, facts: WorkbookFacts) -> InputFile:
    opened = InputFile(readable=True)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = {name: book.get_sheet_by_name(name) for name in book.sheet_names}
    except (python_calamine.CalamineError, ValueError, OSError) as wrong:
        refused = refuse_input(path, f"the workbook cannot be read ({wrong})", "save it again")
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
        elif name.strip().lower() not in _OURS and (rows := _rows(sheet)):
            opened.problems.append(_unknown_sheet(path, name, rows))
            opened.others.append(CellGrid(path.name, name, "", rows))
    try:
        opened.problems += _formulas(path, facts, {grid.sheet: grid for grid in opened.grids})
    except (KeyError, ElementTree.ParseError) as wrong:
        refused = refuse_input(path, f"the workbook is not whole ({wrong})", "save it again")
        return InputFile(problems=list(refused.problems))
    return opened


def _rows(sheet: python_calamine.CalamineSheet) -> list[list[Cell]]:
    if not sheet.height:
        return []
    return cast("list[list[Cell]]", sheet.to_python(skip_empty_area=False))


def _merged(path: Path, name: str, sheet: python_calamine.CalamineSheet) -> Iterator[Problem]:
    for (top, left), (bottom, right) in (sheet.merged_cell_ranges or [])[:_MOST]:
        area = f"{_letters(left)}{top + 1}:{_letters(right)}{bottom + 1}"
        wrong = "merged cells"
        yield Problem(path.name, name, top + 1, "", area, wrong, "one value a cell", "E007")


def _letters(column: int) -> str:
    letters = ""
    while column >= 0:
        letters = chr(ord("A") + column % 26) + letters
        column = column // 26 - 1
    return letters


def _unknown_sheet(path: Path, name: str, rows: list[list[Cell]]) -> Problem:
    known = list(RECORD_SHEETS.values())
    table = best_table([str(cell) for cell in rows[0]])
    near = difflib.get_close_matches(name, known, n=1)
    right = f"one of {', '.join(known)}; move what matters there and delete this one"
    if table or near:
        right = f"rename it to {RECORD_SHEETS[table] if table else near[0]}, if that is meant"
    return Problem(path.name, name, 0, "", "", "unknown sheet", right, "E003")


def _formulas(path: Path, facts: WorkbookFacts, grids: Mapping[str, CellGrid]) -> Iterator[Problem]:
    """Cells with formulas or error values, found in the XML: calamine gives the last result."""
    right = "the value itself, typed in"
    for name, found in itertools.groupby(formula_cells(path, facts, grids), lambda cell: cell[0]):
        for _, cell, wrong in itertools.islice(found, _MOST):
            row, heading = _place(grids[name], cell)
            yield Problem(path.name, name, row, heading, cell, wrong, right, "E008")
        if next(found, None):
            yield Problem(path.name, name, 0, "", "", "more formulas", right, "E008")


def _place(grid: CellGrid, cell: str) -> tuple[int, str]:
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
        many = f"{text.count(chr(10)):,} rows"
        raise refuse_input(path, many, f"at most {MOST_ROWS:,}; split the file")
    try:
        source = io.StringIO(text, newline="")
        rows: list[list[Cell]] = [list(row) for row in csv.reader(source, strict=True)]
    except csv.Error as wrong:
        raise refuse_input(path, f"no proper CSV ({wrong})", "CSV with commas") from None
    heading = [str(cell) for cell in rows[0]] if rows else []
    if len(heading) == 1 and any(mark in heading[0] for mark in ";\t|"):
        raise refuse_input(path, "columns not parted by commas", "CSV with commas", heading[0])
    stem = path.stem.lower()
    table = stem if stem in RECORD_TABLES else best_table(heading)
    if not table:
        right = f"headings or a file name of one of {', '.join(RECORD_TABLES)}"
        raise refuse_input(path, "the headings fit no table", right, ", ".join(heading)[:80])
    return InputFile(readable=True, grids=[CellGrid(path.name, "", table, rows)])
