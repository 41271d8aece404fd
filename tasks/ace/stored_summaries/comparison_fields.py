"""Which fields of a stored summary are compared with what our AE would say, and how: as data.

`data/ace/summary_compared.csv`, one row a field of a record that ACE returns (10 to 90, EQ v26 p.52)
and one for each column of the image tables that has no field of its own. `kind`: how values are
read; empty where the field is not compared, and `why` says why not; `whole` for what no field holds (a
set of bills, a line). `qualifier`: of several records of one
id, which (second bond, article party, case). `unknown`: why our side may be unable to say anything.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import numpy as np

from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.record_layouts import RECORD_WIDTH, RecordLayout, record_layout
from tasks.entries.api import field_named

KEY = "key"
"""A kind: by this both sides are found, so it never differs by itself."""

WHOLE = "whole"
"""A kind: what is compared as one, with a title here and no field of a record."""

ENTERED_VALUE = "entered_value"

COMPARED_NUMBERS = {"count": 1, "dollars": 1, "cents": 100, "hundredths": 100, "parts": 10_000}
"""Kinds of numbers, and how many of the last place make one. A blank number is zero."""

KINDS = ("text", "party", "date", *COMPARED_NUMBERS, KEY, WHOLE)
COMPARED_BILLS = ("22", "23")
COMPARED_RELEASES = "32"
COMPARED_SETS = (*COMPARED_BILLS, COMPARED_RELEASES)
"""Records that are compared as sets: their order says nothing."""

_BLANK_IS_ZERO = 0xEF
"""All bits of a digit but the one in which `0` and the blank of padding differ."""


@dataclass(frozen=True)
class ComparedField:
    """One row of the table. `column`: the table and column of the image that holds the field."""

    record: str
    qualifier: str
    field: str
    kind: str
    column: str
    title: str
    unknown: str
    why: str

    @property
    def id(self) -> str:
        """The field as a difference names it: `40.charges_amount`, `entered_value`."""
        return f"{self.record}.{self.field}" if self.record else self.field

    @property
    def name(self) -> str:
        """What a person calls it: as the workbook does, where it stands there."""
        if self.title or not self.column:
            return self.title or self.field
        return field_named(*self.column.split(".")).title


@cache
def comparison_table() -> tuple[ComparedField, ...]:
    """The table, in its order."""
    path = files("continuity_data") / "ace" / "summary_compared.csv"
    text = path.read_text(encoding="utf-8")
    return tuple(ComparedField(**row) for row in csv.DictReader(text.splitlines()))


@cache
def compared_records() -> tuple[str, ...]:
    """The records of which anything is compared, in the order of a summary."""
    return tuple(dict.fromkeys(field.record for field in comparison_table() if field.record and field.kind))


@cache
def compared_fields(record: str, qualifier: str = "") -> tuple[ComparedField, ...]:
    """The fields of a record that can differ. A qualifier without rows of its own is read as the first."""
    rows = [row for row in comparison_table() if row.record == record and row.kind not in ("", KEY)]
    if marked := tuple(row for row in rows if row.qualifier == qualifier):
        return marked
    first = [row for row in rows if row.qualifier == rows[0].qualifier]
    has_marks = any(row.qualifier for row in rows)
    return tuple(replace(row, title=f"{row.field} ({qualifier})") if has_marks else row for row in first)


@cache
def field_title(field: str, qualifier: str = "") -> str:
    """What a person calls the field of a difference. Raises KeyError for a field that none can have."""
    records_ = {row.id: row.record for row in comparison_table() if row.field}
    return next(row.name for row in compared_fields(records_[field], qualifier) if row.id == field).format(qualifier)


@cache
def compared_layout(record: str) -> RecordLayout:
    return record_layout("AE", record)


@cache
def compared_bits(record: str, *, keys: bool = False) -> Bytes:
    """(80,) the bits in which two records must agree to say the same, for sure. `keys`: in those by
    which they are found too."""
    bits = np.zeros(RECORD_WIDTH, dtype=np.uint8)
    for field in comparison_table():
        if field.record == record and field.kind and (keys or field.kind != KEY):
            span = compared_layout(record)[field.field].span
            bits[span] = _BLANK_IS_ZERO if field.kind in COMPARED_NUMBERS else 0xFF
    return bits
