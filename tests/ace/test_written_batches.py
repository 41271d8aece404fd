"""Batches of the SE writer: they pass the checker, and no longer do with one fault anywhere."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import pyarrow.compute as pc
import pytest

from tasks.ace.cargo_release.release_writer import write_batches
from tasks.ace.file_check import check_matrix
from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.record.record_fields import RECORD_TABLES
from tests.ace.made_record import ENVELOPE
from tests.entries import legal

Records = list[bytes]

TYPES = tuple(kind for kind in legal.SE_TYPES if kind not in ("02", "07", "12"))
"""Quota goods go by a certified summary (19 CFR 142.13(b)): the writer refuses them."""


@cache
def written() -> Records:
    """The records of all batches of 80 legal entries of every type that SE takes."""
    record = legal.record(Random(7), legal.numbers(80), types=TYPES)
    batches = list(write_batches(_sealed(record), ENVELOPE))
    return [row.tobytes() for batch in batches for row in batch.matrix]


def _sealed(record: EntryRecord) -> EntryRecord:
    """As the store gives it: a private reference in the place of a Social Security number."""
    tables = {name: getattr(record, name) for name in RECORD_TABLES}
    places = (
        ("entries", "importer_type", "importer_number"), ("parties", "number_type", "number")
    )  # fmt: skip
    for table, kind, number in places:
        held = tables[table]
        private = pc.fill_null(pc.equal(held[kind], "34"), False)
        column = pc.if_else(private, "~ABCDEFGHIJK", held[number])
        tables[table] = held.set_column(held.column_names.index(number), number, column)
    return EntryRecord.of(tables)


def _codes(records: Records) -> set[str]:
    matrix = np.frombuffer(b"".join(records), dtype=np.uint8).reshape(-1, 80)
    return set(check_matrix(matrix).counts)


def _places(head: bytes) -> list[int]:
    return [index for index, record in enumerate(written()) if record.startswith(head)]


def _over(record: bytes, column: int, text: bytes) -> bytes:
    return record[: column - 1] + text + record[column - 1 + len(text) :]


def _dropped(place: int) -> Records:
    return [*written()[:place], *written()[place + 1 :]]


def _doubled(place: int) -> Records:
    return [*written()[: place + 1], *written()[place:]]


def _changed(place: int, column: int, text: bytes) -> Records:
    return [*written()[:place], _over(written()[place], column, text), *written()[place + 1 :]]


def test_batches_of_every_entry_type_pass() -> None:
    matrix = np.frombuffer(b"".join(written()), dtype=np.uint8).reshape(-1, 80)
    result = check_matrix(matrix)
    assert [str(one) for one in result.findings] == []
    assert result.entries == 80
    kinds = {record[19:21].decode() for record in written() if record.startswith(b"SE10")}
    assert kinds == set(TYPES)


FAULTS: list[tuple[str, bytes, Callable[[int], Records]]] = [
    ("X03", b"B", _dropped),
    ("X05", b"Y", _dropped),
    ("X06", b"Z", _dropped),
    ("X33", b"SE10", _dropped),
    ("X37", b"SE13", _dropped),
    ("X36", b"SE13", _doubled),
    ("X36", b"SE11", _doubled),
    ("X36", b"SE41", _doubled),
    ("C105", b"SE10", lambda place: [*written(), *_batch_of(place)]),
    ("X34", b"SE30", lambda place: _changed(place, 3, b"99")),
    ("X34", b"SE60", lambda place: _changed(place, 1, b"QQ")),
    ("X39", b"SE60", lambda place: _changed(place, 60, b"X")),
    ("X39", b"SE10", lambda place: _changed(place, 61, b"X")),
    ("X40", b"SE13", lambda place: _changed(place, 5, b"j")),
    ("X40", b"SE35", lambda place: _changed(place, 9, b"\r")),
    ("C011", b"SE10", lambda place: _changed(place, 40, b"A")),
    ("C102", b"SE10", lambda place: _changed(place, 20, b"34")),
    ("C103", b"SE10", lambda place: _changed(place, 6, b"Q")),
    ("C300", b"SE40", lambda place: _changed(place, 5, b"998")),
    ("C220", b"SE40", lambda place: _changed(place, 8, b"ZZ")),
    ("C310", b"SE60", lambda place: _changed(place, 5, b"77")),
    ("C190", b"SE20", lambda place: _changed(place, 5, b"QQQ")),
    ("C150", b"SE15", lambda place: _changed(place, 5, b"Z")),
    ("C218", b"SE35", lambda place: _changed(place, 5, b"99")),
]


def _batch_of(place: int) -> Records:
    """The batch that a record stands in, once more."""
    first = max(index for index in _places(b"A") if index < place)
    last = min(index for index in _places(b"Z") if index > place)
    return written()[first : last + 1]


@pytest.mark.parametrize(("code", "head", "fault"), FAULTS)
def test_one_fault_anywhere_is_found(code: str, head: bytes, fault: Callable[[int], Records]) -> None:
    places = _places(head)
    for place in Random(code).sample(places, min(len(places), 12)):
        found = _codes(fault(place))
        assert code in found, (code, place, found)
        if code[0] == "X":
            assert {one for one in found if one[0] == "X"} == {code}, (place, found)
