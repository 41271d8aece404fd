"""One cell of a sheet into one value of the record, or its fault.

Workbooks give text, numbers, dates and yes/no; CSV gives text only. Where the meaning is certain
any spelling is accepted: blanks around, lower case of free text that goes to ACE (CBP turns it to
capitals itself), dots in tariff numbers, ISO dates as text. Where it is not, the cell is refused.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from tasks.core.errors import BadInput, BadNumber, Problem
from tasks.entries.numbers import tariff_numbers
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.numbers.tariff_numbers import canonical_tariff_number
from tasks.entries.record import code_lists
from tasks.entries.record.code_lists import code_meanings, folded_codes
from tasks.entries.record.record_fields import RecordField, field_form
from tasks.entries.workbook import workbook_layout

Cell = str | float | int | bool | date | datetime | time | timedelta | None
Value = str | int | bool | date | Decimal | None

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXCEL_ZERO = date(1899, 12, 30)
_EXACT_FLOATS = 10**15
DIGITS = ("digits", "tariff")
"""Folds that leave the digits of a text alone."""


class CellFault(BadInput):
    """A cell that gives no value. `problem`: what is wrong, and what would be right, without sheet and row."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__("cell-not-readable", [Problem(code=code, values=values)])

    @property
    def problem(self) -> Problem:
        return self.problems[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self.problem.code, dict(self.problem.values))


def _rebuilt(code: str, values: dict[str, Any]) -> CellFault:
    return CellFault(code, **values)


def convert(field: RecordField, cell: Cell) -> Value:
    """The value of a cell, None if it is empty. Raises CellFault."""
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    return _CONVERTERS[field.type](field, cell)


def _text(field: RecordField, cell: Cell) -> str | None:
    if isinstance(cell, str):
        return _normalized_text(field, cell)
    if isinstance(cell, bool):
        raise CellFault("cell-flag-for-text", example=field.example or "text")
    if isinstance(cell, int | float):
        return _number_as_text(field, cell)
    return _time_as_text(field, cell)


def _normalized_text(field: RecordField, cell: str) -> str | None:
    text = cell.strip()
    if field.codes:
        text = workbook_layout.code_of(text)
        spellings = folded_codes(field.codes) if field.codes in code_lists.OWN_LISTS else {}
        return spellings.get(text.lower(), text) or None
    if field.fold in DIGITS:
        digits = bare_digits(text)
        return (canonical_tariff_number(digits) if field.fold == "tariff" else digits) or None
    if not field.code_like:
        text = " ".join(text.split())
    return text.upper() if field.fold == "upper" and text.isascii() else text


def bare_digits(text: str) -> str:
    """A number without the dots, hyphens, brackets and blanks that people write in it."""
    return re.sub(r"[.()+\s-]", "", text)


def _number_as_text(field: RecordField, cell: float) -> str:
    """Text that was stored as a number: accepted only if no leading zero can have been lost."""
    if not abs(cell) < _EXACT_FLOATS:
        raise CellFault("cell-number-not-exact")
    if cell != int(cell):
        raise CellFault("cell-decimals-for-text", example=field.example or "text")
    text = str(int(cell))
    if field.fold == "tariff" and tariff_numbers.is_special(text):
        return canonical_tariff_number(text)
    padded = text.zfill(field.width)
    if field.codes and text not in code_meanings(field.codes):
        if padded in code_meanings(field.codes):
            raise CellFault("cell-zeros-lost", padded=padded)
    elif not field.codes and _loses_zeros(field):
        raise CellFault("cell-number-for-text", text=text)
    if _has_fixed_width(field) and len(text) < field.width:
        raise CellFault("cell-zeros-lost", padded=padded)
    return text


def _loses_zeros(field: RecordField) -> bool:
    """True for identifiers of varying length, whose leading zeros may be lost."""
    return field.code_like and field.fold not in DIGITS and not _has_fixed_width(field)


def _has_fixed_width(field: RecordField) -> bool:
    form = field_form(field.table, field.name)
    zeros = "0" * field.width
    return bool(form and form.fullmatch(zeros) and not form.fullmatch(zeros[1:]))


def _time_as_text(field: RecordField, cell: Cell) -> str:
    """A date or hour in a text column: accepted where the form of the column is a date or hour."""
    form = field_form(field.table, field.name)
    for text in (str(cell)[:10], str(cell)[:5]):
        if form and not isinstance(cell, timedelta) and form.fullmatch(text):
            return text
    raise CellFault("cell-date-for-text", example=field.example or "text")


def _integer(field: RecordField, cell: Cell) -> int:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise CellFault("cell-not-whole-number")
    if isinstance(cell, str):
        text = cell.strip()
        if re.fullmatch(r"[0-9]{1,15}", text):
            return int(text)
        digits = re.sub(r"[,$\s]", "", text)
        if re.fullmatch(r"[0-9]{1,15}", digits):
            raise CellFault("cell-number-with-signs", digits=digits)
        raise CellFault("cell-not-whole-number")
    if cell != cell or abs(cell) >= _EXACT_FLOATS:
        raise CellFault("cell-number-too-big", digits=field.width)
    if cell != int(cell):
        raise CellFault("cell-number-with-decimals", rounded=str(_rounded(Decimal(repr(cell)), 0)))
    return int(cell)


def _decimal(field: RecordField, cell: Cell) -> Decimal:
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        raise CellFault("cell-not-a-number")
    text = cell.strip() if isinstance(cell, str) else repr(cell)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise CellFault("cell-not-a-number") from None
    if not value.is_finite() or abs(value) >= 10**12:
        raise CellFault("cell-decimal-too-big", digits=field.width - 2)
    if value != _rounded(value, 2):
        raise CellFault("cell-too-many-decimals", rounded=str(_rounded(value, 2)))
    return _rounded(value, 2)


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _date(field: RecordField, cell: Cell) -> date:
    if isinstance(cell, datetime):
        if cell.time() != time():
            raise CellFault("cell-date-with-hour", day=str(cell.date()))
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        return _date_from_text(cell.strip())
    if isinstance(cell, int | float) and not isinstance(cell, bool) and 20_000 <= cell < 62_100:
        day = _EXCEL_ZERO + timedelta(days=int(cell))
        raise CellFault("cell-number-for-date", day=str(day))
    raise CellFault("cell-not-a-date")


def _date_from_text(text: str) -> date:
    """Only YYYY-MM-DD: 03/04/2026 is one day in Laredo and another in Windsor."""
    if _ISO.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise CellFault("cell-day-not-in-calendar") from None
    raise CellFault("cell-text-for-date")


def _flag(field: RecordField, cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    code = workbook_layout.code_of(cell).upper() if isinstance(cell, str) else ""
    if code in ("Y", "N"):
        return code == "Y"
    raise CellFault("cell-not-yes-or-no")


_CONVERTERS = {"text": _text, "integer": _integer, "decimal": _decimal, "date": _date, "flag": _flag}


@lru_cache(maxsize=1 << 16)
def entry_number(text: str) -> str:
    """An entry number in its printed form, or the text itself: the rules report its fault."""
    try:
        return str(parse_entry_number(text, None, {text.strip()[:3].upper(): range(10)}))
    except BadNumber:
        return text
