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

from tasks.ace.answers.agency_statuses import read_agencies
from tasks.ace.answers.answer_shape import AceAnswer
from tasks.ace.answers.ax_parser import read_summaries as read_filed
from tasks.ace.answers.batch_envelopes import AnswerBatches, split_batches, transmission_date
from tasks.ace.answers.c1_parser import read_query
from tasks.ace.answers.column_values import Index, hide_ssn, record_texts
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
from tasks.ace.wire.array_tools import NO_TEXT, as_mask, is_given, take_or_null, texts_among
from tasks.ace.wire.record_files import read_records
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem

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
    block, sent_record, column = _references(reading, rows.at)
    rejecting = as_mask(final)
    sent_record[rejecting] = 0
    of_block = is_given(block)
    level = np.where(sent_record > 0, "transaction", np.where(of_block, "block", "batch"))
    columns = {
        "head": -1,
        "level": pc.if_else(final, "batch", pa.array(level)),
        "code": text["condition_code"],
        "place": "",
        "severity": "F",
        "text": text["narrative_text"],
        "record": "X1",
        "sent_record": pa.array(sent_record, mask=sent_record == 0),
        "reference": pc.if_else(final, NO_TEXT, block),
        "final": final,
        "position": column,
    }
    reading.add("conditions", columns, rows.at)
    return np.unique(reading.batch[rows.at[rejecting]])


def _references(reading: AnswerRecords, at: Index) -> tuple[pa.Array, Index, Index]:
    """For each X1: the block it is about as text, the record of our batch, the column in it."""
    zeros = np.zeros(len(at), dtype=np.int64)
    if not reading.has("X0"):
        return pa.nulls(len(at), pa.string()), zeros, zeros
    rows = reading.rows("X0")
    texts = reading.texts(rows, "reference_data_type_code", "occurrence_position", "reference_data_text")
    kind = texts["reference_data_type_code"]
    block = _last(reading, rows.at[texts_among(kind, [_BLOCK])], at)
    inner = rows.at[texts_among(kind, [_TRANSACTION])]
    transaction = _last(reading, inner, at)
    matrix = reading.deck.matrix
    located = transaction >= 0
    # an X0 TRNACT belongs to the X0 BLOCK before it: a later block takes it out of force
    located &= _row(inner, transaction) > _row(rows.at[texts_among(kind, [_BLOCK])], block)
    sent_record, column = zeros.copy(), zeros.copy()
    if located.any():
        records = matrix[inner[transaction[located]]]
        sent_record[located] = integers(records[:, _RECORD])
        column[located] = integers(records[:, _COLUMN])
    text = pc.binary_join_element_wise(
        "block ",
        pc.ascii_ltrim(texts["occurrence_position"], "0"),
        ": ",
        pc.replace_substring_regex(texts["reference_data_text"], " +", " "),
        "",
    )
    blocks = text.filter(pc.equal(kind, _BLOCK))
    return hide_ssn(take_or_null(blocks, block)), sent_record, column


def _last(reading: AnswerRecords, among: Index, at: Index) -> Index:
    """For each deck row the number of the last of some rows before it in its batch; else -1."""
    if not len(among):
        return np.full(len(at), -1, dtype=np.int64)
    number = np.searchsorted(among, at, side="right") - 1
    candidate = among[np.maximum(number, 0)]
    return np.where((number >= 0) & (reading.batch[candidate] == reading.batch[at]), number, -1)


def _row(among: Index, number: Index) -> Index:
    """Deck rows of numbered rows; -1 for none."""
    if not len(among):
        return np.full(len(number), -1, dtype=np.int64)
    return np.where(number >= 0, among[np.maximum(number, 0)], -1)


_NO_BATCHES = np.empty(0, dtype=np.int64)
ReaderResult = tuple[StoredImages | None, Index, Index]
"""Stored images, ranks of rejected batches, ranks of batches that were cut."""


def read_answers(content: bytes, name: str = "", seal: Seal | None = None) -> list[AceAnswer]:
    """Every batch of a file, in its order.

    `name` is the file's, for messages. `seal` turns Social Security numbers into references of
    the private store ((entry number, field, value) triples in, references out), as the entry
    record has them. Raises BadInput for what holds no answers: an empty file, a last record cut
    short (X42), lines over 80, records outside any batch. Damage inside a batch is in `faults`.
    """
    matrix = read_records(content, name)
    batches = split_batches(matrix, name)
    answers: list[AceAnswer | None] = [None] * len(batches)
    for application in dict.fromkeys(batches.applications):
        numbers = np.flatnonzero(np.array(batches.applications) == application)
        for number, answer in zip(numbers, _read(batches, application, numbers, name, seal), strict=True):
            answers[number] = answer
    return [answer for answer in answers if answer is not None]


def _read(batches: AnswerBatches, application: str, wanted: Index, name: str, seal: Seal | None) -> list[AceAnswer]:
    """All batches of one application at once."""
    rows, rank = batches.rows_of(wanted)
    entire = len(rows) == len(batches.matrix)
    matrix = batches.matrix if entire else batches.matrix[rows]
    reading = AnswerRecords.of(application, matrix, rank, batches.block_of[rows], rows, name)
    rejected = read_rejections(reading)
    pictures, dropped, truncated = READERS.get(application, lambda _: (None, _NO_BATCHES, _NO_BATCHES))(reading)
    _unread(reading, readable=application in READERS)
    parts, numbers = reading.parts(), set(rejected) | set(dropped)
    if seal is not None:
        parts = seal_parts(parts, seal)
        pictures = replace(pictures, seal=seal) if pictures is not None else None
    faults: dict[int, list[Problem]] = {}
    for at, problem in reading.problems:
        faults.setdefault(at, []).append(problem)
    return [
        AceAnswer(
            application=application,
            batch_text=str(batches.heads[file_number]["user_text"] or ""),
            blocks=batches.blocks[file_number],
            site_code=str(batches.heads[file_number]["site_code"] or ""),
            sender_id=str(batches.heads[file_number]["sender_id"] or ""),
            transmission_date=transmission_date(batches.heads[file_number]),
            record_index=int(batches.first[file_number]),
            records=int(batches.last[file_number] - batches.first[file_number]),
            rejected=number in numbers,
            more=number in truncated,
            faults=(*batches.faults[file_number], *faults.get(number, ())),
            parts=parts,
            rank=number,
            stored_images=pictures,
        )
        for number, file_number in enumerate(int(value) for value in wanted)
    ]


def _unread(reading: AnswerRecords, readable: bool) -> None:
    """Records that no layout knows, or all of them where the application is not read here."""
    rows = reading.data_rows()
    unread = rows if not readable else rows[reading.deck.kinds[rows] == UNKNOWN]
    if not readable:
        records = reading.deck.table.records
        kinds = np.array([records[kind] in ("X0", "X1") for kind in reading.deck.kinds[unread]], bool)
        unread = unread[~kinds]
    if len(unread):
        columns = {"block": pa.array(reading.block[unread]), "text": record_texts(reading.deck.matrix[unread])}
        reading.add("unread", columns, unread)


def _read_so(reading: AnswerRecords) -> ReaderResult:
    status = read_status(reading)
    read_agencies(reading, status.starts, status.numbers)
    return None, _NO_BATCHES, _NO_BATCHES


def _without_batches(read: Callable[[AnswerRecords], None], reading: AnswerRecords) -> ReaderResult:
    """Of an answer that rejects no batch as a whole and is never cut."""
    read(reading)
    return None, _NO_BATCHES, _NO_BATCHES


def _read_er(reading: AnswerRecords) -> ReaderResult:
    pictures, short = read_stored(reading)
    return pictures, _NO_BATCHES, short


READERS: dict[str, Callable[[AnswerRecords], ReaderResult]] = {
    "AX": lambda reading: (None, read_filed(reading), _NO_BATCHES),
    "SX": lambda reading: _without_batches(read_releases, reading),
    "SO": _read_so,
    "UC": lambda reading: _without_batches(read_notices, reading),
    "ER": _read_er,
    "C1": lambda reading: (None, read_query(reading), _NO_BATCHES),
    "KR": lambda reading: _without_batches(read_importers, reading),
}
READ_HERE: Sequence[str] = tuple(READERS)
"""Response applications that are read; batches of others come back with all records unread."""
