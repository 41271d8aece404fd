"""Records of the simulator: 80 columns of text, cut and put together by a layout.

One record at a time and without the column-wise codec, so that a fault there cannot hide here.
Only the layouts (names, columns, classes) are shared.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache

from tasks.ace.api import LayoutField, RecordLayout, record_layouts
from tasks.core.errors import BadInput, Problem

WIDTH = 80
_PIVOT = 70
_CLASSES = {
    "S": re.compile(r" *"),
    "A": re.compile(r" *[A-Z]* *"),
    "AN": re.compile(r"[A-Z0-9 ]*"),
    "N": re.compile(r"[0-9]+| *"),
    "SN": re.compile(r" *[0-9]+| *"),
    "D": re.compile(r"[0-9]+| *"),
    "X": re.compile(r"[ -`{-~]*"),
}
_STRANGE = re.compile(r"[^ -~]")
_LONG_IDS = ("SE", "SF", "PG", "CW")
Value = str | int | date | datetime | None


@dataclass(frozen=True, slots=True)
class InputRecord:
    """One input record. `place` counts the records of the batch from 1 (the A record)."""

    layout: RecordLayout
    text: str
    position: int

    @property
    def id(self) -> str:
        return self.layout.record

    def __getitem__(self, name: str) -> str:
        """A field without its padding; leading blanks are dropped too (B&B v23 p.9)."""
        return self.raw(name).strip()

    def raw(self, name: str) -> str:
        return self.text[self.layout[name].span]

    def number(self, name: str) -> int:
        """A field's digits as a number; 0 where it is blank or holds anything else."""
        text = self[name]
        return int(text) if text.isascii() and text.isdigit() else 0

    def day(self, name: str) -> date | None:
        return day_of(self.raw(name))

    def faulty(self) -> list[LayoutField]:
        """Fields whose content is not of their class, or a date that is on no calendar."""
        return [field for field in self.layout.fields if not fits_class(field, self.text[field.span])]

    def missing(self) -> list[LayoutField]:
        """Mandatory fields that are blank."""
        return [field for field in self.layout.fields if field.required and not self[field.name]]


def fits_class(field: LayoutField, text: str) -> bool:
    """Whether a field's columns hold its class (B&B v23 p.8), or are blank."""
    if field.constant:
        return text == field.constant
    if not _CLASSES[field.cls].fullmatch(text):
        return False
    return not (field.is_date and text.strip() and day_of(text) is None)


def day_of(text: str) -> date | None:
    """The day of MMDDYY (years 1970-2069); None for blanks and for no day of the calendar."""
    text = text.strip()
    if len(text) != 6 or not (text.isascii() and text.isdigit()):
        return None
    year = int(text[4:])
    try:
        return date(year + (1900 if year >= _PIVOT else 2000), int(text[:2]), int(text[2:4]))
    except ValueError:
        return None


def moment_of(text: str) -> datetime | None:
    """The moment of MMDDYYHHMMSSXX, XX being AM or PM (ESQ v26 p.19); None if it is none."""
    day, digits, meridiem = day_of(text[:6]), text[6:12], text[12:]
    if day is None or meridiem not in ("AM", "PM") or not (digits.isascii() and digits.isdigit()):
        return None
    hour, minute, second = int(digits[:2]), int(digits[2:4]), int(digits[4:])
    if not 1 <= hour <= 12 or minute > 59 or second > 59:
        return None
    return datetime.combine(day, time(hour % 12 + (12 if meridiem == "PM" else 0), minute, second))


def moment_text(moment: datetime) -> str:
    """MMDDYYHHMMSSXX, in twelve hours."""
    meridiem = "AM" if moment.hour < 12 else "PM"
    return f"{moment:%m%d%y}{(moment.hour + 11) % 12 + 1:02d}{moment:%M%S}{meridiem}"


def build_record(layout: RecordLayout, **values: Value) -> str:
    """A record of 80 columns. Numbers and dates in their places, text cut to its field.

    Raises KeyError for a field that the layout does not have.
    """
    columns = [" "] * WIDTH
    for name in values:
        layout[name]
    for field in layout.fields:
        text = field.constant or _written(field, values.get(field.name))
        columns[field.span] = text
    return "".join(columns)


def _written(field: LayoutField, value: Value) -> str:
    if value is None or value == "":
        return " " * field.length
    if isinstance(value, datetime):
        value = f"{value:%H%M}" if field.length == 4 else moment_text(value)
    elif isinstance(value, date):
        value = f"{value:%m%d%y}"
    text = str(value)[: field.length]
    if not field.right:
        return text.ljust(field.length)
    return text.rjust(field.length, "0" if field.cls == "N" else " ")


def code_set(text: str) -> frozenset[str]:
    """A set of codes, written as a line of text."""
    return frozenset(text.split())


def read_lines(data: bytes, name: str = "") -> tuple[list[str], bool]:
    """The records of a file and whether the last one is short (X42).

    Takes n x 80 bytes, and lines with LF or CRLF, blanks at their ends trimmed or not. Raises
    BadInput for a file without records.
    """
    text = data.decode("latin-1").rstrip("\r\n")
    if not text.strip():
        raise BadInput("file-without-records", [Problem(file=name, code="input-file-empty")])
    if "\n" in text:
        lines = text.replace("\r\n", "\n").split("\n")
        if all(len(line) <= WIDTH for line in lines):
            return [line.ljust(WIDTH) for line in lines], False
    cut = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    short = len(cut[-1]) < WIDTH
    return [line.ljust(WIDTH) for line in cut], short


def odd_column(text: str) -> int:
    """The column (from 1) of the first byte that no keyboard shows (X40), or 0."""
    match = _STRANGE.search(text)
    return match.start() + 1 if match else 0


def record_id(text: str) -> str:
    """What a detail record says it is: `10`, `SE15`, `PG01`, `J1`, `WR1`, `K`."""
    if text[:2] in _LONG_IDS:
        return text[:4].strip()
    return text[:3] if text[:2] == "WR" else text[:2].strip()


def input_layout(application: str, text: str, position: int) -> InputRecord | None:
    """The record of an application's input, or None where it has no such record (X34)."""
    layouts = _inputs(application)
    code = record_id(text)
    layout = layouts.get((code, text[2:4])) if code == "54" else None
    layout = layout or layouts.get((code, ""))
    # CBP turns the small letters of details into capitals (B&B v23 p.9).
    return InputRecord(layout, text.upper(), position) if layout else None


@cache
def _inputs(application: str) -> dict[tuple[str, str], RecordLayout]:
    layouts = {
        (code, "" if variant in ("input", "output") else variant): layout
        for (code, variant), layout in record_layouts(application).items()
        if variant != "output"
    }
    if application in ("SE", "AE"):
        layouts |= {key: pga_layout for key, pga_layout in record_layouts("PGA").items() if key not in layouts}
    outputs = {"E0", "E1", "SE90", "4A", "JZ", *(f"J{letter}" for letter in "ABCDEFGHIJKLMN")}
    outputs |= {f"K{digit}" for digit in range(1, 9)}
    return {key: layout for key, layout in layouts.items() if key[0] not in outputs}
