"""The control records of a file: their classes, the envelope rules, and one block a query."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.ace.checker.field_faults import check_records
from tasks.ace.checker.finding_report import value_at
from tasks.ace.checker.record_deck import FaultColumns, Index
from tasks.ace.wire.batch_envelope import EnvelopeRows, control_layout, split_envelope
from tasks.ace.wire.check_conditions import FileFinding, make_finding
from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes
from tasks.ace.wire.envelope_rules import FilerProfile, envelope_findings, is_rejected

_LETTERS = "ABYZ"
_SINGLE_BLOCK = ("EQ",)
_TRAILER_CODES = ("X39", "X40", "C017")
"""Y and Z repeat values of B and A (X14, X32): a value at fault is told once, in the header."""

_PREPARER_SEEN = (b"CW",)
"""Not in the list of applications with preparer codes (B&B v23 p.15), yet CBP's own example sends
them with CW and is not answered with X23 (p.37)."""


def control_findings(matrix: Bytes, places: Index, profile: FilerProfile | None = None) -> list[FileFinding]:
    """Every fault of A, B, Y and Z.

    matrix: the control records of a file with the record before and after each, in order;
    places: their record numbers in the file.
    """
    if not len(matrix):
        return []
    parts = split_envelope(matrix)
    envelope = list(_judged_envelope(matrix, parts, profile))
    reported = {(finding.record_index, finding.position) for finding in envelope}
    findings = [
        *envelope,
        *(finding for finding in _classes(matrix, parts) if (finding.record_index, finding.position) not in reported),
        *_query_blocks(matrix, parts),
        *_passwords(matrix, parts),
    ]
    return [_at_record(finding, int(places[finding.record_index])) for finding in findings]


def _judged_envelope(matrix: Bytes, parts: EnvelopeRows, profile: FilerProfile | None) -> Iterator[FileFinding]:
    """The envelope's faults without those that only repeat an unknown application.

    CBP answers such a batch with X12 alone (B&B v23 p.35) and such a block without X23 (p.36).
    """
    findings = envelope_findings(matrix, parts, profile)
    nameless = {finding.record_index for finding in findings if finding.code in ("X11", "X12")}
    for finding in findings:
        block = int(parts.block_of[finding.record_index])
        above = int(parts.a[parts.block_batch[block]]) if block >= 0 and len(parts.a) else -1
        name = matrix[finding.record_index, 10:12].tobytes()
        if finding.code == "X19" and above in nameless:
            continue
        if finding.code == "X23" and (finding.record_index in nameless or name in _PREPARER_SEEN):
            continue
        yield finding


def _at_record(finding: FileFinding, record: int) -> FileFinding:
    return FileFinding(
        record, finding.position, finding.code, finding.severity, finding.text, finding.record, finding.entry
    )


def _classes(matrix: Bytes, parts: EnvelopeRows) -> Iterator[FileFinding]:
    """Class, filler and mandatory faults, each record against the layout of its application."""
    names = _applications(matrix, parts)
    for letter in _LETTERS:
        rows = np.flatnonzero(matrix[:, 0] == ord(letter))
        rejected = is_rejected(matrix, rows) if letter != "A" else names[rows] == b""
        for name in np.unique(names[rows]):
            for of_cbp in (False, True):
                at = rows[(names[rows] == name) & (rejected == of_cbp)]
                if len(at):
                    yield from _records(letter, name.decode("latin-1"), of_cbp, matrix, at)


def _records(letter: str, name: str, rejected: bool, matrix: Bytes, at: Index) -> Iterator[FileFinding]:
    layout = control_layout(letter, name, rejected)
    faults = FaultColumns()
    check_records(layout, matrix[at], at, faults)
    for (code, _), rows, columns in zip(faults.code, faults.at, faults.position, strict=True):
        for row, column in zip(rows, columns, strict=True):
            detail = value_at(layout, int(column), matrix[row].tobytes())
            if code in _TRAILER_CODES or (letter in "AB" and code != "C018"):
                yield make_finding(int(row), int(column), code, letter, detail=detail)


def _applications(matrix: Bytes, parts: EnvelopeRows) -> np.ndarray:
    """(n,) application identifier that each control record goes by, as two bytes without blanks."""
    names = np.zeros(len(matrix), dtype="S2")
    batch = np.append(_text(matrix[parts.a, 25:27]), b"")
    block = np.append(_text(matrix[parts.b, 10:12]), b"")
    names[:] = batch[parts.batch_of]
    inside = parts.block_of >= 0
    names[inside] = block[parts.block_of[inside]]
    return names


def _text(view: Bytes) -> np.ndarray:
    return np.char.rstrip(np.ascontiguousarray(view).view("S2").reshape(-1), b" ")


def _query_blocks(matrix: Bytes, parts: EnvelopeRows) -> Iterator[FileFinding]:
    """X41: a batch of entry summary queries has a single block (EQ v26 p.17)."""
    owner = parts.block_batch
    second = np.zeros(len(owner), dtype=bool)
    second[1:] = (owner[1:] == owner[:-1]) & (owner[1:] >= 0)
    query = np.isin(_text(matrix[parts.b, 10:12]), [name.encode() for name in _SINGLE_BLOCK])
    for row in parts.b[second & query]:
        yield make_finding(int(row), 0, "X41", "B")


def _passwords(matrix: Bytes, parts: EnvelopeRows) -> Iterator[FileFinding]:
    """X09: a password stands to the left and holds no blank, so that with one it is no password that
    CBP gave out (B&B v23 p.10, 32). Wholly blank it is a mandatory field that is missing."""
    names = _applications(matrix, parts)
    for row in parts.a:
        layout = control_layout("A", bytes(names[row]).decode("latin-1"), rejected=not names[row])
        if "password" not in layout.by_name:
            continue
        field = layout["password"]
        blank = matrix[row, field.span] == BLANK_BYTE
        if not blank.all() and (blank[:-1] & ~blank[1:]).any():
            yield make_finding(int(row), field.start, "X09", "A", detail="a blank in the password")
