"""What the simulator ACE holds, in one SQLite file: entries, summaries, and what CBP knows.

One row a number, so that an entry can stand only once; `history` holds how it came about. Every
change is made inside `writing()`: a crash leaves a transaction done or not done.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tasks.drill.ace_simulator.state_rows import (
    BillRow,
    BondRow,
    EntryRow,
    EventRow,
    FilerRow,
    ImporterRow,
    NoticeRow,
    SummaryRow,
    TransactionBondRow,
)

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS filers (code TEXT PRIMARY KEY, factor, national_permit,
  reference_required, client_branch, monthly, preparer_ports);
CREATE TABLE IF NOT EXISTS importers (number TEXT PRIMARY KEY, name, status, monthly, address,
  city, state, postal_code);
CREATE TABLE IF NOT EXISTS bonds (number TEXT PRIMARY KEY, importer, surety, activity, amount,
  port, effective, terminated, sufficient);
CREATE TABLE IF NOT EXISTS transaction_bonds (entry, designation, entry_type, amount, importer,
  surety, void, PRIMARY KEY (entry, designation));
CREATE TABLE IF NOT EXISTS bills (issuer, number, quantity, unit, mode, port, carrier, voyage,
  conveyance, departed, arrived, hold, in_bond, PRIMARY KEY (issuer, number));
CREATE TABLE IF NOT EXISTS ports (code TEXT PRIMARY KEY, active, no_informal_fee);
CREATE TABLE IF NOT EXISTS entries (number TEXT PRIMARY KEY, status, source, port, entry_type,
  importer, mode, filing, address, created, released, origin, outcome, quota, request,
  requested);
CREATE TABLE IF NOT EXISTS entry_bills (issuer, bill, entry, quantity,
  PRIMARY KEY (issuer, bill, entry));
CREATE TABLE IF NOT EXISTS summaries (number TEXT PRIMARY KEY, owner, source, port, entry_type,
  importer, mode, reference, control, status, version, revised, accepted, changed, filed, rejected,
  review, in_use, on_hold, inactive, payment, statement, printed, collected, due, elected_entry,
  immediate, psc, liquidation, image, address);
CREATE TABLE IF NOT EXISTS consolidations (release TEXT PRIMARY KEY, summary);
CREATE TABLE IF NOT EXISTS expected (number TEXT PRIMARY KEY, outcome, released, origin);
CREATE TABLE IF NOT EXISTS notices (id INTEGER PRIMARY KEY, application, number, bill, code, text,
  at, released, origin, document, extra, body, address, issued);
CREATE TABLE IF NOT EXISTS history (id INTEGER PRIMARY KEY, number, at, event, detail);
CREATE TABLE IF NOT EXISTS switches (id INTEGER PRIMARY KEY, kind, skip, times, detail, only);
CREATE TABLE IF NOT EXISTS late (id INTEGER PRIMARY KEY, name, data BLOB);
CREATE TABLE IF NOT EXISTS done (work, batch, item, body, PRIMARY KEY (work, batch, item));
CREATE TABLE IF NOT EXISTS files (work TEXT PRIMARY KEY, at);
CREATE TABLE IF NOT EXISTS outgoing (name TEXT PRIMARY KEY, data BLOB, written);
CREATE INDEX IF NOT EXISTS by_number ON history (number);
CREATE INDEX IF NOT EXISTS by_entry ON entry_bills (entry);
CREATE INDEX IF NOT EXISTS notice_number ON notices (number, application);
CREATE INDEX IF NOT EXISTS by_acceptance ON summaries (accepted);
"""

OPENING = time(8, 0, 0)
"""When the simulator's day begins. Each event comes a second after the one before."""

Row = TypeVar("Row", EntryRow, SummaryRow, NoticeRow, ImporterRow, BondRow, TransactionBondRow, BillRow, FilerRow)
_TABLE_OF = {
    EntryRow: "entries",
    SummaryRow: "summaries",
    NoticeRow: "notices",
    ImporterRow: "importers",
    BondRow: "bonds",
    TransactionBondRow: "transaction_bonds",
    BillRow: "bills",
    FilerRow: "filers",
}


class SimulatorState:
    """The state of one simulator. Not for two processes at the same moment: the second waits."""

    def __init__(self, path: Path | str, today: date) -> None:
        self.today = today
        self._db = sqlite3.connect(str(path), isolation_level=None, timeout=60)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        with self.writing():
            for statement in _TABLES.split(";"):
                self._db.execute(statement)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction; inside another one it is part of that."""
        if self._db.in_transaction:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def tick(self) -> datetime:
        """The simulator's clock: the next second of its day, never before the last one."""
        last = self.value("clock")
        now = datetime.combine(self.today, OPENING)
        if last:
            now = max(now, datetime.fromisoformat(last) + timedelta(seconds=1))
        self.set_value("clock", now.isoformat())
        return now

    def value(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def set_value(self, name: str, value: str) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def run(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._db.execute(sql, [_packed(value) for value in values]).fetchall()

    def put(self, row: Row) -> None:
        """Write a row, in the place of the one with its key."""
        names = [column.name for column in fields(row)]
        placeholders = ", ".join("?" for _ in names)
        self._db.execute(
            f"INSERT OR REPLACE INTO {_TABLE_OF[type(row)]} ({', '.join(names)}) VALUES ({placeholders})",
            [_packed(getattr(row, name)) for name in names],
        )

    def find(self, kind: type[Row], where: str = "1", *values: Any) -> list[Row]:
        """Rows of a table that `where` picks; `where` may also order them."""
        sql = f"SELECT * FROM {_TABLE_OF[kind]} WHERE {where}"
        return [_unpacked(kind, row) for row in self.run(sql, *values)]

    def first(self, kind: type[Row], where: str, *values: Any) -> Row | None:
        rows = self.find(kind, where, *values)
        return rows[0] if rows else None

    def entry(self, number: str) -> EntryRow | None:
        return self.first(EntryRow, "number = ?", number)

    def summary(self, number: str) -> SummaryRow | None:
        return self.first(SummaryRow, "number = ?", number)

    def filer(self, code: str) -> FilerRow | None:
        """A filer's profile. Where none was seeded, CBP knows every filer, with factor 0."""
        profile = self.first(FilerRow, "code = ?", code)
        if profile is None and not self.run("SELECT 1 FROM filers LIMIT 1"):
            return FilerRow(code)
        return profile

    @property
    def has_importers(self) -> bool:
        """Whether importers were seeded. Where none was, CBP knows every importer, each with its bond."""
        return bool(self.run("SELECT 1 FROM importers LIMIT 1"))

    def add_event(self, number: str, event: str, detail: str = "") -> None:
        self.run(
            "INSERT INTO history (number, at, event, detail) VALUES (?, ?, ?, ?)", number, self.tick(), event, detail
        )

    def events(self, number: str) -> list[EventRow]:
        rows = self.run("SELECT at, event, detail FROM history WHERE number = ?", number)
        return [EventRow(datetime.fromisoformat(row[0]), row[1], row[2]) for row in rows]


def _packed(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, tuple):
        return " ".join(value)
    return int(value) if isinstance(value, bool) else value


def _unpacked(kind: type[Row], row: sqlite3.Row) -> Row:
    return kind(**{column.name: _typed(str(column.type), row[column.name]) for column in fields(kind)})


def _typed(kind: str, value: Any) -> Any:
    if kind.startswith("datetime"):
        return datetime.fromisoformat(value) if value else None
    if kind.startswith("date"):
        return date.fromisoformat(value) if value else None
    if kind.startswith("tuple"):
        return tuple(value.split()) if value is not None else None
    return bool(value) if kind == "bool" else value
