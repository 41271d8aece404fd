"""The entry record as data: `data/record.csv`, one row a field, read once.

Levels: `key`; `set` (by the books); `release` and `release?` (always, or under a condition, before
an entry can be recorded); `outcome` (what the port did); `summary?` (only the entry summary);
`private` (kept encrypted); `optional`.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

RECORD_TABLES = (
    "entries",
    "bills",
    "conveyances",
    "equipment",
    "parties",
    "lines",
    "tariffs",
    "pga",
    "documents",
    "voided",
)
RECORD_SHEETS = {table: "PGA" if table == "pga" else table.capitalize() for table in RECORD_TABLES}
TYPES = ("text", "integer", "date", "flag", "decimal")
_NUMBER_FIELDS = ("importer_number", "consignee_number", "notify_party", "number", "sold_to", "delivered_to")
REFERENCE = r"~[A-Z0-9]{11}"
"""The reference that replaces a private value."""


@dataclass(frozen=True)
class RecordField:
    """One field. `width`: characters or digits (0: none), decimals counted. `form`: what a text
    must match as a whole; `example`: the same for a person. `fold`: what reading does to a text
    before that, `upper` (CBP would do so itself), `digits` (dots, hyphens, blanks dropped) or `tariff`
    (these, and zeros in place of a statistical suffix: `canonical_tariff_number`)."""

    table: str
    name: str
    title: str
    type: str
    width: int
    level: str
    codes: str
    form: str
    example: str
    fold: str
    note: str

    @property
    def sheet(self) -> str:
        return RECORD_SHEETS[self.table]

    @property
    def private(self) -> bool:
        """True where a reference may stand in place of the value."""
        return self.level == "private" or self.name in _NUMBER_FIELDS

    @property
    def code_like(self) -> bool:
        """True where lower case or a number in place of text is a fault, not a spelling."""
        return bool(self.codes or (self.form and self.fold != "upper"))


@cache
def _all_fields() -> dict[str, tuple[RecordField, ...]]:
    text = files("continuity_data").joinpath("record.csv").read_text(encoding="utf-8")
    fields: dict[str, list[RecordField]] = {table: [] for table in RECORD_TABLES}
    for row in csv.DictReader(text.splitlines()):
        row["name"] = row.pop("field")
        width = int(row.pop("width") or 0)
        fields[row["table"]].append(RecordField(**row, width=width))
    return {table: tuple(rows) for table, rows in fields.items()}


def fields_of(table: str) -> tuple[RecordField, ...]:
    """The fields of a table in the order of its sheet. Raises KeyError for no such table."""
    return _all_fields()[table]


@cache
def field_named(table: str, name: str) -> RecordField:
    """One field. Raises KeyError if there is none of that name."""
    for candidate in fields_of(table):
        if candidate.name == name:
            return candidate
    raise KeyError(f"{table}.{name}")


@cache
def key_names(table: str) -> tuple[str, ...]:
    """Names of the fields that rows of a table are sorted and joined by."""
    return tuple(f.name for f in fields_of(table) if f.level == "key")


@cache
def field_form(table: str, name: str) -> re.Pattern[str] | None:
    """The compiled form of a field, None where it has none."""
    form = field_named(table, name).form
    return re.compile(form) if form else None
