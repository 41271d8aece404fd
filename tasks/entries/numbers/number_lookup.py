"""Lookups of a number: its form, its check digit, its state and its entry."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from tasks.core.content import ContentStore
from tasks.core.errors import BadNumber, Refused
from tasks.core.journal.journal import Journal
from tasks.core.settings import BrokerSettings, Settings
from tasks.entries.events import EntriesRecorded
from tasks.entries.numbers.entry_numbers import parse_entry_number
from tasks.entries.numbers.in_bond_numbers import parse_in_bond
from tasks.entries.record.entry_record import from_bytes
from tasks.entries.settings import NumberSettings
from tasks.entries.tables import ENTRIES, NUMBERS, SENT
from tasks.entries.validation.summary_rules import summary_gaps


def number_state(journal: Journal, settings: Settings, text: str) -> dict[str, str]:
    """The facts of an entry or in-bond number. Raises BadNumber if it is neither, or if an entry number's
    digit is wrong for its filer."""
    series, number = _printed_form(settings, text)
    facts = {"number": number, "series": series, "check digit": "right"}
    row = journal.rows(sa.select(NUMBERS).where(NUMBERS.c.number == number))
    if not row:
        is_ours = series == "in-bond" or number[:3] == settings(BrokerSettings).filer_code
        state = "in no reserve of this book" if is_ours else "another filer's number"
        return facts | {"state": state}
    facts |= {"state": row[0].state, "desk": row[0].desk, "port": row[0].port}
    facts |= {"note": row[0].note} if row[0].note else {}
    return facts | _recorded_facts(journal, number)


def _printed_form(settings: Settings, text: str) -> tuple[str, str]:
    offsets = {settings(BrokerSettings).filer_code: settings(NumberSettings).check_digit_offset}
    try:
        return "entry", str(parse_entry_number(text, offsets=offsets))
    except BadNumber:
        if text.strip().isdigit() and len(text.strip()) == 9:
            return "in-bond", str(parse_in_bond(text))
        raise


def _recorded_facts(journal: Journal, number: str) -> dict[str, str]:
    entry = journal.rows(sa.select(ENTRIES).where(ENTRIES.c.number == number))
    sent = journal.rows(sa.select(SENT).where(SENT.c.number == number))
    facts: dict[str, str] = {}
    if entry:
        facts = {"revision": str(entry[0].revision), "outcome": entry[0].outcome}
        facts |= {"file": entry[0].file}
    return facts | {f"in {row.application} batch": row.batch for row in sent}


def recorded_entries(journal: Journal, desk: str = "") -> list[dict[str, object]]:
    """Every recorded entry, in order."""
    query = sa.select(ENTRIES, NUMBERS.c.state).join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
    if desk:
        query = query.where(ENTRIES.c.desk == desk)
    names = ("number", "desk", "entry_type", "route", "outcome", "port", "revision", "state", "file")
    rows = journal.rows(query.order_by(ENTRIES.c.number))
    return [{name: row._mapping[name] for name in names} for row in rows]


def entry_rows(
    journal: Journal, content: ContentStore, settings: Settings, text: str, revision: int = 0
) -> dict[str, list[dict[str, object]]]:
    """One entry's rows by table, of a revision (0: the last). Raises Refused if there is none."""
    _, number = _printed_form(settings, text)
    contents = [body.content for body in _revisions(journal, number)]
    if not contents or revision > len(contents):
        raise Refused("revision-not-found", written=number, found_count=len(contents))
    record = from_bytes(content.get(contents[revision - 1])).take([number])
    return {
        name: [_nonempty_values(row) for row in table.to_pylist()] for name, table in record.items() if table.num_rows
    }


def _revisions(journal: Journal, number: str) -> Iterator[EntriesRecorded]:
    for event in journal.events(kind="entries."):
        body = event.said
        is_record = isinstance(body, EntriesRecorded)
        if is_record and any(line.number == number for line in body.entries):
            yield body


def _nonempty_values(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def chase_list(journal: Journal, content: ContentStore) -> list[dict[str, object]]:
    """Missing facts that only the summary needs, by importer and due date."""
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content).where(~ENTRIES.c.complete)
    by_content: dict[str, list[str]] = {}
    for row in journal.rows(query):
        by_content.setdefault(row.content, []).append(row.number)
    rows = [
        row
        for digest, numbers in by_content.items()
        for row in summary_gaps(from_bytes(content.get(digest)).take(numbers)).to_pylist()
    ]
    return sorted(rows, key=lambda row: (str(row["due_from"]), str(row["importer_name"])))
