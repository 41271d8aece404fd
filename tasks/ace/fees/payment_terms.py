"""How each importer pays: the payment table, one row an importer.

Columns: importer_number (`*`: all others), payment_type (10 rec 51), branch (10 rec 60-61),
account (whose ACH account: `filer` or `importer`), periodic_day (day of the month that the
monthly statement is printed; types 6, 7, 8 only). AE 2026-07 p.31-32, 174-176.

Days on which a statement can be printed: a port's working days, in CBP's window.

AE 2026-07 p.174-176; errors 204 (weekend, holiday; local holidays too), 205 (at least one
business day ahead), 206 (at most 90 days), 218 (not before the estimated entry date).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from tasks.core.calendar import Calendar
from tasks.core.errors import BadInput, Problem
from tasks.entries.api import code_meanings

AHEAD = 90
"""Most days from sending to the statement (error 206)."""

SUMMARY_DUE_DAYS = 10
"""Working days from entry to summary and duty (19 CFR 142.12(b))."""

MONTHLY_DAY = 15
"""Working day of the following month that a monthly statement is paid by (periodic monthly)."""


def statement_window(calendar: Calendar, sent: date) -> tuple[date, date]:
    """First and last day that a summary sent on a day can name."""
    return calendar.after(sent), sent + timedelta(days=AHEAD)


COLUMNS = ("importer_number", "payment_type", "branch", "account", "periodic_day")
OTHER_IMPORTERS = "*"
ACCOUNTS = ("filer", "importer")
INDIVIDUAL = "1"
DAILY = ("2", "3", "5")
MONTHLY = ("6", "7", "8")
AS_DAILY = dict(zip(MONTHLY, DAILY, strict=True))
"""The daily statement that gathers the same summaries: where a monthly one is not allowed
(internal revenue tax, 718; no continuous bond, 208; importer not enrolled, 210)."""

CeilingUse = Mapping[tuple[date, str], int]
"""Cents that stand on a statement already, by its date and payer."""

_IMPORTER = re.compile(r"\d{2}-\d{7}([0-9A-Z]{2})?|\d{3}-\d{2}-\d{4}|\d{6}-\d{5}|~[0-9A-Z]{11}|\*")
_BRANCH = re.compile(r"[0-9A-Z]{0,2}")


@dataclass(frozen=True)
class PaymentTerms:
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
class PaymentSetup:
    """What is needed to set statement dates when a run is sent.

    sent: day of sending. ceilings: cents a day by payer (`*` for each payer that is not named);
    none means no ceiling. calendar: working days. used: what earlier sendings put on statements.
    """

    terms: Mapping[str, PaymentTerms]
    sent: date
    ceilings: Mapping[str, int] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    used: CeilingUse = field(default_factory=dict)

    def of(self, importer_number: str | None) -> PaymentTerms | None:
        """The terms of an importer, else those of all others, else None."""
        terms = self.terms.get(importer_number or "")
        if terms is not None:
            return terms
        fallback = self.terms.get(OTHER_IMPORTERS)
        if fallback is None or importer_number is None:
            return fallback
        return PaymentTerms(importer_number, *(getattr(fallback, name) for name in COLUMNS[1:]))

    def ceiling(self, payer: str) -> int | None:
        return self.ceilings.get(payer, self.ceilings.get(OTHER_IMPORTERS))


def terms_from_rows(rows: Iterable[Mapping[str, object]], file: str = "") -> dict[str, PaymentTerms]:
    """The payment table from rows as dicts. Raises BadInput with every fault, row by row."""
    terms: dict[str, PaymentTerms] = {}
    problems: list[Problem] = []
    for number, row in enumerate(rows, start=2):
        text = {name: str(row.get(name) or "").strip() for name in COLUMNS}
        faults = list(_faults(text, terms))
        problems.extend(
            Problem(file=file, row=number, column=column, value=text[column], code=code, values=values)
            for column, code, values in faults
        )
        if not faults:
            day = int(text.pop("periodic_day") or 0)
            terms[text["importer_number"]] = PaymentTerms(**text, periodic_day=day)
    if problems:
        raise BadInput("payment-table-invalid", problems, file=file or "the payment table")
    return terms


def read_terms(path: Path) -> dict[str, PaymentTerms]:
    """The payment table of a CSV file. Raises BadInput as `terms` does."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            faults = [
                Problem(file=path.name, sheet="", row=1, column=name, code="payment-column-missing") for name in missing
            ]
            raise BadInput("payment-table-columns-missing", faults, name=path.name)
        return terms_from_rows(reader, path.name)


def _faults(
    text: Mapping[str, str], earlier: Mapping[str, PaymentTerms]
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Column, the code of what is wrong, and its values."""
    if not _IMPORTER.fullmatch(text["importer_number"]):
        yield "importer_number", "payment-importer-invalid", {"others": OTHER_IMPORTERS}
    elif text["importer_number"] in earlier:
        yield "importer_number", "payment-importer-duplicated", {}
    kinds = tuple(code_meanings("payment_type"))
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
