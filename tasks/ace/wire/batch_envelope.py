"""The A/B/Y/Z envelope: building it, and finding batches and blocks in a record matrix.

`A (B transaction+ Y)+ Z`, one application a batch (CATAIR Batch & Block v23 p.8-18). The rules
that an envelope must keep are in `envelope_rules.py`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.ace.wire.codec import encode_records
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.record_layouts import RecordLayout, record_layout

Rows = NDArray[np.int64]

PASSWORD = "PASSWD"
"""Stands for the ACE communications password in every stored batch (A 9-14)."""

CONTROLS = b"ABYZ"
_SHARED_DISTRICT = {"46": "10", "47": "10"}


@dataclass(frozen=True)
class Envelope:
    """Who sends, for whom, and how the batches are marked.

    `mark` stands before the batch number in A 60-80 and B 60-80 (`DRILL-`); CBP echoes both
    unchanged, so they are the correlation keys of the answers (Batch & Block v23 p.11, 15).
    """

    site_code: str
    sender_id: str
    filer_code: str
    application: str = "SE"
    office_code: str = ""
    filer_office_code: str = ""
    transmission_date: date | None = None
    mark: str = ""

    def batch_id(self, sequence: int) -> str:
        """At most 17 characters with a mark of 6: `DRILL-26112400001`."""
        day = self.transmission_date.strftime("%y%m%d") if self.transmission_date else ""
        return f"{self.mark}{day}{sequence:05d}"

    def block_id(self, sequence: int, block: int) -> str:
        return f"{self.batch_id(sequence)}/{block:03d}"


@dataclass(frozen=True)
class EnvelopeRows:
    """Where a matrix has its batches and blocks. All are row numbers; -1 means there is none.

    batch_of, block_of: for each record, its batch (-1 before the first A) and block (-1 outside).
    a, z: for each batch; b, y: for each block; block_batch: the batch of each block.
    """

    batch_of: Rows
    block_of: Rows
    a: Rows
    z: Rows
    b: Rows
    y: Rows
    block_batch: Rows


def control_records(
    envelope: Envelope, sequence: Sequence[int], blocks: Iterable[tuple[int, int, str]]
) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """A and Z records, one a batch number; B and Y records, one a (batch, block, port)."""
    block_list = list(blocks)
    batches = [envelope.batch_id(number) for number in sequence]
    ends = {
        "site_code": _same(envelope.site_code, len(batches)),
        "sender_id": _same(envelope.sender_id, len(batches)),
        "office_code": _same(envelope.office_code, len(batches)),
        "transmission_date": pa.array([envelope.transmission_date] * len(batches), pa.date32()),
    }
    head = {
        **ends,
        "password": _same(PASSWORD, len(batches)),
        "application": _same(envelope.application, len(batches)),
        "user_text": pa.array(batches, pa.string()),
    }
    trail = {
        "port": pa.array([port for _, _, port in block_list], pa.string()),
        "filer_code": _same(envelope.filer_code, len(block_list)),
        "application": _same(envelope.application, len(block_list)),
        "office_code": _same(envelope.filer_office_code, len(block_list)),
    }
    texts = [envelope.block_id(batch, block) for batch, block, _ in block_list]
    lead = {**trail, "user_text": pa.array(texts, pa.string())}
    return (
        encode_records(record_layout("BB", "A", "input"), head),
        encode_records(record_layout("BB", "B", "input"), lead),
        encode_records(record_layout("BB", "Y", "input"), trail),
        encode_records(record_layout("BB", "Z", "input"), ends),
    )


def split_envelope(matrix: Bytes) -> EnvelopeRows:
    """Batches and blocks of a file, also of a broken one: each A opens a batch, each B a block.

    A block ends with its Y, or before the next control record where that is missing.
    """
    first = matrix[:, 0] if len(matrix) else np.empty(0, dtype=np.uint8)
    is_a, is_b, is_y, is_z = (first == letter for letter in CONTROLS)
    batch_of = np.cumsum(is_a) - 1
    block_number = np.cumsum(is_b) - 1
    control = np.where(is_a | is_b | is_y | is_z, np.arange(len(first)), -1)
    last = np.maximum.accumulate(control) if len(first) else control
    before = np.concatenate(([-1], last[:-1])) if len(first) else last
    inside = (last >= 0) & is_b[last]
    closes = is_y & (before >= 0) & is_b[before]
    block_of = np.where(inside | closes, block_number, -1)
    b = np.flatnonzero(is_b)
    y = np.full(len(b), -1, dtype=np.int64)
    y[block_of[closes]] = np.flatnonzero(closes)
    a = np.flatnonzero(is_a)
    z = np.full(len(a), -1, dtype=np.int64)
    ends = np.flatnonzero(is_z & (batch_of >= 0))[::-1]
    z[batch_of[ends]] = ends
    return EnvelopeRows(batch_of, block_of, a, z, b, y, batch_of[b])


def district(port: str) -> str:
    """The district that a block may hold: the port's first two digits; 10, 46, 47 are one.

    CATAIR Batch & Block v23 p.17.
    """
    return _SHARED_DISTRICT.get(port[:2], port[:2])


def foreign_ports(ports: Bytes, block_ports: Bytes) -> NDArray[np.bool_]:
    """Which (n, 4) ports lie outside the district of their block's (n, 4) port."""
    districts, block = (_district_number(view) for view in (ports, block_ports))
    return districts != block


def _district_number(ports: Bytes) -> NDArray[np.int64]:
    number = ports[:, 0].astype(np.int64) * 256 + ports[:, 1]
    shared = [ord(code[0]) * 256 + ord(code[1]) for code in _SHARED_DISTRICT]
    return np.where(np.isin(number, shared), ord("1") * 256 + ord("0"), number)


@cache
def applications() -> dict[str, dict[str, str]]:
    """Input applications: response, whether preparer fields are allowed, whether e-manifest."""
    return {row["input"]: row for row in _applications() if row["input"]}


@cache
def responses() -> frozenset[str]:
    """Application identifiers of answers and notifications."""
    return frozenset(row["response"] for row in _applications())


def control_layout(record: str, application: str, rejected: bool = False) -> RecordLayout:
    """The layout of A, B, Y or Z for an application: as sent, as returned, or as rejected."""
    if rejected:
        return record_layout("BB", record, "output" if record == "A" else "rejected")
    returned = application in responses() and application not in applications()
    return record_layout("BB", record, "output" if returned else "input")


@cache
def _applications() -> tuple[dict[str, str], ...]:
    source = files("continuity_data") / "catair" / "applications.csv"
    return tuple(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))


def _same(value: str, count: int) -> pa.Array:
    return pa.array([value or None] * count, pa.string())
