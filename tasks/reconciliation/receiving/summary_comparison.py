"""Our record against the summaries that ACE stored, field by field, whole columns at a time.

Our side is what our AE would say (`tasks/ace/stored_summaries/expected_records.py`), so that duty, fees and totals are
computed in one place. What is compared, and how, is data: `data/ace/summary_compared.csv`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from tasks.ace.api import (
    COMPARED_TABLES,
    EMPTY_GROUP,
    ENTRY_LEVEL,
    UNUSED_COLUMNS,
    AceAnswer,
    ComparisonSide,
    PaymentSetup,
    RecordGroup,
    StoredSummaries,
    entry_ranks,
    expected_side,
)
from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadInput, BadSettings
from tasks.core.journal.table_columns import rows_among
from tasks.entries.api import ENTRIES, VIEWS, Difference, FilerSettings, nonempty_rows
from tasks.reconciliation.decisions.consolidation import covered_releases
from tasks.reconciliation.plan import payment_terms
from tasks.reconciliation.plan.payment_terms import read_payment_terms
from tasks.reconciliation.receiving import record_comparison
from tasks.reconciliation.receiving.record_comparison import SCHEMA, unlike_records
from tasks.reconciliation.state.entry_state import IMPORTER
from tasks.workspace import Workspace

ByEntry = dict[str, list[Difference]]
"""What differs, by entry number, in the order of the summary."""


@dataclass(frozen=True)
class SummaryDifferences:
    """`record_comparison.SCHEMA`: fields that differ, and those that ACE has and our record could not."""

    table: pa.Table

    def by_entry(self) -> ByEntry:
        """What differs, by entry, but for what the paper cannot state."""
        entries: ByEntry = {}
        differ = self.table.filter(pc.not_equal(self.table["code"], "not-on-paper"))
        for number, *fields in zip(*(to_list(column) for column in differ.columns), strict=True):
            values = zip(SCHEMA.names[1:], fields, strict=True)
            difference = Difference(**{name: value or "" for name, value in values})
            entries.setdefault(number, []).append(difference)
        return entries


@dataclass(frozen=True)
class RecordedSide:
    """What our journal has of the entries in some answers: their numbers, and the tables of the record."""

    numbers: list[str]
    tables: Mapping[str, pa.Table]


def read_recorded_side(workspace: Workspace, answers: Sequence[AceAnswer]) -> RecordedSide:
    """Reads what the answers are compared with."""
    named = [answer.stored.numbers for answer in answers if answer.stored is not None]
    unique = pc.to_list(pc.unique(pa.concat_arrays(named))) if named else []
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    contents = dict(rows_among(workspace.journal.rows, query, ENTRIES.c.number, unique))
    where = {number: contents[number] for number in unique if number in contents}
    return RecordedSide(
        list(where), nonempty_rows(workspace.content, where, COMPARED_TABLES, UNUSED_COLUMNS) if where else {}
    )


def summary_differences(
    workspace: Workspace, answers: Sequence[AceAnswer], ours: RecordedSide | None = None
) -> list[ByEntry]:
    """What the stored summaries of answers have otherwise than our record, for each answer; `ours` if
    it was read already."""
    return [differences.by_entry() for differences in compare_summaries(workspace, answers, ours)]


def compare_summaries(
    workspace: Workspace, answers: Sequence[AceAnswer], ours: RecordedSide | None = None
) -> list[SummaryDifferences]:
    """The same as tables. Answers that are compared together cost less than one by one."""
    ours = ours or read_recorded_side(workspace, answers)
    if not ours.numbers:
        return [SummaryDifferences(record_comparison.SCHEMA.empty_table()) for _ in answers]
    expected = _expected_side(workspace, ours, _entry_dates(answers))
    return [SummaryDifferences(_compare_answer(expected, answer.stored, ours.numbers)) for answer in answers]


def _expected_side(workspace: Workspace, ours: RecordedSide, entry_dates: Mapping[str, date]) -> ComparisonSide:
    today = payment_terms.sending_day(workspace.settings)
    return expected_side(
        ours.tables,
        pa.array(ours.numbers, pa.string()),
        today,
        _payment_setup(workspace, today),
        entry_dates,
        _releases(workspace, ours.tables["entries"]),
        quota_one_step=workspace.settings(FilerSettings).quota_one_step,
        unenrolled=_unenrolled(workspace),
    )


def _unenrolled(workspace: Workspace) -> frozenset[str]:
    """Importers that take no part in periodic monthly statements, as KR said."""
    query = sa.select(VIEWS.c.number).where(VIEWS.c.about == IMPORTER, VIEWS.c.monthly.is_(False))
    return frozenset(row.number for row in workspace.journal.rows(query))


def _payment_setup(workspace: Workspace, today: date) -> PaymentSetup | None:
    """The payment table; where it cannot be used, that is told when something is to be sent."""
    try:
        return read_payment_terms(workspace.settings, today)
    except (BadInput, BadSettings):
        return None


def _releases(workspace: Workspace, entries: pa.Table) -> pa.Table | None:
    """Which of our entries name a consolidating summary of these as the one that covers them."""
    if "consolidating" not in entries.column_names:
        return None
    consolidating = entries["entry_number"].filter(pc.fill_null(entries["consolidating"], False))
    return covered_releases(workspace.journal, to_list(consolidating))


def _entry_dates(answers: Sequence[AceAnswer]) -> dict[str, date]:
    """The entry date that CBP shows for each summary, else the release date: they decide fees before
    the estimated one (AE 2026-07 p.161)."""
    dates: dict[str, date] = {}
    for answer in answers:
        entries = answer.table("entries")
        day = pc.coalesce(entries["entry_date"], entries["release_date"])
        numbers = entries["entry_number"].filter(pc.is_valid(day))
        dates |= dict(zip(to_list(numbers), to_list(day.drop_null()), strict=True))
    return dates


def _compare_answer(ours: ComparisonSide, picture: StoredSummaries | None, numbers: list[str]) -> pa.Table:
    """One answer's summaries against ours. A summary that stands in it twice is compared twice."""
    if picture is None:
        return record_comparison.SCHEMA.empty_table()
    positions = pc.index_in(picture.numbers, value_set=pa.array(numbers, pa.string()))
    ranks = pc.fill_null(positions, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    tables = []
    for chosen in _distinct_passes(ranks):
        theirs = picture.said(chosen, len(numbers))
        tables.append(unlike_records(_side_of_ranks(ours, theirs), theirs, numbers))
    return pa.concat_tables([record_comparison.SCHEMA.empty_table(), *tables])


def _distinct_passes(ranks: np.ndarray) -> Iterator[np.ndarray]:
    """The ranks, none of them twice at a time; -1 where one is left out."""
    left = ranks.copy()
    while (left >= 0).any():
        at = np.flatnonzero(left >= 0)
        first = at[np.unique(left[at], return_index=True)[1]]
        chosen = np.full(len(ranks), -1, dtype=np.int64)
        chosen[first] = left[first]
        yield chosen
        left[first] = -1


def _side_of_ranks(ours: ComparisonSide, theirs: ComparisonSide) -> ComparisonSide:
    """Our side of those summaries that the other side holds."""
    ranks = np.unique(entry_ranks(theirs.of("10").keys))
    return ComparisonSide({name: _group_of_ranks(group, ranks) for name, group in ours.groups.items()}, ours.value)


def _group_of_ranks(group: RecordGroup, ranks: np.ndarray) -> RecordGroup:
    """The records of some entries, whose ranks ascend."""
    if not len(ranks):
        return EMPTY_GROUP
    low, high = np.searchsorted(group.keys, [int(ranks[0]) << ENTRY_LEVEL, (int(ranks[-1]) + 1) << ENTRY_LEVEL])
    near = RecordGroup(group.keys[low:high], group.matrix[low:high])
    if ranks[-1] - ranks[0] + 1 == len(ranks):
        return near
    return near.some(np.isin(entry_ranks(near.keys), ranks))
