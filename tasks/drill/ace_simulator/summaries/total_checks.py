"""Totals of an entry summary: the sums of what it says (AE 2026-07 p.128-131, 173-174)."""

from __future__ import annotations

from datetime import date

from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.summaries.fee_checks import (
    HEADER_CLASSES,
    HMF,
    INFORMAL,
    LINE_CLASSES,
    MAIL,
    MPF,
    SURCHARGE,
    due_besides_harbor,
    fee_day,
    other_revenue,
)
from tasks.drill.ace_simulator.summaries.fee_rates import DE_MINIMIS, fee_period
from tasks.drill.ace_simulator.summaries.filed_summary import ConditionReport, FiledSummary, on_fee_total, sums_by_class


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    _fee_totals(draft, report, fee_day(database, draft))
    _cases(draft, report)
    _grand(draft, report)


def _fee_totals(draft: FiledSummary, report: ConditionReport, day: date) -> None:
    totals = draft.fee_totals
    codes = [code for code, _ in totals]
    lines = sums_by_class(pair for line in draft.lines for pair in line.fees)
    header = sums_by_class(draft.header_fees)
    for code, amount in totals:
        references = report.total(on_fee_total(draft, code))
        report.check(code not in LINE_CLASSES | HEADER_CLASSES, "734", *references)
        report.check(codes.count(code) > 1, "254", *references)
        if code not in lines and code not in header:
            report.add("717", *references)
        elif code == MPF:
            wrong = _mpf_total(draft, lines[MPF], amount, day)
            report.check(wrong, wrong, *references)
        else:
            expected = lines.get(code, 0) + header.get(code, 0)
            report.check(amount != expected, _TOTALS.get(code, "720"), *references)
    report.check(lines and set(lines) - set(codes), "716", *report.total())
    report.check(header and set(header) - set(codes), "715", *report.total())
    report.check(totals and not lines and not header, "712", *report.total())
    is_small = lines.get(HMF, 0) <= DE_MINIMIS and not due_besides_harbor(draft)
    report.check(HMF in lines and is_small, "602", *report.after_lines())


_TOTALS = {HMF: "719", INFORMAL: "731", MAIL: "730", SURCHARGE: "732"}


def _mpf_total(draft: FiledSummary, of_lines: int, total: int, day: date) -> str:
    """ESF p.173-174: at least the minimum, at most the maximum, else the sum of the lines.

    The condition code, or blank. A consolidated summary may exceed the maximum, and a fixed
    transport one need not keep to either.
    """
    period = fee_period(MPF, day)
    if period is None or draft.mode == "70":
        return ""
    if of_lines <= period.minimum:
        return "639" if total != period.minimum else ""
    if of_lines >= period.maximum:
        is_over = draft.consolidated and total > period.maximum
        return "640" if total != period.maximum and not is_over else ""
    return "641" if total != of_lines else ""


def _cases(draft: FiledSummary, report: ConditionReport) -> None:
    """The four sums of the 88 record, and AD and CVD in the 90 record."""
    record = draft.record("88")
    grand = draft.record("90")
    for letter, name, codes in (("A", "ad", ("737", "739", "745", "744")), ("C", "cv", ("741", "743", "747", "746"))):
        cases = [case for line in draft.lines for case in line.all("53") if case["case_number"].startswith(letter)]
        deposits = {"B": 0, "C": 0}
        for case in cases:
            claim = case["bond_cash_claim_code"]
            deposits[claim] = deposits.get(claim, 0) + case.number("ad_cvd_duty_amount")
        stated_total = grand.number(f"grand_total_{name}_duty_amount")
        if draft.has("88"):
            bonded = record.number(f"total_bonded_{name}_duty_amount")
            cash = record.number(f"total_cash_deposit_{name}_duty_amount")
            report.check(bonded != deposits["B"], codes[0], *report.total())
            report.check(cash != deposits["C"], codes[1], *report.total())
        report.check(cases and stated_total != sum(deposits.values()), codes[2], *report.total())
        report.check(not cases and stated_total, codes[3], *report.total())


def _grand(draft: FiledSummary, report: ConditionReport) -> None:
    """ESF p.174: the grand totals are the sums of what the summary says."""
    if not draft.has("90"):
        report.add("701" if draft.totals else "700", *report.after_lines())
        return
    record = draft.record("90")
    for name, code in _NUMBERS.items():
        report.check(not record[f"grand_total_{name}_amount"], code, *report.total())
    duty = sum(tariff.duty for line in draft.lines for tariff in line.tariffs)
    tax, other_amount, _ = other_revenue(draft)
    fees = sum(amount for _, amount in draft.fee_totals)
    for name, expected, code in (
        ("duty", duty, "722"),
        ("user_fee", fees, "726"),
        ("ir_tax", tax, "724"),
        ("other_revenue", other_amount, "768"),
    ):
        report.check(record.number(f"grand_total_{name}_amount") != expected, code, *report.total())


_NUMBERS = {"duty": "721", "user_fee": "725", "ir_tax": "723", "ad_duty": "728", "cv_duty": "729"}
