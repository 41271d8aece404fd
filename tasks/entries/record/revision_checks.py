"""Entries that a file would revert: a workbook filled in before the last correction looks like any other revision,
and would undo the correction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.journal.journal import Journal
from tasks.core.journal.table_columns import rows_among
from tasks.entries.events import EntriesRecorded
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_cache import record_of_entries
from tasks.entries.record.record_fields import RECORD_SHEETS, field_named, fields_of, key_names
from tasks.entries.tables import ENTRIES

_MAX_FIELDS = 6
"""Fields named of one entry; an old workbook can differ in a hundred."""

Cells = dict[tuple[str, tuple[object, ...], str], object]


def reverting_entries(
    journal: Journal, content: ContentStore, record: EntryRecord, numbers: Sequence[str]
) -> dict[str, str]:
    """Of these numbers, about to be revised, each with fields that go back to an earlier revision's value,
    as a sentence."""
    reverting = {}
    contents = _contents(journal, set(numbers)) if numbers else {}
    for number in numbers:
        *older, last = [_cells(record_of_entries(content, {number: digest})) for digest in contents[number]]
        if changes := list(_reverted_fields(_cells(record.take([number])), last, older)):
            reverting[number] = _joined(changes)
    return reverting


def corrected_entries(journal: Journal, numbers: Sequence[str]) -> set[str]:
    """Those of these numbers that were revised before: others have no earlier state."""
    query = sa.select(ENTRIES.c.number).where(ENTRIES.c.revision > 1)
    return {row.number for row in rows_among(journal.rows, query, ENTRIES.c.number, numbers)}


def _contents(journal: Journal, numbers: set[str]) -> Mapping[str, list[str]]:
    """The contents of each entry's revisions, oldest first."""
    contents: dict[str, list[str]] = {number: [] for number in numbers}
    for event in journal.events(kind="entries."):
        if isinstance(event.said, EntriesRecorded):
            for line in event.said.entries:
                if line.number in numbers:
                    contents[line.number].append(event.said.content)
    return contents


def _cells(record: EntryRecord) -> Cells:
    """The values by table, row and field. Rows with equal keys are numbered in their order."""
    cells: Cells = {}
    for name, table in record.items():
        counts: dict[tuple[object, ...], int] = {}
        for row in table.to_pylist():
            key = tuple(row[field] for field in key_names(name))
            counts[key] = counts.get(key, 0) + 1
            for field in fields_of(name):
                if field.level not in ("key", "set") and row[field.name] is not None:
                    cells[(name, (*key[1:], counts[key]), field.name)] = row[field.name]
    return cells


def _reverted_fields(new: Cells, last: Cells, older: Sequence[Cells]) -> Iterator[str]:
    for cell in sorted({*new, *last}, key=str):
        name, row, column = cell
        value, corrected = new.get(cell), last.get(cell)
        if value == corrected or all(revision.get(cell) != value for revision in older):
            continue
        field = field_named(name, column)
        where = f"{RECORD_SHEETS[name]} {'/'.join(map(str, row[:-1]))} ".replace("  ", " ")
        change = "" if field.private else f" {_cell_text(corrected)} becomes {_cell_text(value)} again"
        yield f"{where}{field.title}{change}"


def _cell_text(value: object) -> str:
    return "nothing" if value is None else f"{value}"[:40]


def _joined(changes: Sequence[str]) -> str:
    suffix = f"; and {len(changes) - _MAX_FIELDS} more" if changes[_MAX_FIELDS:] else ""
    return "; ".join(changes[:_MAX_FIELDS]) + suffix
