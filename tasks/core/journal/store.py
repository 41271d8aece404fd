"""The two databases a journal can lie in: its tables, its guards, and how a writer gets the lock."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

METADATA = sa.MetaData()

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False, index=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("key", sa.Text, unique=True, nullable=True),
    sa.Column("prev", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sqlite_strict=True,
)

# Any 63-bit number will do, as long as every program that writes this journal uses the same.
_POSTGRES_LOCK = 4_271_993_035_001

_SQLITE_GUARDS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS events_no_{verb.lower()} BEFORE {verb} ON events "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
    for verb in ("UPDATE", "DELETE")
)

_POSTGRES_GUARDS = (
    "CREATE OR REPLACE FUNCTION events_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$",
    "DROP TRIGGER IF EXISTS events_guard ON events",
    "CREATE TRIGGER events_guard BEFORE UPDATE OR DELETE OR TRUNCATE ON events "
    "FOR EACH STATEMENT EXECUTE FUNCTION events_append_only()",
    "REVOKE UPDATE, DELETE, TRUNCATE ON events FROM PUBLIC",
    "REVOKE UPDATE, DELETE, TRUNCATE ON events FROM CURRENT_USER",
)


def sqlite_url(path: Path) -> str:
    return f"sqlite+pysqlite:///{path.as_posix()}"


def engine(url: str) -> sa.Engine:
    """An engine for a journal. SQLite waits up to 60 s for another writer."""
    if url.startswith("postgres"):
        return sa.create_engine(
            url.replace("postgresql://", "postgresql+psycopg://", 1),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
        )
    sqlite_engine = sa.create_engine(url, connect_args={"timeout": 60, "check_same_thread": False})
    event.listen(sqlite_engine, "connect", _prepare_sqlite)
    event.listen(sqlite_engine, "begin", _begin_sqlite)
    return sqlite_engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=60000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    # The driver would begin only at the first write, after the head was read: two writers could
    # then read the same head.
    if connection.get_execution_options().get("writing", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        # Straight to the driver, as it touches no file and cannot fail: what SQLAlchemy does around
        # a statement takes longer than most reads.
        connection.connection.cursor().execute("BEGIN")


def create(engine: sa.Engine, tables: sa.MetaData) -> None:
    """Make what is missing, guards included. Safe to run again and by several at once."""
    with engine.connect().execution_options(writing=True) as connection, connection.begin():
        lock(connection)
        if engine.dialect.name == "sqlite":
            _create_sqlite(connection, (METADATA, tables))
            return
        METADATA.create_all(connection)
        tables.create_all(connection)
        for guard in _POSTGRES_GUARDS:
            connection.exec_driver_sql(guard)


def create_tables(connection: sa.Connection, tables: sa.MetaData) -> None:
    """Make the tables that are missing, without a guard."""
    if connection.dialect.name == "sqlite":
        _create_sqlite(connection, (tables,), guards=())
    else:
        tables.create_all(connection)


def _create_sqlite(
    connection: sa.Connection, all_tables: Sequence[sa.MetaData], guards: Sequence[str] = _SQLITE_GUARDS
) -> None:
    """One query for all that is there, and each statement compiled once: every command opens a
    journal, and nearly always all tables exist."""
    run = connection.exec_driver_sql
    there = {row.name for row in run("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for tables in all_tables:
        for name, statements in _sqlite_statements(tables):
            if name not in there:
                for statement in statements:
                    run(statement)
    for guard in guards:
        run(guard)


@cache
def _sqlite_statements(tables: sa.MetaData) -> list[tuple[str, list[str]]]:
    """Each table with the statements that make it and its indexes."""
    dialect = sqlite.dialect()
    statements: list[tuple[str, list[str]]] = []
    for table in tables.sorted_tables:
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        parts = [CreateTable(table), *map(CreateIndex, indexes)]
        statements.append((table.name, [str(part.compile(dialect=dialect)) for part in parts]))
    return statements


def lock(connection: sa.Connection) -> None:
    """Take the writer's lock until the transaction ends. SQLite has taken it at its beginning."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_POSTGRES_LOCK})")
