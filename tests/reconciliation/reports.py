"""The accounting report of a made-up outage, for the tests of its rows and of its pages."""

from __future__ import annotations

import io

from pypdf import PdfReader

from tasks.reconciliation import (
    account as accounting,
    report as room,
)
from tasks.reconciliation.report import Report
from tasks.shared import clock
from tasks.shared.settings import Settings
from tests.reconciliation.house import Office
from tests.reconciliation.made_outage import (
    Outage,
)


def report_of(outage: Outage, house: Settings, importer: str = "", day: int = 24) -> Report:
    with clock.held(outage.at(day)):
        return room.build(outage.journal, outage.content, house, "2026-01", importer)


def rows(report: Report, numbers: list[str]) -> list[dict]:
    found = {row["number"]: row for row in report.numbers.to_pylist()}
    return [found[number] for number in numbers]


def texts(report: Report) -> list[str]:
    from tasks.reconciliation.report_pdf import render

    return [page.extract_text() for page in PdfReader(io.BytesIO(render(report))).pages]


def used(office: Office) -> list[str]:
    return [
        one.number for one in accounting.account(office.journal) if one.place != accounting.FREE
    ]
