"""Rows of cells out of CSV, XLSX and Parquet, checked as untrusted input.

A row of a CSV file that does not hold together is reported by the line on which it begins, and reading
goes on with the next line, so that one open quote does not swallow all that follows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine
from defusedxml.ElementTree import ParseError

from tasks.core import untrusted_input
from tasks.core.errors import Problem
from tasks.core.untrusted_input import ArchiveLimits, refuse_input
from tasks.documents.api import check_workbook, formula_cells
from tasks.screening.partners.partner_register import register_columns

MOST_ROWS = 2_000_000
_MOST_CELL = 64 << 20
_LONGEST_RECORD = 50
_MOST_FORMULAS = 10_000
_SHOWN_CHARACTERS = 60
_SHEETS = ("partners", "sheet1", "data")


@dataclass
class CellRows:
    """A file's heading and rows, each with its number as a spreadsheet counts (heading is row 1)."""

    file: str
    sheet: str = ""
    heading: Sequence[object] = ()
    rows: list[tuple[int, Sequence[object]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def open_rows(path: Path) -> CellRows:
    """The rows of a file. Raises HostileFile for one that cannot be opened as a whole."""
    suffix = path.suffix.lower()
    if suffix in (".csv", ".txt"):
        return _csv(path, untrusted_input.read_text(path, keep_odd=True))
    if suffix == ".xlsx":
        return _workbook(path)
    if suffix == ".parquet":
        return _parquet(path)
    raise refuse_input(path, "no kind of file that is read here", ".csv, .xlsx or .parquet")


def _csv(path: Path, text: str) -> CellRows:
    lines = list(io.StringIO(text, newline=""))
    if len(lines) > MOST_ROWS:
        raise refuse_input(path, f"{len(lines):,} lines", f"at most {MOST_ROWS:,}")
    rows = CellRows(path.name)
    separator, has_bad_bytes = _separator(lines[0] if lines else ""), _NOT_UTF8.search(text) is not None
    with _wide_cells():
        for number, cells, problem in _records(lines, separator):
            if problem:
                rows.problems.append(replace(problem, file=path.name, row=number))
            elif has_bad_bytes and (problem_found := _not_utf8(cells, rows.heading)):
                rows.problems.append(replace(problem_found, file=path.name, row=number))
            elif number == 1:
                rows.heading = cells
            else:
                rows.rows.append((number, cells))
    return rows


_NOT_UTF8 = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8, as `read_text` keeps them."""


def _not_utf8(cells: list[str], heading: Sequence[object]) -> Problem | None:
    """What is wrong with the first cell that is not UTF-8."""
    for cell, column in zip_longest(cells, heading, fillvalue=""):
        if match := _NOT_UTF8.search(str(cell)):
            excerpt = _NOT_UTF8.sub("\ufffd", str(cell)[:_SHOWN_CHARACTERS])
            return Problem(
                column=str(column), value=excerpt, code="partner-file-not-utf8", values={"byte": ord(match[0]) - 0xDC00}
            )
    return None


def _separator(heading: str) -> str:
    """Comma, semicolon or tab, whichever the heading uses."""
    return max(",;\t", key=heading.count)


@contextmanager
def _wide_cells() -> Iterator[None]:
    """A cell of several MB is to be reported as a fault, not to end the reading."""
    before = csv.field_size_limit(_MOST_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


class _Lines:
    """Lines for a CSV reader, which says how far it has read and ends a record that runs too long."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines, self.position, self.end = lines, start, len(lines)

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.position >= min(self.end, len(self._lines)):
            raise StopIteration
        self.position += 1
        return self._lines[self.position - 1]


def _records(lines: list[str], separator: str) -> Iterator[tuple[int, list[str], Problem | None]]:
    """(line number, cells, what is wrong with it) of each record. After a fault reading goes on with
    the line after the one on which the record began."""
    start, width = 0, 0
    while start < len(lines):
        feed = _Lines(lines, start)
        reader = csv.reader(feed, delimiter=separator, strict=True)
        while True:
            start, feed.end = feed.position, feed.position + _LONGEST_RECORD
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start + 1, [], _broken(error)
                break
            width = width or len(cells)
            if cells and len(cells) != width:
                yield (
                    start + 1,
                    [],
                    Problem(
                        code="partner-row-width-wrong",
                        values={"cells": len(cells), "headings": width, "separator": _SEPARATORS[separator]},
                    ),
                )
                break
            yield start + 1, cells, None
        start += 1


_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def _broken(error: csv.Error) -> Problem:
    """What is wrong with a record. The standard library's reader has no codes, only these words."""
    cause = str(error)
    if "end of data" in cause or "expected after" in cause:
        return Problem(code="partner-row-quote-open")
    return Problem(code="partner-row-unreadable", values={"cause": cause})


def _workbook(path: Path) -> CellRows:
    facts = check_workbook(path)
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        name = next((n for n in names if n.strip().lower() in _SHEETS), names[0])
        cells = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
        unread = [n for n in names if n != name and _holds_partners(workbook, n)]
        formulas = list(islice(formula_cells(path, facts, [name]), _MOST_FORMULAS))
    except (python_calamine.CalamineError, ValueError, OSError, LookupError, ParseError) as wrong:
        raise refuse_input(path, f"the workbook cannot be read ({wrong})", "save it") from None
    rows = CellRows(path.name, name, cells[0] if cells else ())
    for sheet, cell, _ in formulas:
        row = int("".join(filter(str.isdigit, cell)) or 0)
        rows.problems.append(Problem(path.name, sheet, row, value=cell, code="partner-cell-formula"))
    for unread_sheet in unread:
        rows.problems.append(Problem(path.name, unread_sheet, code="partner-sheet-not-read"))
    faulty = {problem.row for problem in rows.problems}
    rows.rows = [(n, line) for n, line in enumerate(cells[1:], 2) if n not in faulty]
    return rows


def _holds_partners(workbook: python_calamine.CalamineWorkbook, sheet: str) -> bool:
    """Whether a sheet has a heading of partners: an id and a name."""
    heading = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False, nrows=1)
    titles = {str(cell).strip().lower() for row in heading for cell in row}
    return all(column.names & titles for column in register_columns()[:2])


def _parquet(path: Path) -> CellRows:
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows > MOST_ROWS or _expanded(file) > ArchiveLimits().expanded:
                right = f"at most {MOST_ROWS:,} rows and {ArchiveLimits().expanded >> 20} MiB"
                raise refuse_input(path, "too large", right)
            columns = file.read().to_pydict()
    except (pa.ArrowException, ValueError, OSError) as wrong:
        raise refuse_input(path, f"no whole Parquet file ({wrong})"[:200], "save it again") from None
    lines = zip(*columns.values(), strict=True)
    return CellRows(path.name, "", list(columns), [(n, line) for n, line in enumerate(lines, 2)])


def _expanded(file: pq.ParquetFile) -> int:
    groups = range(file.metadata.num_row_groups)
    return sum(file.metadata.row_group(group).total_byte_size for group in groups)
