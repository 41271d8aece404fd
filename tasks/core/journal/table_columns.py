"""Columns of projection tables and fields of Arrow schemas, derived from the structs that declare the facts, and
writing and reading many rows at once, on either database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import inspect
from sqlalchemy.dialects import postgresql, sqlite

_SQL: dict[type[inspect.Type], type[sa.types.TypeEngine[Any]]] = {
    inspect.StrType: sa.Text,
    inspect.BoolType: sa.Boolean,
    inspect.IntType: sa.BigInteger,
    inspect.ListType: sa.Text,
    inspect.VarTupleType: sa.Text,
}
"""A list of structs or texts is kept as JSON, empty text where the list is empty."""


def struct_columns(
    struct: type[msgspec.Struct], *names: str, keys: Collection[str] = (), unique: Collection[str] = ()
) -> Iterator[sa.Column[Any]]:
    """A column for each field of a struct, or for these of its fields, in its order. Only a field
    that may be None gives a column that may be null. `keys`: fields of the primary key. Raises
    TypeError for a field that no column can hold, KeyError for a name that is no field."""
    types = {field.name: field.type for field in _fields(struct)}
    for name in names or types:
        kind, nullable = _plain(types[name])
        kind = kind.type if isinstance(kind, inspect.Metadata) else kind
        if type(kind) not in _SQL:
            raise TypeError(f"{struct.__name__}.{name} has a type that no column holds: {kind}")
        yield sa.Column(
            name, _SQL[type(kind)], primary_key=name in keys, nullable=nullable, unique=name in unique or None
        )


def row_of(body: msgspec.Struct, *names: str) -> dict[str, Any]:
    """These fields of a body as a row for such columns."""
    return {name: column_value(getattr(body, name)) for name in names}


def column_value(value: Any) -> Any:
    """A value as its column keeps it: a struct or a list as JSON."""
    if isinstance(value, list | tuple):
        return msgspec.json.encode(value, order="sorted").decode() if value else ""
    if isinstance(value, msgspec.Struct):
        return msgspec.json.encode(value, order="sorted").decode()
    return value


def arrow_types(struct: type[msgspec.Struct], omit: Collection[str] = ()) -> dict[str, str]:
    """The type of each field of a struct that a table holds, in its order: `str`, `bool`, `int`,
    `date`, `datetime`, `decimal`, or what `Meta(extra={"arrow": ...})` of the field states."""
    types: dict[str, str] = {}
    for field in _fields(struct):
        if field.name in omit:
            continue
        kind, _ = _plain(field.type)
        extra: dict[str, str] = getattr(kind, "extra", None) or {}
        base = kind.type if isinstance(kind, inspect.Metadata) else kind
        types[field.name] = extra.get("arrow") or type(base).__name__.removesuffix("Type").lower()
    return types


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    struct_type = inspect.type_info(struct)
    assert isinstance(struct_type, inspect.StructType)
    return struct_type.fields


def _plain(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """The type without None, and whether None was among it."""
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    types = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
    return types[0], len(types) < len(kind.types)


Row = Mapping[str, Any]


def insert_or_update(connection: sa.Connection, table: sa.Table, rows: Iterable[Row], newer: str = "") -> None:
    """Insert rows, or replace those of the same primary key; of two with one key the last counts.

    With `newer` a row that has a higher value in that column stays as it is.
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


def _statement(connection: sa.Connection, table: sa.Table, keys: list[str], newer: str) -> sa.Executable:
    insert = _INSERTS[connection.dialect.name](table)
    updates = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
    where = table.c[newer] <= insert.excluded[newer] if newer else None
    return insert.on_conflict_do_update(index_elements=keys, set_=updates, where=where)


_INSERTS: Mapping[str, Callable[[sa.Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


METADATA = sa.MetaData()
"""The projections: what the events amount to now, kept in the same transaction, with the constraints that make
"twice" impossible. They can be dropped and rebuilt; truth is the events."""


def rows_among(
    rows: Callable[[sa.Select[Any]], Iterable[sa.Row[Any]]],
    query: sa.Select[Any],
    column: sa.Column[Any],
    values: Sequence[Any],
) -> Iterator[Any]:
    """The rows of a query in which a column is one of any number of values, a part of them at a
    time: a statement takes only so many. `rows` runs a query."""
    for start in range(0, len(values), _AT_ONCE):
        yield from rows(query.where(column.in_(values[start : start + _AT_ONCE])))


_AT_ONCE = 500
