"""Writes an annotated copy of what a desk handed in: faulty cells red, with a note of what is wrong
and what would be right, and a first sheet that lists it all.

The copy of a workbook is a workbook of the same kind: it can be mended and handed in itself. It is
written anew, so that nothing of the file but its values gets through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.entries import schema
from tasks.entries.book import HOUSE, Book, SheetRows, write_any
from tasks.entries.grids import Grid, Opened, heading_key, known_headings, open_file
from tasks.entries.intake import Intake
from tasks.entries.problem_sheet import problem_sheet, said
from tasks.shared.errors import Problem
from tasks.shared.files import write_atomic


def annotate(
    intake: Intake, folder: Path | None = None, problems: Sequence[Problem] | None = None
) -> list[Path]:
    """Write the annotated copies of an intake: `<name>.annotated.xlsx`, one a source, into
    `folder`, or beside each source. `problems`: all that is known of it, where the book found
    more than the reading did. Returns the paths written, none for an intake without a problem."""
    written = []
    for source in intake.sources:
        told = intake.problems if problems is None else problems
        own = [problem for problem in told if problem.file in (source.path.name, intake.file)]
        if not own:
            continue
        opened = open_file(source.path)
        book = _book(opened)
        target = (folder or source.path.parent) / f"{source.path.stem}.annotated.xlsx"
        written.append(write_atomic(target, _made(book, opened, own, intake.kind)))
    return written


def _book(opened: Opened) -> Book:
    about = opened.about
    entries = [grid for grid in opened.grids if grid.table == "entries"]
    numbers = [str(row[0]) for grid in entries for row in grid.rows[1:] if row and row[0]]
    house = {name: about.get(name, "") for name in HOUSE}
    return Book(
        about.get("desk", ""), about.get("port", ""), numbers, house, about.get("drill") == "Y"
    )


def _made(book: Book, opened: Opened, problems: Sequence[Problem], kind: str) -> bytes:
    problem_sheet(book, problems)
    if kind == "workbook" and opened.grids:
        return book.made({grid.table: _shown(grid, problems) for grid in opened.grids})
    for grid in opened.grids:
        _plain(book, grid, problems)
    return book.close()


def _marks(grid: Grid, problems: Iterable[Problem]) -> dict[tuple[int, str], str]:
    """What to say at which row and field of a grid; several faults of a cell in one note."""
    known = known_headings(grid.table)
    marks: dict[tuple[int, str], str] = {}
    for problem in problems:
        name = known.get(heading_key(problem.column))
        if name and problem.row and problem.sheet == grid.sheet:
            place = (problem.row - 2, name)
            words = said(problem)
            marks[place] = f"{marks[place]}\n{words}" if place in marks else words
    return marks


def _shown(grid: Grid, problems: Iterable[Problem]) -> SheetRows:
    """A grid as rows by field, at the same spreadsheet rows; what has no field goes beside."""
    heading, body = (grid.rows[0], grid.rows[1:]) if grid.rows else ([], [])
    known = known_headings(grid.table)
    names: dict[str, int] = {}
    extras: list[tuple[str, list[Any]]] = []
    for at, cell in enumerate(heading):
        name = known.get(heading_key(cell))
        if name and name not in names:
            names[name] = at
        elif any(at < len(row) and row[at] not in ("", None) for row in grid.rows):
            extras.append((str(cell), [row[at] if at < len(row) else None for row in body]))
    rows = [_by_field(row, names) for row in body]
    return SheetRows(rows, _marks(grid, problems), extras)


def _by_field(row: Sequence[Any], names: Mapping[str, int]) -> dict[str, Any]:
    return {
        name: row[at] for name, at in names.items() if at < len(row) and row[at] not in ("", None)
    }


def _plain(book: Book, grid: Grid, problems: Iterable[Problem]) -> None:
    """A CSV file as a sheet: its cells as they are, the faulty ones red with a note."""
    sheet = book.book.add_worksheet(schema.SHEETS[grid.table])
    head = book.format("plain head", bold=True, bottom=1)
    body = book.format("plain", num_format="@")
    red = book.format("plain red", num_format="@", bg_color="FFC7CE", font_color="9C0006")
    marks = _marks(grid, problems)
    known = known_headings(grid.table)
    names = [known.get(heading_key(cell), "") for cell in (grid.rows[0] if grid.rows else [])]
    for row, cells in enumerate(grid.rows):
        for column, cell in enumerate(cells):
            name = names[column] if column < len(names) else ""
            mark = marks.get((row - 1, name))
            look = red if mark else head if row == 0 else body
            write_any(sheet, row, column, cell, lambda shape="", look=look: look)
            if mark:
                book.comment(sheet, row, column, mark)
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, max(len(names) - 1, 0), 18)
