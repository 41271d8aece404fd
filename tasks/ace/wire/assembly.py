"""Records of a slice put in order, enclosed in their envelopes, checked and cut into batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.batch import Batch, BatchLimits, Block, Slot
from tasks.ace.check import check_matrix
from tasks.ace.conditions import Finding
from tasks.ace.envelope import Envelope, control_records
from tasks.ace.envelope_rules import FilerProfile
from tasks.ace.layout import WIDTH
from tasks.ace.wire.classes import Bytes
from tasks.ace.wire.slices import CLOSE, OPEN, Part, Slice, keys
from tasks.ace.wire.vectors import Keys
from tasks.entries.number import Offsets
from tasks.shared.errors import BadInput, Problem


@dataclass(frozen=True)
class Assembly:
    """What all batches of one run share.

    records: all records of a slice, in any order; slice: makes a slice of entries and their child
    rows; slice_size: entries built at a time, small enough for the processor's caches.
    """

    envelope: Envelope
    limits: BatchLimits
    records: Callable[[Slice], list[Part]]
    slice: Callable[[pa.Table, Mapping[str, pa.Table]], Slice]
    slice_size: int
    profile: FilerProfile | None = None
    offsets: Offsets | None = None


@dataclass(frozen=True)
class Planned:
    """Entries in the order of the file, as columns of equal length.

    order: row in the entries table; port: text; batch: sequence number; block: 0, 1 ... in its
    batch; slice: 0, 1 ... .
    """

    order: Keys
    port: NDArray[np.object_]
    batch: Keys
    block: Keys
    slice: Keys

    def cut(self, low: int, high: int) -> Planned:
        part = slice(low, high)
        return Planned(
            self.order[part], self.port[part], self.batch[part], self.block[part], self.slice[part]
        )


def assemble(part: Slice, build: Assembly, plan: Planned) -> list[Batch]:
    """The batches of a slice. Raises BadInput with every fault found."""
    part.check_ranges()
    made = build.records(part)
    if part.problems:
        raise BadInput("values-not-sendable", part.problems, problems_count=len(part.problems))
    blocks = _blocks(part, build.envelope, plan)
    made.extend(_controls(build.envelope, plan, blocks))
    place, matrix = _in_order(made)
    _refuse_faults(matrix, build)
    return list(_cut(build.envelope, blocks, matrix, _slots(made, place)))


def _refuse_faults(matrix: Bytes, build: Assembly) -> None:
    """Raises BadInput with every error of the checker. Faults are told only where there are any."""
    if check_matrix(matrix, build.profile, offsets=build.offsets, limit=0).ok:
        return
    found = check_matrix(matrix, build.profile, offsets=build.offsets, limit=None)
    problems = [_problem(one) for one in found.errors]
    raise BadInput("batches-not-valid", problems, problems_count=len(problems))


def _blocks(part: Slice, envelope: Envelope, plan: Planned) -> list[tuple[int, int, int, Block]]:
    """Batch number, first and last entry rank, and the block itself."""
    numbers = part.column("entry_number").to_pylist()
    change = (plan.batch[1:] != plan.batch[:-1]) | (plan.block[1:] != plan.block[:-1])
    starts = np.concatenate(([0], np.flatnonzero(change) + 1))
    stops = np.concatenate((starts[1:], [len(numbers)]))
    return [
        (
            int(plan.batch[low]),
            int(low),
            int(high) - 1,
            Block(
                envelope.block_id(int(plan.batch[low]), int(plan.block[low]) + 1),
                str(plan.port[low]),
                tuple(numbers[low:high]),
            ),
        )
        for low, high in zip(starts, stops, strict=True)
    ]


def _controls(
    envelope: Envelope, plan: Planned, blocks: Sequence[tuple[int, int, int, Block]]
) -> list[Part]:
    sequence, first = np.unique(plan.batch, return_index=True)
    last = np.concatenate((first[1:], [len(plan.batch)])) - 1
    low = np.array([start for _, start, _, _ in blocks])
    high = np.array([stop for _, _, stop, _ in blocks])
    owned = [(number, int(plan.block[start]) + 1, block.port) for number, start, _, block in blocks]
    a, b, y, z = control_records(envelope, sequence.tolist(), owned)
    return [
        Part(keys(first, OPEN, 0, 0), a),
        Part(keys(low, OPEN, 0, 1), b),
        Part(keys(high, CLOSE, 0, 0), y),
        Part(keys(last, CLOSE, 0, 1), z),
    ]


def _in_order(made: Sequence[Part]) -> tuple[Keys, Bytes]:
    """Where each record of the parts goes, and all of them in the order of their keys."""
    order = np.argsort(np.concatenate([one.keys for one in made]), kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    matrix = np.empty((len(order), WIDTH), dtype=np.uint8)
    records = matrix.view(f"V{WIDTH}").ravel()
    start = 0
    for one in made:
        rows = place[start : start + len(one.keys)]
        records[rows] = np.ascontiguousarray(one.matrix).view(f"V{WIDTH}").ravel()
        start += len(one.keys)
    return place, matrix


def _slots(made: Sequence[Part], place: Keys) -> list[tuple[int, int, int, str]]:
    """Private places as (row of the slice's matrix, column, length, reference), in order."""
    found, start = [], 0
    for one in made:
        found.extend(
            (int(place[start + item.row]), item.column, item.length, item.reference)
            for item in one.private
        )
        start += len(one.keys)
    return sorted(found)


def _cut(
    envelope: Envelope,
    blocks: Sequence[tuple[int, int, int, Block]],
    matrix: Bytes,
    slots: Sequence[tuple[int, int, int, str]],
) -> Iterator[Batch]:
    starts = np.flatnonzero(matrix[:, 0] == ord("A"))
    stops = np.concatenate((starts[1:], [len(matrix)]))
    rows = np.array([row for row, _, _, _ in slots], dtype=np.int64)
    numbers = sorted({number for number, _, _, _ in blocks})
    owned: dict[int, list[Block]] = {number: [] for number in numbers}
    for number, _, _, block in blocks:
        owned[number].append(block)
    for number, start, stop in zip(numbers, starts, stops, strict=True):
        low, high = np.searchsorted(rows, [start, stop])
        held = [
            Slot(row - int(start), column, length, reference)
            for row, column, length, reference in slots[low:high]
        ]
        yield Batch.of(envelope.batch_id(number), number, owned[number], matrix[start:stop], held)


def _problem(one: Finding) -> Problem:
    column = f"{one.record} {one.position}" if one.position else one.record
    return Problem(
        subject=one.entry,
        column=column,
        wrong=one.text,
        code=one.code,
    )
