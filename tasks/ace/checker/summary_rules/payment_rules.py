"""Entry summary rules of payment: 10 columns 51-61 (AE 2026-07 p.174-176; errors 197-222, 718)."""

from __future__ import annotations

from datetime import date

import numpy as np

from tasks.ace.checker.record_deck import Numbers, integers
from tasks.ace.checker.record_tables import BATCH
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, days_from_text, rule
from tasks.ace.fees.fee_rates import NO_DAY
from tasks.ace.fees.payment_terms import AHEAD
from tasks.ace.wire.data_classes import Flags, digit_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.core.calendar import Calendar

_TYPE, _DATE = "payment_type_code", "preliminary_statement_print_date"
_MONTH, _BRANCH = "periodic_statement_month", "statement_client_branch_identifier"
_EPOCH = date(1970, 1, 1).toordinal()
_MONTHS_AHEAD = 2


@rule("263", "197", "199", "200", "201", "202", "211", "212", "222")
def payment_fields(summary: SummaryFacts) -> None:
    """Which fields go with which payment type."""
    header = summary.header
    judged = summary.full & ~summary.correction
    single = header.says(_TYPE, "1")
    monthly = header.says(_TYPE, *code_list("monthly_payment"))
    statement = monthly | header.says(_TYPE, *code_list("daily_payment"))
    summary.fault("263", header, judged & header.blank(_TYPE), _TYPE)
    unknown = header.given(_TYPE) & ~header.says(_TYPE, *code_list("payment_type"))
    summary.fault("197", header, unknown, _TYPE)
    summary.fault("199", header, ~statement & header.given(_DATE), _DATE)
    summary.fault("202", header, statement & header.blank(_DATE), _DATE)
    summary.fault("200", header, ~monthly & header.given(_MONTH), _MONTH)
    summary.fault("211", header, monthly & header.blank(_MONTH), _MONTH)
    month = integers(header.raw(_MONTH))
    month_exists = digit_bytes(header.raw(_MONTH)).all(axis=1) & (month >= 1) & (month <= 12)
    summary.fault("212", header, header.given(_MONTH) & ~month_exists, _MONTH)
    summary.fault("201", header, ~statement & header.given(_BRANCH), _BRANCH)
    paperless = header.says("electronic_invoice_indicator", "Y") & single
    summary.fault("222", header, paperless, _TYPE)


@rule("204", "205", "206", "213")
def statement_dates(summary: SummaryFacts) -> None:
    """A business day, at least one ahead of the transmission and at most 90 days (p.175)."""
    header = summary.header
    printed = summary.day("10", _DATE)
    summary.fault("204", header, (printed != NO_DAY) & ~_statement_days(printed), _DATE)
    sent = _transmitted(summary)
    dated = (printed != NO_DAY) & (sent != NO_DAY)
    ahead = np.where(dated, printed, 0) - np.where(dated, sent, 0)
    summary.fault("205", header, dated & (ahead < 1), _DATE)
    summary.fault("206", header, dated & (ahead > AHEAD), _DATE)
    month = integers(header.raw(_MONTH))
    monthly_dated = header.given(_MONTH) & (sent != NO_DAY)
    now = np.where(monthly_dated, sent, 0).astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12
    summary.fault("213", header, monthly_dated & ((month - 1 - now) % 12 > _MONTHS_AHEAD), _MONTH)


@rule("208", "718")
def monthly(summary: SummaryFacts) -> None:
    """Monthly statements need a continuous bond or a waiver, and take no internal revenue tax."""
    header, bonds, taxes = summary.header, summary.rows("31"), summary.rows("60")
    by_month = header.says(_TYPE, *code_list("monthly_payment"))
    bonded = summary.has("31", bonds.says("bond_type_code", "8"))
    bonded |= header.says("bond_waiver_indicator", "0")
    summary.fault("208", header, by_month & ~bonded, _TYPE)
    summary.fault("718", taxes, by_month[summary.entry(taxes)])


def _statement_days(printed: Numbers) -> Flags:
    """Whether statements are printed on each day; each distinct day is looked up once."""
    distinct, day_place = np.unique(printed, return_inverse=True)
    calendar = Calendar()
    open_days = [day == NO_DAY or calendar.open(date.fromordinal(int(day) + _EPOCH)) for day in distinct]
    return np.array(open_days, dtype=bool)[day_place]


def _transmitted(summary: SummaryFacts) -> Numbers:
    """(entries,) the date of the batch that each entry stands in; NO_DAY where it has none."""
    deck = summary.deck
    heads = deck.of_kind(BATCH)
    sent = np.append(days_from_text(deck.matrix[heads][:, 14:20]), NO_DAY)
    return sent[deck.begun(heads)[deck.starts]]
