"""Entry summary rules of fees: 34, 62 and 89 (AE 2026-07 p.53, 120, 129, 160-174).

The day that decides is the file's own: CBP's entry date is not in it, so a total that is right for
a neighbouring fiscal year is a warning (C740), and exemptions by lists that are not CBP's own are
warnings too.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Numbers
from tasks.ace.checks.sums import totals
from tasks.ace.money import fees
from tasks.ace.money.fees import HMF, MPF
from tasks.ace.summary.fee_facts import fee_facts
from tasks.ace.summary.summary import Summary, rule
from tasks.ace.summary.tariffs import owing_98, repeated
from tasks.ace.wire.codes import codes

_CLASS, _AMOUNT = "accounting_class_code", "user_fee_amount"


@rule("249", "250", "254", "712", "788", "786")
def classes(summary: Summary) -> None:
    """Fee classes at their level, each once, and none on a consolidated express summary."""
    lines, header, totals_ = (summary.rows(record) for record in ("62", "34", "89"))
    line_codes, header_codes = codes("line_fee"), codes("header_fee")
    of_line = lines.says(_CLASS, *line_codes)
    summary.fault("249", lines, ~of_line & ~lines.says(_CLASS, *header_codes), _CLASS)
    summary.fault("250", lines, lines.says(_CLASS, *header_codes), _CLASS)
    for slot in (1, 2):
        name = f"accounting_class_code_{slot}"
        given = header.given(name)
        summary.fault("249", header, given & ~header.says(name, *header_codes, *line_codes), name)
        summary.fault("250", header, given & header.says(name, *line_codes), name)
    found = fee_facts(summary)
    key = (found.line << 10) | found.code
    summary.fault("254", lines, repeated(key), _CLASS)
    entry, code, _, at = found.stated
    again = np.zeros(len(totals_), dtype=bool)
    again[at[repeated((entry << 10) | code)]] = True
    summary.fault("254", totals_, again)
    summary.fault("788", lines, summary.express[summary.entry(lines)])
    summary.fault("786", header, summary.express[summary.entry(header)])
    bare = ~(summary.has("34") | summary.has("62"))
    summary.fault("712", totals_, bare[summary.entry(totals_)])


@rule("629", "630", "632", "633", "634", "C741")
def line_mpf(summary: Summary) -> None:
    """499 of each line: there where owed, and value times rate (p.161)."""
    found = fee_facts(summary)
    rows, lines = found.lines, summary.rows("40")
    formal = found.of(MPF)
    entry = summary.entry(rows)
    summary.fault("629", rows, formal & np.append(summary.component, False)[found.line], _CLASS)
    informal = summary.is_type(*codes("informal_type"))
    summary.fault("630", rows, formal & informal[entry], _CLASS)
    certain, listed = found.exempt
    stray = formal & ~np.append(summary.component, False)[found.line] & ~informal[entry]
    summary.fault("632", rows, stray & np.append(certain, False)[found.line], _CLASS)
    doubtful = np.append(listed & ~certain, False)[found.line]
    summary.fault("C741", rows, stray & doubtful, _CLASS, "exempt by a list")
    held = np.bincount(found.line[formal & (found.line >= 0)], minlength=len(lines)) > 0
    judged = summary.full & ~informal & ~summary.is_type("23") & ~summary.express
    owing = judged[summary.line_entry] & ~summary.component & ~listed & ~held
    summary.fault("633", lines, owing)
    right = _mpf(summary, found.decides(MPF))
    wrong = formal & (found.line >= 0) & (np.append(right, -1)[found.line] != found.amount)
    summary.fault("634", rows, wrong & (np.append(right, -1)[found.line] >= 0), _AMOUNT)


def _mpf(summary: Summary, decides: Numbers) -> Numbers:
    """(lines,) the MPF of each line's value; -1 where no day or no rate is known."""
    tariffs = summary.rows("50")
    owing = owing_98(tariffs)
    outside = np.where(owing, tariffs.number("value_of_goods_amount"), 0)
    base = summary.line_value - (summary.by_line(tariffs, outside) if owing.any() else 0)
    index = fees.periods(MPF, decides)
    rate = fees.column(MPF, "per_million", index)[summary.line_entry]
    return np.where(rate >= 0, fees.of_value(base, rate), -1)


@rule("480", "481", "482", "600", "601", "602")
def line_hmf(summary: Summary) -> None:
    """501 of each line: border water always, vessels too, exactly the value times the rate; nothing
    up to three dollars if nothing else is due (p.161-162)."""
    found = fee_facts(summary)
    rows, lines = found.lines, summary.rows("40")
    harbor = found.of(HMF)
    entry = summary.entry(rows)
    component = np.append(summary.component, False)
    summary.fault("480", rows, harbor & component[found.line], _CLASS)
    free = summary.is_type(*fees.exempt_codes(HMF, "entry_type"))
    summary.fault("481", rows, harbor & free[entry], _CLASS)
    vessel = summary.is_mode(*codes("vessel_mode"))
    summary.fault("482", rows, harbor & ~vessel[entry], _CLASS)
    index = fees.periods(HMF, found.decides(HMF))
    rate = fees.column(HMF, "per_million", index)[summary.line_entry]
    right = np.append(np.where(rate >= 0, fees.of_value(summary.line_value, rate), -1), -1)
    wrong = harbor & (found.line >= 0) & (right[found.line] >= 0)
    summary.fault("601", rows, wrong & (right[found.line] != found.amount), _AMOUNT)
    sums = totals(np.where(harbor, entry, -1), found.amount, summary.entries)
    trifle = (sums <= fees.HMF_DE_MINIMIS) & (_revenue(summary) - sums <= 0)
    summary.fault("602", rows, harbor & trifle[entry], _AMOUNT)
    held = np.bincount(found.line[harbor & (found.line >= 0)], minlength=len(lines)) > 0
    full = np.where(rate >= 0, fees.of_value(summary.line_value, rate), 0)
    owed = totals(summary.line_entry, np.where(summary.component, 0, full), summary.entries)
    due = summary.full & ~summary.correction & summary.is_mode("12") & ~free
    due &= ~((owed <= fees.HMF_DE_MINIMIS) & (_revenue(summary) - sums <= 0))
    missing = due[summary.line_entry] & ~summary.component & ~held
    summary.fault("600", lines, missing)


def _revenue(summary: Summary) -> Numbers:
    """(entries,) cents of all revenue that the grand totals state."""
    names = ("duty", "user_fee", "ir_tax", "ad_duty", "cv_duty", "other_revenue")
    stated = [summary.amount("90", f"grand_total_{name}_amount") for name in names]
    return np.sum(stated, axis=0)
