"""Summaries made ready to be sent: routes judged, fees and totals computed, statement dates set.

What comes out is what approval is asked for, and what the writer takes: the same tables with the
computed columns on them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.money.payment import Payment
from tasks.ace.money.payment_plan import PLAN, SUMMARIES, plan_payment
from tasks.ace.summary.route import refuse, routed
from tasks.ace.summary.slice import SummarySlice
from tasks.ace.summary.values import estimated_entry_date, with_amounts
from tasks.ace.wire.vectors import Mask, truths
from tasks.shared.errors import BadInput, Problem

RELEASES = pa.schema([("entry_number", pa.string()), ("release", pa.string())])
_REFERENCE = 9
_PLANNED = (
    ("sent_payment_type", "payment_type"),
    ("statement_branch", "branch"),
    ("statement_date", "statement_date"),
    ("periodic_month", "periodic_month"),
)


@dataclass(frozen=True)
class Known:
    """What ACE is known to hold.

    released: numbers that have a release; a certified summary for them is refused. entry_dates:
    entry dates that CBP has set, which decide the fees in place of the paper's (p.161). unenrolled:
    importers that take no part in periodic monthly statements (210).
    """

    released: Collection[str] = ()
    entry_dates: Mapping[str, date] = field(default_factory=dict)
    unenrolled: Collection[str] = ()


@dataclass(frozen=True)
class Run:
    """What holds for all summaries that are sent together."""

    payment: Payment
    quota_one_step: bool = True
    known: Known = Known()


@dataclass(frozen=True)
class Prepared:
    """Summaries with what they owe and how they are paid. entries, tables: the record's, with the
    computed columns; plan: `payment_plan.PLAN`, in the order of `entries`."""

    entries: pa.Table
    tables: Mapping[str, pa.Table]
    plan: pa.Table


@dataclass
class Survey:
    """What keeps summaries from being sent, gathered over portions, and what payment asks."""

    run: Run
    refusals: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    asked: list[pa.Table] = field(default_factory=list)

    def see(self, part: SummarySlice) -> tuple[pa.Table, pa.Table]:
        """The entries and lines of a part with their computed columns."""
        certified, live, refusals = routed(part, self.run.quota_one_step, self.run.known.released)
        self.refusals.extend(refusals)
        complete = _noted(part)
        self.problems.extend(part.problems)
        if not complete.all() or refusals:
            return part.entries, part.tables["lines"]
        entries, lines = with_amounts(part, self.run.payment.sent, self.run.known.entry_dates)
        entries = entries.append_column("certified", pa.array(certified))
        entries = entries.append_column("live", pa.array(live))
        self.asked.append(asked(part, entries, self.run.known.unenrolled))
        return entries, lines

    def plan(self) -> pa.Table:
        """Statement dates of all that was seen. Raises RouteRefused or BadInput with everything
        that stands against sending."""
        refuse(self.refusals)
        if self.problems:
            raise BadInput("summaries-incomplete", self.problems, problems_count=len(self.problems))
        asked = pa.concat_tables(self.asked) if self.asked else SUMMARIES.empty_table()
        return plan_payment(asked, self.run.payment)


def prepare(tables: Mapping[str, pa.Table], run: Run, releases: pa.Table | None = None) -> Prepared:
    """The summaries of a record's tables, ready to be sent. releases: as in `divided`."""
    entries, children = divided(tables, releases)
    survey = Survey(run)
    if not entries.num_rows:
        return Prepared(entries, children, PLAN.empty_table())
    part = SummarySlice.of(entries, children)
    entries, lines = survey.see(part)
    plan = survey.plan()
    return Prepared(planned(entries, plan), {**part.tables, "lines": lines}, plan)


def planned(entries: pa.Table, plan: pa.Table) -> pa.Table:
    """The entries with the payment columns of their rows of the plan."""
    for column, name in _PLANNED:
        entries = entries.append_column(column, plan[name])
    return entries


def divided(
    tables: Mapping[str, pa.Table], releases: pa.Table | None = None
) -> tuple[pa.Table, dict[str, pa.Table]]:
    """The summaries, and the tables under them, with the releases that consolidating ones cover.

    Releases are no summaries. Those of this record are found in it unless they are given.
    """
    entries = tables["entries"]
    held = covered(entries, entries["entry_number"]) if releases is None else releases
    gone = truths(pc.is_in(entries["entry_number"], value_set=held["release"]))
    if gone.any():
        entries = entries.filter(pa.array(~gone))
    children = {name: table for name, table in tables.items() if name != "entries"}
    return entries, {**children, "releases": held}


def covered(entries: pa.Table, summaries: pa.ChunkedArray) -> pa.Table:
    """RELEASES: the entries that name one of the summaries as the one that covers them."""
    name = "consolidated_summary"
    if name not in entries.column_names:
        return RELEASES.empty_table()
    named = pc.is_in(entries[name], value_set=summaries)
    rows = entries.filter(pc.and_(pc.is_valid(entries[name]), named))
    return pa.table([rows[name], rows["entry_number"]], schema=RELEASES)


def _noted(part: SummarySlice) -> Mask:
    """What the checker cannot see, noted: the date that is always sent, and the ledger key."""
    dated = truths(pc.is_valid(estimated_entry_date(part)))
    for row in np.flatnonzero(~dated):
        part.note(int(row), "estimated entry date", "estimated-entry-date-missing")
    key = part.plain("broker_reference")
    named = truths(pc.less_equal(pc.binary_length(key), _REFERENCE))
    for row in np.flatnonzero(~named):
        value = str(key[int(row)].as_py() or "")
        part.note(int(row), "broker reference", "broker-reference-invalid", value, most=_REFERENCE)
    return dated & named


def asked(part: SummarySlice, entries: pa.Table, unenrolled: Collection[str]) -> pa.Table:
    """What the payment plan asks of each summary."""
    taxed = np.zeros(len(part), dtype=bool)
    taxed[part.ranks["lines"][part.given("tax_class", "lines")]] = True
    importers = part.plain("importer_number")
    columns = (
        part.plain("entry_number"),
        importers,
        part.plain("payment_type"),
        estimated_entry_date(part),
        pa.array(taxed),
        part.plain("bond_type"),
        pc.invert(pc.is_in(importers, value_set=pa.array(sorted(unenrolled), pa.string()))),
        entries["owed"],
    )
    return pa.table(list(columns), schema=SUMMARIES)
