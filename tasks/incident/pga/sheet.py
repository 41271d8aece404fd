"""Rows of a CSV or XLSX file that came from outside, after the house's hostile checks."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from tasks.shared import hostile, hostile_workbook
from tasks.shared.errors import BadInput, HostileFile, Problem

MOST_ROWS = 500_000


@dataclass(frozen=True)
class Sheet:
    """Rows as (number as a spreadsheet counts, cells by heading in lower case)."""

    file: str
    rows: tuple[tuple[int, dict[str, str]], ...]


def read(path: Path, needed: Sequence[str], known: Sequence[str]) -> Sheet:
    """The rows with the columns that are needed or known; others are left out. Raises HostileFile for
    a file that is not opened, BadInput naming every column that is missing and row that is torn."""
    if path.suffix.lower() == ".csv":
        grid = list(csv.reader(io.StringIO(hostile.read_text(_there(path)))))
    elif path.suffix.lower() == ".xlsx":
        grid = _workbook(_there(path))
    else:
        raise _refused(Problem(file=path.name, code="agency-table-file-kind-unknown"))
    heading = [cell.strip().lower().replace(" ", "_") for cell in grid[0]] if grid else []
    problems = [
        Problem(
            file=path.name,
            row=1,
            column=name,
            code="agency-table-column-missing",
            values={"needed": ", ".join(needed)},
        )
        for name in needed
        if name not in heading
    ]
    if len(grid) > MOST_ROWS:
        problems.append(
            Problem(
                file=path.name,
                code="grid-too-many-rows",
                values={"grid_count": len(grid), "most_rows": MOST_ROWS},
            )
        )
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    return Sheet(path.name, tuple(_rows(path, heading, grid[1:], {*needed, *known})))


def _there(path: Path) -> Path:
    if not path.is_file():
        raise BadInput("handover-package-not-found", path=path)
    return path


def _rows(path: Path, heading: list[str], grid: list[list[str]], wanted: set[str]
          ) -> list[tuple[int, dict[str, str]]]:  # fmt: skip
    found, problems = [], []
    for place, cells in enumerate(grid, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(heading) and any(cell.strip() for cell in cells[len(heading) :]):
            problems.append(
                Problem(
                    file=path.name,
                    row=place,
                    code="agency-table-row-too-long",
                    values={"cells": len(cells), "headings": len(heading)},
                )
            )
        row = dict(zip(heading, cells, strict=False))
        found.append((place, {name: row.get(name, "").strip() for name in sorted(wanted)}))
    if problems:
        raise BadInput("agency-table-not-accepted", problems)
    return found


def _workbook(path: Path) -> list[list[str]]:
    """The first sheet. A workbook with formulas is refused: what they say is not what is stored."""
    import python_calamine

    facts = hostile_workbook.check_workbook(path)
    if any(part.formulas for part in facts.values()):
        raise _refused(Problem(file=path.name, code="agency-table-has-formulas"))
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        grid = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except HostileFile:
        raise
    except Exception as wrong:
        # calamine raises several unrelated kinds for a damaged workbook
        kind = type(wrong).__name__
        raise _refused(
            Problem(file=path.name, code="agency-workbook-unreadable", values={"kind": kind})
        ) from None
    return [[_text(cell) for cell in row] for row in grid]


def _refused(problem: Problem) -> HostileFile:
    return HostileFile("agency-table-not-accepted", [problem])


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
