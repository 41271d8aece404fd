"""One recorded entry as a letter needs it: its rows, its port, how the goods come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from tasks.core.errors import Refused
from tasks.core.journal.table_columns import rows_among
from tasks.entries.api import ENTRIES, NUMBERS, code_rows, record_of_entries
from tasks.security.api import HIDDEN_TEXT, is_reference
from tasks.workspace import Workspace

Row = Mapping[str, Any]
GONE = "purged"
_MODES = {"truck": "truck", "rail": "rail", "air": "air", "vessel": "ocean"}


@dataclass(frozen=True)
class EntryCase:
    """`tables`: the entry's rows by table of the record; `opened`: private values by field, `GONE` where
    the key was destroyed. `state` and `outcome` as the book has them."""

    number: str
    digest: str
    state: str
    note: str
    outcome: str
    tables: Mapping[str, Sequence[Row]] = field(repr=False)
    opened: Mapping[str, str] = field(default_factory=dict, repr=False)

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
    wanted = list(dict.fromkeys(numbers))
    query = sa.select(ENTRIES, NUMBERS.c.state, NUMBERS.c.note).join(NUMBERS, NUMBERS.c.number == ENTRIES.c.number)
    found = {row.number: row for row in rows_among(workspace.journal.rows, query, ENTRIES.c.number, wanted)}
    record = record_of_entries(workspace.content, {number: row.content for number, row in found.items()})
    tables = {name: _by_entry(table.to_pylist()) for name, table in record.items()}
    return [_case(workspace, found[number], tables) for number in wanted if number in found]


def recorded_case(workspace: Workspace, known: Sequence[EntryCase], where: Mapping[str, str]) -> list[EntryCase]:
    """The same entries as earlier revisions have them; `where`: the content of that revision by number."""
    record = record_of_entries(workspace.content, where)
    tables = {name: _by_entry(table.to_pylist()) for name, table in record.items()}
    return [_filled(workspace, case, tables) for case in known]


def _by_entry(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["entry_number"], []).append(row)
    return found


def _case(workspace: Workspace, row: Any, tables: Mapping[str, Mapping[str, list[Row]]]) -> EntryCase:
    bare = EntryCase(row.number, row.digest, row.state, row.note, row.outcome, {})
    return _filled(workspace, bare, tables)


def _filled(workspace: Workspace, bare: EntryCase, tables: Mapping[str, Mapping[str, list[Row]]]) -> EntryCase:
    own = {name: some.get(bare.number, []) for name, some in tables.items()}
    (entry,) = own["entries"]
    opened = {name: _opened(workspace, entry[name]) for name in PRIVATE if entry[name]}
    return replace(bare, tables=own, opened=opened)


PRIVATE = ("driver_birth_date", "driver_licence", "vehicle_plate")


def _opened(workspace: Workspace, value: str) -> str:
    if not is_reference(value):
        return value
    try:
        return workspace.vault.open(value)
    except Refused:
        return GONE
