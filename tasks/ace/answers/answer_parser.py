"""Reading what ACE sends back: SX, AX, SO, UC, ER, C1, KR and batch rejections, in one shape.

    for answer in read_answers(path.read_bytes(), path.name):
        for entry in answer.entries: ...          # rows, for a person or a loop over few
        table = answer.table("entries")           # columns, for a hundred thousand

A file may be a pure stream or lines, and may hold any number of batches of any applications.
Records that no layout knows are in `unread`; nothing is dropped.

Batch rejections: X0 references and X1 conditions (Batch & Block v23 p.29-37).

A fault in the envelope or in the syntax of one record rejects the whole batch, and nothing in it
is processed. X0 names the block, and the record and column of a fault in a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers.agency_statuses import read_agencies
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.ace.answers.ax_parser import read_summaries as read_filed
from tasks.ace.answers.batch_envelopes import AnswerBatches, split_batches, transmission_date
from tasks.ace.answers.c1_parser import read_query
from tasks.ace.answers.column_values import Index, hide_ssn, record_texts, take_or_null
from tasks.ace.answers.er_parser import read_summaries as read_stored
from tasks.ace.answers.kr_parser import read_importers
from tasks.ace.answers.record_reader import AnswerRecords
from tasks.ace.answers.so_parser import read_status
from tasks.ace.answers.sx_parser import read_releases
from tasks.ace.answers.uc_parser import read_notices
from tasks.ace.checker.record_deck import integers
from tasks.ace.checker.record_tables import UNKNOWN
from tasks.ace.stored_summaries.image_tables import Seal, seal_parts
from tasks.ace.stored_summaries.stored_records import StoredImages
from tasks.ace.wire.record_files import read_records

BATCH_REJECTED = "999"

_BLOCK, _TRANSACTION = "BLOCK", "TRNACT"
_RECORD, _COLUMN = slice(25, 32), slice(33, 35)


def read_rejections(reading: AnswerRecords) -> Index:
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


def _references(reading: AnswerRecords, at: Index) -> tuple[pa.Array, Index, Index]:
    """For each X1: the block it is about as text, the record of our batch, the column in it."""
    nothing = np.zeros(len(at), dtype=np.int64)
    if not reading.has("X0"):
        return pa.nulls(len(at), pa.string()), nothing, nothing
    rows = reading.rows("X0")
    said = reading.texts(rows, "reference_data_type_code", "occurrence_position", "reference_data_text")
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
        "block ",
        pc.ascii_ltrim(said["occurrence_position"], "0"),
        ": ",
        pc.replace_substring_regex(said["reference_data_text"], " +", " "),
        "",
    )
    blocks = text.filter(pc.equal(kind, _BLOCK))
    return hide_ssn(take_or_null(blocks, block)), place, column


def _last(reading: AnswerRecords, among: Index, at: Index) -> Index:
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


_Nothing = np.empty(0, dtype=np.int64)
_Told = tuple[StoredImages | None, Index, Index]
"""Stored images, ranks of rejected batches, ranks of batches that were cut."""


def read_answers(data: bytes, name: str = "", seal: Seal | None = None) -> list[AceAnswer]:
    """Every batch of a file, in its order.

    `name` is the file's, for messages. `seal` turns Social Security numbers into references of
    the private store ((entry number, field, value) triples in, references out), as the entry
    record has them. Raises BadInput for what holds no answers: an empty file, a last record cut
    short (X42), lines over 80, records outside any batch. Damage inside a batch is in `faults`.
    """
    matrix = read_records(data, name)
    cut = split_batches(matrix, name)
    answers: list[AceAnswer | None] = [None] * len(cut)
    for application in dict.fromkeys(cut.applications):
        wanted = np.flatnonzero(np.array(cut.applications) == application)
        for place, answer in zip(wanted, _read(cut, application, wanted, name, seal), strict=True):
            answers[place] = answer
    return [answer for answer in answers if answer is not None]


def _read(cut: AnswerBatches, application: str, wanted: Index, name: str, seal: Seal | None) -> list[AceAnswer]:
    """All batches of one application at once."""
    rows, rank = cut.rows_of(wanted)
    whole = len(rows) == len(cut.matrix)
    matrix = cut.matrix if whole else cut.matrix[rows]
    reading = AnswerRecords.of(application, matrix, rank, cut.block_of[rows], rows, name)
    rejected = read_rejections(reading)
    pictures, dropped, short = READERS.get(application, _read_nothing)(reading)
    _unread(reading, known=application in READERS)
    parts, numbers = reading.parts(), set(rejected) | set(dropped)
    if seal is not None:
        parts = seal_parts(parts, seal)
        pictures = replace(pictures, seal=seal) if pictures is not None else None
    found: dict[int, list] = {}
    for at, problem in reading.problems:
        found.setdefault(at, []).append(problem)
    return [
        AceAnswer(
            application=application,
            batch_text=str(cut.heads[place]["user_text"] or ""),
            blocks=cut.blocks[place],
            site_code=str(cut.heads[place]["site_code"] or ""),
            sender_id=str(cut.heads[place]["sender_id"] or ""),
            transmission_date=transmission_date(cut.heads[place]),
            record_index=int(cut.first[place]),
            records=int(cut.last[place] - cut.first[place]),
            rejected=number in numbers,
            more=number in short,
            faults=(*cut.faults[place], *found.get(number, ())),
            parts=parts,
            rank=number,
            pictures=pictures,
        )
        for number, place in enumerate(int(one) for one in wanted)
    ]


def _unread(reading: AnswerRecords, known: bool) -> None:
    """Records that no layout knows, or all of them where the application is not read here."""
    data = reading.data_rows()
    lost = data if not known else data[reading.deck.kinds[data] == UNKNOWN]
    if not known:
        records = reading.deck.table.records
        kinds = np.array([records[kind] in ("X0", "X1") for kind in reading.deck.kinds[lost]], bool)
        lost = lost[~kinds]
    if len(lost):
        columns = {"block": pa.array(reading.block[lost]), "text": record_texts(reading.deck.matrix[lost])}
        reading.add("unread", columns, lost)


def _read_nothing(reading: AnswerRecords) -> _Told:
    return None, _Nothing, _Nothing


def _read_ax(reading: AnswerRecords) -> _Told:
    return None, read_filed(reading), _Nothing


def _read_sx(reading: AnswerRecords) -> _Told:
    read_releases(reading)
    return None, _Nothing, _Nothing


def _read_so(reading: AnswerRecords) -> _Told:
    status = read_status(reading)
    read_agencies(reading, status.starts, status.numbers)
    return None, _Nothing, _Nothing


def _read_uc(reading: AnswerRecords) -> _Told:
    read_notices(reading)
    return None, _Nothing, _Nothing


def _read_er(reading: AnswerRecords) -> _Told:
    pictures, short = read_stored(reading)
    return pictures, _Nothing, short


def _read_c1(reading: AnswerRecords) -> _Told:
    return None, read_query(reading), _Nothing


def _read_kr(reading: AnswerRecords) -> _Told:
    read_importers(reading)
    return None, _Nothing, _Nothing


READERS: dict[str, Callable[[AnswerRecords], _Told]] = {
    "AX": _read_ax,
    "SX": _read_sx,
    "SO": _read_so,
    "UC": _read_uc,
    "ER": _read_er,
    "C1": _read_c1,
    "KR": _read_kr,
}
READ_HERE: Sequence[str] = tuple(READERS)
"""Response applications that are read; batches of others come back with all records unread."""
