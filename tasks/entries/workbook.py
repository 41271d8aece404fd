"""A desk's workbook: its issued numbers printed and locked, or rows handed back to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.entries import layout
from tasks.entries.book import Book, SheetRows
from tasks.entries.record import Record
from tasks.shared.files import write_atomic


def write_workbook(
    path: Path,
    desk: str,
    port: str,
    numbers: Sequence[str],
    house: Mapping[str, str],
    *,
    drill: bool = False,
    record: Record | None = None,
) -> Path:
    """Write the workbook of a desk and return its path.

    `numbers`: the issued entry numbers, printed in this order; those of `record` follow if they
    are not among them. `house`: `name`, `filer_code`, `licence`, `contact_name`, `contact_phone`
    (others are ignored, missing ones stay empty). `record`: rows to hand back, filled in; what it
    holds comes out of `intake.read_files` again as it is.
    """
    record = record or Record.empty()
    printed = set(numbers)
    listed = [*numbers, *(number for number in record.numbers if number not in printed)]
    sheets = {table: SheetRows(part.to_pylist()) for table, part in record.items()}
    known = {row["entry_number"]: row for row in sheets["entries"].rows}
    fresh = [known.get(number) or _fresh(number, desk, port, house) for number in listed]
    sheets["entries"] = SheetRows(fresh)
    return write_atomic(path, Book(desk, port, listed, house, drill).made(sheets))


def _fresh(number: str, desk: str, port: str, house: Mapping[str, str]) -> dict[str, Any]:
    """A row with nothing but what a new workbook prints."""
    phone = "".join(mark for mark in house.get("contact_phone", "") if mark.isdigit())
    values = number, desk, port, house.get("contact_name", "").upper(), phone
    return {name: value or None for name, value in zip(layout.PREPRINTED, values, strict=True)}
