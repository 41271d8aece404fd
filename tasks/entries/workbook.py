"""A desk's workbook: its issued numbers printed and locked, or rows handed back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tasks.entries import layout, schema
from tasks.entries.book import Book, SheetRows
from tasks.entries.problem_sheet import problem_sheet, said
from tasks.entries.record import Record
from tasks.shared.errors import Problem
from tasks.shared.files import write_atomic


def write_workbook(path: Path, desk: str, port: str, numbers: Sequence[str], house: Mapping[str, str],
                   **more: Any) -> Path:  # fmt: skip
    """Write the workbook of a desk over whatever stands there, and return its path. `more`: as
    `workbook` takes it."""
    return write_atomic(path, workbook(desk, port, numbers, house, **more))


def workbook(
    desk: str,
    port: str,
    numbers: Sequence[str],
    house: Mapping[str, str],
    *,
    drill: bool = False,
    record: Record | None = None,
    problems: Mapping[str, Sequence[Problem]] | None = None,
    handed_to: str = "",
) -> bytes:
    """The workbook of a desk.

    `numbers`: the issued entry numbers, printed in this order; those of `record` follow if they
    are not among them. `house`: `name`, `filer_code`, `licence`, `contact_name`, `contact_phone`
    (others are ignored, missing ones stay empty). `record`: rows to hand back, filled in; what it
    holds comes out of `intake.read_files` again as it is. `problems`: by entry number, why it comes
    back; listed on a first sheet and noted at the number. `handed_to`: the other broker it is for.
    """
    record = record or Record.empty()
    printed = set(numbers)
    listed = [*numbers, *(number for number in record.numbers if number not in printed)]
    sheets = {table: SheetRows(part.to_pylist()) for table, part in record.items()}
    known = {row["entry_number"]: row for row in sheets["entries"].rows}
    fresh = [known.get(number) or _fresh(number, desk, port, house) for number in listed]
    book = Book(desk, port, listed, house, drill, handed_to)
    placed = _placed(listed, problems or {})
    if placed:
        problem_sheet(book, placed)
    sheets["entries"] = SheetRows(fresh, _notes(placed))
    return book.made(sheets)


def _placed(numbers: Sequence[str], problems: Mapping[str, Sequence[Problem]]) -> list[Problem]:
    """Each problem at the row of its entry."""
    sheet, column = schema.SHEETS["entries"], schema.field("entries", "entry_number").title
    return [
        replace(problem, sheet=sheet, row=row, column=column, value=number)
        for row, number in enumerate(numbers, start=2)
        for problem in problems.get(number, ())
    ]


def _notes(placed: Sequence[Problem]) -> dict[tuple[int, str], str]:
    notes: dict[tuple[int, str], str] = {}
    for problem in placed:
        at = (problem.row - 2, "entry_number")
        notes[at] = "\n".join(filter(None, (notes.get(at), said(problem))))
    return notes


def _fresh(number: str, desk: str, port: str, house: Mapping[str, str]) -> dict[str, Any]:
    """A row with nothing but what a new workbook prints."""
    phone = "".join(mark for mark in house.get("contact_phone", "") if mark.isdigit())
    values = number, desk, port, house.get("contact_name", "").upper(), phone
    return {name: value or None for name, value in zip(layout.PREPRINTED, values, strict=True)}
