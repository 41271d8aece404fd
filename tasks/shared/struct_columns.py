"""Columns of tables and fields of Arrow schemas, derived from the structs that declare the facts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import inspect

_SQL: dict[type[inspect.Type], type[sa.types.TypeEngine[Any]]] = {
    inspect.StrType: sa.Text,
    inspect.BoolType: sa.Boolean,
    inspect.IntType: sa.BigInteger,
    inspect.ListType: sa.Text,
    inspect.VarTupleType: sa.Text,
}
"""A list of structs or texts is kept as JSON, empty text where the list is empty."""


def columns(
    struct: type[msgspec.Struct],
    *names: str,
    keys: Collection[str] = (),
    unique: Collection[str] = (),
) -> Iterator[sa.Column[Any]]:
    """A column for each field of a struct, or for these of its fields, in its order. Only a field
    that may be None gives a column that may be null. `keys`: fields of the primary key. Raises
    TypeError for a field that no column can hold, KeyError for a name that is no field."""
    own = {field.name: field.type for field in _fields(struct)}
    for name in names or own:
        kind, nullable = _plain(own[name])
        kind = kind.type if isinstance(kind, inspect.Metadata) else kind
        if type(kind) not in _SQL:
            raise TypeError(f"{struct.__name__}.{name} has a type that no column holds: {kind}")
        yield sa.Column(
            name,
            _SQL[type(kind)],
            primary_key=name in keys,
            nullable=nullable,
            unique=name in unique or None,
        )


def row_of(body: msgspec.Struct, *names: str) -> dict[str, Any]:
    """These fields of a body as a row for such columns."""
    return {name: cell(getattr(body, name)) for name in names}


def cell(value: Any) -> Any:
    """A value as its column keeps it: a struct or a list as JSON."""
    if isinstance(value, list | tuple):
        return msgspec.json.encode(value, order="sorted").decode() if value else ""
    if isinstance(value, msgspec.Struct):
        return msgspec.json.encode(value, order="sorted").decode()
    return value


def arrow_types(struct: type[msgspec.Struct], omit: Collection[str] = ()) -> dict[str, str]:
    """The type of each field of a struct that a table holds, in its order: `str`, `bool`, `int`,
    `date`, `datetime`, `decimal`, or what `Meta(extra={"arrow": ...})` of the field states."""
    found = {}
    for field in _fields(struct):
        if field.name in omit:
            continue
        kind, _ = _plain(field.type)
        stated = (
            kind.extra.get("arrow") if isinstance(kind, inspect.Metadata) and kind.extra else ""
        )
        base = kind.type if isinstance(kind, inspect.Metadata) else kind
        found[field.name] = stated or type(base).__name__.removesuffix("Type").lower()
    return found


def _fields(struct: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _plain(kind: inspect.Type) -> tuple[inspect.Type, bool]:
    """The type without None, and whether None was among it."""
    if not isinstance(kind, inspect.UnionType):
        return kind, False
    rest = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
    return rest[0], len(rest) < len(kind.types)
