"""Reads the report of a broker's own system as rows of the history. CSV or XLSX, columns by heading;
every fault of the file is reported at once, and a file with faults is refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from tasks.core import untrusted_input
from tasks.core.errors import BadInput, Problem
from tasks.core.untrusted_input import refuse_input
from tasks.documents.api import check_workbook
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.tariff_numbers import canonical_tariff_number, length_fault, padding_note
from tasks.entries.record.code_lists import code_meanings
from tasks.entries.record.trade_history import LIST_TYPES, HistoryColumn, Row, history_columns, is_special
from tasks.entries.workbook.file_grids import heading_key

REQUIRED = ("importer", "hts_number", "country_of_origin")
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{9}")
_MAX_PROBLEMS = 1000
_CHAPTER_99 = "chapter_99"


def read_with_notes(path: Path) -> tuple[list[Row], list[Problem]]:
    """The rows of a report, and a note for each spelling of a chapter 98 or 99 number that was taken
    without its zeros. Raises HostileFile, or BadInput with everything that is wrong."""
    sheet, cells = _cells(path)
    problems: list[Problem] = []
    places = _columns_by_index(path, sheet, cells[0] if cells else [], problems)
    rows = [
        row
        for number, line in enumerate(cells[1:], 2)
        if any(_text(cell) for cell in line)
        for row in [_row(path, sheet, number, line, places, problems)]
    ]
    if not rows and not problems:
        problems.append(Problem(file=path.name, sheet=sheet, code="history-without-rows"))
    if problems:
        raise BadInput("workbook-has-problems", problems[:_MAX_PROBLEMS], name=path.name, problems_count=len(problems))
    return rows, list(_shortened_numbers(path, sheet, cells, places))


def _shortened_numbers(
    path: Path, sheet: str, cells: list[Sequence[object]], places: dict[int, HistoryColumn]
) -> Iterator[Problem]:
    for index, column in places.items():
        if column.field != _CHAPTER_99:
            continue
        rows: dict[tuple[str, str], list[int]] = {}
        for number, line in enumerate(cells[1:], 2):
            for spelling in _parts(_text(line[index]) if index < len(line) else ""):
                digits = _digits(spelling)
                if (short := canonical_tariff_number(digits)) != digits:
                    rows.setdefault((spelling, short), []).append(number)
        for (spelling, short), at in rows.items():
            yield Problem(
                path.name, sheet, at[0], column.title, spelling, *padding_note(short, len(at)), tariff_numbers.CODE
            )


def _cells(path: Path) -> tuple[str, list[Sequence[object]]]:
    if not path.is_file():
        problem = Problem(file=str(path), code="history-file-type-wrong")
        raise BadInput("history-not-accepted", [problem])
    if path.suffix.lower() == ".csv":
        text = untrusted_input.read_text(path)
        try:
            return "", list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as error:
            raise refuse_input(path, f"no proper CSV ({error})", "CSV with commas") from None
    if path.suffix.lower() == ".xlsx":
        return _sheet(path)
    raise refuse_input(path, "no kind of file that is read here", "an .xlsx or .csv file")


def _sheet(path: Path) -> tuple[str, list[Sequence[object]]]:
    import python_calamine

    from tasks.documents.api import formula_cells

    facts = check_workbook(path)
    try:
        workbook = python_calamine.CalamineWorkbook.from_path(str(path))
        name = workbook.sheet_names[0]
        rows: list[Sequence[object]] = list(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise refuse_input(path, f"cannot be read ({error})", "save it again") from None
    problems = [
        Problem(path.name, sheet, value=cell, wrong=error, right="the value itself")
        for sheet, cell, error in formula_cells(path, facts, [name])
    ]
    if problems:
        raise BadInput("workbook-has-formulas", problems[:_MAX_PROBLEMS], name=path.name)
    return name, rows


def _columns_by_index(
    path: Path, sheet: str, heading: Sequence[object], problems: list[Problem]
) -> dict[int, HistoryColumn]:
    """The known columns of the file, by index; others are ignored."""
    names = {
        heading_key(name): column
        for column in history_columns()
        for name in (column.field, column.title, *column.also)
        if name
    }
    places: dict[int, HistoryColumn] = {}
    for index, cell in enumerate(heading):
        column = names.get(heading_key(_text(cell)))
        if column in places.values() and column:
            problems.append(
                Problem(
                    file=path.name,
                    sheet=sheet,
                    row=1,
                    column=column.title,
                    value=_text(cell),
                    code="history-heading-duplicated",
                )
            )
        elif column:
            places[index] = column
    present = {column.field for column in places.values()}
    for column in history_columns():
        if column.field in REQUIRED and column.field not in present:
            right = f"a column {column.title}" + (f", or {', '.join(column.also)}" if column.also[0] else "")
            problems.append(
                Problem(
                    file=path.name, sheet=sheet, row=1, column=column.title, right=right, code="history-column-missing"
                )
            )
    return places


def _row(
    path: Path,
    sheet: str,
    number: int,
    line: Sequence[object],
    places: dict[int, HistoryColumn],
    problems: list[Problem],
) -> Row:
    row: Row = {}
    for index, column in places.items():
        text = _text(line[index]) if index < len(line) else ""
        try:
            row[column.field] = _parsed_value(column, text)
        except ValueError:
            masked = "***-**-****" if _SSN.fullmatch(text) else text[:60]
            problems.append(
                Problem(
                    file=path.name,
                    sheet=sheet,
                    row=number,
                    column=column.title,
                    value=masked,
                    right=_right_value(column, text),
                    code="history-value-invalid",
                )
            )
        else:
            if column.field in REQUIRED and not row[column.field]:
                problems.append(
                    Problem(
                        file=path.name,
                        sheet=sheet,
                        row=number,
                        column=column.title,
                        right=column.example or "a value",
                        code="history-cell-empty",
                    )
                )
    return row


def _right_value(column: HistoryColumn, text: str) -> str:
    """A right value of the column, for a wrong text."""
    digits = (_digits(part) for part in _parts(text)) if column.field == _CHAPTER_99 else ()
    right_forms = [fault[1] for number in digits if (fault := length_fault(number))]
    return "; ".join(right_forms) or column.example or column.note


def _text(cell: object) -> str:
    """A cell as a person wrote it: whole floats of a sheet without `.0`, days as ISO."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return "" if cell is None else " ".join(str(cell).split())


def _parsed_value(column: HistoryColumn, text: str) -> Any:
    """Raises ValueError for a text that is none of this column."""
    if column.type in LIST_TYPES:
        return list(_list_values(column, text))
    if not text:
        return None
    if column.type == "integer":
        return int(text.replace(",", ""))
    if column.type == "date":
        return date.fromisoformat(text)
    return _parsed_text(column, text)


def _list_values(column: HistoryColumn, text: str) -> Iterator[str]:
    for value in _parts(text.upper()):
        yield _parsed_text(column, value)


def _parts(text: str) -> list[str]:
    """The values of a list cell."""
    return [value for part in re.split(r"[;,|]", text) if (value := part.strip())]


def _digits(text: str) -> str:
    return re.sub(r"[.\s-]", "", text)


def _parsed_text(column: HistoryColumn, text: str) -> str:
    if column.field == "importer_number" and _SSN.fullmatch(text):
        # Not needed here: history is found by HTS number and origin.
        return ""
    if column.type in ("digits", "digit list"):
        text = _digits(text)
    elif column.field != "importer" and column.form:
        text = text.upper()
    if column.form and not re.fullmatch(column.form, text):
        raise ValueError(text)
    if column.field == "hts_number" and is_special(text):
        raise ValueError(text)
    if column.field == _CHAPTER_99:
        text = canonical_tariff_number(text)
        if length_fault(text):
            raise ValueError(text)
    if column.field == "country_of_origin" and text not in code_meanings("country"):
        raise ValueError(text)
    return text
