"""User fees by day: rates, fixed amounts, caps and exemptions, from dated tables.

Amounts are whole cents, values whole dollars. Rounding is half-up (AE 2026-07 p.186), in
integers. Which of several days decides is the chapter's own order for each fee
(`data/ace/date_orders.csv`); who is exempt stands in `data/ace/fee_exemptions.csv`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from tasks.core.errors import BadInput, Problem

Numbers = NDArray[np.int64]
Mask = NDArray[np.bool_]
Days = NDArray[np.int64]
"""Days since 1970-01-01; NO_DAY where there is none."""

MPF, HMF, INFORMAL, MAIL, SURCHARGE = "499", "501", "311", "496", "500"
"""Accounting classes: formal and informal merchandise processing, harbor maintenance, dutiable
mail, manual surcharge (AE 2026-07 p.217)."""

NO_DAY = np.iinfo(np.int64).min
HMF_DE_MINIMIS = 300
"""Cents: an HMF of no more than this, and no other revenue, is not submitted (p.162)."""

_PER_MILLION_TO_CENTS = 10_000


@dataclass(frozen=True)
class FeeRate:
    """One fee in one period. `per_million` of the value; the others in cents; -1: there is none.

    `confidence`: CBP (read in a CBP original), secondary, or general (to be verified).
    """

    fee: str
    first: date
    last: date | None
    per_million: int
    amount: int
    minimum: int
    maximum: int
    source: str
    confidence: str


@dataclass(frozen=True)
class FeeExemption:
    """Who pays no fee: `kind` says what `code` is (entry_type, program, origin, chapter ...)."""

    fee: str
    kind: str
    code: str
    first: date | None
    last: date | None
    why: str
    source: str
    confidence: str


@cache
def fee_rates_of(fee: str) -> tuple[FeeRate, ...]:
    """The periods of a fee, oldest first. Raises KeyError for a fee that is not in the table."""
    periods = tuple(_rate(row) for row in _rows("fees.csv") if row["fee"] == fee)
    if not periods:
        raise KeyError(fee)
    return periods


@cache
def exemptions(fee: str, kind: str) -> tuple[FeeExemption, ...]:
    """The exemptions of a fee that hang on one kind of fact."""
    return tuple(
        FeeExemption(**{**row, "first": _day(row["first"]), "last": _day(row["last"])})
        for row in _rows("fee_exemptions.csv")
        if row["fee"] == fee and row["kind"] == kind
    )


def exempt_codes(fee: str, kind: str) -> tuple[str, ...]:
    """The codes of exemptions that hold whatever the day."""
    return tuple(exemption.code for exemption in exemptions(fee, kind))


@cache
def date_order(rule: str) -> tuple[str, ...]:
    """Names of the days that decide, the strongest first. Raises KeyError for no such rule."""
    return {row["rule"]: tuple(row["dates"].split()) for row in _rows("date_orders.csv")}[rule]


def deciding_days(rule: str, days: Mapping[str, Days], receipt: date) -> Days:
    """The day that decides for each summary: the first of the rule's order that is known.

    `later_arrival` counts only if it is later than the receipt; days that are not given are not
    known, the receipt always is.
    """
    received = epoch_days(receipt)
    arrival = days.get("arrival_date")
    known_days = dict(days)
    if arrival is not None:
        known_days["later_arrival"] = np.where(arrival > received, arrival, NO_DAY)
    sizes = {len(column) for column in known_days.values()} or {1}
    chosen = np.full(sizes.pop(), NO_DAY, dtype=np.int64)
    for name in date_order(rule):
        column = received if name == "receipt_date" else known_days.get(name)
        if column is not None:
            chosen = np.where(chosen == NO_DAY, column, chosen)
    return chosen


def rate_periods(fee: str, days: Days) -> Numbers:
    """Index into `rates(fee)` for each day; -1 where the table has no rate."""
    table = fee_rates_of(fee)
    firsts = np.array([epoch_days(rate.first) for rate in table])
    lasts = np.array([epoch_days(rate.last) if rate.last else np.iinfo(np.int64).max for rate in table])
    index = np.searchsorted(firsts, days, side="right") - 1
    inside = (index >= 0) & (days <= lasts[np.maximum(index, 0)])
    return np.where(inside, index, -1)


def required_periods(fee: str, days: Days) -> Numbers:
    """`periods`, or BadInput that names the first day without a rate: a guess would be wrong."""
    index = rate_periods(fee, days)
    unknown = np.flatnonzero(index < 0)
    if len(unknown):
        day = str(np.array(int(days[unknown[0]]), dtype="datetime64[D]"))
        problem = Problem(file="fees.csv", column=fee, value=day, code="fee-rate-missing")
        raise BadInput("fee-not-computable", [problem], fee=fee)
    return index


def rate_column(fee: str, name: str, index: Numbers) -> Numbers:
    """One number of the rates at each index: per_million, amount, minimum or maximum; else -1."""
    table = np.array([*(getattr(rate, name) for rate in fee_rates_of(fee)), -1], dtype=np.int64)
    return table[index]


def fee_of_value(value: Numbers, per_million: Numbers | int) -> Numbers:
    """Cents of a rate on whole dollars, half-up."""
    return (value * per_million + _PER_MILLION_TO_CENTS // 2) // _PER_MILLION_TO_CENTS


def line_fee(fee: str, value: Numbers, days: Days) -> Numbers:
    """MPF or HMF of lines: value in dollars and deciding day of each, to cents (p.161-162)."""
    return fee_of_value(value, rate_column(fee, "per_million", required_periods(fee, days)))


def fixed_fee(fee: str, days: Days) -> Numbers:
    """A fixed fee on each day, in cents (p.163-165)."""
    return rate_column(fee, "amount", required_periods(fee, days))


def capped_fee(total: Numbers, subject: Mask, days: Days, consolidated: Mask, pipeline: Mask) -> Numbers:
    """The MPF of summaries from the sums of their lines: at least the minimum, at most the maximum.

    `subject`: has a line that owes MPF, be it less than a cent. A consolidated summary has no
    maximum, a pipeline summary (mode 70) neither bound (p.174).
    """
    index = required_periods(MPF, np.where(subject, days, epoch_days(fee_rates_of(MPF)[-1].first)))
    least, most = rate_column(MPF, "minimum", index), rate_column(MPF, "maximum", index)
    owed = np.where(consolidated, np.maximum(total, least), np.clip(total, least, most))
    return np.where(subject, np.where(pipeline, total, owed), 0)


def epoch_days(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - date(1970, 1, 1).toordinal()


def _rate(row: Mapping[str, str]) -> FeeRate:
    return FeeRate(
        fee=row["fee"],
        first=date.fromisoformat(row["first"]),
        last=_day(row["last"]),
        per_million=int(row["per_million"] or -1),
        amount=_cents(row["amount"]),
        minimum=_cents(row["minimum"]),
        maximum=_cents(row["maximum"]),
        source=row["source"],
        confidence=row["confidence"],
    )


def _cents(text: str) -> int:
    return int(text.replace(".", "")) if text else -1


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


@cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
