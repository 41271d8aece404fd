"""Summaries made ready to be sent: routes judged, fees and totals computed, statement dates set.

What comes out is what approval is asked for, and what the writer takes: the same tables with the
computed columns on them.

Which summaries may be sent, and which of them are certified for cargo release.

Routes: `se_then_ae` and `ae_only` give an uncertified summary, `ae_certified` a certified one. What
may never be certified is a closed list (AE 2026-07 p.40-41, 180; SE v40 p.41; errors 147, 148, 310,
318, 339, 785). Quota types 02, 07 and 12 go certified and live, unless the setting says
otherwise: error 320 asks for it though the matrix leaves it open.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa

from tasks.ace.entry_summary.summary_amounts import estimated_entry_date, with_amounts
from tasks.ace.entry_summary.summary_slices import SummarySlice
from tasks.ace.fees.payment_methods import SUMMARIES
from tasks.ace.fees.payment_plan import PLAN, plan_payment
from tasks.ace.fees.payment_terms import PaymentSetup
from tasks.ace.wire.array_tools import Mask, as_mask, is_given
from tasks.ace.wire.record_layouts import code_list
from tasks.ace.wire.table_columns import table_schema
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput, Problem, RouteRefused

CERTIFIED, TWO_STEP, ALONE = "ae_certified", "se_then_ae", "ae_only"


def route_summaries(
    part: SummarySlice, quota_one_step: bool, released: Collection[str] = ()
) -> tuple[Mask, Mask, list[Problem]]:
    """Which entries are certified, which are live, and each that has no such message, with why.

    `released`: numbers for which ACE already has the entry; their summaries are never certified,
    whatever the route, and quota goods among them are still live.
    """
    refusals: dict[int, str] = {}
    on_file = pa.array(sorted(released), pa.string())
    on_file_mask = as_mask(pc.is_in(part.plain("entry_number"), value_set=on_file))
    for code, mask in _refusals(part, quota_one_step, on_file_mask):
        for row in np.flatnonzero(mask):
            refusals.setdefault(int(row), code)
    numbers = part.column("entry_number")
    problems = [Problem(subject=numbers[row].as_py(), code=refusals[row]) for row in sorted(refusals)]
    one_step = part.is_any("filing_route", (CERTIFIED,))
    live = part.yes("live_entry") | (one_step & part.is_any("entry_type", code_list("live_quota_type")))
    return one_step & ~on_file_mask, live, problems


def refuse_unroutable(problems: Sequence[Problem]) -> None:
    """Raises RouteRefused for entries that have no such summary, each with its reason."""
    if problems:
        raise RouteRefused("entry-summary-not-applicable", problems, count=len(problems))


def _refusals(part: SummarySlice, quota_one_step: bool, on_file: Mask) -> list[tuple[str, Mask]]:
    one_step = part.is_any("filing_route", (CERTIFIED,))
    certified = one_step & ~on_file
    two_step = part.is_any("filing_route", (TWO_STEP,))
    routed = one_step | two_step | part.is_any("filing_route", (ALONE,))
    quota = part.is_any("entry_type", code_list("live_quota_type"))
    without = part.is_any("entry_type", code_list("no_release_type"))
    types = part.is_any("entry_type", code_list("summary_type"))
    refusals = [
        ("filing-route-unknown", ~routed),
        ("entry-type-without-summary", ~types),
        ("entry-type-without-cargo-release", two_step & without),
        ("covered-by-consolidated-summary", part.given("consolidated_summary")),
        ("consolidated-summary-without-release", part.yes("consolidating") & ~_covered(part)),
        ("entry-type-not-consolidated", part.yes("consolidating") & ~_consolidable(part)),
        ("quota-not-certified", quota & ~certified & ~on_file & (quota_one_step is True)),
    ]
    for code, rule in _NEVER_CERTIFIED:
        refusals.append((code, certified & rule(part)))
    return refusals


def _covered(part: SummarySlice) -> Mask:
    return np.bincount(part.ranks["releases"], minlength=len(part)) > 0


def _consolidable(part: SummarySlice) -> Mask:
    return part.is_any("entry_type", code_list("consolidated_type"))


_NEVER_CERTIFIED: tuple[tuple[str, Callable[[SummarySlice], Mask]], ...] = (
    ("entry-type-never-certified", lambda part: part.is_any("entry_type", code_list("no_release_type"))),
    ("consolidated-summary-certified", lambda part: part.yes("consolidating")),
    ("express-summary-certified", lambda part: part.yes("express_informal")),
    ("expedited-release-certified", lambda part: part.yes("expedited_release")),
    ("weekly-zone-entry-certified", lambda part: part.is_any("entry_type", ("06",)) & part.given("zone_week")),
    ("immediate-delivery-certified", lambda part: part.yes("immediate_delivery")),
)


RELEASE_TABLES = table_schema("releases")
_REFERENCE = 9
_PLANNED = (
    ("sent_payment_type", "payment_type"),
    ("statement_branch", "branch"),
    ("statement_date", "statement_date"),
    ("periodic_month", "periodic_month"),
)


@dataclass(frozen=True)
class AceHoldings:
    """What ACE is known to hold.

    released: numbers that have a release; a certified summary for them is refused. entry_dates:
    entry dates that CBP has set, which decide the fees in place of the paper's (p.161). unenrolled:
    importers that take no part in periodic monthly statements (210).
    """

    released: Collection[str] = ()
    entry_dates: Mapping[str, date] = field(default_factory=dict)
    unenrolled: Collection[str] = ()


@dataclass(frozen=True)
class SummaryRun:
    """What holds for all summaries that are sent together."""

    payment: PaymentSetup
    quota_one_step: bool = True
    holdings: AceHoldings = AceHoldings()


@dataclass(frozen=True)
class PreparedSummaries:
    """Summaries with what they owe and how they are paid. entries, tables: the record's, with the
    computed columns; plan: `payment_plan.PLAN`, in the order of `entries`."""

    entries: pa.Table
    tables: Mapping[str, pa.Table]
    plan: pa.Table


@dataclass
class PreparationSurvey:
    """What keeps summaries from being sent, gathered over portions, and what payment asks."""

    run: SummaryRun
    refusals: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    requests: list[pa.Table] = field(default_factory=list)

    def add(self, part: SummarySlice) -> tuple[pa.Table, pa.Table]:
        """The entries and lines of a part with their computed columns."""
        certified, live, refusals = route_summaries(part, self.run.quota_one_step, self.run.holdings.released)
        self.refusals.extend(refusals)
        complete = _note_missing(part)
        self.problems.extend(part.problems)
        if not complete.all() or refusals:
            return part.entries, part.tables["lines"]
        entries, lines = with_amounts(part, self.run.payment.sent, self.run.holdings.entry_dates)
        entries = entries.append_column("certified", pa.array(certified))
        entries = entries.append_column("live", pa.array(live))
        self.requests.append(payment_requests(part, entries, self.run.holdings.unenrolled))
        return entries, lines

    def plan(self) -> pa.Table:
        """Statement dates of all that was seen. Raises RouteRefused or BadInput with everything
        that stands against sending."""
        refuse_unroutable(self.refusals)
        if self.problems:
            raise BadInput("summaries-incomplete", self.problems, problems_count=len(self.problems))
        requests = pa.concat_tables(self.requests) if self.requests else SUMMARIES.empty_table()
        return plan_payment(requests, self.run.payment)


def prepare(tables: Mapping[str, pa.Table], run: SummaryRun, releases: pa.Table | None = None) -> PreparedSummaries:
    """The summaries of a record's tables, ready to be sent. releases: as in `divided`."""
    entries, children = split_summaries(tables, releases)
    survey = PreparationSurvey(run)
    if not entries.num_rows:
        return PreparedSummaries(entries, children, PLAN.empty_table())
    part = SummarySlice.of(entries, children)
    entries, lines = survey.add(part)
    plan = survey.plan()
    return PreparedSummaries(with_plan(entries, plan), {**part.tables, "lines": lines}, plan)


def with_plan(entries: pa.Table, plan: pa.Table) -> pa.Table:
    """The entries with the payment columns of their rows of the plan."""
    for column, name in _PLANNED:
        entries = entries.append_column(column, plan[name])
    return entries


def split_summaries(
    tables: Mapping[str, pa.Table], releases: pa.Table | None = None
) -> tuple[pa.Table, dict[str, pa.Table]]:
    """The summaries, and the tables under them, with the releases that consolidating ones cover.

    Releases are no summaries. Those of this record are found in it unless they are given.
    """
    entries = tables["entries"]
    covered = covered_releases(entries, entries["entry_number"]) if releases is None else releases
    is_release = as_mask(pc.is_in(entries["entry_number"], value_set=covered["release"]))
    if is_release.any():
        entries = entries.filter(~is_release)
    children = {name: table for name, table in tables.items() if name != "entries"}
    return entries, {**children, "releases": covered}


def covered_releases(entries: pa.Table, summaries: pa.ChunkedArray) -> pa.Table:
    """RELEASES: the entries that name one of the summaries as the one that covers them."""
    name = "consolidated_summary"
    if name not in entries.column_names:
        return RELEASE_TABLES.empty_table()
    named = pc.is_in(entries[name], value_set=summaries)
    rows = entries.filter(pc.and_(pc.is_valid(entries[name]), named))
    return pa.table([rows[name], rows["entry_number"]], schema=RELEASE_TABLES)


def _note_missing(part: SummarySlice) -> Mask:
    """What the checker cannot see, noted: the date that is always sent, and the ledger key."""
    dated = is_given(estimated_entry_date(part))
    for row in np.flatnonzero(~dated):
        part.note(int(row), "estimated entry date", "estimated-entry-date-missing")
    key = part.plain("broker_reference")
    named = as_mask(pc.less_equal(pc.binary_length(key), _REFERENCE))
    for row in np.flatnonzero(~named):
        value = str(key[int(row)].as_py() or "")
        part.note(int(row), "broker reference", "broker-reference-invalid", value, most=_REFERENCE)
    return dated & named


def payment_requests(part: SummarySlice, entries: pa.Table, unenrolled: Collection[str]) -> pa.Table:
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
