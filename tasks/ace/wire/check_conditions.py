"""Condition codes: CBP's own (X03-X43, B16) and ours (C and three digits), and what a fault is.

CBP's texts are its narrative texts (Batch and Block Control v23 p.32-34). Ours say what is wrong
in our own words. Both stand in `data/ace/conditions.csv` with their source; those of the entry
summary, CBP's dictionary codes in our words, in `data/ace/ae_conditions.csv`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_TABLES = ("conditions.csv", "ae_conditions.csv")
ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True)
class CheckCondition:
    """One code. A warning is a deviation that CBP was seen to accept."""

    code: str
    severity: str
    text: str
    source: str


@dataclass(frozen=True, slots=True)
class FileFinding:
    """One fault at its place in a file.

    `record_index` counts records of the file from 0; `position` is the column from 1, or 0 for
    the whole record; `record` is the record id; `entry` is empty or XXX-NNNNNNN-C.
    """

    record_index: int
    position: int
    code: str
    severity: str
    text: str
    record: str = ""
    entry: str = ""

    @property
    def is_error(self) -> bool:
        return self.severity == ERROR

    def __str__(self) -> str:
        column = f" column {self.position}" if self.position else ""
        location = f"record {self.record_index + 1} {self.record}".rstrip() + column
        entry = f" of {self.entry}" if self.entry else ""
        return f"{self.code} {self.severity}: {location}{entry}: {self.text}"


@cache
def conditions() -> dict[str, CheckCondition]:
    """Every code, by code."""
    by_code: dict[str, CheckCondition] = {}
    for name in _TABLES:
        text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
        by_code |= {row["code"]: CheckCondition(**row) for row in csv.DictReader(text.splitlines())}
    return by_code


def condition_of_code(code: str) -> CheckCondition:
    """One code. Raises KeyError for a code that is not in the table."""
    return conditions()[code]


def make_finding(
    record_index: int, position: int, code: str, record: str = "", entry: str = "", detail: str = ""
) -> FileFinding:
    """A fault with the severity and text of its code; `detail` is appended to the text."""
    condition = condition_of_code(code)
    text = f"{condition.text}: {detail}" if detail else condition.text
    return FileFinding(record_index, position, code, condition.severity, text, record, entry)
