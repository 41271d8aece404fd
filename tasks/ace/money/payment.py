"""How each importer pays: the payment table, one row an importer.

Columns: importer_number (`*`: all others), payment_type (10 rec 51), branch (10 rec 60-61),
account (whose ACH account: `filer` or `importer`), periodic_day (day of the month that the
monthly statement is printed; types 6, 7, 8 only). AE 2026-07 p.31-32, 174-176.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from tasks.entries import codes
from tasks.shared.business_days import Calendar
from tasks.shared.errors import BadInput, Problem

COLUMNS = ("importer_number", "payment_type", "branch", "account", "periodic_day")
OTHERS = "*"
ACCOUNTS = ("filer", "importer")
INDIVIDUAL = "1"
DAILY = ("2", "3", "5")
MONTHLY = ("6", "7", "8")
AS_DAILY = dict(zip(MONTHLY, DAILY, strict=True))
"""The daily statement that gathers the same summaries: where a monthly one is not allowed
(internal revenue tax, 718; no continuous bond, 208; importer not enrolled, 210)."""

Used = Mapping[tuple[date, str], int]
"""Cents that stand on a statement already, by its date and payer."""

_IMPORTER = re.compile(r"\d{2}-\d{7}([0-9A-Z]{2})?|\d{3}-\d{2}-\d{4}|\d{6}-\d{5}|~[0-9A-Z]{11}|\*")
_BRANCH = re.compile(r"[0-9A-Z]{0,2}")


@dataclass(frozen=True)
class Terms:
    """How one importer pays. `periodic_day` is 0 where no monthly statement is used."""

    importer_number: str
    payment_type: str
    branch: str = ""
    account: str = "filer"
    periodic_day: int = 0

    @property
    def payer(self) -> str:
        """Whose account is debited: `filer`, or the importer's number."""
        return "filer" if self.account == "filer" else self.importer_number


@dataclass(frozen=True)
class Payment:
    """What is needed to set statement dates when a run is sent.

    sent: day of sending. ceilings: cents a day by payer (`*` for each payer that is not named);
    none means no ceiling. calendar: working days. used: what earlier sendings put on statements.
    """

    terms: Mapping[str, Terms]
    sent: date
    ceilings: Mapping[str, int] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    used: Used = field(default_factory=dict)

    def of(self, importer_number: str | None) -> Terms | None:
        """The terms of an importer, else those of all others, else None."""
        own = self.terms.get(importer_number or "")
        if own is not None:
            return own
        rest = self.terms.get(OTHERS)
        if rest is None or importer_number is None:
            return rest
        return Terms(importer_number, *(getattr(rest, name) for name in COLUMNS[1:]))

    def ceiling(self, payer: str) -> int | None:
        return self.ceilings.get(payer, self.ceilings.get(OTHERS))


def terms(rows: Iterable[Mapping[str, object]], file: str = "") -> dict[str, Terms]:
    """The payment table from rows as dicts. Raises BadInput with every fault, row by row."""
    found: dict[str, Terms] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        text = {name: str(row.get(name) or "").strip() for name in COLUMNS}
        faults = list(_faults(text, found))
        problems.extend(
            Problem(
                file=file,
                row=number,
                column=column,
                value=text[column],
                code=code,
                values=values,
            )
            for column, code, values in faults
        )
        if not faults:
            day = int(text.pop("periodic_day") or 0)
            found[text["importer_number"]] = Terms(**text, periodic_day=day)
    if problems:
        raise BadInput("payment-table-invalid", problems, file=file or "the payment table")
    return found


def read_terms(path: Path) -> dict[str, Terms]:
    """The payment table of a CSV file. Raises BadInput as `terms` does."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            faults = [
                Problem(file=path.name, sheet="", row=1, column=name, code="payment-column-missing")
                for name in missing
            ]
            raise BadInput("payment-table-columns-missing", faults, name=path.name)
        return terms(reader, path.name)


def _faults(
    text: Mapping[str, str], known: Mapping[str, Terms]
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Column, the code of what is wrong, and its values."""
    if not _IMPORTER.fullmatch(text["importer_number"]):
        yield "importer_number", "payment-importer-invalid", {"others": OTHERS}
    elif text["importer_number"] in known:
        yield "importer_number", "payment-importer-duplicated", {}
    kinds = tuple(codes.meanings("payment_type"))
    if text["payment_type"] not in kinds:
        yield "payment_type", "payment-type-unknown", {"kinds": " ".join(kinds)}
    if not _BRANCH.fullmatch(text["branch"]):
        yield "branch", "payment-branch-invalid", {}
    elif text["branch"] and text["payment_type"] == INDIVIDUAL:
        yield "branch", "payment-branch-without-statement", {"kind": INDIVIDUAL}
    if text["account"] not in ACCOUNTS:
        yield "account", "payment-account-unknown", {"accounts": " or ".join(ACCOUNTS)}
    day = text["periodic_day"]
    monthly = text["payment_type"] in MONTHLY
    if monthly and not (day.isdigit() and 1 <= int(day) <= 31):
        yield "periodic_day", "periodic-day-invalid", {"kinds": ", ".join(MONTHLY)}
    elif day and not monthly:
        yield "periodic_day", "periodic-day-not-applicable", {}
