"""Batch rejections: X0 references and X1 conditions (Batch & Block v23 p.29-37).

A fault in the envelope or in the syntax of one record rejects the whole batch, and nothing in it
is processed. X0 names the block, and the record and column of a fault in a transaction.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.columns import Index, hidden, taken
from tasks.ace.answers.read import Reading
from tasks.ace.checks.deck import integers

BATCH_REJECTED = "999"

_BLOCK, _TRANSACTION = "BLOCK", "TRNACT"
_RECORD, _COLUMN = slice(25, 32), slice(33, 35)


def read_rejections(reading: Reading) -> Index:
    """Adds the X1 conditions of an application's batches. Returns the ranks of rejected batches.

    reference: block number, port, filer, application and block id of the X0 before it.
    sent_record and position: the record of our batch (from 1) and the column in it.
    """
    if not reading.has("X1"):
        return np.empty(0, dtype=np.int64)
    rows = reading.rows("X1")
    text = reading.texts(rows, "disposition_type_code", "condition_code", "narrative_text")
    final = pc.fill_null(pc.equal(text["disposition_type_code"], "R"), False)
    block, place, column = _references(reading, rows.at)
    place[final.to_numpy(zero_copy_only=False)] = 0
    of_block = block.is_valid().to_numpy(zero_copy_only=False)
    level = np.where(place > 0, "transaction", np.where(of_block, "block", "batch"))
    columns = {
        "head": pa.array(np.full(len(rows), -1)),
        "block": pa.array(reading.block[rows.at]),
        "level": pc.if_else(final, "batch", pa.array(level.tolist(), pa.string())),
        "code": text["condition_code"],
        "place": _constant("", len(rows)),
        "severity": _constant("F", len(rows)),
        "text": text["narrative_text"],
        "record": _constant("X1", len(rows)),
        "sent_record": pa.array(place, mask=place == 0),
        "reference": pc.if_else(final, pa.scalar(None, pa.string()), block),
        "final": final,
        "position": pa.array(column),
    }
    reading.add("conditions", columns, rows.at)
    closed = final.to_numpy(zero_copy_only=False)
    return np.unique(reading.batch[rows.at[closed]])


def _references(reading: Reading, at: Index) -> tuple[pa.Array, Index, Index]:
    """For each X1: the block it is about as text, the record of our batch, the column in it."""
    nothing = np.zeros(len(at), dtype=np.int64)
    if not reading.has("X0"):
        return pa.nulls(len(at), pa.string()), nothing, nothing
    rows = reading.rows("X0")
    said = reading.texts(
        rows, "reference_data_type_code", "occurrence_position", "reference_data_text"
    )
    kind = said["reference_data_type_code"]
    block = _last(reading, rows.at[_is(kind, _BLOCK)], at)
    inner = rows.at[_is(kind, _TRANSACTION)]
    transaction = _last(reading, inner, at)
    matrix = reading.deck.matrix
    known = transaction >= 0
    # an X0 TRNACT belongs to the X0 BLOCK before it: a later block takes it out of force
    known &= _row(inner, transaction) > _row(rows.at[_is(kind, _BLOCK)], block)
    place, column = nothing.copy(), nothing.copy()
    if known.any():
        records = matrix[inner[transaction[known]]]
        place[known] = integers(records[:, _RECORD])
        column[known] = integers(records[:, _COLUMN])
    text = pc.binary_join_element_wise(
        "block ", pc.ascii_ltrim(said["occurrence_position"], "0"), ": ",
        pc.replace_substring_regex(said["reference_data_text"], " +", " "), "",
    )  # fmt: skip
    blocks = text.filter(pc.equal(kind, _BLOCK))
    return hidden(taken(blocks, block)), place, column


def _last(reading: Reading, among: Index, at: Index) -> Index:
    """For each deck row the number of the last of some rows before it in its batch; else -1."""
    if not len(among):
        return np.full(len(at), -1, dtype=np.int64)
    found = np.searchsorted(among, at, side="right") - 1
    near = among[np.maximum(found, 0)]
    return np.where((found >= 0) & (reading.batch[near] == reading.batch[at]), found, -1)


def _row(among: Index, number: Index) -> Index:
    """Deck rows of numbered rows; -1 for none."""
    if not len(among):
        return np.full(len(number), -1, dtype=np.int64)
    return np.where(number >= 0, among[np.maximum(number, 0)], -1)


def _is(kind: pa.Array, value: str) -> np.ndarray:
    return pc.fill_null(pc.equal(kind, value), False).to_numpy(zero_copy_only=False)


def _constant(value: str, count: int) -> pa.Array:
    return pa.array([value] * count, pa.string())
