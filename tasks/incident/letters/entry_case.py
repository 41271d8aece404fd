"""One recorded entry as a letter needs it: its rows, its port, how the goods come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import Refused
from tasks.core.journal.table_columns import rows_among
from tasks.core.ssn import HIDDEN_TEXT
from tasks.entries.api import ENTRIES, NUMBERS, code_rows, record_of_entries
from tasks.security.api import is_reference
from tasks.workspace import Workspace

Row = Mapping[str, Any]
GONE = "purged"
_MODES = {"truck": "truck", "rail": "rail", "air": "air", "vessel": "ocean"}


@dataclass(frozen=True)
class EntryCase:
    """`tables`: the entry's rows by table of the record; `opened`: private values by field, `GONE` where
    the key was destroyed. `state` and `outcome` as the journal has them."""

    number: str
    digest: str
    state: str
    note: str
    outcome: str
    tables: Mapping[str, Sequence[Row]] = field(repr=False)
    opened: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    @property
    def entry(self) -> Row:
        return self.tables["entries"][0]

    @property
    def port(self) -> str:
        return str(self.entry["port_of_entry"] or "")

    @cached_property
    def mode(self) -> str:
        """truck, rail, air, ocean or other: the columns of `fields.csv`."""
        code = self.entry["mode_of_transport"] or ""
        families = {row["code"]: row["family"] for row in code_rows("mode_of_transport")}
        return _MODES.get(families.get(code, ""), "other")

    def rows(self, table: str) -> Sequence[Row]:
        return self.tables[table]

    def private(self, name: str, *, hidden: bool) -> str:
        """A driver's value in the clear, or hidden; empty if none was recorded or it was purged."""
        value = self.opened.get(name, "")
        if not value or value == GONE:
            return ""
        return HIDDEN_TEXT if hidden else value


def cases(workspace: Workspace, numbers: Iterable[str]) -> list[EntryCase]:
    """The recorded entries among these numbers, in their order, with private values opened."""
    unique = list(dict.fromkeys(numbers))
    query = sa.select(ENTRIES, NUMBERS.c.state, NUMBERS.c.note).join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
    recorded = {row.number: row for row in rows_among(workspace.journal.rows, query, ENTRIES.c.number, unique)}
    tables = _tables(workspace, {number: row.content for number, row in recorded.items()})
    return [_case(workspace, recorded[number], tables) for number in unique if number in recorded]


def recorded_case(workspace: Workspace, current: Sequence[EntryCase], where: Mapping[str, str]) -> list[EntryCase]:
    """The same entries as earlier revisions have them; `where`: the content of that revision by number."""
    tables = _tables(workspace, where)
    return [_filled(workspace, case, tables) for case in current]


def _tables(workspace: Workspace, where: Mapping[str, str]) -> dict[str, dict[str, list[Row]]]:
    record: Any = record_of_entries(workspace.content, where)
    return {name: _by_entry(table.to_pylist()) for name, table in record.items()}


def _by_entry(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row["entry_number"], []).append(row)
    return grouped


def _case(workspace: Workspace, row: Any, tables: Mapping[str, Mapping[str, list[Row]]]) -> EntryCase:
    bare = EntryCase(row.number, row.digest, row.state, row.note, row.outcome, {})
    return _filled(workspace, bare, tables)


def _filled(workspace: Workspace, bare: EntryCase, tables: Mapping[str, Mapping[str, list[Row]]]) -> EntryCase:
    entry_tables = {name: by_number.get(bare.number, []) for name, by_number in tables.items()}
    (entry,) = entry_tables["entries"]
    opened = {name: _opened(workspace, entry[name]) for name in PRIVATE if entry[name]}
    return replace(bare, tables=entry_tables, opened=opened)


PRIVATE = ("driver_birth_date", "driver_licence", "vehicle_plate")


def _opened(workspace: Workspace, value: str) -> str:
    if not is_reference(value):
        return value
    try:
        return workspace.vault.open(value)
    except Refused:
        return GONE
