"""Every number of this filer's that ACE ever showed us, by where it was seen."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from tasks.ace.api import AceAnswer
from tasks.core.errors import BadNumber
from tasks.core.journal.journal import Journal
from tasks.core.settings import BrokerSettings
from tasks.entries.api import NUMBERS, VIEWS, EntryNumber, NumberSettings, parse_entry_number
from tasks.reconciliation.decisions.entry_facts import HELD
from tasks.reconciliation.state.entry_state import ACTION, NOTICE, PROBE, RANGE, RELEASE, SUMMARY
from tasks.workspace import Workspace

SOURCES = {
    RANGE: "EQ by date",
    SUMMARY: "EQ by number",
    RELEASE: "CQ by number",
    PROBE: "CQ by number",
    NOTICE: "a notice of ACE",
    ACTION: "a notice of ACE",
}


def last_answers(journal: Journal, about: str) -> dict[str, sa.Row]:
    """What ACE last said when it was asked about this, by number."""
    rows = journal.rows(sa.select(VIEWS).where(VIEWS.c.about == about))
    return {row.number: row for row in rows}


def range_rows(workspace: Workspace) -> Iterator[dict[str, object]]:
    """The rows of every answer by date, in the order of the answers; a summary may come twice."""
    for row in last_answers(workspace.journal, RANGE).values():
        if len(row.content) == 64:
            yield from _read(workspace.content.get(row.content)).to_pylist()


def summaries_parquet(answer: AceAnswer) -> bytes:
    """The summaries of an answer by date as Parquet; private numbers stand as references."""
    sink = io.BytesIO()
    pq.write_table(answer.table("entries"), sink, compression="zstd")
    return sink.getvalue()


def _read(data: bytes) -> pa.Table:
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)


def numbers_with_summary(workspace: Workspace) -> set[str]:
    return {str(row["entry_number"]) for row in range_rows(workspace) if row["entry_number"]}


def ace_numbers_shown(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """(number, where) of all that ACE showed, whoever filed it."""
    yield from ((number, SOURCES[RANGE]) for number in sorted(numbers_with_summary(workspace)))
    for about in (PROBE, SUMMARY, RELEASE, NOTICE, ACTION):
        for number, row in sorted(last_answers(workspace.journal, about).items()):
            if row.disposition in HELD:
                yield number, SOURCES[about]


def own_numbers(workspace: Workspace) -> Iterator[tuple[EntryNumber, str]]:
    """(number, where) of this filer's numbers with its check digit factor, out of the range that
    production can issue."""
    ours, filer = workspace.settings(NumberSettings), workspace.settings(BrokerSettings).filer_code
    offsets = {filer: ours.check_digit_offset}
    for text, where in ace_numbers_shown(workspace):
        try:
            number = parse_entry_number(text, filers=(filer,), offsets=offsets)
        except BadNumber:
            continue
        if ours.production_first <= number.serial <= ours.production_last:
            yield number, where


def production_serials(workspace: Workspace) -> set[int]:
    """Serials out of production's range that ACE showed, and those that stand in our ledger."""
    return {number.serial for number, _ in own_numbers(workspace)} | set(ledger_serials(workspace))


def ledger_serials(workspace: Workspace) -> list[int]:
    """Serials of our own ledger that production could issue: none, where the reserve is right."""
    column, ours = NUMBERS.c, workspace.settings(NumberSettings)
    query = sa.select(column.serial).where(
        column.series == "entry",
        column.filer == workspace.settings(BrokerSettings).filer_code,
        column.serial.between(ours.production_first, ours.production_last),
    )
    return [row.serial for row in workspace.journal.rows(query)]
