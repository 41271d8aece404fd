"""Record layouts of the CBP message sets, read from `data/catair/*.csv`.

A layout is data: a new version of a chapter is a new file. Columns of an application's file:
record, variant, field, start (1-based), length, class, designation, blank, constant, justify.

Code lists of the chapters, from `data/ace/codes.csv`: set, codes, source.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.resources import files
from itertools import takewhile


def code_list(name: str) -> tuple[str, ...]:
    """The codes of a set. Raises KeyError for a set that is not in the table."""
    return _sets()[name]


@cache
def _sets() -> dict[str, tuple[str, ...]]:
    text = (files("continuity_data") / "ace" / "codes.csv").read_text(encoding="utf-8")
    return {row["set"]: tuple(row["codes"].split()) for row in csv.DictReader(text.splitlines())}


APPLICATIONS = ("BB", "SE", "AE", "EQ", "CQ", "KI", "PGA", "CB", "PF", "MS", "SO", "UC", "CW")
"""Message sets by their chapter. BB is the envelope (A, B, Y, Z, X0, X1)."""

CLASSES = ("A", "AN", "N", "SN", "D", "X", "S")
"""CBP's data classes; SN stands for (S)N (CATAIR SE v40 p.20). S is spaces only: filler."""

RECORD_WIDTH = 80


@dataclass(frozen=True, slots=True)
class LayoutField:
    """One field: columns start to end, both 1-based and inclusive."""

    name: str
    start: int
    length: int
    cls: str
    designation: str
    may_be_blank: bool = False
    constant: str = ""
    justify: str = ""

    @property
    def end(self) -> int:
        return self.start + self.length - 1

    @property
    def span(self) -> slice:
        """Columns of a 0-based record matrix."""
        return slice(self.start - 1, self.end)

    @property
    def is_filler(self) -> bool:
        return self.cls == "S"

    @property
    def is_date(self) -> bool:
        """Class D, or the six digits MMDDYY that CBP prints as N or AN."""
        return self.cls == "D" or (self.length == 6 and self.cls in ("N", "AN") and "date" in self.name.split("_"))

    @property
    def right(self) -> bool:
        """Right-justified: numbers, and the few text fields that say so (CQ WR1 11-19)."""
        return self.justify == "R" or (self.cls in ("N", "SN") and not self.constant)

    @property
    def required(self) -> bool:
        """Must not be blank in a record."""
        return self.designation == "M" and not self.may_be_blank and not self.is_filler


@dataclass(frozen=True)
class RecordLayout:
    """One record's layout. The fields tile columns 1-80 in order."""

    application: str
    record: str
    variant: str
    source: str
    pages: str
    fields: tuple[LayoutField, ...] = field(repr=False)

    @cached_property
    def by_name(self) -> dict[str, LayoutField]:
        return {field.name: field for field in self.fields}

    @cached_property
    def data_fields(self) -> tuple[LayoutField, ...]:
        """Fields that a table carries: neither filler nor constant."""
        return tuple(entry for entry in self.fields if not entry.is_filler and not entry.constant)

    @cached_property
    def prefix(self) -> bytes:
        """The constants at the head of the record: what tells it from others, `b"PG01"`."""
        constants = takewhile(bool, (field.constant for field in self.fields))
        return "".join(constants).encode("ascii")

    @property
    def title(self) -> str:
        return f"{self.application} {self.record}{f' ({self.variant})' if self.variant else ''}"

    def __getitem__(self, name: str) -> LayoutField:
        return self.by_name[name]

    def __hash__(self) -> int:
        return hash((self.application, self.record, self.variant))


def record_layout(application: str, record: str, variant: str = "") -> RecordLayout:
    """One layout. Raises KeyError for a record that the application does not have."""
    return record_layouts(application)[record, variant]


@cache
def record_layouts(application: str) -> dict[tuple[str, str], RecordLayout]:
    """All layouts of an application, keyed (record, variant), in the chapter's order."""
    if application not in APPLICATIONS:
        raise KeyError(application)
    groups: dict[tuple[str, str], list[LayoutField]] = defaultdict(list)
    for row in _rows(f"{application}.csv"):
        groups[row["record"], row["variant"]].append(_field(row))
    pages = _pages()
    return {
        (record, variant): RecordLayout(
            application=application,
            record=record,
            variant=variant,
            source=source(application),
            pages=pages[application, record, variant],
            fields=tuple(fields),
        )
        for (record, variant), fields in groups.items()
    }


@cache
def source(application: str) -> str:
    """Document, version and date of the chapter that the layouts were read from."""
    row = next(row for row in _rows("sources.csv") if row["application"] == application)
    version = f" version {row['version']}" if row["version"] else ""
    issued = f" ({row['issued']})" if row["issued"] else ""
    basis = "" if row["basis"] == "CBP original" else f", {row['basis']}"
    return f"{row['document']}{version}{issued}{basis}"


def _field(row: dict[str, str]) -> LayoutField:
    return LayoutField(
        name=row["field"],
        start=int(row["start"]),
        length=int(row["length"]),
        cls=row["class"],
        designation=row["designation"],
        may_be_blank=row["blank"] == "Y",
        constant=row["constant"],
        justify=row["justify"],
    )


@cache
def _pages() -> dict[tuple[str, str, str], str]:
    return {(row["application"], row["record"], row["variant"]): row["pages"] for row in _rows("records.csv")}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (files("continuity_data") / "catair" / name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())


@dataclass(frozen=True)
class PrivateSlot:
    """Where a private value belongs: record of the batch (from 0), column (from 1), length."""

    record_index: int
    column: int
    length: int
    reference: str
