"""Reading what ACE sends back: SX, AX, SO, UC, ER, C1, KR and batch rejections, in one shape.

    for answer in read_answers(path.read_bytes(), path.name):
        for entry in answer.entries: ...          # rows, for a person or a loop over few
        table = answer.table("entries")           # columns, for a hundred thousand

A file may be a pure stream or lines, and may hold any number of batches of any applications.
Records that no layout knows are in `unread`; nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tasks.ace.answers.agencies import read_agencies
from tasks.ace.answers.ax import read_summaries as read_filed
from tasks.ace.answers.batches import Batches, batches, transmission_date
from tasks.ace.answers.c1 import read_query
from tasks.ace.answers.columns import Index, shown
from tasks.ace.answers.er import read_summaries as read_stored
from tasks.ace.answers.kr import read_importers
from tasks.ace.answers.pictures import Pictures
from tasks.ace.answers.private import Seal, sealed_parts
from tasks.ace.answers.read import Reading
from tasks.ace.answers.reject import read_rejections
from tasks.ace.answers.shape import Answer
from tasks.ace.answers.so import read_status
from tasks.ace.answers.sx import read_releases
from tasks.ace.answers.uc import read_notices
from tasks.ace.checks.recognise import UNKNOWN
from tasks.ace.wire.records import read_records

__all__ = ["READ_HERE", "Answer", "Seal", "read_answers"]

_Nothing = np.empty(0, dtype=np.int64)
_Told = tuple[Pictures | None, Index, Index]
"""Stored images, ranks of rejected batches, ranks of batches that were cut."""


def read_answers(data: bytes, name: str = "", seal: Seal | None = None) -> list[Answer]:
    """Every batch of a file, in its order.

    `name` is the file's, for messages. `seal` turns Social Security numbers into references of
    the private store ((entry number, field, value) triples in, references out), as the entry
    record has them. Raises BadInput for what holds no answers: an empty file, a last record cut
    short (X42), lines over 80, records outside any batch. Damage inside a batch is in `faults`.
    """
    matrix = read_records(data, name)
    cut = batches(matrix, name)
    answers: list[Answer | None] = [None] * len(cut)
    for application in dict.fromkeys(cut.applications):
        wanted = np.flatnonzero(np.array(cut.applications) == application)
        for place, answer in zip(wanted, _read(cut, application, wanted, name, seal), strict=True):
            answers[place] = answer
    return [answer for answer in answers if answer is not None]


def _read(
    cut: Batches, application: str, wanted: Index, name: str, seal: Seal | None
) -> list[Answer]:
    """All batches of one application at once."""
    rows, rank = cut.rows_of(wanted)
    whole = len(rows) == len(cut.matrix)
    matrix = cut.matrix if whole else cut.matrix[rows]
    reading = Reading.of(application, matrix, rank, cut.block_of[rows], rows, name)
    rejected = read_rejections(reading)
    pictures, dropped, short = READERS.get(application, _read_nothing)(reading)
    _unread(reading, known=application in READERS)
    parts, numbers = reading.parts(), set(rejected) | set(dropped)
    if seal is not None:
        parts = sealed_parts(parts, seal)
        pictures = replace(pictures, seal=seal) if pictures is not None else None
    found: dict[int, list] = {}
    for at, problem in reading.problems:
        found.setdefault(at, []).append(problem)
    return [
        Answer(
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


def _unread(reading: Reading, known: bool) -> None:
    """Records that no layout knows, or all of them where the application is not read here."""
    data = reading.data_rows()
    lost = data if not known else data[reading.deck.kinds[data] == UNKNOWN]
    if not known:
        records = reading.deck.table.records
        kinds = np.array([records[kind] in ("X0", "X1") for kind in reading.deck.kinds[lost]], bool)
        lost = lost[~kinds]
    if len(lost):
        columns = {
            "block": pa.array(reading.block[lost]),
            "text": shown(reading.deck.matrix[lost]),
        }
        reading.add("unread", columns, lost)


def _read_nothing(reading: Reading) -> _Told:
    return None, _Nothing, _Nothing


def _read_ax(reading: Reading) -> _Told:
    return None, read_filed(reading), _Nothing


def _read_sx(reading: Reading) -> _Told:
    read_releases(reading)
    return None, _Nothing, _Nothing


def _read_so(reading: Reading) -> _Told:
    status = read_status(reading)
    read_agencies(reading, status.starts, status.numbers)
    return None, _Nothing, _Nothing


def _read_uc(reading: Reading) -> _Told:
    read_notices(reading)
    return None, _Nothing, _Nothing


def _read_er(reading: Reading) -> _Told:
    pictures, short = read_stored(reading)
    return pictures, _Nothing, short


def _read_c1(reading: Reading) -> _Told:
    return None, read_query(reading), _Nothing


def _read_kr(reading: Reading) -> _Told:
    read_importers(reading)
    return None, _Nothing, _Nothing


READERS: dict[str, Callable[[Reading], _Told]] = {
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
