"""Entries that a file would put back: a workbook filled in before the last correction looks like any
other revision, and would undo what was corrected since."""

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

_MOST = 6
"""Fields named of one entry; an old workbook can differ in a hundred."""

Cells = dict[tuple[str, tuple[object, ...], str], object]


def reverting_entries(
    journal: Journal, content: ContentStore, record: EntryRecord, numbers: Sequence[str]
) -> dict[str, str]:
    """Of these numbers, about to be revised, each with fields that an earlier revision held so and the
    last one otherwise: which, and what becomes of them."""
    found = {}
    before = _contents(journal, set(numbers)) if numbers else {}
    for number in numbers:
        *older, last = [_cells(record_of_entries(content, {number: one})) for one in before[number]]
        if words := list(_words(_cells(record.take([number])), last, older)):
            found[number] = _together(words)
    return found


def corrected_entries(journal: Journal, numbers: Sequence[str]) -> set[str]:
    """Those of these numbers that were revised before: others have no earlier state."""
    query = sa.select(ENTRIES.c.number).where(ENTRIES.c.revision > 1)
    return {row.number for row in rows_among(journal.rows, query, ENTRIES.c.number, numbers)}


def _contents(journal: Journal, wanted: set[str]) -> Mapping[str, list[str]]:
    """The contents of each entry's revisions, oldest first."""
    found: dict[str, list[str]] = {number: [] for number in wanted}
    for event in journal.events(kind="entries."):
        if isinstance(event.said, EntriesRecorded):
            for line in event.said.entries:
                if line.number in wanted:
                    found[line.number].append(event.said.content)
    return found


def _cells(record: EntryRecord) -> Cells:
    """What is filled in, by table, row and field. Rows alike in their keys are told by their order."""
    found: Cells = {}
    for name, table in record.items():
        seen: dict[tuple[object, ...], int] = {}
        for row in table.to_pylist():
            key = tuple(row[one] for one in key_names(name))
            seen[key] = seen.get(key, 0) + 1
            for one in fields_of(name):
                if one.level not in ("key", "set") and row[one.name] is not None:
                    found[(name, (*key[1:], seen[key]), one.name)] = row[one.name]
    return found


def _words(new: Cells, last: Cells, older: Sequence[Cells]) -> Iterator[str]:
    for cell in sorted({*new, *last}, key=str):
        name, row, column = cell
        value, corrected = new.get(cell), last.get(cell)
        if value == corrected or all(one.get(cell) != value for one in older):
            continue
        known = field_named(name, column)
        where = f"{RECORD_SHEETS[name]} {'/'.join(map(str, row[:-1]))} ".replace("  ", " ")
        told = "" if known.private else f" {_shown(corrected)} becomes {_shown(value)} again"
        yield f"{where}{known.title}{told}"


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value}"[:40]


def _together(words: Sequence[str]) -> str:
    more = f"; and {len(words) - _MOST} more" if words[_MOST:] else ""
    return "; ".join(words[:_MOST]) + more
