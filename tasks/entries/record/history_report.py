"""The report of a broker's own system into rows of the history. CSV or XLSX, columns by heading;
every fault of the file is told at once, and a file with faults is not taken.
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
from tasks.entries.record.trade_history import LISTS, HistoryColumn, Row, history_columns, is_special
from tasks.entries.workbook.file_grids import heading_key

REQUIRED = ("importer", "hts_number", "country_of_origin")
_SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{9}")
_MOST = 1000
_SPECIAL = "chapter_99"


def read_report(path: Path) -> list[Row]:
    """The rows of a report. Raises HostileFile, or BadInput with everything that is wrong."""
    return read_with_notes(path)[0]


def read_with_notes(path: Path) -> tuple[list[Row], list[Problem]]:
    """The rows of a report, and a note for each spelling of a chapter 98 or 99 number that was taken
    without its zeros. Raises HostileFile, or BadInput with everything that is wrong."""
    sheet, cells = _cells(path)
    problems: list[Problem] = []
    places = _places(path, sheet, cells[0] if cells else [], problems)
    rows = [
        row
        for number, line in enumerate(cells[1:], 2)
        if any(_text(cell) for cell in line)
        for row in [_row(path, sheet, number, line, places, problems)]
    ]
    if not rows and not problems:
        problems.append(Problem(file=path.name, sheet=sheet, code="history-without-rows"))
    if problems:
        raise BadInput("workbook-has-problems", problems[:_MOST], name=path.name, problems_count=len(problems))
    return rows, list(_shortened(path, sheet, cells, places))


def _shortened(
    path: Path, sheet: str, cells: list[Sequence[object]], places: dict[int, HistoryColumn]
) -> Iterator[Problem]:
    for place, one in places.items():
        if one.field != _SPECIAL:
            continue
        rows: dict[tuple[str, str], list[int]] = {}
        for number, line in enumerate(cells[1:], 2):
            for spelling in _parts(_text(line[place]) if place < len(line) else ""):
                digits = _digits(spelling)
                if (short := canonical_tariff_number(digits)) != digits:
                    rows.setdefault((spelling, short), []).append(number)
        for (spelling, short), at in rows.items():
            yield Problem(
                path.name, sheet, at[0], one.title, spelling, *padding_note(short, len(at)), tariff_numbers.CODE
            )


def _cells(path: Path) -> tuple[str, list[Sequence[object]]]:
    if not path.is_file():
        problem = Problem(file=str(path), code="history-file-type-wrong")
        raise BadInput("history-not-accepted", [problem])
    if path.suffix.lower() == ".csv":
        text = untrusted_input.read_text(path)
        try:
            return "", list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as wrong:
            raise refuse_input(path, f"no proper CSV ({wrong})", "CSV with commas") from None
    if path.suffix.lower() == ".xlsx":
        return _sheet(path)
    raise refuse_input(path, "no kind of file that is read here", "an .xlsx or .csv file")


def _sheet(path: Path) -> tuple[str, list[Sequence[object]]]:
    import python_calamine

    from tasks.documents.api import formula_cells

    facts = check_workbook(path)
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        name = book.sheet_names[0]
        rows: list[Sequence[object]] = list(book.get_sheet_by_name(name).to_python(skip_empty_area=False))
    except (python_calamine.CalamineError, ValueError, OSError) as wrong:
        raise refuse_input(path, f"cannot be read ({wrong})", "save it again") from None
    found = [
        Problem(path.name, sheet, value=cell, wrong=wrong, right="the value itself")
        for sheet, cell, wrong in formula_cells(path, facts, [name])
    ]
    if found:
        raise BadInput("workbook-has-formulas", found[:_MOST], name=path.name)
    return name, rows


def _places(path: Path, sheet: str, heading: Sequence[object], problems: list[Problem]) -> dict[int, HistoryColumn]:
    """Which column of the file is which of ours. Columns of the file that are not ours are left."""
    names = {heading_key(name): one for one in history_columns() for name in (one.field, one.title, *one.also) if name}
    places: dict[int, HistoryColumn] = {}
    for place, cell in enumerate(heading):
        one = names.get(heading_key(_text(cell)))
        if one in places.values() and one:
            problems.append(
                Problem(
                    file=path.name,
                    sheet=sheet,
                    row=1,
                    column=one.title,
                    value=_text(cell),
                    code="history-heading-duplicated",
                )
            )
        elif one:
            places[place] = one
    there = {one.field for one in places.values()}
    for one in history_columns():
        if one.field in REQUIRED and one.field not in there:
            right = f"a column {one.title}" + (f", or {', '.join(one.also)}" if one.also[0] else "")
            problems.append(
                Problem(
                    file=path.name, sheet=sheet, row=1, column=one.title, right=right, code="history-column-missing"
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
    for place, one in places.items():
        text = _text(line[place]) if place < len(line) else ""
        try:
            row[one.field] = _value(one, text)
        except ValueError:
            shown = "***-**-****" if _SSN.fullmatch(text) else text[:60]
            problems.append(
                Problem(
                    file=path.name,
                    sheet=sheet,
                    row=number,
                    column=one.title,
                    value=shown,
                    right=_right(one, text),
                    code="history-value-invalid",
                )
            )
        else:
            if one.field in REQUIRED and not row[one.field]:
                problems.append(
                    Problem(
                        file=path.name,
                        sheet=sheet,
                        row=number,
                        column=one.title,
                        right=one.example or "a value",
                        code="history-cell-empty",
                    )
                )
    return row


def _right(one: HistoryColumn, text: str) -> str:
    """What would be right in a column, for a text that is not."""
    digits = (_digits(part) for part in _parts(text)) if one.field == _SPECIAL else ()
    wrong = [fault[1] for number in digits if (fault := length_fault(number))]
    return "; ".join(wrong) or one.example or one.note


def _text(cell: object) -> str:
    """A cell as a person wrote it: whole floats of a sheet without `.0`, days as ISO."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return "" if cell is None else " ".join(str(cell).split())


def _value(one: HistoryColumn, text: str) -> Any:
    """Raises ValueError for a text that is none of this column."""
    if one.type in LISTS:
        return list(_many(one, text))
    if not text:
        return None
    if one.type == "integer":
        return int(text.replace(",", ""))
    if one.type == "date":
        return date.fromisoformat(text)
    return _single(one, text)


def _many(one: HistoryColumn, text: str) -> Iterator[str]:
    for value in _parts(text.upper()):
        yield _single(one, value)


def _parts(text: str) -> list[str]:
    """The values of a list cell."""
    return [value for part in re.split(r"[;,|]", text) if (value := part.strip())]


def _digits(text: str) -> str:
    return re.sub(r"[.\s-]", "", text)


def _single(one: HistoryColumn, text: str) -> str:
    if one.field == "importer_number" and _SSN.fullmatch(text):
        # Nobody needs it here: history is found by HTS number and origin.
        return ""
    if one.type in ("digits", "digit list"):
        text = _digits(text)
    elif one.field != "importer" and one.form:
        text = text.upper()
    if one.form and not re.fullmatch(one.form, text):
        raise ValueError(text)
    if one.field == "hts_number" and is_special(text):
        raise ValueError(text)
    if one.field == _SPECIAL:
        text = canonical_tariff_number(text)
        if length_fault(text):
            raise ValueError(text)
    if one.field == "country_of_origin" and text not in code_meanings("country"):
        raise ValueError(text)
    return text
