"""Entry summary rules of fees: 34, 62 and 89 (AE 2026-07 p.53, 120, 129, 160-174).

The day that decides is the file's own: CBP's entry date is not in it, so a total that is right for
a neighbouring fiscal year is a warning (C740), and exemptions by lists that are not CBP's own are
warnings too.

Entry summary rules of fee totals: caps of the MPF, fixed header fees, sums (AE 2026-07 p.129,
163-164, 173-174).
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, Numbers, totals_by_owner
from tasks.ace.checker.summary_rules.fee_records import fee_facts
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, owes_in_chapter_98, rule
from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import HMF, INFORMAL, MAIL, MPF, fee_of_value, fee_rates_of, rate_column, rate_periods
from tasks.ace.wire.data_classes import Flags
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import is_repeated


@rule("639", "640", "641", "C740")
def mpf_total(summary: SummaryFacts) -> None:
    """The MPF total between minimum and maximum (p.173-174); consolidated and pipeline summaries
    have no maximum, pipeline ones no minimum."""
    fees = fee_facts(summary)
    rows = summary.rows("89")
    formal = fees.of(MPF)
    entry = summary.entry(fees.lines)
    sums = totals_by_owner(np.where(formal, entry, -1), fees.amount, summary.entries)
    subject = np.bincount(entry[formal], minlength=summary.entries) > 0
    stated = fees.total(MPF)
    decides = fees.decides(MPF)
    index = rate_periods(MPF, decides)
    judged = subject & (stated >= 0) & (index >= 0)
    fits = _fits(summary, sums, stated, index)
    periods = len(fee_rates_of(MPF))
    near = np.zeros(summary.entries, dtype=bool)
    for step in (-1, 1):
        neighbor = np.where(index >= 0, np.clip(index + step, 0, periods - 1), index)
        near |= _fits(summary, sums, stated, neighbor)
    least = rate_column(MPF, "minimum", index)
    most = rate_column(MPF, "maximum", index)
    for code, mask in (
        ("C740", ~fits & near),
        ("639", ~fits & ~near & (sums <= least)),
        ("640", ~fits & ~near & (sums >= most)),
        ("641", ~fits & ~near & (sums > least) & (sums < most)),
    ):
        at = fees.stated
        reported = judged & mask
        flagged = np.zeros(len(rows), dtype=bool)
        pairs = (at[1] == int(MPF)) & reported[at[0]]
        flagged[at[3][pairs]] = True
        summary.fault(code, rows, flagged)


def _fits(summary: SummaryFacts, sums: Numbers, stated: Numbers, index: Index) -> Flags:
    """Whether a stated total is one that CBP takes under the rates of a period."""
    least = rate_column(MPF, "minimum", index)
    most = rate_column(MPF, "maximum", index)
    bound = stated == np.clip(sums, least, np.maximum(least, most))
    unbound = stated == np.maximum(sums, least)
    pipeline = summary.is_mode("70")
    return bound | (summary.consolidated & unbound) | (pipeline & (stated == sums))


@rule("635", "636", "637", "638")
def informal_fee(summary: SummaryFacts) -> None:
    """311 of an informal summary: fixed, at the header (p.163-164)."""
    fees = fee_facts(summary)
    header, rows = summary.header, summary.rows("34")
    stated = fees.in_header(INFORMAL)
    informal = summary.is_type(*code_list("informal_type"))
    charged = stated >= 0
    row_entry = summary.entry(rows)
    summary.fault("637", rows, (charged & ~informal)[row_entry])
    mailed = informal & summary.is_mode("50")
    summary.fault("635", rows, (charged & mailed)[row_entry])
    _, listed = fees.exempt
    count = np.bincount(summary.line_entry, minlength=summary.entries)
    free = np.bincount(summary.line_entry[listed], minlength=summary.entries) == count
    summary.fault("635", rows, (charged & informal & free & ~mailed)[row_entry])
    due = summary.full & informal & ~mailed & ~free & ~summary.express
    due &= ~summary.consolidated & ~summary.is_mode("70")
    summary.fault("636", header, due & ~charged, "", "34 311")
    right = rate_column(INFORMAL, "amount", rate_periods(INFORMAL, fees.decides(INFORMAL)))
    loose = (summary.consolidated & (stated >= right)) | summary.is_mode("70")
    wrong = charged & informal & (right >= 0) & (stated != right) & ~loose
    summary.fault("638", rows, wrong[row_entry])


@rule("C742", "C743")
def mail_fee(summary: SummaryFacts) -> None:
    """496 for dutiable mail: mode 50, and duty owed (p.163)."""
    fees = fee_facts(summary)
    rows = summary.rows("34")
    stated = fees.in_header(MAIL)
    dutiable = summary.is_mode("50") & (summary.amount("90", "grand_total_duty_amount") > 0)
    entry = summary.entry(rows)
    summary.fault("C742", rows, ((stated >= 0) & ~dutiable)[entry])
    missing = summary.full & dutiable & (stated < 0) & ~summary.express
    summary.fault("C743", summary.header, missing, "", "34 496")
    right = rate_column(MAIL, "amount", rate_periods(MAIL, fees.decides(MAIL)))
    wrong = (stated >= 0) & dutiable & (right >= 0) & (stated != right)
    summary.fault("C743", rows, wrong[entry])


@rule("715", "716", "717", "719", "720", "730", "731", "732")
def fee_totals(summary: SummaryFacts) -> None:
    """89: each class of header and lines, with its sum; the MPF total has its own rule."""
    fees = fee_facts(summary)
    entry, code, cents, at = fees.stated
    rows, header = summary.rows("89"), summary.header
    key = (summary.entry(fees.lines) << 10) | fees.code
    ids, key_place = np.unique(key, return_inverse=True)
    sums = np.bincount(key_place, weights=fees.amount, minlength=len(ids)).astype(np.int64)
    stated_keys = (entry << 10) | code
    row = np.searchsorted(ids, stated_keys)
    on_line = (row < len(ids)) & (np.append(ids, -1)[np.minimum(row, len(ids))] == stated_keys)
    line_sum = np.where(on_line, np.append(sums, 0)[np.minimum(row, len(ids))], 0)
    head_sum = np.zeros(len(entry), dtype=np.int64)
    on_head = np.zeros(len(entry), dtype=bool)
    for fee_class, amounts in fees.header.items():
        mine = code == fee_class
        charged = amounts[entry[mine]]
        head_sum[mine], on_head[mine] = np.maximum(charged, 0), charged >= 0
    differs = (line_sum + head_sum) != cents
    for name, mask in (
        ("717", ~on_line & ~on_head),
        ("719", on_line & differs & (code == int(HMF))),
        ("720", on_line & differs & (code != int(HMF)) & (code != int(MPF))),
        ("731", on_head & ~on_line & differs & (code == int(INFORMAL))),
        ("730", on_head & ~on_line & differs & (code == int(MAIL))),
        ("732", on_head & ~on_line & differs & (code == 500)),
    ):
        flagged = np.zeros(len(rows), dtype=bool)
        flagged[at[mask]] = True
        summary.fault(name, rows, flagged)
    missing = ~np.isin(ids, stated_keys)
    lone = np.zeros(summary.entries, dtype=bool)
    lone[ids[missing] >> 10] = True
    summary.fault("716", header, lone & summary.full, "", "89")
    for fee_class, amounts in fees.header.items():
        there = np.isin((np.arange(summary.entries) << 10) | fee_class, stated_keys)
        summary.fault("715", header, (amounts >= 0) & ~there, "", f"89 {fee_class}")


_CLASS, _AMOUNT = "accounting_class_code", "user_fee_amount"


@rule("249", "250", "254", "712", "788", "786")
def classes(summary: SummaryFacts) -> None:
    """Fee classes at their level, each once, and none on a consolidated express summary."""
    lines, header, totals_ = (summary.rows(record) for record in ("62", "34", "89"))
    line_codes, header_codes = code_list("line_fee"), code_list("header_fee")
    of_line = lines.says(_CLASS, *line_codes)
    summary.fault("249", lines, ~of_line & ~lines.says(_CLASS, *header_codes), _CLASS)
    summary.fault("250", lines, lines.says(_CLASS, *header_codes), _CLASS)
    for slot in (1, 2):
        name = f"accounting_class_code_{slot}"
        filled = header.given(name)
        summary.fault("249", header, filled & ~header.says(name, *header_codes, *line_codes), name)
        summary.fault("250", header, filled & header.says(name, *line_codes), name)
    fees = fee_facts(summary)
    key = (fees.line << 10) | fees.code
    summary.fault("254", lines, is_repeated(key), _CLASS)
    entry, code, _, at = fees.stated
    again = np.zeros(len(totals_), dtype=bool)
    again[at[is_repeated((entry << 10) | code)]] = True
    summary.fault("254", totals_, again)
    summary.fault("788", lines, summary.express[summary.entry(lines)])
    summary.fault("786", header, summary.express[summary.entry(header)])
    bare = ~(summary.has("34") | summary.has("62"))
    summary.fault("712", totals_, bare[summary.entry(totals_)])


@rule("629", "630", "632", "633", "634", "C741")
def line_mpf(summary: SummaryFacts) -> None:
    """499 of each line: there where owed, and value times rate (p.161)."""
    fees = fee_facts(summary)
    rows, lines = fees.lines, summary.rows("40")
    formal = fees.of(MPF)
    entry = summary.entry(rows)
    summary.fault("629", rows, formal & np.append(summary.component, False)[fees.line], _CLASS)
    informal = summary.is_type(*code_list("informal_type"))
    summary.fault("630", rows, formal & informal[entry], _CLASS)
    certain, listed = fees.exempt
    stray = formal & ~np.append(summary.component, False)[fees.line] & ~informal[entry]
    summary.fault("632", rows, stray & np.append(certain, False)[fees.line], _CLASS)
    doubtful = np.append(listed & ~certain, False)[fees.line]
    summary.fault("C741", rows, stray & doubtful, _CLASS, "exempt by a list")
    has_mpf = np.bincount(fees.line[formal & (fees.line >= 0)], minlength=len(lines)) > 0
    judged = summary.full & ~informal & ~summary.is_type("23") & ~summary.express
    owing = judged[summary.line_entry] & ~summary.component & ~listed & ~has_mpf
    summary.fault("633", lines, owing)
    right = _mpf(summary, fees.decides(MPF))
    wrong = formal & (fees.line >= 0) & (np.append(right, -1)[fees.line] != fees.amount)
    summary.fault("634", rows, wrong & (np.append(right, -1)[fees.line] >= 0), _AMOUNT)


def _mpf(summary: SummaryFacts, decides: Numbers) -> Numbers:
    """(lines,) the MPF of each line's value; -1 where no day or no rate is known."""
    tariffs = summary.rows("50")
    owing = owes_in_chapter_98(tariffs)
    outside = np.where(owing, tariffs.number("value_of_goods_amount"), 0)
    base = summary.line_value - (summary.by_line(tariffs, outside) if owing.any() else 0)
    index = rate_periods(MPF, decides)
    rate = rate_column(MPF, "per_million", index)[summary.line_entry]
    return np.where(rate >= 0, fee_of_value(base, rate), -1)


@rule("480", "481", "482", "600", "601", "602")
def line_hmf(summary: SummaryFacts) -> None:
    """501 of each line: border water always, vessels too, exactly the value times the rate; nothing
    up to three dollars if nothing else is due (p.161-162)."""
    fees = fee_facts(summary)
    rows, lines = fees.lines, summary.rows("40")
    harbor = fees.of(HMF)
    entry = summary.entry(rows)
    component = np.append(summary.component, False)
    summary.fault("480", rows, harbor & component[fees.line], _CLASS)
    free = summary.is_type(*fee_rates.exempt_codes(HMF, "entry_type"))
    summary.fault("481", rows, harbor & free[entry], _CLASS)
    vessel = summary.is_mode(*code_list("vessel_mode"))
    summary.fault("482", rows, harbor & ~vessel[entry], _CLASS)
    index = rate_periods(HMF, fees.decides(HMF))
    rate = rate_column(HMF, "per_million", index)[summary.line_entry]
    right = np.append(np.where(rate >= 0, fee_of_value(summary.line_value, rate), -1), -1)
    wrong = harbor & (fees.line >= 0) & (right[fees.line] >= 0)
    summary.fault("601", rows, wrong & (right[fees.line] != fees.amount), _AMOUNT)
    sums = totals_by_owner(np.where(harbor, entry, -1), fees.amount, summary.entries)
    trifle = (sums <= fee_rates.HMF_DE_MINIMIS) & (_revenue(summary) - sums <= 0)
    summary.fault("602", rows, harbor & trifle[entry], _AMOUNT)
    has_hmf = np.bincount(fees.line[harbor & (fees.line >= 0)], minlength=len(lines)) > 0
    full = np.where(rate >= 0, fee_of_value(summary.line_value, rate), 0)
    full_hmf = totals_by_owner(summary.line_entry, np.where(summary.component, 0, full), summary.entries)
    due = summary.full & ~summary.correction & summary.is_mode("12") & ~free
    due &= ~((full_hmf <= fee_rates.HMF_DE_MINIMIS) & (_revenue(summary) - sums <= 0))
    missing = due[summary.line_entry] & ~summary.component & ~has_hmf
    summary.fault("600", lines, missing)


def _revenue(summary: SummaryFacts) -> Numbers:
    """(entries,) cents of all revenue that the grand totals state."""
    names = ("duty", "user_fee", "ir_tax", "ad_duty", "cv_duty", "other_revenue")
    stated = [summary.amount("90", f"grand_total_{name}_amount") for name in names]
    return np.sum(stated, axis=0)
