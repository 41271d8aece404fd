"""Many rows at once into a table that has a row for each key, on either database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, Any]


def put(connection: sa.Connection, table: sa.Table, rows: Iterable[Row], newer: str = "") -> None:
    """Insert rows, or replace those of the same primary key; of two with one key the last counts.

    With `newer` a row that stands with a higher value in that column stays as it is.
    """
    keys = [column.name for column in table.primary_key]
    distinct = {tuple(row[name] for name in keys): row for row in rows}
    if distinct:
        _execute_many(connection, _statement(connection, table, keys, newer), [*distinct.values()])


def _execute_many(connection: sa.Connection, statement: Any, rows: list[Row]) -> None:
    """Rows that hold all columns, of types that the driver takes as they are: the library's own way
    looks at every value of every row."""
    compiled = statement.compile(connection, column_keys=list(rows[0]))
    if compiled.positional:
        pick = itemgetter(*compiled.positiontup)
        connection.exec_driver_sql(str(compiled), [pick(row) for row in rows])
    else:
        connection.exec_driver_sql(str(compiled), [dict(row) for row in rows])


def _statement(
    connection: sa.Connection, table: sa.Table, keys: list[str], newer: str
) -> sa.Executable:
    made = _INSERTS[connection.dialect.name](table)
    rest = {one.name: made.excluded[one.name] for one in table.c if one.name not in keys}
    where = table.c[newer] <= made.excluded[newer] if newer else None
    return made.on_conflict_do_update(index_elements=keys, set_=rest, where=where)


_INSERTS: Mapping[str, Callable[[sa.Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
