"""The different ways in which summaries are paid: terms, payment type, first statement date, due day.

Few are different among many summaries, so each is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.fees.payment_terms import (
    AHEAD,
    AS_DAILY,
    INDIVIDUAL,
    MONTHLY,
    MONTHLY_DAY,
    OTHER_IMPORTERS,
    SUMMARY_DUE_DAYS,
    PaymentSetup,
    PaymentTerms,
    statement_window,
)
from tasks.ace.wire.table_columns import table_schema
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput, Problem

Index = NDArray[np.int64]

SUMMARIES = table_schema("payment requests")
"""What is asked of each summary. payment_type: its own wish, null for its importer's terms;
taxed: owes internal revenue tax; enrolled: false if ACE says that the importer takes no part in
periodic monthly statements, null if it is not known; amount: cents owed."""

NOT_MONTHLY_TAX = "tax: daily instead of monthly statement (718)"
NOT_MONTHLY_ENROLLED = "importer not enrolled: daily instead of monthly statement (210)"
NOT_MONTHLY_BOND = "no continuous bond: daily instead of monthly statement (208)"


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """How summaries of the same terms, wish and entry date are paid. `payer` is left out: it may
    be each importer himself."""

    terms: PaymentTerms
    kind: str
    entered: date
    first: date
    due: date
    notes: tuple[str, ...]


def assign_methods(summaries: pa.Table, payment: PaymentSetup) -> tuple[list[PaymentMethod], Index]:
    """The different ways, and which one each summary has. Raises BadInput with every summary that
    has none."""
    terms, whose = _importer_terms(summaries["importer_number"], payment)
    first, way_of = _distinct_terms(summaries, whose)
    terms_of = [terms[int(number)] for number in whose[first]]
    return _methods(summaries, terms_of, first, way_of, payment), way_of


def _importer_terms(importers: pa.ChunkedArray, payment: PaymentSetup) -> tuple[list[PaymentTerms | None], Index]:
    """The different terms, and which of them each importer has; those of all others come last."""
    named = [number for number in payment.terms if number != OTHER_IMPORTERS]
    index = pc.index_in(importers, value_set=pa.array(named, pa.string()))
    terms = [*map(payment.terms.get, named), payment.terms.get(OTHER_IMPORTERS)]
    return terms, pc.fill_null(index, len(named)).to_numpy().astype(np.int64)


def _distinct_terms(summaries: pa.Table, whose: Index) -> tuple[Index, Index]:
    """The first summary of each different way to be paid, and which way each summary has."""
    kinds = pc.fill_null(summaries["payment_type"], "").combine_chunks()
    entered = summaries["estimated_entry_date"].cast(pa.int32())
    parts = [
        kinds.dictionary_encode().indices,
        pc.fill_null(summaries["taxed"], False).cast(pa.int8()),
        pc.fill_null(pc.equal(summaries["bond_type"], "9"), False).cast(pa.int8()),
        pc.fill_null(pc.invert(summaries["enrolled"]), False).cast(pa.int8()),
        pc.subtract(entered, pc.min(entered)),
    ]
    key = whose
    for part in parts:
        values = np.asarray(part, dtype=np.int64)
        key = key * (int(values.max()) + 1) + values
    _, first, way_of = np.unique(key, return_index=True, return_inverse=True)
    return first, way_of


def _methods(
    summaries: pa.Table, terms: Sequence[PaymentTerms | None], first: Index, way_of: Index, payment: PaymentSetup
) -> list[PaymentMethod]:
    """Each way to be paid. Raises BadInput with every summary that has none."""
    due = cache(partial(_due, payment=payment))
    earliest = cache(partial(_first, payment=payment))
    outcomes = [
        _method(row, terms_of, due, earliest)
        for row, terms_of in zip(summaries.take(first).to_pylist(), terms, strict=True)
    ]
    ways = [outcome for outcome in outcomes if isinstance(outcome, PaymentMethod)]
    if len(ways) == len(outcomes):
        return ways
    numbers = summaries["entry_number"]
    problems = [
        replace(problem, subject=numbers[row].as_py())
        for row, method_number in enumerate(way_of)
        if isinstance(problem := outcomes[method_number], Problem)
    ]
    raise BadInput("summaries-without-payment-method", problems, problems_count=len(problems))


def _method(
    row: Mapping[str, object],
    terms: PaymentTerms | None,
    due: Callable[[str, date], date],
    earliest: Callable[[date], tuple[date, bool]],
) -> PaymentMethod | Problem:
    requested = row["payment_type"]
    if terms is None:
        return Problem(column="payment_type", code="payment-terms-missing", values={"others": OTHER_IMPORTERS})
    kind, notes = str(requested or terms.payment_type), []
    if kind in MONTHLY and row["taxed"]:
        kind, notes = AS_DAILY[kind], [NOT_MONTHLY_TAX]
    if kind in MONTHLY and row["bond_type"] == "9":
        kind, notes = AS_DAILY[kind], [NOT_MONTHLY_BOND]
    if kind in MONTHLY and row["enrolled"] is False:
        kind, notes = AS_DAILY[kind], [NOT_MONTHLY_ENROLLED]
    if kind in MONTHLY and not terms.periodic_day:
        return Problem(column="periodic_day", value=kind, code="statement-day-not-set")
    entered: date = row["estimated_entry_date"]  # type: ignore[assignment]
    first, fits = earliest(entered)
    if kind != INDIVIDUAL and not fits:
        return Problem(
            column="estimated_entry_date",
            value=entered.isoformat(),
            code="entry-date-after-statement-window",
            values={"ahead": AHEAD},
        )
    return PaymentMethod(terms, kind, entered, first, due(kind, entered), tuple(notes))


def _first(entered: date, payment: PaymentSetup) -> tuple[date, bool]:
    """The first statement date of an entry, and whether CBP's window still holds it."""
    first, last = statement_window(payment.calendar, payment.sent)
    first = max(first, payment.calendar.on_or_after(entered))
    return first, first <= last


def _due(kind: str, entered: date, payment: PaymentSetup) -> date:
    """Ten working days after entry (19 CFR 142.12(b)); monthly: a working day of the next month."""
    if kind in MONTHLY:
        return payment.calendar.working_day(*next_month(entered.year, entered.month), MONTHLY_DAY)
    return payment.calendar.after(entered, SUMMARY_DUE_DAYS)


def next_month(year: int, month: int) -> tuple[int, int]:
    return (year + month // 12, month % 12 + 1)
