"""The entry record: one Arrow table for the entries and one for each thing they have many of.

Child tables join by `entry_number` (and bill group, or line, or line and position). Absent is
null, never an empty string. Rows are sorted by their keys, then by all else, so that the same
content has the same bytes: the digest of the bytes names the content.

Digests identify an entry's content: of all its rows, or of its cargo release alone.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields as dataclass_fields
from functools import cache
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadInput, Problem
from tasks.entries.record.record_fields import RECORD_TABLES, fields_of, key_names


def digests(record: EntryRecord) -> dict[str, str]:
    """SHA-256 of each entry's rows in all tables, by entry number: unlike the digest of the
    blob it stays the same under another release of pyarrow, so a change is a revision."""
    return _digests(record, dict(record.sorted().items()))


_RELEASE_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "entries": (
        "entry_number",
        "entry_type",
        "port_of_entry",
        "importer_number",
        "entered_value",
        "mode_of_transport",
        "zone_id",
        "warehouse_entry",
    ),
    "bills": ("entry_number", "bill_group", "bill_type", "issuer", "bill_number", "quantity"),
    "parties": ("entry_number", "line", "party", "name", "number", "address", "city", "country"),
    "lines": ("entry_number", "line", "country_of_origin", "zone_status", "zone_quantity"),
    "tariffs": ("entry_number", "line", "position", "hts_number", "value"),
}


def release_digests(record: EntryRecord) -> dict[str, str]:
    """SHA-256 of each entry's cargo release data of the goods: bills, parties, tariff numbers, origins, values;
    without bond, contact and fields that only a summary needs."""
    tables = dict(record.sorted().items())
    return _digests(record, {name: tables[name].select(list(columns)) for name, columns in _RELEASE_COLUMNS.items()})


def _digests(record: EntryRecord, tables: Mapping[str, pa.Table]) -> dict[str, str]:
    hashes = {number: sha256() for number in sorted(set(record.numbers))}
    for name, table in tables.items():
        numbers = to_list(table["entry_number"])
        for number, line in zip(numbers, _row_texts(name, table), strict=True):
            if number in hashes:
                hashes[number].update(line.encode())
    return {number: digest.hexdigest() for number, digest in hashes.items()}


def _row_texts(name: str, table: pa.Table) -> list[str]:
    """Each row as one text; a null differs from every value that a cell can hold."""
    if not table.num_rows:
        return []
    columns = [pc.fill_null(pc.cast(column, pa.string()), "\x00") for column in table.columns]
    heads = pa.scalar(f"{name}\x1e")
    joined = pc.binary_join_element_wise(heads, *columns, pa.scalar("\x1e"), "\x1f")
    return to_list(joined)


_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
    "decimal": pa.decimal128(14, 2),
}
_SMALL_TABLE_BYTES = 1 << 20
# in-bond number, master, house: the order of SE15 within a bill group (SE v40 p.46-47)
_BILL_ORDER = ("I", "M", "H", "R", "T")


@cache
def record_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table. Raises KeyError for no such table."""
    return pa.schema([pa.field(f.name, _TYPES[f.type]) for f in fields_of(table)])


@cache
def _empty_table(table: str) -> pa.Table:
    # Tables never change, so one without rows serves all records.
    return record_schema(table).empty_table()


@dataclass(frozen=True)
class EntryRecord:
    """Any number of entries. Each attribute is a table with the schema of its name."""

    entries: pa.Table
    bills: pa.Table
    conveyances: pa.Table
    equipment: pa.Table
    parties: pa.Table
    lines: pa.Table
    tariffs: pa.Table
    pga: pa.Table
    documents: pa.Table
    voided: pa.Table

    def __post_init__(self) -> None:
        problems = [problem for name, table in self.items() for problem in _misfits(name, table)]
        if problems:
            raise BadInput("entry-table-invalid", problems)

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> EntryRecord:
        """A record of the tables given; those not given are empty."""
        return cls(**{name: tables[name] if name in tables else _empty_table(name) for name in RECORD_TABLES})

    @classmethod
    def empty(cls) -> EntryRecord:
        """A record without an entry."""
        return cls.of({})

    def items(self) -> Iterator[tuple[str, pa.Table]]:
        """Name and table, in the order of the sheets."""
        for part in dataclass_fields(self):
            yield part.name, getattr(self, part.name)

    @property
    def numbers(self) -> list[str]:
        """The entry numbers of the table `entries`, as they stand there."""
        return pc.to_list(self.entries["entry_number"])

    def take(self, numbers: Iterable[str]) -> EntryRecord:
        """The rows of these entry numbers, in every table; unknown numbers give no row."""
        number_array = pa.array(sorted(set(numbers)), pa.string())
        return EntryRecord.of(
            {
                name: table.filter(pc.is_in(table["entry_number"], value_set=number_array))
                for name, table in self.items()
            }
        )

    def sorted(self) -> EntryRecord:
        """The same content in the one order that content has."""
        return EntryRecord.of({name: _sorted_table(name, table) for name, table in self.items()})


def _misfits(name: str, table: pa.Table) -> list[Problem]:
    """Differences of a table from its schema: each column missing, extra or of another type."""
    if table.schema.equals(record_schema(name)):
        return []
    actual = {column.name: str(column.type) for column in table.schema}
    expected = {column.name: str(column.type) for column in record_schema(name)}
    if actual == expected and table.schema.names == record_schema(name).names:
        return []
    misfits = [column for column in {**expected, **actual} if actual.get(column) != expected.get(column)]
    return [
        Problem(
            sheet=name,
            column=column,
            value=actual.get(column, ""),
            code=_misfit(column, actual, expected),
            values={"kind": expected.get(column, "")},
        )
        for column in misfits
    ] or [Problem(sheet=name, code="table-columns-out-of-order")]


def _misfit(column: str, actual: Mapping[str, str], expected: Mapping[str, str]) -> str:
    if column not in actual:
        return "table-column-missing"
    return "table-column-kind-wrong" if column in expected else "table-column-unknown"


def _sorted_table(name: str, table: pa.Table) -> pa.Table:
    """Sorted by keys, then by everything else, so that order in a sheet never counts."""
    if table.num_rows < 2:
        return table.combine_chunks()
    value_columns = [column for column in table.column_names if column not in key_names(name)]
    order = [(column, "ascending") for column in (*key_names(name), *value_columns)]
    if name == "bills":
        rank = pc.index_in(table["bill_type"], value_set=pa.array(_BILL_ORDER))
        order.insert(len(key_names(name)), ("rank", "ascending"))
        table = table.append_column("rank", rank)
    ordered = table.take(pc.sort_indices(table, sort_keys=order)).combine_chunks()
    return ordered.drop_columns(["rank"]) if name == "bills" else ordered


def concat(records: Sequence[EntryRecord]) -> EntryRecord:
    """All the entries of several records in one, in order."""
    joined = {
        name: pa.concat_tables([getattr(record, name) for record in records])
        for name in (RECORD_TABLES if records else ())
    }
    return EntryRecord.of(joined).sorted()


def to_bytes(record: EntryRecord) -> bytes:
    """A record as one blob: a tar of a Parquet file a table. Equal content, equal bytes (under
    one release of pyarrow, whose name stands in each Parquet file)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, table in record.sorted().items():
            sink = io.BytesIO()
            pq.write_table(table, sink, compression="zstd", row_group_size=1 << 20)
            entry = tarfile.TarInfo(f"{name}.parquet")
            entry.size, entry.mtime = sink.tell(), 0
            tar.addfile(entry, io.BytesIO(sink.getvalue()))
    return out.getvalue()


def from_bytes(data: bytes) -> EntryRecord:
    """The record behind `to_bytes`. Raises BadInput if the bytes are no record."""
    with _errors_as_bad_input():
        where = _members(data)
        return EntryRecord.of({name: _read(data, where, name) for name in RECORD_TABLES})


def read_table(
    data: bytes,
    name: str,
    columns: Sequence[str] = (),
    where: Mapping[str, tuple[int, int]] | None = None,
    without: Sequence[str] | None = None,
) -> pa.Table:
    """One table out of a blob, or some columns of it, without reading the others. `without`: only
    the columns that hold anything, and none of these; where: `members`, if they are known. Raises
    BadInput for a blob that is none."""
    with _errors_as_bad_input():
        table = _read(data, where or _members(data), name, columns, without)
    if not columns and without is None and (problems := _misfits(name, table)):
        raise BadInput("entry-table-invalid", problems)
    return table


def members(data: bytes) -> dict[str, tuple[int, int]]:
    """Where each file of a blob begins, and its size. Raises BadInput for a blob that is none."""
    with _errors_as_bad_input():
        return _members(data)


@contextmanager
def _errors_as_bad_input() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, pa.ArrowException, KeyError) as error:
        problem = Problem(code="entry-record-malformed")
        raise BadInput("entry-record-unreadable", [problem]) from error


def _members(data: bytes) -> dict[str, tuple[int, int]]:
    """Where each file of a blob begins, and its size."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        return {member.name: (member.offset_data, member.size) for member in tar}


def _read(
    data: bytes,
    where: Mapping[str, tuple[int, int]],
    name: str,
    columns: Sequence[str] = (),
    without: Sequence[str] | None = None,
) -> pa.Table:
    start, size = where[f"{name}.parquet"]
    file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(data).slice(start, size)))
    selected = list(columns) if without is None else _nonempty_columns(file.metadata, without)
    # For a small table, starting threads takes longer than reading.
    table = file.read(selected or None, use_threads=size > _SMALL_TABLE_BYTES)
    return table.select(selected) if selected else table


def _nonempty_columns(metadata: pq.FileMetaData, without: Sequence[str]) -> list[str]:
    """The columns with a value in some row but these; the first, the entry number, always."""
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    names = metadata.schema.names
    return [
        names[index]
        for index in range(metadata.num_columns)
        if not index or (names[index] not in without and any(_has_values(group.column(index)) for group in groups))
    ]


def _has_values(chunk: pq.ColumnChunkMetaData) -> bool:
    statistics = chunk.statistics
    return statistics is None or statistics.null_count is None or statistics.null_count < chunk.num_values
