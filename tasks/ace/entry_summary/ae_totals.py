"""AE totals: 88 for AD and CVD, 89 a fee class, 90 for all revenue (AE 2026-07 p.128-131, 173-174).

They are the sums of what the lines carry; only the MPF total is bound by minimum and maximum.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.entry_summary.ae_lines import line_fees
from tasks.ace.entry_summary.summary_slices import SummarySlice, slot_rows
from tasks.ace.fees.fee_rates import HMF, INFORMAL, MAIL, MPF
from tasks.ace.wire.array_tools import Keys, count_within, decoded, take_rows, to_numpy
from tasks.ace.wire.entry_slices import LINES, RecordPart, position_keys
from tasks.ace.wire.record_layouts import code_list
from tasks.core import arrow_compute as pc

_GROUP = 1023
"""Stands after every line of an entry."""

PAIRS = 5
"""Fee classes on one 89 record (p.129)."""

_CASES, _CLASSES, _GRAND = 0, 1, 500


def total_parts(part: SummarySlice) -> list[RecordPart]:
    """88 where an AD or CVD case is reported or the entry type wants it, 89 by fee class, 90."""
    return [*_cases(part), *_classes(part), _grand(part)]


def _cases(part: SummarySlice) -> list[RecordPart]:
    cases = part.given("ad_case", "lines") | part.given("cd_case", "lines")
    reported = np.bincount(part.ranks["lines"][cases], minlength=len(part)) > 0
    reported |= part.is_any("entry_type", code_list("case_type"))
    if not reported.any():
        return []
    rank = np.flatnonzero(reported)
    columns = {
        f"total_{record}_duty_amount": take_rows(part.number(name), reported)
        for record, name in (
            ("bonded_ad", "total_ad_bonded"),
            ("cash_deposit_ad", "total_ad_cash"),
            ("bonded_cv", "total_cd_bonded"),
            ("cash_deposit_cv", "total_cd_cash"),
        )
    }
    return [RecordPart(position_keys(rank, LINES, _GROUP, _CASES), part.records("88", columns, rank))]


def _grand(part: SummarySlice) -> RecordPart:
    rank = np.arange(len(part))
    columns = {
        f"grand_total_{record}_amount": part.number(f"total_{name}")
        for record, name in (
            ("duty", "duty"),
            ("user_fee", "fee"),
            ("ir_tax", "tax"),
            ("ad_duty", "ad"),
            ("cv_duty", "cd"),
            ("other_revenue", "other"),
        )
    }
    return RecordPart(position_keys(rank, LINES, _GROUP, _GRAND), part.records("90", columns, rank))


def _classes(part: SummarySlice) -> list[RecordPart]:
    """89: five classes a record, each once, in the order of their codes."""
    rank, code, cents = fee_totals(part)
    if not len(rank):
        return []
    order = np.lexsort((code, rank))
    position = count_within(rank[order])
    heads = np.flatnonzero(position % PAIRS == 0)
    names = pc.ascii_lpad(pc.cast(pa.array(code), pa.string()), 3, "0")
    columns: dict[str, pa.Array] = {}
    for slot in range(PAIRS):
        row_of = slot_rows(order, rank[order], heads, slot)
        columns[f"accounting_class_code_{slot + 1}"] = names.take(row_of)
        columns[f"total_fee_amount_{slot + 1}"] = pa.array(cents).take(row_of)
    owner = rank[order][heads]
    at = position_keys(owner, LINES, _GROUP, _CLASSES + position[heads])
    return [RecordPart(at, part.records("89", columns, owner))]


def fee_totals(part: SummarySlice) -> tuple[Keys, Keys, Keys]:
    """Entry rank, accounting class and cents of each fee class that a summary carries."""
    ranks: list[Keys] = []
    classes: list[Keys] = []
    amounts: list[Keys] = []
    for code, cents, rows in line_fees(part)[:-2]:
        ranks.append(part.ranks["lines"][rows])
        classes.append(to_numpy(take_rows(decoded(code), rows).cast(pa.int64()), np.int64))
        amounts.append(to_numpy(take_rows(cents, rows), np.int64))
    hmf = np.bincount(part.ranks["lines"][part.given("hmf", "lines")], minlength=len(part)) > 0
    for fee, name, due in (
        (MPF, "total_mpf", part.yes("mpf_due")),
        (HMF, "total_hmf", hmf),
        (INFORMAL, "total_informal", part.yes("informal_due")),
        (MAIL, "total_mail", part.yes("mail_due")),
    ):
        ranks.append(np.flatnonzero(due))
        classes.append(np.full(int(due.sum()), int(fee), dtype=np.int64))
        amounts.append(part.whole(name)[due])
    return _summed(*(np.concatenate(column) for column in (ranks, classes, amounts)))


def _summed(rank: Keys, code: Keys, cents: Keys) -> tuple[Keys, Keys, Keys]:
    ids, index = np.unique(rank * 1000 + code, return_inverse=True)
    sums = np.bincount(index, weights=cents, minlength=len(ids)).astype(np.int64)
    return ids // 1000, ids % 1000, sums
