"""Every number of this filer's that ACE ever showed us, by where it was seen."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy as sa

from tasks.ace.response import Answer
from tasks.entries.number import EntryNumber, parse
from tasks.reconciliation.classify import HELD
from tasks.reconciliation.view import ACTION, NOTICE, PROBE, RANGE, RELEASE, SUMMARY
from tasks.shared.ace_tables import VIEWS
from tasks.shared.errors import BadNumber
from tasks.shared.journal import Journal
from tasks.shared.projections import NUMBERS
from tasks.workspace import Workspace

SOURCES = {RANGE: "EQ by date", SUMMARY: "EQ by number", RELEASE: "CQ by number",
           PROBE: "CQ by number", NOTICE: "a notice of ACE", ACTION: "a notice of ACE"}  # fmt: skip


def views(journal: Journal, about: str) -> dict[str, sa.Row]:
    """What ACE last said when it was asked about this, by number."""
    rows = journal.rows(sa.select(VIEWS).where(VIEWS.c.about == about))
    return {row.number: row for row in rows}


def in_ranges(workspace: Workspace) -> Iterator[dict[str, object]]:
    """The rows of every answer by date, in the order of the answers; a summary may come twice."""
    for row in views(workspace.journal, RANGE).values():
        if len(row.content) == 64:
            yield from _read(workspace.content.get(row.content)).to_pylist()


def kept(answer: Answer) -> bytes:
    """The summaries of an answer by date as Parquet; private numbers stand as references."""
    sink = io.BytesIO()
    pq.write_table(answer.table("entries"), sink, compression="zstd")
    return sink.getvalue()


def _read(data: bytes) -> pa.Table:
    return pq.ParquetFile(pa.BufferReader(data)).read(use_threads=False)


def with_summary(workspace: Workspace) -> set[str]:
    return {str(row["entry_number"]) for row in in_ranges(workspace) if row["entry_number"]}


def told(workspace: Workspace) -> Iterator[tuple[str, str]]:
    """(number, where) of all that ACE showed, whoever filed it."""
    yield from ((number, SOURCES[RANGE]) for number in sorted(with_summary(workspace)))
    for about in (PROBE, SUMMARY, RELEASE, NOTICE, ACTION):
        for number, row in sorted(views(workspace.journal, about).items()):
            if row.disposition in HELD:
                yield number, SOURCES[about]


def own(workspace: Workspace) -> Iterator[tuple[EntryNumber, str]]:
    """(number, where) of this filer's numbers with its check digit factor, out of the range that
    production can issue."""
    ours, filer = workspace.settings.numbers, workspace.settings.broker.filer_code
    offsets = {filer: ours.check_digit_offset}
    for text, where in told(workspace):
        try:
            number = parse(text, filers=(filer,), offsets=offsets)
        except BadNumber:
            continue
        if ours.production_first <= number.serial <= ours.production_last:
            yield number, where


def serials(workspace: Workspace) -> set[int]:
    """Serials out of production's range that ACE showed, and those that stand in our ledger."""
    return {number.serial for number, _ in own(workspace)} | set(in_ledger(workspace))


def in_ledger(workspace: Workspace) -> list[int]:
    """Serials of our own ledger that production could issue: none, where the reserve is right."""
    column, ours = NUMBERS.c, workspace.settings.numbers
    query = sa.select(column.serial).where(
        column.series == "entry", column.filer == workspace.settings.broker.filer_code,
        column.serial.between(ours.production_first, ours.production_last),
    )  # fmt: skip
    return [row.serial for row in workspace.journal.rows(query)]
