"""The accounting report of a made-up outage, for the tests of its rows and of its pages."""

from __future__ import annotations

import io

from pypdf import PdfReader

from tasks.core import clock
from tasks.core.settings import Settings
from tasks.reconciliation.accounting import number_account as accounting
from tasks.reconciliation.accounting.number_account import account_numbers
from tasks.reconciliation.accounting.report_data import AccountingReport, build_report
from tests.reconciliation.broker_office import Office
from tests.reconciliation.sample_outage import Outage


def report_of(outage: Outage, house: Settings, importer: str = "", day: int = 24) -> AccountingReport:
    with clock.held(outage.at(day)):
        return build_report(outage.journal, outage.content, house, "2026-01", importer)


def rows(report: AccountingReport, numbers: list[str]) -> list[dict]:
    found = {row["number"]: row for row in report.numbers.to_pylist()}
    return [found[number] for number in numbers]


def texts(report: AccountingReport) -> list[str]:
    from tasks.reconciliation.accounting.report_pdf import render_report

    return [page.extract_text() for page in PdfReader(io.BytesIO(render_report(report))).pages]


def used(office: Office) -> list[str]:
    return [one.number for one in account_numbers(office.journal) if one.place != accounting.FREE]
