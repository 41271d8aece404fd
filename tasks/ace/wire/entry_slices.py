"""A slice of entries, ready to become records: child rows know the rank of their entry.

Every SE record gets a position key; sorting the keys of all records of a slice gives the order of
the file (CATAIR SE v40 p.22). A key has, from the top: rank of the entry in the slice, section,
bill group or line, place within it.

Release-complete entries read from Parquet in portions, so that memory stays flat.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.ace.wire.array_tools import (
    Keys,
    Mask,
    as_mask,
    decoded,
    is_given,
    one_array,
    texts_among,
    to_numpy,
    whole_numbers,
)
from tasks.ace.wire.codec import encode_records
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes
from tasks.ace.wire.record_layouts import RECORD_WIDTH, RecordLayout, record_layout
from tasks.ace.wire.table_columns import column_lists
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput, Problem
from tasks.entries.api import record_schema

COLUMNS = column_lists("cargo release")
"""What cargo release takes of the entry record, by table. Nothing else is read."""

Portion = tuple[pa.Table, dict[str, pa.Table]]


def read_slices(
    paths: Mapping[str, Path], entries_at_once: int, columns: Mapping[str, Sequence[str]] = COLUMNS
) -> Iterator[Portion]:
    """Portions of entries, each with all its child rows.

    `paths` has one Parquet file a table, `entries` at least; each is sorted by entry number.
    `columns`: what is read of each table; as a rule what cargo release takes.
    Raises BadInput if one is not, or if child rows belong to no entry.
    """
    children = {name: _ChildReader(name, paths[name], columns[name]) for name in CHILDREN if name in paths}
    absent = {name: _empty(name, columns[name]) for name in CHILDREN if name not in paths}
    with pq.ParquetFile(paths["entries"]) as file:
        last = ""
        for batch in file.iter_batches(batch_size=entries_at_once, columns=list(columns["entries"])):
            entries = pa.Table.from_batches([batch])
            numbers = entries["entry_number"].combine_chunks()
            last = _sorted_after(last, numbers, paths["entries"])
            tables = {name: reader.until(last) for name, reader in children.items()}
            yield entries, {**absent, **tables}
    for reader in children.values():
        reader.finish()


class _ChildReader:
    """One child table, read forward; hands out the rows up to an entry number."""

    def __init__(self, name: str, path: Path, columns: Sequence[str]) -> None:
        self.path = path
        self.file = pq.ParquetFile(path)
        self.batches = self.file.iter_batches(batch_size=1 << 16, columns=list(columns))
        self.held: pa.Table = _empty(name, columns)
        self.last = ""
        self.done = False

    def until(self, number: str) -> pa.Table:
        """All rows whose entry number is at most this one, and not handed out before."""
        pieces = [self.held]
        while not self.done and self.last <= number:
            batch = next(self.batches, None)
            if batch is None:
                self.done = True
                break
            piece = pa.Table.from_batches([batch])
            self.last = _sorted_after(self.last, piece["entry_number"].combine_chunks(), self.path)
            pieces.append(piece)
        rows = pa.concat_tables(pieces)
        count = pc.sum(pc.less_equal(rows["entry_number"], number)).as_py() or 0
        self.held = rows.slice(count)
        return rows.slice(0, count)

    def finish(self) -> None:
        """Closes the file. Raises BadInput for rows after the last entry."""
        left = self.held.num_rows + sum(batch.num_rows for batch in self.batches)
        self.file.close()
        if left:
            raise _refused(self.path, "rows-without-entry", count=left)


def _empty(name: str, columns: Sequence[str]) -> pa.Table:
    return record_schema(name).empty_table().select(list(columns))


def _sorted_after(last: str, numbers: pa.Array, path: Path) -> str:
    """The greatest entry number of a sorted column that begins at or after `last`."""
    if not len(numbers):
        return last
    steps = pc.less_equal(numbers.slice(0, len(numbers) - 1), numbers.slice(1))
    if numbers[0].as_py() < last or not pc.all(steps, min_count=0).as_py():
        raise _refused(path, "rows-not-sorted")
    return numbers[-1].as_py()


def _refused(path: Path, code: str, **values: object) -> BadInput:
    return BadInput("entries-not-streamable", [Problem(file=path.name, code=code, values=values)])


OPEN, HEADER, EXTRA, CONTACT, BILLS, REFERENCES, PARTIES, LINES, CLOSE = range(9)
"""Sections of an entry in the order of the file; OPEN holds A and B, CLOSE holds Y and Z."""


CHILDREN = tuple(name for name in COLUMNS if name != "entries")
_RANK, _SECTION, _GROUP = 36, 32, 22
_RANGES = (
    ("bills", "bill_group", 1, 999),
    ("conveyances", "bill_group", 1, 999),
    ("equipment", "bill_group", 1, 999),
    ("parties", "line", 0, 999),
    ("lines", "line", 1, 999),
    ("tariffs", "line", 1, 999),
    ("tariffs", "position", 1, 99),
    ("pga", "line", 1, 999),
    ("pga", "position", 1, 99),
)


@dataclass(frozen=True)
class PrivatePosition:
    """A place in a part that a private value belongs to: row of the part, column, length."""

    row: int
    column: int
    length: int
    reference: str


@dataclass(frozen=True)
class RecordPart:
    """All records of one kind in a slice: position keys and (n, 80) bytes."""

    keys: Keys
    matrix: Bytes
    private: tuple[PrivatePosition, ...] = ()


@dataclass
class EntrySlice:
    """Entries in the order of the file, their child rows, and each child row's entry rank."""

    entries: pa.Table
    tables: Mapping[str, pa.Table]
    ranks: Mapping[str, Keys]
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, entries: pa.Table, tables: Mapping[str, pa.Table]) -> Self:
        """Joins child tables by entry number. Rows of other entries are left out."""
        numbers = one_array(entries["entry_number"])
        children, ranks = {}, {}
        for name, table in tables.items():
            rank = pc.index_in(table["entry_number"], value_set=numbers)
            if rank.null_count:
                table, rank = table.filter(pc.is_valid(rank)), rank.drop_null()
            children[name], ranks[name] = table, to_numpy(rank, np.int64)
        return cls(entries, children, ranks)

    def __len__(self) -> int:
        return self.entries.num_rows

    def column(self, name: str, table: str = "entries") -> pa.Array:
        source = self.entries if table == "entries" else self.tables[table]
        return one_array(source[name])

    def plain(self, name: str, table: str = "entries") -> pa.Array:
        """A column for comparing: dictionaries are decoded."""
        return decoded(self.column(name, table))

    def integers(self, name: str, table: str) -> Keys:
        return whole_numbers(self.plain(name, table))

    def is_any(self, name: str, values: tuple[str, ...], table: str = "entries") -> Mask:
        """Which rows hold one of the values."""
        return texts_among(self.plain(name, table), values)

    def given(self, name: str, table: str = "entries") -> Mask:
        return is_given(self.column(name, table))

    def yes(self, name: str, table: str = "entries") -> Mask:
        return as_mask(self.plain(name, table))

    def check_ranges(self) -> None:
        """Notes numbers that no position key can hold: 999 bill groups and lines (SE v40 p.22)."""
        for table, name, low, high in _RANGES:
            values = self.integers(name, table)
            for row in np.flatnonzero((values < low) | (values > high)):
                number = self.tables[table]["entry_number"][int(row)].as_py()
                self.problems.append(
                    Problem(
                        subject=number,
                        column=f"{table} {name}",
                        value=str(values[row]),
                        code="value-out-of-range",
                        values={"low": low, "high": high},
                    )
                )

    def encode(self, record: str, columns: Mapping[str, pa.Array], ranks: Keys, application: str = "SE") -> Bytes:
        """Records of one kind. A value that does not fit is noted with its entry number."""
        return self._encoded(record_layout(application, record), columns, ranks)

    def _encoded(self, layout: RecordLayout, columns: Mapping[str, pa.Array], ranks: Keys) -> Bytes:
        try:
            return encode_records(layout, dict(columns))
        except BadInput as refusal:
            numbers = self.column("entry_number")
            for problem in refusal.problems:
                number = numbers[int(ranks[problem.row - 1]) if problem.row else 0].as_py()
                column = f"{layout.record} {problem.column}"
                self.problems.append(replace(problem, subject=number, sheet="", row=0, column=column))
            return np.full((len(ranks), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)


def position_keys(rank: Keys, section: Keys | int, group: Keys | int = 0, position: Keys | int = 0) -> Keys:
    """Position keys: entry rank, section, bill group or line (up to 1023), place within it."""
    return (rank << _RANK) | (section << _SECTION) | (group << _GROUP) | position
