"""Fees of the lines, and totals that must be their sums (AE 2026-07 p.128-131, 161-165, 173-174).

Which of several days decides a fee is the chapter's order for it. Cents throughout.
"""

from __future__ import annotations

from datetime import date

from tasks.drill.ace_simulator.batches.input_records import code_set
from tasks.drill.ace_simulator.state_database import SimulatorState
from tasks.drill.ace_simulator.summaries.fee_rates import DE_MINIMIS, fee_period, fee_share, is_fee_exempt
from tasks.drill.ace_simulator.summaries.filed_summary import (
    ConditionReport,
    FiledSummary,
    FiledSummaryLine,
    on_fee,
    on_line,
)
from tasks.drill.ace_simulator.summaries.header_checks import entry_date

MPF, HMF, INFORMAL, MAIL, SURCHARGE = "499", "501", "311", "496", "500"
LINE_CLASSES = code_set("053 054 055 056 057 079 090 102 103 104 105 106 107 108 109 110 124 125 499 501")
HEADER_CLASSES = frozenset((INFORMAL, MAIL, SURCHARGE))
TAXES = code_set("016 017 018 022")


def check(database: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    day = fee_day(database, draft)
    for line in draft.lines:
        _classes(line, report)
        _mpf(draft, line, report, day)
        _hmf(database, draft, line, report)
    _header_fees(database, draft, report, day)


def fee_day(database: SimulatorState, draft: FiledSummary) -> date:
    """ESF p.161: entry date, estimated entry date, release, statement, later arrival, receipt."""
    estimated = draft.day("11", "estimated_entry_date")
    statement = draft.head.day("preliminary_statement_print_date")
    arrival = draft.day("20", "estimated_date_of_arrival")
    later = arrival if arrival and arrival > database.today else None
    return entry_date(database, draft.number) or estimated or statement or later or database.today


def _harbor_day(database: SimulatorState, draft: FiledSummary) -> date:
    """ESF p.162: importation, in-bond, arrival, receipt."""
    days = (
        draft.day("11", "date_of_importation"),
        draft.day("20", "in_bond_in_transit_date"),
        draft.day("20", "estimated_date_of_arrival"),
    )
    return next((day for day in days if day), database.today)


def _classes(line: FiledSummaryLine, report: ConditionReport) -> None:
    codes: set[str] = set()
    for code, amount in line.fees:
        references = on_fee(line, code, amount)
        report.check(not code, "248", *references)
        report.check(code in HEADER_CLASSES or code in codes, "250", *references)
        report.check(code and code not in LINE_CLASSES | HEADER_CLASSES, "249", *references)
        codes.add(code)
    tax, other_fee = line.first("60"), line.first("61")
    if tax:
        report.check(tax["accounting_class_code"] not in TAXES, "532", *on_line(line))
    if other_fee:
        report.check(other_fee["accounting_class_code"] != "672", "765", *on_line(line))


def mpf_exempt(draft: FiledSummary, line: FiledSummaryLine, day: date) -> bool:
    """ESF p.161, from the shared table of programs, origins and chapters."""
    facts = {
        "entry_type": draft.kind,
        "origin": line.head["country_of_origin_code"],
        "program": line.head["trade_agreement_special_program_claim_code"],
        "article_set": line.set_part,
    }
    zone = line.first("41")
    if zone:
        facts["zone_status"] = zone["ftz_merchandise_status_code"]
    if any(is_fee_exempt(MPF, kind, code, day) for kind, code in facts.items()):
        return True
    return any(
        is_fee_exempt(MPF, "chapter", tariff.hts[:2], day)
        and not is_fee_exempt(MPF, "not_chapter", tariff.hts[:8], day)
        for tariff in line.tariffs
    )


def _mpf(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport, day: date) -> None:
    amount, period = line.fee(MPF), fee_period(MPF, day)
    if period is None or draft.express:
        return
    informal = draft.kind in ("11", "12")
    if amount is None:
        report.check(not informal and not mpf_exempt(draft, line, day), "633", *on_line(line))
        return
    references = on_fee(line, MPF, amount)
    if informal:
        report.add("630", *references)
    elif line.set_part == "V":
        report.add("629", *references)
    elif mpf_exempt(draft, line, day):
        report.add("632", *references)
    else:
        report.check(amount != fee_share(period.per_million, line.value), "634", *references)


def _hmf(database: SimulatorState, draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    """ESF p.162: the sum of the line's values times the rate, to the cent."""
    amount, day = line.fee(HMF), _harbor_day(database, draft)
    barred = is_fee_exempt(HMF, "entry_type", draft.kind, day)
    if amount is None:
        needed = draft.mode == "12" and not barred and line.set_part != "V"
        report.check(needed and not _negligible(database, draft), "600", *on_line(line))
        return
    references = on_fee(line, HMF, amount)
    report.check(barred, "481", *references)
    report.check(draft.mode not in ("10", "11", "12"), "482", *references)
    report.check(line.set_part == "V", "480", *references)
    period = fee_period(HMF, day)
    report.check(period and amount != fee_share(period.per_million, line.value), "601", *references)


def _negligible(database: SimulatorState, draft: FiledSummary) -> bool:
    """Whether all of the HMF is within the de minimis and nothing else is due."""
    period = fee_period(HMF, _harbor_day(database, draft))
    total = sum(fee_share(period.per_million if period else 0, line.value) for line in draft.lines)
    return total <= DE_MINIMIS and not due_besides_harbor(draft)


def due_besides_harbor(draft: FiledSummary) -> int:
    duty = sum(tariff.duty for line in draft.lines for tariff in line.tariffs)
    fees = sum(amount for line in draft.lines for code, amount in line.fees if code != HMF)
    return duty + fees + sum(amount for _, amount in draft.header_fees) + sum(other_revenue(draft))


def other_revenue(draft: FiledSummary) -> tuple[int, int, int]:
    """IR tax, other revenue, AD/CVD duty of all lines."""
    tax = other_amount = cases = 0
    for line in draft.lines:
        tax += sum(record.number("ir_tax_amount") for record in line.all("60"))
        other_amount += sum(record.number("other_revenue_amount") for record in line.all("61"))
        cases += sum(record.number("ad_cvd_duty_amount") for record in line.all("53"))
    return tax, other_amount, cases


def _header_fees(database: SimulatorState, draft: FiledSummary, report: ConditionReport, day: date) -> None:
    fees = draft.header_fees
    codes = [code for code, _ in fees]
    for position, (code, amount) in enumerate(fees, 1):
        reference = ("HDRFEE", position, f"{code} {amount:8d}")
        report.check(code in LINE_CLASSES or code == SURCHARGE, "250", reference)
        report.check(code not in LINE_CLASSES | HEADER_CLASSES, "249", reference)
        report.check(codes.count(code) > 1, "254", reference)
        report.check(code == MAIL and draft.mode != "50", "250", reference)
    _informal(database, draft, report, day, dict(fees))


def _informal(
    database: SimulatorState, draft: FiledSummary, report: ConditionReport, day: date, fees: dict[str, int]
) -> None:
    """ESF p.163: the fixed fee of an informal, unless the goods, port or way exempt it."""
    informal = draft.kind in ("11", "12")
    amount, period = fees.get(INFORMAL), fee_period(INFORMAL, day)
    is_exempt = (
        draft.mode == "50"
        or bool(database.run("SELECT 1 FROM ports WHERE code = ? AND no_informal_fee", draft.port))
        or draft.express
        or all(_article_exempt(draft, line, day) for line in draft.lines)
    )
    is_unchecked = draft.consolidated or draft.mode == "70"
    if amount is None:
        report.check(informal and not is_exempt and not is_unchecked, "636")
        return
    report.check(not informal, "637")
    report.check(informal and is_exempt, "635")
    is_right = period is None or amount == period.amount
    is_more = draft.consolidated and period is not None and amount > period.amount
    report.check(informal and not (is_right or is_more or draft.mode == "70"), "638")


def _article_exempt(draft: FiledSummary, line: FiledSummaryLine, day: date) -> bool:
    """Exempt for what the article is; that it is informal does not count here."""
    origin = line.head["country_of_origin_code"]
    program = line.head["trade_agreement_special_program_claim_code"]
    return is_fee_exempt(MPF, "origin", origin, day) or is_fee_exempt(MPF, "program", program, day)
