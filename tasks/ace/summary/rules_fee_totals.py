"""Entry summary rules of fee totals: caps of the MPF, fixed header fees, sums (AE 2026-07 p.129,
163-164, 173-174)."""

from __future__ import annotations

import numpy as np

from tasks.ace.checks.deck import Index, Numbers
from tasks.ace.checks.sums import totals
from tasks.ace.money import fees
from tasks.ace.money.fees import HMF, INFORMAL, MAIL, MPF
from tasks.ace.summary.fee_facts import fee_facts
from tasks.ace.summary.summary import Summary, rule
from tasks.ace.wire.classes import Flags
from tasks.ace.wire.codes import codes


@rule("639", "640", "641", "C740")
def mpf_total(summary: Summary) -> None:
    """The MPF total between minimum and maximum (p.173-174); consolidated and pipeline summaries
    have no maximum, pipeline ones no minimum."""
    found = fee_facts(summary)
    rows = summary.rows("89")
    formal = found.of(MPF)
    entry = summary.entry(found.lines)
    sums = totals(np.where(formal, entry, -1), found.amount, summary.entries)
    subject = np.bincount(entry[formal], minlength=summary.entries) > 0
    stated = found.total(MPF)
    decides = found.decides(MPF)
    index = fees.periods(MPF, decides)
    judged = subject & (stated >= 0) & (index >= 0)
    fits = _fits(summary, sums, stated, index)
    known = len(fees.rates(MPF))
    near = np.zeros(summary.entries, dtype=bool)
    for step in (-1, 1):
        other = np.where(index >= 0, np.clip(index + step, 0, known - 1), index)
        near |= _fits(summary, sums, stated, other)
    least = fees.column(MPF, "minimum", index)
    most = fees.column(MPF, "maximum", index)
    for code, mask in (
        ("C740", ~fits & near),
        ("639", ~fits & ~near & (sums <= least)),
        ("640", ~fits & ~near & (sums >= most)),
        ("641", ~fits & ~near & (sums > least) & (sums < most)),
    ):
        at = found.stated
        wanted = judged & mask
        held = np.zeros(len(rows), dtype=bool)
        pairs = (at[1] == int(MPF)) & wanted[at[0]]
        held[at[3][pairs]] = True
        summary.fault(code, rows, held)


def _fits(summary: Summary, sums: Numbers, stated: Numbers, index: Index) -> Flags:
    """Whether a stated total is one that CBP takes under the rates of a period."""
    least = fees.column(MPF, "minimum", index)
    most = fees.column(MPF, "maximum", index)
    bound = stated == np.clip(sums, least, np.maximum(least, most))
    unbound = stated == np.maximum(sums, least)
    pipeline = summary.is_mode("70")
    return bound | (summary.consolidated & unbound) | (pipeline & (stated == sums))


@rule("635", "636", "637", "638")
def informal_fee(summary: Summary) -> None:
    """311 of an informal summary: fixed, at the header (p.163-164)."""
    found = fee_facts(summary)
    header, rows = summary.header, summary.rows("34")
    stated = found.in_header(INFORMAL)
    informal = summary.is_type(*codes("informal_type"))
    charged = stated >= 0
    row_entry = summary.entry(rows)
    summary.fault("637", rows, (charged & ~informal)[row_entry])
    mailed = informal & summary.is_mode("50")
    summary.fault("635", rows, (charged & mailed)[row_entry])
    _, listed = found.exempt
    count = np.bincount(summary.line_entry, minlength=summary.entries)
    free = np.bincount(summary.line_entry[listed], minlength=summary.entries) == count
    summary.fault("635", rows, (charged & informal & free & ~mailed)[row_entry])
    due = summary.full & informal & ~mailed & ~free & ~summary.express
    due &= ~summary.consolidated & ~summary.is_mode("70")
    summary.fault("636", header, due & ~charged, "", "34 311")
    right = fees.column(INFORMAL, "amount", fees.periods(INFORMAL, found.decides(INFORMAL)))
    loose = (summary.consolidated & (stated >= right)) | summary.is_mode("70")
    wrong = charged & informal & (right >= 0) & (stated != right) & ~loose
    summary.fault("638", rows, wrong[row_entry])


@rule("C742", "C743")
def mail_fee(summary: Summary) -> None:
    """496 for dutiable mail: mode 50, and duty owed (p.163)."""
    found = fee_facts(summary)
    rows = summary.rows("34")
    stated = found.in_header(MAIL)
    dutiable = summary.is_mode("50") & (summary.amount("90", "grand_total_duty_amount") > 0)
    entry = summary.entry(rows)
    summary.fault("C742", rows, ((stated >= 0) & ~dutiable)[entry])
    missing = summary.full & dutiable & (stated < 0) & ~summary.express
    summary.fault("C743", summary.header, missing, "", "34 496")
    right = fees.column(MAIL, "amount", fees.periods(MAIL, found.decides(MAIL)))
    wrong = (stated >= 0) & dutiable & (right >= 0) & (stated != right)
    summary.fault("C743", rows, wrong[entry])


@rule("715", "716", "717", "719", "720", "730", "731", "732")
def fee_totals(summary: Summary) -> None:
    """89: each class of header and lines, with its sum; the MPF total has its own rule."""
    found = fee_facts(summary)
    entry, code, cents, at = found.stated
    rows, header = summary.rows("89"), summary.header
    key = (summary.entry(found.lines) << 10) | found.code
    ids, place = np.unique(key, return_inverse=True)
    sums = np.bincount(place, weights=found.amount, minlength=len(ids)).astype(np.int64)
    wanted = (entry << 10) | code
    row = np.searchsorted(ids, wanted)
    on_line = (row < len(ids)) & (np.append(ids, -1)[np.minimum(row, len(ids))] == wanted)
    line_sum = np.where(on_line, np.append(sums, 0)[np.minimum(row, len(ids))], 0)
    head_sum = np.zeros(len(entry), dtype=np.int64)
    on_head = np.zeros(len(entry), dtype=bool)
    for one, amounts in found.header.items():
        mine = code == one
        held = amounts[entry[mine]]
        head_sum[mine], on_head[mine] = np.maximum(held, 0), held >= 0
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
    missing = ~np.isin(ids, wanted)
    lone = np.zeros(summary.entries, dtype=bool)
    lone[ids[missing] >> 10] = True
    summary.fault("716", header, lone & summary.full, "", "89")
    for one, amounts in found.header.items():
        there = np.isin((np.arange(summary.entries) << 10) | one, wanted)
        summary.fault("715", header, (amounts >= 0) & ~there, "", f"89 {one}")
