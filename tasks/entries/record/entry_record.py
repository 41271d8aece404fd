"""The entry record: one Arrow table for the entries and one for each thing they have many of.

Child tables join by `entry_number` (and bill group, or line, or line and position). Absent is
null, never an empty string. Rows are sorted by their keys, then by all else, so that the same
content has the same bytes: the digest of the bytes names the content.

What tells one content of an entry from another: of all its rows, or of its cargo release alone.
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
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.core.errors import BadInput, Problem
from tasks.entries.record.record_fields import RECORD_TABLES, fields_of, key_names


def digests(record: EntryRecord) -> dict[str, str]:
    """SHA-256 of each entry's rows in all tables, by entry number: unlike the digest of the
    blob it stays the same under another release of pyarrow, so it tells a revision."""
    return _digests(record, dict(record.sorted().items()))


_OF_RELEASE: Mapping[str, tuple[str, ...]] = {
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
    """SHA-256 of what each entry's cargo release tells of the goods: bills, parties, tariff numbers,
    origins, values. Bond, contact and all that only a summary needs are left out."""
    tables = dict(record.sorted().items())
    return _digests(record, {name: tables[name].select(list(some)) for name, some in _OF_RELEASE.items()})


def _digests(record: EntryRecord, tables: Mapping[str, pa.Table]) -> dict[str, str]:
    seen = {number: sha256() for number in sorted(set(record.numbers))}
    for name, table in tables.items():
        numbers = table["entry_number"].to_pylist()
        for number, line in zip(numbers, _row_texts(name, table), strict=True):
            if number in seen:
                seen[number].update(line.encode())
    return {number: digest.hexdigest() for number, digest in seen.items()}


def _row_texts(name: str, table: pa.Table) -> list[str]:
    """Each row as one text; a null differs from every value that a cell can hold."""
    if not table.num_rows:
        return []
    columns = [pc.fill_null(pc.cast(column, pa.string()), "\x00") for column in table.columns]
    heads = pa.scalar(f"{name}\x1e")
    joined = pc.binary_join_element_wise(heads, *columns, pa.scalar("\x1e"), "\x1f")
    return joined.to_pylist()


_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "date": pa.date32(),
    "flag": pa.bool_(),
    "decimal": pa.decimal128(14, 2),
}
_SMALL = 1 << 20
# in-bond number, master, house: the order that SE15 wants within a bill group (SE v40 p.46-47)
_BILL_ORDER = ("I", "M", "H", "R", "T")


@cache
def record_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table. Raises KeyError for no such table."""
    return pa.schema([pa.field(f.name, _TYPES[f.type]) for f in fields_of(table)])


@cache
def _none(table: str) -> pa.Table:
    # Tables never change, so one without rows does for all records.
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
        return cls(**{name: tables[name] if name in tables else _none(name) for name in RECORD_TABLES})

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
        return self.entries["entry_number"].to_pylist()

    def take(self, numbers: Iterable[str]) -> EntryRecord:
        """The rows of these entry numbers, in every table; unknown numbers give no row."""
        wanted = pa.array(sorted(set(numbers)), pa.string())
        return EntryRecord.of(
            {name: table.filter(pc.is_in(table["entry_number"], value_set=wanted)) for name, table in self.items()}
        )

    def sorted(self) -> EntryRecord:
        """The same content in the one order that content has."""
        return EntryRecord.of({name: _in_order(name, table) for name, table in self.items()})


def _misfits(name: str, table: pa.Table) -> list[Problem]:
    """Where a table differs from its schema: each column missing, extra or of another type."""
    if table.schema.equals(record_schema(name)):
        return []
    have = {column.name: str(column.type) for column in table.schema}
    want = {column.name: str(column.type) for column in record_schema(name)}
    if have == want and table.schema.names == record_schema(name).names:
        return []
    odd = [column for column in {**want, **have} if have.get(column) != want.get(column)]
    return [
        Problem(
            sheet=name,
            column=column,
            value=have.get(column, ""),
            code=_misfit(column, have, want),
            values={"kind": want.get(column, "")},
        )
        for column in odd
    ] or [Problem(sheet=name, code="table-columns-out-of-order")]


def _misfit(column: str, have: Mapping[str, str], want: Mapping[str, str]) -> str:
    if column not in have:
        return "table-column-missing"
    return "table-column-kind-wrong" if column in want else "table-column-unknown"


def _in_order(name: str, table: pa.Table) -> pa.Table:
    """Sorted by keys, then by everything else, so that order in a sheet never counts."""
    if table.num_rows < 2:
        return table.combine_chunks()
    rest = [column for column in table.column_names if column not in key_names(name)]
    order = [(column, "ascending") for column in (*key_names(name), *rest)]
    if name == "bills":
        rank = pc.index_in(table["bill_type"], value_set=pa.array(_BILL_ORDER))
        order.insert(len(key_names(name)), ("rank", "ascending"))
        table = table.append_column("rank", rank)
    placed = table.take(pc.sort_indices(table, sort_keys=order)).combine_chunks()
    return placed.drop_columns(["rank"]) if name == "bills" else placed


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
    with _told_as_bad_input():
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
    with _told_as_bad_input():
        table = _read(data, where or _members(data), name, columns, without)
    if not columns and without is None and (problems := _misfits(name, table)):
        raise BadInput("entry-table-invalid", problems)
    return table


def members(data: bytes) -> dict[str, tuple[int, int]]:
    """Where each file of a blob begins, and its size. Raises BadInput for a blob that is none."""
    with _told_as_bad_input():
        return _members(data)


@contextmanager
def _told_as_bad_input() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, pa.ArrowException, KeyError) as wrong:
        problem = Problem(code="entry-record-malformed")
        raise BadInput("entry-record-unreadable", [problem]) from wrong


def _members(data: bytes) -> dict[str, tuple[int, int]]:
    """Where each file of a blob begins, and its size."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        return {one.name: (one.offset_data, one.size) for one in tar}


def _read(
    data: bytes,
    where: Mapping[str, tuple[int, int]],
    name: str,
    columns: Sequence[str] = (),
    without: Sequence[str] | None = None,
) -> pa.Table:
    start, size = where[f"{name}.parquet"]
    file = pq.ParquetFile(pa.BufferReader(pa.py_buffer(data).slice(start, size)))
    wanted = list(columns) if without is None else _filled(file.metadata, without)
    # Of a small table the threads take longer to start than to read.
    table = file.read(wanted or None, use_threads=size > _SMALL)
    return table.select(wanted) if wanted else table


def _filled(about: pq.FileMetaData, without: Sequence[str]) -> list[str]:
    """The columns with a value in some row but these; the first, the entry number, always."""
    groups = [about.row_group(place) for place in range(about.num_row_groups)]
    names = about.schema.names
    return [
        names[place]
        for place in range(about.num_columns)
        if not place or (names[place] not in without and any(_has_values(group.column(place)) for group in groups))
    ]


def _has_values(chunk: pq.ColumnChunkMetaData) -> bool:
    told = chunk.statistics
    return told is None or not told.has_null_count or told.null_count < chunk.num_values
