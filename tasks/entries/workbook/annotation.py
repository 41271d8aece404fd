"""Writes an annotated copy of what a desk handed in: faulty cells red, with a note of what is wrong
and what would be right, and a first sheet that lists it all.

The copy of a workbook is a workbook of the same kind: it can be mended and handed in itself. It is
written anew, so that nothing of the file but its values and number formats gets through: of a formula
its last result, as a value.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

from xlsxwriter.format import Format

from tasks.core.errors import Problem, Refused
from tasks.documents.api import (
    GENERAL_FORMAT,
    NumberFormat,
    SheetFormats,
    TargetFile,
    read_formats,
    stamped,
    write_targets,
)
from tasks.entries.record.record_fields import RECORD_SHEETS
from tasks.entries.workbook import workbook_layout
from tasks.entries.workbook.file_grids import CellGrid, InputFile, heading_key, known_headings, open_file
from tasks.entries.workbook.file_intake import FileIntake
from tasks.entries.workbook.workbook_builder import (
    HOUSE,
    OriginalSheet,
    SheetRows,
    WorkbookBuilder,
    problem_sheet,
    problem_text,
    write_any,
)

_COPY = re.compile(r"(.+)\.annotated(?:-([0-9]{1,4}))?")


def annotate_workbook(
    intake: FileIntake,
    folder: Path | None = None,
    problems: Sequence[Problem] | None = None,
    *,
    force: bool = False,
    used: set[Path] | None = None,
) -> list[Path]:
    """Write the annotated copies of an intake: `<name>.annotated.xlsx`, one a source, into
    `folder`, or beside each source. `problems`: all that is known of it, where the book found
    more than the reading did. `used`: the copies of other intakes, whose names are not taken again;
    those of this one are added. Returns the paths written, none for an intake without a problem.
    Raises Refused, writing none, where a copy that somebody may have worked on stands in the way and
    `force` is not set."""
    used = set() if used is None else used
    targets = []
    for source in intake.sources:
        told = intake.problems if problems is None else problems
        own = [problem for problem in told if problem.file in (source.path.name, intake.file)]
        if own:
            path = _free_name(source.path, folder or source.path.parent, used)
            used.add(path)
            targets.append(_target(source.path, path, own, intake.kind))
    return write_targets(targets, force=force)


def _free_name(source: Path, folder: Path, used: set[Path]) -> Path:
    """`a.annotated.xlsx`; where that is the source itself or used, `a.annotated-2.xlsx` and so on."""
    copy = _COPY.fullmatch(source.stem)
    stem = copy[1] if copy else source.stem
    count = int(copy[2] or 1) + 1 if copy else 1
    while True:
        path = folder / f"{stem}.annotated{f'-{count}' if count > 1 else ''}.xlsx"
        if path not in used:
            return path
        count += 1


def _target(source: Path, path: Path, problems: Sequence[Problem], kind: str) -> TargetFile:
    purpose = f"annotated copy of {source.resolve()}"
    instead = (
        f"if it was corrected, hand it in itself: continuity entries record {path}; else move it away, "
        "or take another folder with --annotated"
    )
    data = stamped(_made(source, problems, kind), purpose)
    return TargetFile(path, data, purpose, instead)


def _book(opened: InputFile) -> WorkbookBuilder:
    about = opened.about
    entries = [grid for grid in opened.grids if grid.table == "entries"]
    numbers = [str(row[0]) for grid in entries for row in grid.rows[1:] if row and row[0]]
    house = {name: about.get(name, "") for name in HOUSE}
    return WorkbookBuilder(about.get("desk", ""), about.get("port", ""), numbers, house, about.get("drill") == "Y")


def _made(source: Path, problems: Sequence[Problem], kind: str) -> bytes:
    opened = open_file(source)
    formats = _formats(source, opened, kind)
    book = _book(opened)
    tables = dict[str, CellGrid]()
    others = list(opened.others)
    for grid in opened.grids:
        # Excel takes "Lines" and "Lines " for two sheets; the reader reads both.
        if grid.table in tables:
            others.append(grid)
        tables.setdefault(grid.table, grid)
    problem_sheet(book, problems)
    if kind == "workbook" and opened.grids:
        for grid in others:
            _plain(book, grid, problems, formats)
        sheets = {table: _shown(grid, problems, formats.get(grid.sheet)) for table, grid in tables.items()}
        return book.made(sheets)
    for grid in [*opened.grids, *opened.others]:
        _plain(book, grid, problems, formats)
    return book.close()


def _formats(source: Path, opened: InputFile, kind: str) -> dict[str, SheetFormats]:
    """The number formats by sheet; none for CSV, and for a file that was not opened."""
    if kind != "workbook" or not opened.readable:
        return {}
    sheets = {grid.sheet for grid in (*opened.grids, *opened.others)}
    try:
        return read_formats(source, sheets)
    except (KeyError, expat.ExpatError, zipfile.BadZipFile) as wrong:
        raise Refused("file-changed-while-read", source=source) from wrong


def _marks(grid: CellGrid, problems: Iterable[Problem]) -> dict[tuple[int, str], str]:
    """What to say at which row and field of a grid; several faults of a cell in one note."""
    known = known_headings(grid.table)
    marks: dict[tuple[int, str], str] = {}
    for problem in problems:
        name = known.get(heading_key(problem.column))
        if name and problem.row and problem.sheet == grid.sheet:
            place = (problem.row - 2, name)
            words = problem_text(problem)
            marks[place] = f"{marks[place]}\n{words}" if place in marks else words
    return marks


def _shown(grid: CellGrid, problems: Iterable[Problem], formats: SheetFormats | None = None) -> SheetRows:
    """A grid as rows by field, at the same spreadsheet rows; what has no field goes beside."""
    formats = formats or SheetFormats()
    heading = grid.rows[0] if grid.rows else []
    known = known_headings(grid.table)
    names: dict[str, int] = {}
    extras: list[tuple[str, list[Any]]] = []
    for at, cell in enumerate(heading):
        name = known.get(heading_key(cell))
        if name and name not in names:
            names[name] = at
        elif any(at < len(row) and not _is_empty(row[at]) for row in grid.rows):
            cells = [_original(grid, formats, row, at) for row in range(1, len(grid.rows))]
            extras.append((str(cell), cells))
    marks = _marks(grid, problems)
    _add_formulas(marks, grid, formats, names)
    rows = [
        {
            name: _original(grid, formats, row, at, is_marked=(row - 1, name) in marks)
            for name, at in names.items()
            if at < len(grid.rows[row]) and not _is_empty(grid.rows[row][at])
        }
        for row in range(1, len(grid.rows))
    ]
    return SheetRows(rows, marks, extras)


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _original(
    grid: CellGrid, formats: SheetFormats, row: int, column: int, *, is_marked: bool = False
) -> OriginalSheet:
    """A cell with its own number format. A marked cell that has none takes that of its column: a code
    that is typed in again must not lose its zeros once more."""
    cells = grid.rows[row]
    shape = formats.number_format(row, column)
    value = cells[column] if column < len(cells) else None
    return OriginalSheet(value, "" if is_marked and shape == GENERAL_FORMAT else shape)


def _add_formulas(
    marks: dict[tuple[int, str], str], grid: CellGrid, formats: SheetFormats, names: Mapping[str, int]
) -> None:
    """Says at each formula what the copy shows in its stead."""
    fields = {at: name for name, at in names.items()}
    for (row, column), formula in formats.formulas.items():
        name = fields.get(column)
        if name is None or (row - 1, name) not in marks:
            continue
        cells = grid.rows[row] if row < len(grid.rows) else []
        shows = "The copy shows the last result of the formula"
        if column >= len(cells) or _is_empty(cells[column]):
            shows = "The file keeps no result of the formula"
        marks[row - 1, name] += f"\n{shows}{f' ={formula}' if formula else ''}"


def _plain(
    book: WorkbookBuilder, grid: CellGrid, problems: Iterable[Problem], formats: Mapping[str, SheetFormats]
) -> None:
    """A CSV file, or a sheet that is no table, as it is: faulty cells red with a note."""
    sheet = book.book.add_worksheet(_sheet_name(book, grid))
    marks = _marks(grid, problems) if grid.table else {}
    known = known_headings(grid.table) if grid.table else {}
    shapes = formats.get(grid.sheet)
    names = [known.get(heading_key(cell), "") for cell in (grid.rows[0] if grid.rows else [])]
    for row, cells in enumerate(grid.rows):
        for column, cell in enumerate(cells):
            name = names[column] if column < len(names) else ""
            mark = marks.get((row - 1, name))
            look = _plain_look(book, "red" if mark else "head" if row == 0 else "body")
            if shapes is None:
                write_any(sheet, row, column, cell, look)
            else:
                write_any(sheet, row, column, _original(grid, shapes, row, column), look)
            if mark:
                book.comment(sheet, row, column, mark)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, max(len(names) - 1, 0), 18)


_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "bottom": 1},
    "body": {},
    "red": {"bg_color": "FFC7CE", "font_color": "9C0006"},
}


def _plain_look(book: WorkbookBuilder, kind: str) -> Callable[[NumberFormat], Format]:
    def look(shape: NumberFormat) -> Format:
        shape = shape or "@"
        return book.format(f"plain {kind} {shape!r}", num_format=shape, **_PLAIN[kind])

    return look


def _sheet_name(book: WorkbookBuilder, grid: CellGrid) -> str:
    """The name of the sheet as the file has it, where a workbook can have it beside the others."""
    if not grid.sheet:
        return RECORD_SHEETS[grid.table]
    names = {
        workbook_layout.PROBLEMS,
        workbook_layout.README,
        workbook_layout.LISTS,
        workbook_layout.ABOUT,
        *RECORD_SHEETS.values(),
    }
    names |= set(book.book.sheetnames)
    taken = {name.lower() for name in names}
    plain = re.sub(r"[\[\]:*?/\\]", "-", grid.sheet)[:31].strip("'") or "sheet"
    count, name = 1, plain
    while name.lower() in taken:
        count += 1
        name = f"{plain[:27]}~{count}"
    return name
