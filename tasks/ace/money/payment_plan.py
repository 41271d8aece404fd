"""Which statement each summary goes on, and what each payer owes a day.

Dates are set when a run is sent: the first that CBP takes, or a later one where a payer's daily
ceiling is reached, since a backlog on one day can bounce the debit. A monthly statement is debited in
one sum, on a working day of its month, whatever day its summaries are printed on: there the ceiling is
told, as another print date would not help.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.money.payment import INDIVIDUAL, MONTHLY, OTHERS, Payment
from tasks.ace.money.statement_days import MONTHLY_DAY, window
from tasks.ace.money.ways import (
    NOT_MONTHLY_BOND,
    NOT_MONTHLY_ENROLLED,
    NOT_MONTHLY_TAX,
    SUMMARIES,
    Index,
    Way,
    next_month,
    ways,
)
from tasks.shared.business_days import Calendar

__all__ = [
    "NOT_MONTHLY_BOND",
    "NOT_MONTHLY_ENROLLED",
    "NOT_MONTHLY_TAX",
    "PLAN",
    "SUMMARIES",
    "plan_payment",
]

PLAN = pa.schema(
    [
        ("entry_number", pa.string()),
        ("payer", pa.string()),
        ("payment_type", pa.string()),
        ("branch", pa.string()),
        ("statement_date", pa.date32()),
        ("periodic_month", pa.string()),
        ("debit", pa.date32()),
        ("due", pa.date32()),
        ("amount", pa.int64()),
        ("notes", pa.list_(pa.string())),
    ]
)
MOVED = "moved: the payer's ceiling was reached"
ALONE = "above the payer's ceiling by itself"
FULL = "no day within 90 days is under the payer's ceiling"
MONTH_FULL = "the debit of this month's statement is above the payer's ceiling"
LATE = "after the day that duty is due"


_Day = tuple[date | None, tuple[str, ...]]
"""A statement date, and what is to be said of it."""


def plan_payment(summaries: pa.Table, payment: Payment) -> pa.Table:
    """PLAN, one row a summary in the order given. `summaries` has the schema SUMMARIES.

    Raises BadInput with every summary that no statement can take: no terms for the importer, or
    an estimated entry date more than 90 days ahead.
    """
    if not summaries.num_rows:
        return PLAN.empty_table()
    summaries = summaries.combine_chunks()
    found, way_of = ways(summaries, payment)
    payers = _payers(summaries["importer_number"], found, way_of)
    outcome_of, outcomes = _outcomes(summaries, found, way_of, payers, payment)
    rows = [_row(way, *day, payment.calendar) for way, day in outcomes]
    columns = {name: pa.array([row[name] for row in rows], PLAN.field(name).type)
               .take(pa.array(outcome_of)) for name in rows[0]}  # fmt: skip
    columns |= {name: summaries[name].combine_chunks() for name in ("entry_number", "amount")}
    columns["payer"] = payers
    return pa.table([columns[name] for name in PLAN.names], schema=PLAN)


def _payers(importers: pa.ChunkedArray, found: Sequence[Way], way_of: Index) -> pa.Array:
    """Whose account is debited for each summary: `filer`, or the importer's number."""
    filer = pa.array([way.terms.account == "filer" for way in found]).take(pa.array(way_of))
    return pc.if_else(filer, "filer", pc.fill_null(importers, OTHERS)).combine_chunks()


def _outcomes(
    summaries: pa.Table, found: Sequence[Way], way_of: Index, payers: pa.Array, payment: Payment
) -> tuple[Index, list[tuple[Way, _Day]]]:
    """What becomes of the summaries, each different outcome once, and which one each has. Only
    those whose payer has a ceiling are placed one after the other."""
    outcomes = [(way, _unlimited(way, payment.calendar)) for way in found]
    outcome_of = way_of.copy()
    known = {one: place for place, one in enumerate(outcomes)}
    for row, day in _placed(summaries, found, way_of, payers, payment):
        one = (found[way_of[row]], day)
        if one not in known:
            known[one] = len(outcomes)
            outcomes.append(one)
        outcome_of[row] = known[one]
    return outcome_of, outcomes


def _unlimited(way: Way, calendar: Calendar) -> _Day:
    if way.kind == INDIVIDUAL:
        return None, way.notes
    return _told(way, way.first, (), debit_day(way, way.first, calendar))


def _told(way: Way, day: date, more: tuple[str, ...], debit: date) -> _Day:
    return day, (*way.notes, *more, *((LATE,) if debit > way.due else ()))


def _placed(
    summaries: pa.Table, found: Sequence[Way], way_of: Index, payers: pa.Array, payment: Payment
) -> Iterator[tuple[int, _Day]]:
    """The rows of payers with a ceiling, the one due first placed first."""
    names = pc.unique(payers).to_pylist()
    ceilings = {name: most for name in names if (most := payment.ceiling(name)) is not None}
    rows = np.flatnonzero(pc.is_in(payers, value_set=pa.array(list(ceilings), pa.string())))
    some = summaries.select(["entry_number", "amount"]).take(pa.array(rows))
    numbers, amounts = (column.to_pylist() for column in some.columns)
    held = zip(
        rows.tolist(), numbers, amounts, payers.take(pa.array(rows)).to_pylist(), strict=True
    )
    used = defaultdict(int, payment.used)
    last = window(payment.calendar, payment.sent)[1]
    after = cache(payment.calendar.after)
    for row, _, amount, payer in sorted(held, key=lambda one: (found[way_of[one[0]]].due, one[1])):
        way = found[way_of[row]]
        if way.kind == INDIVIDUAL:
            continue
        debit = debit_day(way, way.first, payment.calendar)
        room = partial(_fits, used, payer, amount, ceilings[payer])
        if way.kind in MONTHLY:
            day, more = way.first, () if room(debit) else (MONTH_FULL,)
        else:
            day, more = _place(way.first, last, amount > ceilings[payer], room, after)
            debit = day
        used[debit, payer] += amount
        yield row, _told(way, day, more, debit)


def _fits(
    used: Mapping[tuple[date, str], int], payer: str, amount: int, ceiling: int, day: date
) -> bool:
    return used.get((day, payer), 0) + amount <= ceiling


def _place(
    first: date,
    last: date,
    alone: bool,
    room: Callable[[date], bool],
    after: Callable[[date], date],
) -> tuple[date, tuple[str, ...]]:
    if alone:
        return first, (ALONE,)
    day = first
    while day <= last:
        if room(day):
            return day, () if day == first else (MOVED,)
        day = after(day)
    return first, (FULL,)


def _row(way: Way, day: date | None, notes: Sequence[str], calendar: Calendar) -> dict[str, object]:
    monthly = way.kind in MONTHLY and day is not None
    return {
        "payment_type": way.kind,
        "branch": (way.terms.branch or None) if way.kind != INDIVIDUAL else None,
        "statement_date": day,
        "periodic_month": f"{_period(way, day)[1]:02d}" if monthly and day else None,
        "debit": debit_day(way, day, calendar) if day else None,
        "due": way.due,
        "notes": list(notes),
    }


def debit_day(way: Way, day: date, calendar: Calendar) -> date:
    """When a summary on a statement of this day is debited: then, or with the whole monthly statement."""
    if way.kind not in MONTHLY:
        return day
    return calendar.working_day(*_period(way, day), MONTHLY_DAY)


def _period(way: Way, day: date) -> tuple[int, int]:
    """The month of the monthly statement: the one after the month of the entry, or the first that can
    still take the print date (p.175; error 215)."""
    earliest = (day.year, day.month)
    if day.day >= way.terms.periodic_day:
        earliest = next_month(day.year, day.month)
    return max(next_month(way.entered.year, way.entered.month), earliest)
