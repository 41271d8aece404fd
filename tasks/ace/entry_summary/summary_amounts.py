"""What each line and each summary owes: MPF, HMF, header fees, and the totals of all revenue.

Computed once for all summaries of a run and carried along as columns: `mpf` and `hmf` on lines,
`informal_fee`, `mail_fee`, `mpf_total` and the other totals on entries. Whole cents; null: no such
fee. AE 2026-07 p.160-174.

Which lines owe no merchandise processing fee, by the dated lists (AE 2026-07 p.160-161).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from tasks.ace.entry_summary.summary_slices import SummarySlice
from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import HMF, INFORMAL, MPF, Numbers, capped_fee, epoch_days, fixed_fee
from tasks.ace.wire.array_tools import Keys, Mask, as_mask, find_rows, is_given, texts_among, whole_numbers
from tasks.ace.wire.record_layouts import code_list
from tasks.core import arrow_compute as pc

_KINDS = (("origin", "country_of_origin"), ("program", "program_indicator"))


def article_exempt(part: SummarySlice, days: Numbers) -> Mask:
    """Which lines are exempt from both MPF and the informal fee by what they are (p.161).

    `mpf_exempt` on the line overrules the dated lists of programme, origin and chapter.
    """
    owner = part.ranks["lines"]
    listed = _chapter_exempt(part)
    for kind, field in _KINDS:
        listed |= _listed(part, kind, field, days[owner])
    listed |= part.is_any("zone_status", fee_rates.exempt_codes(MPF, "zone_status"), "lines")
    stated = is_given(part.column("mpf_exempt", "lines"))
    return np.where(stated, part.yes("mpf_exempt", "lines"), listed)


def mpf_exempt(part: SummarySlice, article: Mask) -> Mask:
    """Which lines carry no formal MPF: exempt articles, entry types and set components."""
    by_type = part.is_any("entry_type", fee_rates.exempt_codes(MPF, "entry_type"))
    by_type |= part.yes("express_informal")
    component = part.is_any("article_set", fee_rates.exempt_codes(MPF, "article_set"), "lines")
    return article | by_type[part.ranks["lines"]] | component


def _listed(part: SummarySlice, kind: str, field: str, days: Numbers) -> Mask:
    listed = np.zeros(part.rows("lines"), dtype=bool)
    if not part.has(field, "lines"):
        return listed
    codes = part.plain(field, "lines")
    always: list[str] = []
    for exemption in fee_rates.exemptions(MPF, kind):
        if exemption.first is None and exemption.last is None:
            always.append(exemption.code)
            continue
        first = epoch_days(exemption.first) if exemption.first else fee_rates.NO_DAY
        last = epoch_days(exemption.last) if exemption.last else np.iinfo(np.int64).max
        listed |= as_mask(pc.equal(codes, exemption.code)) & (days >= first) & (days <= last)
    return listed | texts_among(codes, always)


def _chapter_exempt(part: SummarySlice) -> Mask:
    """Lines with a chapter 98 number that is not among those that owe MPF all the same."""
    hts = part.plain("hts_number", "tariffs")
    special = begins_with(hts, fee_rates.exempt_codes(MPF, "chapter"))
    owing = begins_with(hts, fee_rates.exempt_codes(MPF, "not_chapter"))
    row = tariff_lines(part)
    return _any(row, special & ~owing, part) & ~_any(row, owing, part)


def begins_with(hts: pa.Array, heads: tuple[str, ...]) -> Mask:
    """Which tariff numbers begin with one of the heads."""
    matches = np.zeros(len(hts), dtype=bool)
    for head in heads:
        matches |= as_mask(pc.starts_with(hts, head))
    return matches


def line_values(part: SummarySlice) -> Numbers:
    """Whole dollars of each line: the sum of its tariff numbers."""
    row = tariff_lines(part)
    value = part.whole("value", "tariffs")
    return sum_by_owner(row[row >= 0], value[row >= 0], part.rows("lines"))


def tariff_lines(part: SummarySlice) -> Keys:
    """The row of its line for each tariff number; -1 where there is none."""
    line_ids = (part.ranks["tariffs"] << 10) | part.integers("line", "tariffs")
    return find_rows(part.line_keys, line_ids)


def _any(row: Keys, mask: Mask, part: SummarySlice) -> Mask:
    at = mask & (row >= 0)
    return np.bincount(row[at], minlength=part.rows("lines")) > 0


def sum_by_owner(owner: Keys, value: Numbers, count: int) -> Numbers:
    """Sums by owner; exact below 2**53."""
    return np.bincount(owner, weights=value, minlength=count).astype(np.int64)


CASH, BOND = "C", "B"
INFORMAL_TYPES = ("11", "12")
PIPELINE, MAIL_MODE = "70", "50"
UNDEPOSITED = ("21", "22", "23")
"""Types whose duty is stated but not deposited: goods in a warehouse or under a temporary bond."""


def with_amounts(
    part: SummarySlice, sent: date, entry_dates: Mapping[str, date] | None = None
) -> tuple[pa.Table, pa.Table]:
    """The entries and the lines of a slice with what they owe.

    sent: the day of sending, which stands for CBP's receipt. entry_dates: entry dates that CBP is
    known to have set, which win over the estimated ones (p.161).
    """
    days = known_days(part, entry_dates)
    value = line_values(part)
    owner = part.ranks["lines"]
    mpf_days = fee_rates.deciding_days(MPF, days, sent)
    article = article_exempt(part, mpf_days)
    exempt = mpf_exempt(part, article)
    mpf = np.where(exempt, -1, fee_rates.line_fee(MPF, _mpf_base(part, value), mpf_days[owner]))
    hmf = _hmf(part, value, fee_rates.deciding_days(HMF, days, sent))
    sums = _sums(part)
    sums["mpf"] = sum_by_owner(owner, np.maximum(mpf, 0), len(part))
    sums["hmf"] = sum_by_owner(owner, np.maximum(hmf, 0), len(part))
    informal, mail = _header_fees(part, article, mpf_days, sums)
    subject = np.bincount(owner[mpf >= 0], minlength=len(part)) > 0
    pipeline = part.is_any("mode_of_transport", (PIPELINE,))
    sums["mpf"] = capped_fee(sums["mpf"], subject, mpf_days, part.yes("consolidating"), pipeline)
    sums["informal"], sums["mail"] = informal, mail
    hmf = _without_trifles(hmf, owner, sums)
    lines = part.tables["lines"].append_column("mpf", _cents(mpf)).append_column("hmf", _cents(hmf))
    return _totals(part, sums, subject), lines


def known_days(part: SummarySlice, entry_dates: Mapping[str, date] | None) -> dict[str, Numbers]:
    """Days of each entry under the names of `data/ace/date_orders.csv`."""
    days = {
        name: _days(part.day(field))
        for name, field in (
            ("release_date", "release_date"),
            ("import_date", "import_date"),
            ("in_bond_date", "in_bond_date"),
        )
    }
    days["estimated_entry_date"] = _days(estimated_entry_date(part))
    arrived, expected = (_days(part.day(name)) for name in ("arrival_date", "estimated_arrival"))
    days["arrival_date"] = np.where(arrived == fee_rates.NO_DAY, expected, arrived)
    if entry_dates:
        numbers = part.column("entry_number").to_pylist()
        set_by_cbp = [entry_dates.get(number or "") for number in numbers]
        days["entry_date"] = _days(pa.array(set_by_cbp, pa.date32()))
    return days


def estimated_entry_date(part: SummarySlice) -> pa.Array:
    """11 rec 42-47: the paper release date, else the date stated for goods that were not released."""
    return pc.coalesce(part.day("release_date"), part.day("estimated_entry_date"))


def _mpf_base(part: SummarySlice, value: Numbers) -> Numbers:
    """The value that MPF is taken of. With 9802.00.60 or .80 that is what duty is assessed on: the
    line without its chapter 98 number (19 CFR 24.23(c)(1)(i), from general knowledge)."""
    owing = begins_with(part.plain("hts_number", "tariffs"), fee_rates.exempt_codes(MPF, "not_chapter"))
    if not owing.any():
        return value
    row = tariff_lines(part)
    at = owing & (row >= 0)
    return value - sum_by_owner(row[at], part.whole("value", "tariffs")[at], part.rows("lines"))


def _hmf(part: SummarySlice, value: Numbers, days: Numbers) -> Numbers:
    """HMF of each line, -1 where none is due: vessel and border water only (p.161-162)."""
    due = part.is_any("mode_of_transport", code_list("vessel_mode"))
    due &= ~part.is_any("entry_type", fee_rates.exempt_codes(HMF, "entry_type"))
    owner = part.ranks["lines"]
    component = part.is_any("article_set", fee_rates.exempt_codes(HMF, "article_set"), "lines")
    lines = due[owner] & ~component
    cents = np.full(len(value), -1, dtype=np.int64)
    if lines.any():
        cents[lines] = fee_rates.line_fee(HMF, value[lines], days[owner][lines])
    return cents


def _header_fees(
    part: SummarySlice, article: Mask, days: Numbers, sums: Mapping[str, Numbers]
) -> tuple[Numbers, Numbers]:
    """Informal entry fee (311) and dutiable mail fee (496) of each summary; -1: none (p.163-164).

    A consolidating informal summary owes the fee of each of its releases.
    """
    express = part.yes("express_informal")
    informal = part.is_any("entry_type", INFORMAL_TYPES) & ~express & ~part.yes("exempt_port")
    informal &= ~part.is_any("mode_of_transport", fee_rates.exempt_codes(INFORMAL, "mode"))
    informal &= ~_all_lines(part, article)
    mailed = part.is_any("mode_of_transport", (MAIL_MODE,)) & (sums["duty"] > 0) & ~express
    times = np.maximum(np.bincount(part.ranks["releases"], minlength=len(part)), 1)
    return (_fixed(INFORMAL, informal, days) * np.where(informal, times, 1), _fixed(fee_rates.MAIL, mailed, days))


def _all_lines(part: SummarySlice, mask: Mask) -> Mask:
    """Which entries have lines, and the mask on every one of them."""
    owner = part.ranks["lines"]
    lines = np.bincount(owner, minlength=len(part))
    return (np.bincount(owner[mask], minlength=len(part)) == lines) & (lines > 0)


def _fixed(fee: str, due: Mask, days: Numbers) -> Numbers:
    cents = np.full(len(due), -1, dtype=np.int64)
    if due.any():
        cents[due] = fixed_fee(fee, days[due])
    return cents


def _sums(part: SummarySlice) -> dict[str, Numbers]:
    """Duty, tax, AD, CVD, other revenue and agricultural fees of each summary."""
    owner, count = part.ranks["lines"], len(part)
    sums = {"duty": sum_by_owner(part.ranks["tariffs"], part.whole("duty", "tariffs"), count)}
    sums["tax"] = sum_by_owner(owner, part.whole("tax_amount", "lines"), count)
    sums["other"] = sum_by_owner(owner, part.whole("other_revenue", "lines"), count)
    for case in ("ad", "cd"):
        owed = part.whole(f"{case}_duty", "lines")
        for claim, name in ((BOND, "bonded"), (CASH, "cash")):
            rows = part.is_any(f"{case}_claim", (claim,), "lines")
            sums[f"{case}_{name}"] = sum_by_owner(owner[rows], owed[rows], count)
    fee = part.whole("fee_amount", "lines") + part.whole("fee_amount_2", "lines")
    sums["fees"] = sum_by_owner(owner, fee, count)
    return sums


def _without_trifles(hmf: Numbers, owner: Keys, sums: dict[str, Numbers]) -> Numbers:
    """Drops the HMF of summaries that owe no more than three dollars of it, and nothing else."""
    other_revenue = sum((np.maximum(sums[name], 0) for name in sums if name != "hmf"), np.int64(0))
    trifle = (sums["hmf"] <= fee_rates.HMF_DE_MINIMIS) & (other_revenue == 0)
    sums["hmf"] = np.where(trifle, 0, sums["hmf"])
    return np.where(trifle[owner], -1, hmf)


def _totals(part: SummarySlice, sums: Mapping[str, Numbers], subject: Mask) -> pa.Table:
    """The entries with their totals; `owed` is what the statement takes."""
    positive = {name: np.maximum(column, 0) for name, column in sums.items()}
    fee = sum((positive[name] for name in ("mpf", "hmf", "informal", "mail", "fees")), np.int64(0))
    ad, cd = (positive[f"{case}_bonded"] + positive[f"{case}_cash"] for case in ("ad", "cd"))
    cash = positive["ad_cash"] + positive["cd_cash"]
    deposit = positive["duty"] + fee + positive["tax"] + positive["other"] + cash
    undeposited = part.is_any("entry_type", UNDEPOSITED)
    columns = {
        **{f"total_{name}": pa.array(column) for name, column in positive.items()},
        "mpf_due": pa.array(subject),
        "informal_due": pa.array(sums["informal"] >= 0),
        "mail_due": pa.array(sums["mail"] >= 0),
        "total_fee": pa.array(np.asarray(fee)),
        "total_ad": pa.array(ad),
        "total_cd": pa.array(cd),
        "owed": pa.array(np.where(undeposited, positive["hmf"], deposit)),
    }
    table = part.entries
    for name, column in columns.items():
        table = table.append_column(name, column)
    return table


def _cents(column: Numbers) -> pa.Array:
    return pa.array(column, mask=column < 0)


def _days(column: pa.Array) -> Numbers:
    days = whole_numbers(column.cast(pa.int32()))
    return np.where(is_given(column), days, fee_rates.NO_DAY)
