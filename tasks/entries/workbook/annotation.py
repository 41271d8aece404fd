"""Writes an annotated copy of what a desk handed in: faulty cells red, with a note of what is wrong
and what would be right, and a first sheet that lists it all.

The copy of a workbook is a workbook of the same kind: it can be corrected and handed in itself. It is a new file
with the values and number formats only: of a formula the last result.
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
    BROKER_FIELDS,
    OriginalCell,
    SheetRows,
    WorkbookBuilder,
    problem_sheet,
    problem_text,
    write_any,
)

_COPY_NAME = re.compile(r"(.+)\.annotated(?:-([0-9]{1,4}))?")


def annotate_workbook(
    intake: FileIntake,
    folder: Path | None = None,
    problems: Sequence[Problem] | None = None,
    *,
    force: bool = False,
    used: set[Path] | None = None,
) -> list[Path]:
    """Write the annotated copies of an intake: `<name>.annotated.xlsx`, one a source, into
    `folder`, or beside each source. `problems`: all of it, where recording found more than reading.
    `used`: the copies of other intakes, whose names are not used again; those of this one are added.
    Returns the paths written, none for an intake without a problem. Raises Refused, writing none,
    where a copy exists that somebody may have worked on and `force` is not set."""
    used = set() if used is None else used
    targets = []
    for source in intake.sources:
        known_problems = intake.problems if problems is None else problems
        file_problems = [problem for problem in known_problems if problem.file in (source.path.name, intake.file)]
        if file_problems:
            path = _free_name(source.path, folder or source.path.parent, used)
            used.add(path)
            targets.append(_target(source.path, path, file_problems, intake.kind))
    return write_targets(targets, force=force)


def _free_name(source: Path, folder: Path, used: set[Path]) -> Path:
    """`a.annotated.xlsx`; where that is the source itself or used, `a.annotated-2.xlsx` and so on."""
    copy = _COPY_NAME.fullmatch(source.stem)
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
    data = stamped(_annotated(source, problems, kind), purpose)
    return TargetFile(path, data, purpose, instead)


def _builder(opened: InputFile) -> WorkbookBuilder:
    about = opened.about
    entries = [grid for grid in opened.grids if grid.table == "entries"]
    numbers = [str(row[0]) for grid in entries for row in grid.rows[1:] if row and row[0]]
    broker = {name: about.get(name, "") for name in BROKER_FIELDS}
    return WorkbookBuilder(about.get("desk", ""), about.get("port", ""), numbers, broker, about.get("drill") == "Y")


def _annotated(source: Path, problems: Sequence[Problem], kind: str) -> bytes:
    opened = open_file(source)
    formats = _formats(source, opened, kind)
    builder = _builder(opened)
    tables = dict[str, CellGrid]()
    other_grids = list(opened.other_grids)
    for grid in opened.grids:
        # Excel allows both "Lines" and "Lines "; the reader reads both.
        if grid.table in tables:
            other_grids.append(grid)
        tables.setdefault(grid.table, grid)
    problem_sheet(builder, problems)
    if kind == "workbook" and opened.grids:
        for grid in other_grids:
            _write_plain_sheet(builder, grid, problems, formats)
        sheets = {table: _sheet_rows(grid, problems, formats.get(grid.sheet)) for table, grid in tables.items()}
        return builder.build(sheets)
    for grid in [*opened.grids, *opened.other_grids]:
        _write_plain_sheet(builder, grid, problems, formats)
    return builder.close()


def _formats(source: Path, opened: InputFile, kind: str) -> dict[str, SheetFormats]:
    """The number formats by sheet; none for CSV, and for a file that was not opened."""
    if kind != "workbook" or not opened.readable:
        return {}
    sheets = {grid.sheet for grid in (*opened.grids, *opened.other_grids)}
    try:
        return read_formats(source, sheets)
    except (KeyError, expat.ExpatError, zipfile.BadZipFile) as error:
        raise Refused("file-changed-while-read", source=source) from error


def _cell_faults(grid: CellGrid, problems: Iterable[Problem]) -> dict[tuple[int, str], str]:
    """Notes by row and field of a grid; several faults of a cell in one note."""
    fields = known_headings(grid.table)
    marks: dict[tuple[int, str], str] = {}
    for problem in problems:
        name = fields.get(heading_key(problem.column))
        if name and problem.row and problem.sheet == grid.sheet:
            cell = (problem.row - 2, name)
            text = problem_text(problem)
            marks[cell] = f"{marks[cell]}\n{text}" if cell in marks else text
    return marks


def _sheet_rows(grid: CellGrid, problems: Iterable[Problem], formats: SheetFormats | None = None) -> SheetRows:
    """A grid as rows by field, at the same spreadsheet rows; columns without a field become extras."""
    formats = formats or SheetFormats()
    heading = grid.rows[0] if grid.rows else []
    fields = known_headings(grid.table)
    names: dict[str, int] = {}
    extras: list[tuple[str, list[Any]]] = []
    for at, cell in enumerate(heading):
        name = fields.get(heading_key(cell))
        if name and name not in names:
            names[name] = at
        elif any(at < len(row) and not _is_empty(row[at]) for row in grid.rows):
            cells = [_original_cell(grid, formats, row, at) for row in range(1, len(grid.rows))]
            extras.append((str(cell), cells))
    marks = _cell_faults(grid, problems)
    _add_formulas(marks, grid, formats, names)
    rows = [
        {
            name: _original_cell(grid, formats, row, at, is_marked=(row - 1, name) in marks)
            for name, at in names.items()
            if at < len(grid.rows[row]) and not _is_empty(grid.rows[row][at])
        }
        for row in range(1, len(grid.rows))
    ]
    return SheetRows(rows, marks, extras)


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _original_cell(
    grid: CellGrid, formats: SheetFormats, row: int, column: int, *, is_marked: bool = False
) -> OriginalCell:
    """A cell with its own number format. A faulty cell that has none takes that of its column, so that a code
    that is typed in again keeps its zeros."""
    cells = grid.rows[row]
    shape = formats.number_format(row, column)
    value = cells[column] if column < len(cells) else None
    return OriginalCell(value, "" if is_marked and shape == GENERAL_FORMAT else shape)


def _add_formulas(
    marks: dict[tuple[int, str], str], grid: CellGrid, formats: SheetFormats, names: Mapping[str, int]
) -> None:
    """Add to the note of each formula what the copy shows."""
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


def _write_plain_sheet(
    builder: WorkbookBuilder, grid: CellGrid, problems: Iterable[Problem], formats: Mapping[str, SheetFormats]
) -> None:
    """A CSV file, or a sheet that is no table, as it is: faulty cells red with a note."""
    sheet = builder.workbook.add_worksheet(_sheet_name(builder, grid))
    marks = _cell_faults(grid, problems) if grid.table else {}
    fields = known_headings(grid.table) if grid.table else {}
    shapes = formats.get(grid.sheet)
    names = [fields.get(heading_key(cell), "") for cell in (grid.rows[0] if grid.rows else [])]
    for row, cells in enumerate(grid.rows):
        for column, cell in enumerate(cells):
            name = names[column] if column < len(names) else ""
            fault = marks.get((row - 1, name))
            look = _plain_look(builder, "red" if fault else "head" if row == 0 else "body")
            if shapes is None:
                write_any(sheet, row, column, cell, look)
            else:
                write_any(sheet, row, column, _original_cell(grid, shapes, row, column), look)
            if fault:
                builder.comment(sheet, row, column, fault)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, max(len(names) - 1, 0), 18)


_PLAIN: Mapping[str, Mapping[str, Any]] = {
    "head": {"bold": True, "bottom": 1},
    "body": {},
    "red": {"bg_color": "FFC7CE", "font_color": "9C0006"},
}


def _plain_look(builder: WorkbookBuilder, kind: str) -> Callable[[NumberFormat], Format]:
    def look(shape: NumberFormat) -> Format:
        shape = shape or "@"
        return builder.format(f"plain {kind} {shape!r}", num_format=shape, **_PLAIN[kind])

    return look


def _sheet_name(builder: WorkbookBuilder, grid: CellGrid) -> str:
    """The name of the sheet in the file, changed where a workbook cannot have it beside the others."""
    if not grid.sheet:
        return RECORD_SHEETS[grid.table]
    names = {
        workbook_layout.PROBLEMS,
        workbook_layout.README,
        workbook_layout.LISTS,
        workbook_layout.ABOUT,
        *RECORD_SHEETS.values(),
    }
    names |= set(builder.workbook.sheetnames)
    used_names = {name.lower() for name in names}
    cleaned = re.sub(r"[\[\]:*?/\\]", "-", grid.sheet)[:31].strip("'") or "sheet"
    count, name = 1, cleaned
    while name.lower() in used_names:
        count += 1
        name = f"{cleaned[:27]}~{count}"
    return name
