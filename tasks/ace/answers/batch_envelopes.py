"""A file of answers cut into batches, and what its envelopes say and lack.

An answer batch that has lost its end looks like one that has less to tell, so every missing or
contradicting control record is a fault of the batch (Batch & Block v23 p.20-29).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tasks.ace.answers.answer_shape import AnswerBlock
from tasks.ace.checker.record_deck import integers
from tasks.ace.wire.batch_envelope import EnvelopeRows, control_layout, split_envelope
from tasks.ace.wire.codec import decode_records
from tasks.ace.wire.data_classes import Bytes, digit_bytes
from tasks.core.errors import BadInput, Problem

Index = NDArray[np.int64]

_COUNTED = 100_000
"""Y 13-17 has five digits."""

_APPLICATION_A, _APPLICATION_B, _COUNT = slice(25, 27), slice(10, 12), slice(12, 17)


@dataclass
class AnswerBatches:
    """The batches of a file: their rows (first to last + 1), application, head and faults."""

    matrix: Bytes
    first: Index
    last: Index
    applications: tuple[str, ...]
    blocks: tuple[tuple[AnswerBlock, ...], ...]
    block_of: Index
    heads: list[dict[str, object]]
    faults: list[list[Problem]]

    def __len__(self) -> int:
        return len(self.first)

    def rows_of(self, wanted: Index) -> tuple[Index, Index]:
        """File rows of some batches, ascending, and the rank (0, 1 ...) of the batch of each."""
        lengths = self.last[wanted] - self.first[wanted]
        rank = np.repeat(np.arange(len(wanted)), lengths)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        rows = np.arange(len(rank)) - starts[rank] + self.first[wanted][rank]
        return rows, rank


def split_batches(matrix: Bytes, name: str) -> AnswerBatches:
    """Cuts a file. Raises BadInput for records that stand outside any batch."""
    found = split_envelope(matrix)
    outside = np.flatnonzero(found.batch_of < 0)
    if len(outside):
        raise BadInput("answer-file-invalid", [_outside(name, matrix, outside)])
    last = np.concatenate((found.a[1:], [len(matrix)]))
    counts = _counts(found, last)
    bounds = np.searchsorted(found.block_batch, np.arange(len(found.a) + 1))
    strays = _strays(matrix, found)
    applications, blocks, faults = [], [], []
    for number in range(len(found.a)):
        owned = np.arange(bounds[number], bounds[number + 1])
        applications.append(_application(matrix, found, number, owned))
        told = [_block(matrix, found, int(block), int(counts[block])) for block in owned]
        blocks.append(tuple(told))
        faults.append(_faults(found, number, owned, told, name))
    for row in strays:
        wrong = "the record stands in no block"
        faults[found.batch_of[row]].append(_problem(name, int(row), wrong, "X03"))
    return AnswerBatches(
        matrix=matrix,
        first=found.a,
        last=last,
        applications=tuple(applications),
        blocks=tuple(blocks),
        block_of=_within_batch(found),
        heads=_heads(matrix[found.a]),
        faults=faults,
    )


def _counts(found: EnvelopeRows, last: Index) -> Index:
    """Records of each block, its B and Y left out."""
    inside = found.block_of[found.block_of >= 0]
    sizes = np.bincount(inside, minlength=len(found.b))
    return sizes - 1 - (found.y >= 0)


def _within_batch(found: EnvelopeRows) -> Index:
    """(n,) block of each record counted in its own batch; -1 outside any block."""
    if not len(found.b):
        return np.full(len(found.block_of), -1, dtype=np.int64)
    first = np.searchsorted(found.block_batch, found.block_batch, side="left")
    number = np.arange(len(found.b)) - first
    return np.where(found.block_of >= 0, number[np.maximum(found.block_of, 0)], -1)


def _application(matrix: Bytes, found: EnvelopeRows, number: int, owned: Index) -> str:
    """A 26-27, blank in a rejected batch; B 11-12 where only A lacks it (eMAN answers)."""
    said = _text(matrix[found.a[number], _APPLICATION_A])
    if said or not len(owned):
        return said
    return _text(matrix[found.b[owned[0]], _APPLICATION_B])


def _block(matrix: Bytes, found: EnvelopeRows, block: int, records: int) -> AnswerBlock:
    head = matrix[found.b[block]]
    return AnswerBlock(
        port=_text(head[3:7]),
        filer_code=_text(head[7:10]),
        application=_text(head[_APPLICATION_B]),
        text=_text(head[59:79]) if _is_generated(head) else _text(head[59:80]),
        records=records,
        told=_told(matrix, int(found.y[block])),
    )


def _told(matrix: Bytes, y: int) -> int | None:
    if y < 0 or not digit_bytes(matrix[y : y + 1, _COUNT]).all():
        return None
    return int(integers(matrix[y : y + 1, _COUNT])[0])


def _strays(matrix: Bytes, found: EnvelopeRows) -> Index:
    """Records inside a batch and outside its blocks that are no A or Z."""
    first = matrix[:, 0]
    return np.flatnonzero((found.block_of < 0) & (first != ord("A")) & (first != ord("Z")))


def _faults(found: EnvelopeRows, number: int, owned: Index, told: list[AnswerBlock], name: str) -> list[Problem]:
    """Control records that are missing or do not agree."""
    row = int(found.a[number])
    faults = []
    if found.z[number] < 0:
        faults.append(_problem(name, row, "the batch has no Z record: its end is missing", "X06"))
    if not len(owned):
        faults.append(_problem(name, row, "the batch has no block", "X03"))
    for block, head in zip(owned, told, strict=True):
        y = int(found.y[block])
        if y < 0:
            at = int(found.b[block])
            wrong = "the block has no Y record: its end is missing"
            faults.append(_problem(name, at, wrong, "X05"))
        elif head.told is not None and head.told != head.records % _COUNTED:
            wrong = f"Y counts {head.told} records, {head.records} are there"
            faults.append(_problem(name, y, wrong, "Y 13-17"))
    return faults


def _heads(a: Bytes) -> list[dict[str, object]]:
    """What the A records say, in order."""
    table = decode_records(control_layout("A", "AX"), a, typed=True)
    wanted = ("site_code", "sender_id", "transmission_date", "user_text")
    return table.select(wanted).to_pylist()


def transmission_date(head: dict[str, object]) -> date | None:
    day = head["transmission_date"]
    return day if isinstance(day, date) else None


def _is_generated(head: Bytes) -> bool:
    """The B of a rejected batch carries only its letter, in column 80 (B&B v23 p.28)."""
    return head[79] == ord("B") and bool((head[1:79] == 32).all())


def _text(view: Bytes) -> str:
    return view.tobytes().decode("latin-1").strip()


def _problem(name: str, row: int, wrong: str, code: str) -> Problem:
    return Problem(file=name, row=row + 1, wrong=wrong, right="the whole answer", code=code)


def _outside(name: str, matrix: Bytes, rows: Index) -> Problem:
    first = int(rows[0])
    return Problem(
        file=name,
        row=first + 1,
        value=_text(matrix[first])[:20],
        wrong=f"{len(rows)} records stand before any A record",
        right="A, then B, records, Y, and Z at the end",
        code="C002",
    )
