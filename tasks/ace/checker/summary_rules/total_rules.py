"""Entry summary rules of duty, tax, AD and CVD, and the totals: 50, 53, 60, 61, 88, 90.

AE 2026-07 p.98-100, 118, 128-131, 174, 181-183.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, Numbers, totals_by_owner
from tasks.ace.checker.summary_rules.fee_records import fee_facts
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, begins_with, rule
from tasks.ace.fees.fee_rates import MPF
from tasks.ace.wire.data_classes import Flags
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions, is_repeated, line_conditions

_NUMBER, _CLAIM, _KIND = "case_number", "bond_cash_claim_code", "case_rate_type_qualifier_code"
_RATE, _VALUE = "case_deposit_rate", "ad_cvd_value_of_goods_amount"
_QUANTITY, _OWED = "ad_cvd_quantity", "ad_cvd_duty_amount"
_PER_CENT, _PER_UNIT = 10_000, 10_000
_GRAND = (
    ("722", "duty", "50", "duty_amount"),
    ("724", "ir_tax", "60", "ir_tax_amount"),
    ("768", "other_revenue", "61", "other_revenue_amount"),
)


@rule("540", "541", "542", "511", "544", "545", "575", "507", "509", "706", "576")
def cases(summary: SummaryFacts) -> None:
    """53: kinds, rates and what goes with them (p.98-100, 181-183)."""
    rows = summary.rows("53")
    line = summary.under(rows, "40")
    for code, name, values in (("511", _CLAIM, ("B", "C")), ("540", _KIND, ("A", "S"))):
        summary.fault(code, rows, rows.given(name) & ~rows.says(name, *values), name)
    letter = rows.raw(_NUMBER)[:, 0]
    ad_or_cvd = (letter == ord("A")) | (letter == ord("C"))
    summary.fault("544", rows, ~ad_or_cvd, _NUMBER)
    summary.fault("545", rows, is_repeated((line << 8) | letter), _NUMBER)
    ad_valorem, specific = rows.says(_KIND, "A"), rows.says(_KIND, "S")
    summary.fault("541", rows, ad_valorem & (rows.number(_QUANTITY) > 0), _QUANTITY)
    summary.fault("542", rows, specific & (rows.number(_VALUE) > 0), _VALUE)
    summary.fault("575", rows, specific & (rows.number(_QUANTITY) == 0), _QUANTITY)
    heads = np.append(summary.set_header, False)[line]
    summary.fault("507", rows, heads, _NUMBER)
    summary.fault("509", rows, np.append(_repaired(summary), False)[line], _NUMBER)
    entries = summary.bind(summary.header, case=summary.cased)
    summary.report("706", header_conditions.case_missing, entries, summary.full, detail="53")
    summary.fault("576", rows, _mismatch(summary, line, ad_valorem, specific), _OWED)


def _repaired(summary: SummaryFacts) -> Flags:
    """(lines,) goods exported for repair or alteration."""
    tariffs = summary.rows("50")
    return summary.line_has(tariffs, begins_with(tariffs, code_list("charges_exempt_number")))


def _mismatch(summary: SummaryFacts, line: Index, ad_valorem: Flags, specific: Flags) -> Flags:
    """Duty that is not the rate times value or quantity, half-up, to the cent (p.182)."""
    rows = summary.rows("53")
    value = np.append(summary.line_value, 0)[line]
    value = np.where(rows.number(_VALUE) > 0, rows.number(_VALUE), value)
    rate, quantity = rows.number(_RATE), rows.number(_QUANTITY)
    by_value = (value * rate * 100 + _PER_CENT // 2) // _PER_CENT
    by_unit = (rate * quantity + _PER_UNIT // 2) // _PER_UNIT
    duty = rows.number(_OWED)
    return (ad_valorem & (duty != by_value)) | (specific & (duty != by_unit))


@rule("710")
def case_bonds(summary: SummaryFacts) -> None:
    """A case of five per cent or more, or of a specific rate, under a continuous bond alone: CBP
    may want a single transaction bond beside it (error 710)."""
    rows, bonds = summary.rows("53"), summary.rows("31")
    entry = summary.entry(rows)
    continuous, single = (summary.has("31", bonds.says("bond_type_code", kind))[entry] for kind in ("8", "9"))
    bound = summary.bind(rows, continuous=continuous, single=single)
    summary.report("710", line_conditions.case_under_continuous_bond, bound)


@rule("735", "727", "737", "739", "741", "743")
def case_totals(summary: SummaryFacts) -> None:
    """88: bonded and cash, AD and CVD; there if a case is, else where the type wants it (p.128)."""
    rows, case_rows = summary.rows("88"), summary.rows("53")
    maybe = summary.full & summary.is_type(*code_list("case_maybe_type"))
    missing = maybe & summary.cased & ~summary.has("88")
    summary.fault("735", summary.header, missing, "", "88")
    stray = maybe & ~summary.cased
    summary.fault("727", rows, stray[summary.entry(rows)])
    for code, letter, claim, name in (
        ("737", "A", "B", "total_bonded_ad_duty_amount"),
        ("739", "A", "C", "total_cash_deposit_ad_duty_amount"),
        ("741", "C", "B", "total_bonded_cv_duty_amount"),
        ("743", "C", "C", "total_cash_deposit_cv_duty_amount"),
    ):
        mine = case_rows.says(_CLAIM, claim) & (case_rows.raw(_NUMBER)[:, 0] == ord(letter))
        duty = _summed(summary, case_rows.at, np.where(mine, case_rows.number(_OWED), 0))
        summary.fault(code, rows, duty[summary.entry(rows)] != rows.number(name), name)


def _summed(summary: SummaryFacts, at: Index, value: Numbers) -> Numbers:
    return totals_by_owner(summary.owner(at), value, summary.entries)


@rule("722", "724", "726", "745", "747", "768", "C744")
def grand_totals(summary: SummaryFacts) -> None:
    """90: the sums of all lines; of the MPF its total in 89 (p.131, 174). Report zeroes."""
    rows = summary.rows("90")
    entry = summary.entry(rows)
    for code, total, record, field in _GRAND:
        summands = summary.rows(record)
        total_due = _summed(summary, summands.at, summands.number(field))
        name = f"grand_total_{total}_amount"
        summary.fault(code, rows, total_due[entry] != rows.number(name), name)
    summands = summary.rows("53")
    for code, total, letter in (("745", "ad_duty", "A"), ("747", "cv_duty", "C")):
        mine = summands.raw(_NUMBER)[:, 0] == ord(letter)
        total_due = _summed(summary, summands.at, np.where(mine, summands.number(_OWED), 0))
        name = f"grand_total_{total}_amount"
        summary.fault(code, rows, total_due[entry] != rows.number(name), name)
    fee = "grand_total_user_fee_amount"
    summary.fault("726", rows, _fees(summary)[entry] != rows.number(fee), fee)
    for name in ("duty", "user_fee", "ir_tax", "ad_duty", "cv_duty"):
        field = f"grand_total_{name}_amount"
        summary.fault("C744", rows, summary.full[entry] & rows.blank(field), field)


def _fees(summary: SummaryFacts) -> Numbers:
    """(entries,) cents of header and line fees, the MPF as its total says."""
    fees = fee_facts(summary)
    entry = summary.entry(fees.lines)
    other_fees = totals_by_owner(np.where(fees.of(MPF), -1, entry), fees.amount, summary.entries)
    head = sum((np.maximum(header_fee, 0) for header_fee in fees.header.values()), np.int64(0))
    return other_fees + head + np.maximum(fees.total(MPF), 0)


@rule("476", "478", "532", "764", "625", "C745")
def set_revenue(summary: SummaryFacts) -> None:
    """Which part of a set bears what: duty the header, tax and agricultural fees the components
    (p.160); classes of tax and other revenue (p.222, 247)."""
    tariffs, taxes, other_revenue = (summary.rows(record) for record in ("50", "60", "61"))
    component, heads = (np.append(flags, False) for flags in (summary.component, summary.set_header))
    duty = component[summary.tariff_line] & (tariffs.number("duty_amount") > 0)
    summary.fault("625", tariffs, duty, "duty_amount")
    summary.fault("476", taxes, heads[summary.under(taxes, "40")])
    fees = fee_facts(summary)
    managed = ~fees.of(MPF) & (fees.code != 501)
    summary.fault("478", fees.lines, heads[fees.line] & managed, "accounting_class_code")
    name = "accounting_class_code"
    summary.fault("532", taxes, ~taxes.says(name, *code_list("tax_class")), name)
    summary.fault("764", other_revenue, ~other_revenue.says(name, *code_list("other_revenue_class")), name)
    taxed = summary.has("60")
    deferred = summary.header.given("deferred_tax_payment_code")
    summary.fault("C745", summary.header, deferred & ~taxed, "deferred_tax_payment_code")


@rule("646", "648")
def informal_limit(summary: SummaryFacts) -> None:
    """An informal summary of no more than 2,500 dollars, or 10,000 of returned goods (646, 648)."""
    header, lines, tariffs = summary.header, summary.rows("40"), summary.rows("50")
    free = summary.consolidated | summary.express | header.says("shipment_usage_type_code", "P")
    judged = summary.full & summary.is_type(*code_list("informal_type")) & ~free
    if not judged.any():
        return
    unlimited = summary.has("50", begins_with(tariffs, code_list("exhibit_number")))
    returned = summary.has("50", begins_with(tariffs, code_list("returned_number")))
    limit = np.where(returned, 10_000, 2_500)
    value = summary.by_entry(tariffs, tariffs.number("value_of_goods_amount"))
    over = judged & ~unlimited & (value > limit)
    several = np.bincount(summary.line_entry, minlength=summary.entries) > 1
    summary.fault("648", header, over & several, "", "50 25-34")
    single = (over & ~several)[summary.line_entry]
    summary.fault("646", lines, single)
