"""From entries to batches, a slice at a time: what the SE and the AE writer have in common.

A slice holds whole batches. Two slices are built at once, since the work is done outside the
interpreter's lock; memory does not grow with the entries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.batch import Batch, BatchLimits
from tasks.ace.wire.assembly import Assembly, Planned, assemble
from tasks.ace.wire.vectors import Keys, numpy

_WORKERS = 2


def slices(
    entries: pa.Table, tables: Mapping[str, pa.Table], build: Assembly, sequence: int
) -> Iterator[tuple[int, Callable[[], list[Batch]]]]:
    """What builds each slice of whole batches, in order, with the number after its last batch."""
    if not entries.num_rows:
        return
    plan = _plan(entries, build.limits, sequence, build.slice_size)
    rows = {name: _rows_by_slice(table, entries, plan) for name, table in tables.items()}
    for number in range(int(plan.slice[-1]) + 1):
        low, high = np.searchsorted(plan.slice, [number, number + 1])
        cut = plan.cut(low, high)
        held = {name: order[number] for name, order in rows.items()}
        yield int(cut.batch[-1]) + 1, partial(_built, entries, tables, held, build, cut)


def _built(
    entries: pa.Table,
    tables: Mapping[str, pa.Table],
    rows: Mapping[str, Keys],
    build: Assembly,
    plan: Planned,
) -> list[Batch]:
    part = build.slice(
        entries.take(pa.array(plan.order)).combine_chunks(),
        {name: table.take(pa.array(rows[name])) for name, table in tables.items()},
    )
    return assemble(part, build, plan)


def in_turn(jobs: Iterable[Callable[[], list[Batch]]]) -> Iterator[Batch]:
    """Batches of all slices in order. Two slices are built at once: the work is done outside the
    interpreter's lock. At most one more is waiting, so memory does not grow with the entries."""
    pool = ThreadPoolExecutor(_WORKERS)
    waiting: deque[Future[list[Batch]]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > _WORKERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _plan(entries: pa.Table, limits: BatchLimits, sequence: int, size: int) -> Planned:
    """Which entry goes into which batch and block: one port of entry a batch."""
    ports = pc.fill_null(entries["port_of_entry"].cast(pa.string()), "")
    order = numpy(pc.sort_indices(ports), np.int64)
    sorted_ports = ports.take(pa.array(order)).to_numpy(zero_copy_only=False)
    fresh = np.concatenate(([True], sorted_ports[1:] != sorted_ports[:-1]))
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    within = np.arange(len(order)) - start
    opens = within % limits.entries_per_batch == 0
    first = np.flatnonzero(opens)
    batch = np.cumsum(opens) - 1
    block = within % limits.entries_per_batch // limits.entries_per_block
    piece = (first // size)[batch]
    _, dense = np.unique(piece, return_inverse=True)
    return Planned(order, sorted_ports, batch + sequence, block, dense)


def _rows_by_slice(table: pa.Table, entries: pa.Table, plan: Planned) -> list[Keys]:
    """Rows of a child table for each slice; rows of no entry are left out."""
    ordinal = pc.index_in(table["entry_number"], value_set=entries["entry_number"])
    row = numpy(pc.fill_null(ordinal, -1), np.int64)
    of_entry = np.empty(entries.num_rows, dtype=np.int64)
    of_entry[plan.order] = plan.slice
    piece = np.where(row >= 0, of_entry[row], -1)
    order = np.argsort(piece, kind="stable")
    bounds = np.searchsorted(piece[order], np.arange(int(plan.slice[-1]) + 2))
    return [order[low:high] for low, high in pairwise(bounds)]
