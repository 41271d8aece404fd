"""The cargo release writer: release-complete entries to checked SE batches (CATAIR SE v40).

Only action A (add). Entries whose filing route has no SE are refused, each by its number: a wrong
SE burns the number (B67, 230; SE v40 p.32). Every batch has been through the same checker that
`continuity ace check` uses before it is handed on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.assembly import Assembly, Planned, assemble
from tasks.ace.batch import Batch, BatchLimits
from tasks.ace.envelope import Envelope
from tasks.ace.envelope_rules import FilerProfile
from tasks.ace.se_source import read_slices
from tasks.ace.slices import CHILDREN, COLUMNS, Keys, Slice, numpy
from tasks.entries import codes
from tasks.entries.number import Offsets
from tasks.entries.record import Record
from tasks.shared.errors import RouteRefused

SE_ROUTE = "se_then_ae"
SLICE = 4096
"""Entries built at a time: small enough for the processor's caches, large enough to be quick."""

_SUSPENDED = "86"
_WORKERS = 2


def write_batches(
    record: Record,
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    accept_86: bool = False,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
) -> Iterator[Batch]:
    """SE batches of all entries of a record, by port of entry, numbered from `sequence_from`.

    Nothing is yielded if an entry's route has no SE (RouteRefused). Raises BadInput with every
    fault of a slice before any batch of that slice is yielded.
    """
    refuse_routes(record.entries, accept_86=accept_86)
    entries, *children = (getattr(record, name).select(held) for name, held in COLUMNS.items())
    build = Assembly(envelope, limits or BatchLimits(), profile, offsets)
    tables = dict(zip(CHILDREN, children, strict=True))
    yield from _in_turn(job for _, job in _slices(entries, tables, build, sequence_from))


def stream_batches(
    paths: Mapping[str, Path],
    envelope: Envelope,
    limits: BatchLimits | None = None,
    sequence_from: int = 1,
    *,
    accept_86: bool = False,
    profile: FilerProfile | None = None,
    offsets: Offsets | None = None,
    entries_at_once: int = 4 * SLICE,
) -> Iterator[Batch]:
    """SE batches from one Parquet file a table, each sorted by entry number, memory staying flat.

    Routes are judged before anything is built. A port's last batch of each portion may be short.
    """
    import pyarrow.parquet as pq

    wanted = ["entry_number", "entry_type", "filing_route"]
    with pq.ParquetFile(paths["entries"]) as file:
        for portion in file.iter_batches(batch_size=1 << 16, columns=wanted):
            refuse_routes(pa.Table.from_batches([portion]), accept_86=accept_86)
    build = Assembly(envelope, limits or BatchLimits(), profile, offsets)
    yield from _in_turn(_portions(paths, entries_at_once, build, sequence_from))


def _portions(
    paths: Mapping[str, Path], entries_at_once: int, build: Assembly, sequence: int
) -> Iterator[Callable[[], list[Batch]]]:
    for entries, tables in read_slices(paths, entries_at_once):
        for following, job in _slices(entries, tables, build, sequence):
            sequence = following
            yield job


def refuse_routes(entries: pa.Table, *, accept_86: bool = False) -> None:
    """Raises RouteRefused naming each entry that must not be sent as SE, and why."""
    taken = list(codes.having("entry_type", "se"))
    if not accept_86 and _SUSPENDED in taken:
        taken.remove(_SUSPENDED)
    routed = pc.fill_null(pc.equal(entries["filing_route"], SE_ROUTE), False)
    typed = pc.fill_null(pc.is_in(entries["entry_type"], value_set=pa.array(taken)), False)
    wrong = np.flatnonzero(~numpy(pc.and_(routed, typed), np.bool_))
    if not len(wrong):
        return
    told = entries.select(["entry_number", "entry_type", "filing_route"]).take(pa.array(wrong))
    reasons = [
        f"{one['entry_number']} (type {one['entry_type']}, route {one['filing_route']})"
        for one in told.to_pylist()
    ]
    raise RouteRefused(f"{len(wrong)} entries have no cargo release: {', '.join(reasons)}")


def _slices(
    entries: pa.Table, tables: Mapping[str, pa.Table], build: Assembly, sequence: int
) -> Iterator[tuple[int, Callable[[], list[Batch]]]]:
    """What builds each slice of whole batches, in order, with the number after its last batch."""
    if not entries.num_rows:
        return
    plan = _plan(entries, build.limits, sequence)
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
    part = Slice.of(
        entries.take(pa.array(plan.order)).combine_chunks(),
        {name: table.take(pa.array(rows[name])) for name, table in tables.items()},
    )
    return assemble(part, build, plan)


def _in_turn(jobs: Iterable[Callable[[], list[Batch]]]) -> Iterator[Batch]:
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


def _plan(entries: pa.Table, limits: BatchLimits, sequence: int) -> Planned:
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
    piece = (first // SLICE)[batch]
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
    return [order[low:high] for low, high in zip(bounds[:-1], bounds[1:], strict=True)]
