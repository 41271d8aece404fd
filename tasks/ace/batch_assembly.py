"""Records of a slice put in order, enclosed in their envelopes, checked and cut into batches.

From entries to batches, a slice at a time: what the SE and the AE writer have in common.

A slice holds whole batches. Two slices are built at once, since the work is done outside the
interpreter's lock; memory does not grow with the entries.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.file_check import check_matrix
from tasks.ace.wire.array_tools import Keys, to_numpy, whole_numbers
from tasks.ace.wire.batch_envelope import Envelope, control_records
from tasks.ace.wire.check_conditions import FileFinding
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.entry_slices import CLOSE, OPEN, EntrySlice, RecordPart, position_keys
from tasks.ace.wire.envelope_rules import FilerProfile
from tasks.ace.wire.outbound_batch import BatchBlock, BatchLimits, OutboundBatch
from tasks.ace.wire.record_layouts import RECORD_WIDTH, PrivateSlot
from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput, Problem
from tasks.entries.api import Offsets

_WORKERS = 2


def slice_builders(
    entries: pa.Table, tables: Mapping[str, pa.Table], build: BatchAssembly, sequence: int
) -> Iterator[tuple[int, Callable[[], list[OutboundBatch]]]]:
    """What builds each slice of whole batches, in order, with the number after its last batch."""
    if not entries.num_rows:
        return
    plan = _plan(entries, build.limits, sequence, build.slice_size)
    rows = {name: _rows_by_slice(table, entries, plan) for name, table in tables.items()}
    for number in range(int(plan.slice[-1]) + 1):
        low, high = np.searchsorted(plan.slice, [number, number + 1])
        cut = plan.cut(low, high)
        child_rows = {name: order[number] for name, order in rows.items()}
        yield int(cut.batch[-1]) + 1, partial(_build_slice, entries, tables, child_rows, build, cut)


def _build_slice(
    entries: pa.Table,
    tables: Mapping[str, pa.Table],
    rows: Mapping[str, Keys],
    build: BatchAssembly,
    plan: PlannedEntries,
) -> list[OutboundBatch]:
    part = build.slice(
        entries.take(plan.order).combine_chunks(), {name: table.take(rows[name]) for name, table in tables.items()}
    )
    return assemble(part, build, plan)


def build_batches(jobs: Iterable[Callable[[], list[OutboundBatch]]]) -> Iterator[OutboundBatch]:
    """Batches of all slices in order. Two slices are built at once: the work is done outside the
    interpreter's lock. At most one more is waiting, so memory does not grow with the entries."""
    pool = ThreadPoolExecutor(_WORKERS)
    waiting: deque[Future[list[OutboundBatch]]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > _WORKERS:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _plan(entries: pa.Table, limits: BatchLimits, sequence: int, size: int) -> PlannedEntries:
    """Which entry goes into which batch and block: one port of entry a batch."""
    ports = pc.fill_null(entries["port_of_entry"].cast(pa.string()), "")
    order = to_numpy(pc.sort_indices(ports), np.int64)
    sorted_ports = ports.take(order).to_numpy(zero_copy_only=False)
    fresh = np.concatenate(([True], sorted_ports[1:] != sorted_ports[:-1]))
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(order)), 0))
    within = np.arange(len(order)) - start
    opens = within % limits.entries_per_batch == 0
    first = np.flatnonzero(opens)
    batch = np.cumsum(opens) - 1
    block = within % limits.entries_per_batch // limits.entries_per_block
    piece = (first // size)[batch]
    _, dense = np.unique(piece, return_inverse=True)
    return PlannedEntries(order, sorted_ports, batch + sequence, block, dense)


def _rows_by_slice(table: pa.Table, entries: pa.Table, plan: PlannedEntries) -> list[Keys]:
    """Rows of a child table for each slice; rows of no entry are left out."""
    ordinal = pc.index_in(table["entry_number"], value_set=entries["entry_number"])
    row = whole_numbers(ordinal, -1)
    of_entry = np.empty(entries.num_rows, dtype=np.int64)
    of_entry[plan.order] = plan.slice
    piece = np.where(row >= 0, of_entry[row], -1)
    order = np.argsort(piece, kind="stable")
    bounds = np.searchsorted(piece[order], np.arange(int(plan.slice[-1]) + 2))
    return [order[low:high] for low, high in pairwise(bounds)]


@dataclass(frozen=True)
class BatchAssembly:
    """What all batches of one run share.

    records: all records of a slice, in any order; slice: makes a slice of entries and their child
    rows; slice_size: entries built at a time, small enough for the processor's caches.
    """

    envelope: Envelope
    limits: BatchLimits
    records: Callable[[EntrySlice], list[RecordPart]]
    slice: Callable[[pa.Table, Mapping[str, pa.Table]], EntrySlice]
    slice_size: int
    profile: FilerProfile | None = None
    offsets: Offsets | None = None


@dataclass(frozen=True)
class PlannedEntries:
    """Entries in the order of the file, as columns of equal length.

    order: row in the entries table; port: text; batch: sequence number; block: 0, 1 ... in its
    batch; slice: 0, 1 ... .
    """

    order: Keys
    port: NDArray[np.object_]
    batch: Keys
    block: Keys
    slice: Keys

    def cut(self, low: int, high: int) -> PlannedEntries:
        part = slice(low, high)
        return PlannedEntries(self.order[part], self.port[part], self.batch[part], self.block[part], self.slice[part])


def assemble(part: EntrySlice, build: BatchAssembly, plan: PlannedEntries) -> list[OutboundBatch]:
    """The batches of a slice. Raises BadInput with every fault found."""
    part.check_ranges()
    parts = build.records(part)
    if part.problems:
        raise BadInput("values-not-sendable", part.problems, problems_count=len(part.problems))
    blocks = _blocks(part, build.envelope, plan)
    parts.extend(_controls(build.envelope, plan, blocks))
    position, matrix = _in_order(parts)
    _refuse_faults(matrix, build)
    return list(_cut_batches(build.envelope, blocks, matrix, _slots(parts, position)))


def _refuse_faults(matrix: Bytes, build: BatchAssembly) -> None:
    """Raises BadInput with every error of the checker. Faults are told only where there are any."""
    if check_matrix(matrix, build.profile, offsets=build.offsets, limit=0).ok:
        return
    checked = check_matrix(matrix, build.profile, offsets=build.offsets, limit=None)
    problems = [_problem(finding) for finding in checked.errors]
    raise BadInput("batches-not-valid", problems, problems_count=len(problems))


def _blocks(part: EntrySlice, envelope: Envelope, plan: PlannedEntries) -> list[tuple[int, int, int, BatchBlock]]:
    """Batch number, first and last entry rank, and the block itself."""
    numbers = pc.to_list(part.column("entry_number"))
    change = (plan.batch[1:] != plan.batch[:-1]) | (plan.block[1:] != plan.block[:-1])
    starts = np.concatenate(([0], np.flatnonzero(change) + 1))
    stops = np.concatenate((starts[1:], [len(numbers)]))
    return [
        (
            int(plan.batch[low]),
            int(low),
            int(high) - 1,
            BatchBlock(
                envelope.block_id(int(plan.batch[low]), int(plan.block[low]) + 1),
                str(plan.port[low]),
                tuple(numbers[low:high]),
            ),
        )
        for low, high in zip(starts, stops, strict=True)
    ]


def _controls(
    envelope: Envelope, plan: PlannedEntries, blocks: Sequence[tuple[int, int, int, BatchBlock]]
) -> list[RecordPart]:
    sequence, first = np.unique(plan.batch, return_index=True)
    last = np.concatenate((first[1:], [len(plan.batch)])) - 1
    low = np.array([start for _, start, _, _ in blocks])
    high = np.array([stop for _, _, stop, _ in blocks])
    block_ports = [(number, int(plan.block[start]) + 1, block.port) for number, start, _, block in blocks]
    a, b, y, z = control_records(envelope, sequence.tolist(), block_ports)
    return [
        RecordPart(position_keys(first, OPEN, 0, 0), a),
        RecordPart(position_keys(low, OPEN, 0, 1), b),
        RecordPart(position_keys(high, CLOSE, 0, 0), y),
        RecordPart(position_keys(last, CLOSE, 0, 1), z),
    ]


def _in_order(parts: Sequence[RecordPart]) -> tuple[Keys, Bytes]:
    """Where each record of the parts goes, and all of them in the order of their keys."""
    order = np.argsort(np.concatenate([part.keys for part in parts]), kind="stable")
    position = np.empty(len(order), dtype=np.int64)
    position[order] = np.arange(len(order))
    matrix = np.empty((len(order), RECORD_WIDTH), dtype=np.uint8)
    records = matrix.view(f"V{RECORD_WIDTH}").ravel()
    start = 0
    for part in parts:
        rows = position[start : start + len(part.keys)]
        records[rows] = np.ascontiguousarray(part.matrix).view(f"V{RECORD_WIDTH}").ravel()
        start += len(part.keys)
    return position, matrix


def _slots(parts: Sequence[RecordPart], position: Keys) -> list[tuple[int, int, int, str]]:
    """Private places as (row of the slice's matrix, column, length, reference), in order."""
    slots, start = [], 0
    for part in parts:
        for private in part.private:
            slots.append((int(position[start + private.row]), private.column, private.length, private.reference))
        start += len(part.keys)
    return sorted(slots)


def _cut_batches(
    envelope: Envelope,
    blocks: Sequence[tuple[int, int, int, BatchBlock]],
    matrix: Bytes,
    slots: Sequence[tuple[int, int, int, str]],
) -> Iterator[OutboundBatch]:
    starts = np.flatnonzero(matrix[:, 0] == ord("A"))
    stops = np.concatenate((starts[1:], [len(matrix)]))
    rows = np.array([row for row, _, _, _ in slots], dtype=np.int64)
    numbers = sorted({number for number, _, _, _ in blocks})
    blocks_of: dict[int, list[BatchBlock]] = {number: [] for number in numbers}
    for number, _, _, block in blocks:
        blocks_of[number].append(block)
    for number, start, stop in zip(numbers, starts, stops, strict=True):
        low, high = np.searchsorted(rows, [start, stop])
        private = [
            PrivateSlot(row - int(start), column, length, reference)
            for row, column, length, reference in slots[low:high]
        ]
        yield OutboundBatch.of(envelope.batch_id(number), number, blocks_of[number], matrix[start:stop], private)


def _problem(finding: FileFinding) -> Problem:
    column = f"{finding.record} {finding.position}" if finding.position else finding.record
    return Problem(subject=finding.entry, column=column, wrong=finding.text, code=finding.code)
