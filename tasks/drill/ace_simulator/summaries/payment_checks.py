"""Payment intent and statement dates (AE 2026-07 p.174-176; dictionary 197-219, 263, 718)."""

from __future__ import annotations

from datetime import date, timedelta

from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.state_rows import FilerRow, ImporterRow, SummaryRow
from tasks.drill.ace_simulator.summaries.fee_rates import is_business_day
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary

DAILY, PERIODIC = ("2", "3", "5"), ("6", "7", "8")
MONTHLY_WORKING_DAY = 11
"""On which working day the preliminary monthly statement of a participant comes, in the simulator:
CBP agrees it with each one, the 11th at the latest is customary and not read in a chapter."""

_FIELDS = (
    "payment_type_code",
    "preliminary_statement_print_date",
    "periodic_statement_month",
    "statement_client_branch_identifier",
)


def check(
    database: SimulatorState, filer: FilerRow, draft: FiledSummary, report: ConditionReport, on_file: SummaryRow | None
) -> None:
    head = draft.head
    if draft.correction or (on_file is not None and on_file.is_returned):
        # Corrections after CBP took control carry no payment data (ESF p.176, 184).
        report.check(any(head[name] for name in _FIELDS), "217")
        return
    kind = head["payment_type_code"]
    if not kind:
        report.add("263")
        return
    report.check(kind not in ("1", *DAILY, *PERIODIC), "197")
    report.check(kind == "1" and head["preliminary_statement_print_date"], "199")
    month = head["periodic_statement_month"]
    report.check(kind not in PERIODIC and month, "200")
    branch = head["statement_client_branch_identifier"]
    report.check(branch and (kind == "1" or not filer.client_branch), "201")
    report.check(kind != "1" and filer.client_branch and not branch, "219")
    if kind in DAILY or kind in PERIODIC:
        _date(database.today, draft, report)
    if kind in PERIODIC:
        _periodic(database, filer, draft, report, month)


def _date(today: date, draft: FiledSummary, report: ConditionReport) -> None:
    name = "preliminary_statement_print_date"
    day = draft.head.day(name)
    report.check(not draft.head[name], "202")
    if day is None:
        return
    report.check(not is_business_day(day), "204")
    report.check(day <= today, "205")
    report.check(day > today + timedelta(days=90), "206")
    estimated = draft.day("11", "estimated_entry_date")
    report.check(estimated and estimated > day, "218")


def _periodic(
    database: SimulatorState, filer: FilerRow, draft: FiledSummary, report: ConditionReport, month: str
) -> None:
    report.check(not filer.monthly, "209")
    importer = database.first(ImporterRow, "number = ?", draft.record("11")["importer_of_record_number"])
    if draft.head["payment_type_code"] != "6":
        report.check(importer is not None and not importer.monthly, "210")
    report.check(any(line.first("60") for line in draft.lines), "718")
    if not month:
        report.add("211")
        return
    if not (month.isdigit() and 1 <= int(month) <= 12):
        report.add("212")
        return
    today = database.today
    report.check((int(month) - today.month) % 12 > 2, "213")
    day = draft.head.day("preliminary_statement_print_date")
    is_same_month = day is not None and day.month == int(month)
    report.check(is_same_month and day and day >= _statement_day(day), "215")


def _statement_day(day: date) -> date:
    statement = day.replace(day=1)
    remaining = MONTHLY_WORKING_DAY - is_business_day(statement)
    while remaining:
        statement += timedelta(days=1)
        remaining -= is_business_day(statement)
    return statement
