"""Columns of tables as data: of ACE's own (`data/ace/tables.csv`), and those taken from the entry record."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from importlib.resources import files

import pyarrow as pa

MONEY_TYPE = pa.decimal128(14, 2)
TIME = pa.timestamp("s")
COLUMN_TYPES: Mapping[str, pa.DataType] = {
    "str": pa.string(),
    "date": pa.date32(),
    "bool": pa.bool_(),
    "int": pa.int64(),
    "int32": pa.int32(),
    "datetime": TIME,
    "decimal": MONEY_TYPE,
    "list": pa.list_(pa.string()),
}


def table_schema(name: str) -> pa.Schema:
    """The columns of a table, in order."""
    return pa.schema(
        [(row["column"], COLUMN_TYPES[row["type"]]) for row in _rows("tables.csv") if row["table"] == name]
    )


def column_lists(name: str) -> Mapping[str, tuple[str, ...]]:
    """Columns of the entry record by table: a list of `data/ace/record_columns.csv`."""
    rows = (row for row in _rows("record_columns.csv") if row["list"] == name)
    return {row["table"]: tuple(row["columns"].split()) for row in rows}


def image_fields(record: str, kind: str = "") -> dict[str, str]:
    """Column of the entry record -> field of an AE record (`data/ace/image_fields.csv`)."""
    rows = _rows("image_fields.csv")
    return {row["column"]: row["field"] for row in rows if (row["record"], row["kind"]) == (record, kind)}


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("continuity_data") / "ace" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
