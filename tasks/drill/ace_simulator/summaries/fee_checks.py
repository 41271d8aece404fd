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


def check(book: SimulatorState, draft: FiledSummary, report: ConditionReport) -> None:
    day = fee_day(book, draft)
    for line in draft.lines:
        _classes(line, report)
        _mpf(draft, line, report, day)
        _hmf(book, draft, line, report)
    _header_fees(book, draft, report, day)


def fee_day(book: SimulatorState, draft: FiledSummary) -> date:
    """ESF p.161: entry date, estimated entry date, release, statement, later arrival, receipt."""
    estimated = draft.day("11", "estimated_entry_date")
    statement = draft.head.day("preliminary_statement_print_date")
    arrival = draft.day("20", "estimated_date_of_arrival")
    later = arrival if arrival and arrival > book.today else None
    return entry_date(book, draft.number) or estimated or statement or later or book.today


def _harbor_day(book: SimulatorState, draft: FiledSummary) -> date:
    """ESF p.162: importation, in-bond, arrival, receipt."""
    found = (
        draft.day("11", "date_of_importation"),
        draft.day("20", "in_bond_in_transit_date"),
        draft.day("20", "estimated_date_of_arrival"),
    )
    return next((one for one in found if one), book.today)


def _classes(line: FiledSummaryLine, report: ConditionReport) -> None:
    seen: set[str] = set()
    for code, amount in line.fees:
        shown = on_fee(line, code, amount)
        report.check(not code, "248", *shown)
        report.check(code in HEADER_CLASSES or code in seen, "250", *shown)
        report.check(code and code not in LINE_CLASSES | HEADER_CLASSES, "249", *shown)
        seen.add(code)
    tax, other = line.first("60"), line.first("61")
    if tax:
        report.check(tax["accounting_class_code"] not in TAXES, "532", *on_line(line))
    if other:
        report.check(other["accounting_class_code"] != "672", "765", *on_line(line))


def mpf_exempt(draft: FiledSummary, line: FiledSummaryLine, day: date) -> bool:
    """ESF p.161, from the shared table of programmes, origins and chapters."""
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
        is_fee_exempt(MPF, "chapter", one.hts[:2], day) and not is_fee_exempt(MPF, "not_chapter", one.hts[:8], day)
        for one in line.tariffs
    )


def _mpf(draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport, day: date) -> None:
    given, now = line.fee(MPF), fee_period(MPF, day)
    if now is None or _express(draft):
        return
    informal = draft.kind in ("11", "12")
    if given is None:
        report.check(not informal and not mpf_exempt(draft, line, day), "633", *on_line(line))
        return
    shown = on_fee(line, MPF, given)
    if informal:
        report.add("630", *shown)
    elif line.set_part == "V":
        report.add("629", *shown)
    elif mpf_exempt(draft, line, day):
        report.add("632", *shown)
    else:
        report.check(given != fee_share(now.per_million, line.value), "634", *shown)


def _express(draft: FiledSummary) -> bool:
    return draft.head["consolidated_express_informal_indicator"] == "Y"


def _hmf(book: SimulatorState, draft: FiledSummary, line: FiledSummaryLine, report: ConditionReport) -> None:
    """ESF p.162: the sum of the line's values times the rate, to the cent."""
    given, day = line.fee(HMF), _harbor_day(book, draft)
    barred = is_fee_exempt(HMF, "entry_type", draft.kind, day)
    if given is None:
        needed = draft.mode == "12" and not barred and line.set_part != "V"
        report.check(needed and not _negligible(book, draft), "600", *on_line(line))
        return
    shown = on_fee(line, HMF, given)
    report.check(barred, "481", *shown)
    report.check(draft.mode not in ("10", "11", "12"), "482", *shown)
    report.check(line.set_part == "V", "480", *shown)
    now = fee_period(HMF, day)
    report.check(now and given != fee_share(now.per_million, line.value), "601", *shown)


def _negligible(book: SimulatorState, draft: FiledSummary) -> bool:
    """Whether all of the HMF is within the de minimis and nothing else is due."""
    now = fee_period(HMF, _harbor_day(book, draft))
    whole = sum(fee_share(now.per_million if now else 0, line.value) for line in draft.lines)
    return whole <= DE_MINIMIS and not due_besides_harbor(draft)


def due_besides_harbor(draft: FiledSummary) -> int:
    duty = sum(tariff.duty for line in draft.lines for tariff in line.tariffs)
    fees = sum(amount for line in draft.lines for code, amount in line.fees if code != HMF)
    return duty + fees + sum(amount for _, amount in draft.header_fees) + sum(other_revenue(draft))


def other_revenue(draft: FiledSummary) -> tuple[int, int, int]:
    """IR tax, other revenue, AD/CVD duty of all lines."""
    tax = other = cases = 0
    for line in draft.lines:
        tax += sum(one.number("ir_tax_amount") for one in line.all("60"))
        other += sum(one.number("other_revenue_amount") for one in line.all("61"))
        cases += sum(one.number("ad_cvd_duty_amount") for one in line.all("53"))
    return tax, other, cases


def _header_fees(book: SimulatorState, draft: FiledSummary, report: ConditionReport, day: date) -> None:
    given = draft.header_fees
    codes = [code for code, _ in given]
    for place, (code, amount) in enumerate(given, 1):
        shown = ("HDRFEE", place, f"{code} {amount:8d}")
        report.check(code in LINE_CLASSES or code == SURCHARGE, "250", shown)
        report.check(code not in LINE_CLASSES | HEADER_CLASSES, "249", shown)
        report.check(codes.count(code) > 1, "254", shown)
        report.check(code == MAIL and draft.mode != "50", "250", shown)
    _informal(book, draft, report, day, dict(given))


def _informal(
    book: SimulatorState, draft: FiledSummary, report: ConditionReport, day: date, given: dict[str, int]
) -> None:
    """ESF p.163: the fixed fee of an informal, unless the goods, port or way exempt it."""
    informal = draft.kind in ("11", "12")
    amount, now = given.get(INFORMAL), fee_period(INFORMAL, day)
    free = (
        draft.mode == "50"
        or bool(book.run("SELECT 1 FROM ports WHERE code = ? AND no_informal_fee", draft.port))
        or _express(draft)
        or all(_article_exempt(draft, line, day) for line in draft.lines)
    )
    loose = draft.consolidated or draft.mode == "70"
    if amount is None:
        report.check(informal and not free and not loose, "636")
        return
    report.check(not informal, "637")
    report.check(informal and free, "635")
    right = now is None or amount == now.amount
    more = draft.consolidated and now is not None and amount > now.amount
    report.check(informal and not (right or more or draft.mode == "70"), "638")


def _article_exempt(draft: FiledSummary, line: FiledSummaryLine, day: date) -> bool:
    """Exempt for what the article is; that it is informal does not count here."""
    origin = line.head["country_of_origin_code"]
    program = line.head["trade_agreement_special_program_claim_code"]
    return is_fee_exempt(MPF, "origin", origin, day) or is_fee_exempt(MPF, "program", program, day)
