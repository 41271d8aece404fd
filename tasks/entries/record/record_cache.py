"""Recorded entries out of their contents. A content never changes, so decoded tables are cached, and the rows of an
entry are found without reading the others'."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.content import ContentStore
from tasks.entries.record.entry_record import EntryRecord, members, read_table, record_schema
from tasks.entries.record.record_fields import RECORD_TABLES

MAX_BYTES = 256 << 20
"""Bytes of decoded contents that are kept; the last one used always is."""


class RecordCache:
    """The tables of one content, each decoded when it is first asked for. `size` is in bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)
        self._where = members(data)
        self._tables: dict[tuple[str, tuple[str, ...], tuple[str, ...] | None], pa.Table] = {}
        self._ranges: dict[str, dict[str, tuple[int, int]]] = {}

    def rows(
        self, name: str, numbers: Iterable[str], columns: Sequence[str] = (), without: Sequence[str] | None = None
    ) -> pa.Table:
        """The rows of these entries in one table, in its order; all columns, or these, of which
        the entry number must be one; `without`: those that hold anything but these. Raises BadInput
        if the content is no record."""
        table = self._table(name, tuple(columns), None if without is None else tuple(without))
        places = self._row_ranges(name, table)
        ranges = sorted(places[number] for number in set(numbers) if number in places)
        if not ranges:
            return table.slice(0, 0)
        low, high = np.array(ranges, dtype=np.int64).T
        if (low[1:] == high[:-1]).all():
            return table.slice(int(low[0]), int(high[-1] - low[0]))
        return table.take(_spread(low, high - low))

    def _table(self, name: str, columns: tuple[str, ...], without: tuple[str, ...] | None) -> pa.Table:
        key = (name, columns, without)
        if key not in self._tables:
            table = read_table(self._data, name, columns, self._where, without).combine_chunks()
            self._tables[key] = table
            self.size += table.nbytes
        return self._tables[key]

    def _row_ranges(self, name: str, table: pa.Table) -> dict[str, tuple[int, int]]:
        """First and last + 1 row of each entry: a record is stored sorted by entry number."""
        if name not in self._ranges:
            runs = pc.run_end_encode(table["entry_number"].combine_chunks())
            ends = pc.to_list(runs.run_ends)
            pairs = zip([0, *ends[:-1]], ends, strict=True) if ends else ()
            self._ranges[name] = dict(zip(to_list(runs.values), pairs, strict=True))
            if len(self._ranges[name]) != len(ends):
                raise ValueError(f"the table {name} is not sorted by entry number")
        return self._ranges[name]


def _spread(first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """first, first + 1 ... of each range, one range after the other."""
    start = np.cumsum(count) - count
    return np.arange(int(count.sum())) + np.repeat(first - start, count)


_CACHES: OrderedDict[tuple[Path, str], RecordCache] = OrderedDict()
_LOCK = Lock()


def cached_record(content: ContentStore, digest: str) -> RecordCache:
    """The cache of a content. Raises ContentMissing if it is gone or altered."""
    key = (content.root, digest)
    with _LOCK:
        cache = _CACHES.pop(key, None)
    cache = cache or RecordCache(content.get(digest))
    with _LOCK:
        _CACHES[key] = cache
        while len(_CACHES) > 1 and sum(entry.size for entry in _CACHES.values()) > MAX_BYTES:
            _CACHES.popitem(last=False)
    return cache


def entry_table_rows(
    content: ContentStore, where: Mapping[str, str], name: str, columns: Sequence[str] = ()
) -> pa.Table:
    """The rows of one table of these entries, by number and the content of each."""
    tables = [
        cached_record(content, digest).rows(name, numbers, columns) for digest, numbers in _by_content(where).items()
    ]
    schema = record_schema(name)
    columns_schema = pa.schema([schema.field(column) for column in columns]) if columns else schema
    return pa.concat_tables(tables) if tables else columns_schema.empty_table()


def nonempty_rows(
    content: ContentStore, where: Mapping[str, str], tables: Sequence[str], without: Mapping[str, Sequence[str]]
) -> dict[str, pa.Table]:
    """The rows of these entries in some tables, without these columns and without those that are empty in all
    of their contents."""
    by_content = _by_content(where)
    caches = {digest: cached_record(content, digest) for digest in by_content}
    return {
        name: pa.concat_tables(
            [record_schema(name).empty_table().select(["entry_number"])]
            + [caches[digest].rows(name, numbers, (), without.get(name, ())) for digest, numbers in by_content.items()],
            promote_options="default",
        )
        for name in tables
    }


def record_of_entries(
    content: ContentStore, where: Mapping[str, str], tables: Sequence[str] = RECORD_TABLES
) -> EntryRecord:
    """The record of these entries, or some of its tables."""
    return EntryRecord.of({name: entry_table_rows(content, where, name) for name in tables}).sorted()


def _by_content(where: Mapping[str, str]) -> dict[str, list[str]]:
    by_content: dict[str, list[str]] = {}
    for number, digest in where.items():
        by_content.setdefault(digest, []).append(number)
    return by_content
