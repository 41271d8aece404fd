"""Release-complete entries read from Parquet in portions, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.ace.wire.slices import CHILDREN, COLUMNS
from tasks.entries.record import schema
from tasks.shared.errors import BadInput, Problem

Portion = tuple[pa.Table, dict[str, pa.Table]]


def read_slices(
    paths: Mapping[str, Path],
    entries_at_once: int,
    columns: Mapping[str, Sequence[str]] = COLUMNS,
) -> Iterator[Portion]:
    """Portions of entries, each with all its child rows.

    `paths` has one Parquet file a table, `entries` at least; each is sorted by entry number.
    `columns`: what is read of each table; as a rule what cargo release takes.
    Raises BadInput if one is not, or if child rows belong to no entry.
    """
    children = {
        name: _Reader(name, paths[name], columns[name]) for name in CHILDREN if name in paths
    }
    absent = {name: _empty(name, columns[name]) for name in CHILDREN if name not in paths}
    with pq.ParquetFile(paths["entries"]) as file:
        last = ""
        for batch in file.iter_batches(
            batch_size=entries_at_once, columns=list(columns["entries"])
        ):
            entries = pa.Table.from_batches([batch])
            numbers = entries["entry_number"].combine_chunks()
            last = _sorted_after(last, numbers, paths["entries"])
            tables = {name: reader.until(last) for name, reader in children.items()}
            yield entries, {**absent, **tables}
    for reader in children.values():
        reader.finish()


class _Reader:
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
        held = pa.concat_tables(pieces)
        count = pc.sum(pc.less_equal(held["entry_number"], number)).as_py() or 0
        self.held = held.slice(count)
        return held.slice(0, count)

    def finish(self) -> None:
        """Closes the file. Raises BadInput for rows after the last entry."""
        left = self.held.num_rows + sum(batch.num_rows for batch in self.batches)
        self.file.close()
        if left:
            raise _refused(self.path, "rows-without-entry", count=left)


def _empty(name: str, columns: Sequence[str]) -> pa.Table:
    return schema(name).empty_table().select(list(columns))


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
