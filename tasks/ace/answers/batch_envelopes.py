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

    def rows_of(self, batches: Index) -> tuple[Index, Index]:
        """File rows of some batches, ascending, and the rank (0, 1 ...) of the batch of each."""
        lengths = self.last[batches] - self.first[batches]
        rank = np.repeat(np.arange(len(batches)), lengths)
        starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
        rows = np.arange(len(rank)) - starts[rank] + self.first[batches][rank]
        return rows, rank


def split_batches(matrix: Bytes, name: str) -> AnswerBatches:
    """Cuts a file. Raises BadInput for records that stand outside any batch."""
    envelope = split_envelope(matrix)
    outside = np.flatnonzero(envelope.batch_of < 0)
    if len(outside):
        raise BadInput("answer-file-invalid", [_outside(name, matrix, outside)])
    last = np.concatenate((envelope.a[1:], [len(matrix)]))
    counts = _counts(envelope, last)
    bounds = np.searchsorted(envelope.block_batch, np.arange(len(envelope.a) + 1))
    strays = _strays(matrix, envelope)
    applications, blocks, faults = [], [], []
    for number in range(len(envelope.a)):
        block_rows = np.arange(bounds[number], bounds[number + 1])
        applications.append(_application(matrix, envelope, number, block_rows))
        heads = [_block(matrix, envelope, int(block), int(counts[block])) for block in block_rows]
        blocks.append(tuple(heads))
        faults.append(_faults(envelope, number, block_rows, heads, name))
    for row in strays:
        reason = "the record stands in no block"
        faults[envelope.batch_of[row]].append(_problem(name, int(row), reason, "X03"))
    return AnswerBatches(
        matrix=matrix,
        first=envelope.a,
        last=last,
        applications=tuple(applications),
        blocks=tuple(blocks),
        block_of=_within_batch(envelope),
        heads=_heads(matrix[envelope.a]),
        faults=faults,
    )


def _counts(envelope: EnvelopeRows, last: Index) -> Index:
    """Records of each block, its B and Y left out."""
    inside = envelope.block_of[envelope.block_of >= 0]
    sizes = np.bincount(inside, minlength=len(envelope.b))
    return sizes - 1 - (envelope.y >= 0)


def _within_batch(envelope: EnvelopeRows) -> Index:
    """(n,) block of each record counted in its own batch; -1 outside any block."""
    if not len(envelope.b):
        return np.full(len(envelope.block_of), -1, dtype=np.int64)
    first = np.searchsorted(envelope.block_batch, envelope.block_batch, side="left")
    number = np.arange(len(envelope.b)) - first
    return np.where(envelope.block_of >= 0, number[np.maximum(envelope.block_of, 0)], -1)


def _application(matrix: Bytes, envelope: EnvelopeRows, number: int, block_rows: Index) -> str:
    """A 26-27, blank in a rejected batch; B 11-12 where only A lacks it (eMAN answers)."""
    application = _text(matrix[envelope.a[number], _APPLICATION_A])
    if application or not len(block_rows):
        return application
    return _text(matrix[envelope.b[block_rows[0]], _APPLICATION_B])


def _block(matrix: Bytes, envelope: EnvelopeRows, block: int, records: int) -> AnswerBlock:
    head = matrix[envelope.b[block]]
    return AnswerBlock(
        port=_text(head[3:7]),
        filer_code=_text(head[7:10]),
        application=_text(head[_APPLICATION_B]),
        text=_text(head[59:79]) if _is_generated(head) else _text(head[59:80]),
        records=records,
        stated_records=_told(matrix, int(envelope.y[block])),
    )


def _told(matrix: Bytes, y: int) -> int | None:
    if y < 0 or not digit_bytes(matrix[y : y + 1, _COUNT]).all():
        return None
    return int(integers(matrix[y : y + 1, _COUNT])[0])


def _strays(matrix: Bytes, envelope: EnvelopeRows) -> Index:
    """Records inside a batch and outside its blocks that are no A or Z."""
    first = matrix[:, 0]
    return np.flatnonzero((envelope.block_of < 0) & (first != ord("A")) & (first != ord("Z")))


def _faults(
    envelope: EnvelopeRows, number: int, block_rows: Index, heads: list[AnswerBlock], name: str
) -> list[Problem]:
    """Control records that are missing or do not agree."""
    row = int(envelope.a[number])
    faults = []
    if envelope.z[number] < 0:
        faults.append(_problem(name, row, "the batch has no Z record: its end is missing", "X06"))
    if not len(block_rows):
        faults.append(_problem(name, row, "the batch has no block", "X03"))
    for block, head in zip(block_rows, heads, strict=True):
        y = int(envelope.y[block])
        if y < 0:
            at = int(envelope.b[block])
            reason = "the block has no Y record: its end is missing"
            faults.append(_problem(name, at, reason, "X05"))
        elif head.stated_records is not None and head.stated_records != head.records % _COUNTED:
            reason = f"Y counts {head.stated_records} records, {head.records} are there"
            faults.append(_problem(name, y, reason, "Y 13-17"))
    return faults


def _heads(a: Bytes) -> list[dict[str, object]]:
    """What the A records say, in order."""
    table = decode_records(control_layout("A", "AX"), a, typed=True)
    names = ("site_code", "sender_id", "transmission_date", "user_text")
    return table.select(names).to_pylist()


def transmission_date(head: dict[str, object]) -> date | None:
    day = head["transmission_date"]
    return day if isinstance(day, date) else None


def _is_generated(head: Bytes) -> bool:
    """The B of a rejected batch carries only its letter, in column 80 (B&B v23 p.28)."""
    return head[79] == ord("B") and bool((head[1:79] == 32).all())


def _text(view: Bytes) -> str:
    return view.tobytes().decode("latin-1").strip()


def _problem(name: str, row: int, reason: str, code: str) -> Problem:
    return Problem(file=name, row=row + 1, wrong=reason, right="the whole answer", code=code)


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
