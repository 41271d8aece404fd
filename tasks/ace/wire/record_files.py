"""Files of 80-character records: reading them however they were stored, and writing them.

The wire form is n x 80 bytes without line ends; CBP forbids carriage returns (Batch & Block v23
p.8). A file with a line end after each record is a storage convention that vendors differ in.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.wire.data_classes import BLANK_BYTE, Bytes
from tasks.ace.wire.record_layouts import RECORD_WIDTH
from tasks.core.errors import BadInput, Problem

_LF, _CR, _ENDS = b"\n", b"\r", b"\r\n\x1a"
_BREAKS = np.frombuffer(_LF + _CR, dtype=np.uint8)


def read_records(content: bytes, name: str = "") -> Bytes:
    """The (n, 80) record matrix of a file: a pure stream, or lines with LF or CRLF, maybe trimmed.

    A stray line end inside a pure stream stays in its record, for the checker to find (X40).
    Raises BadInput: X42 for a stream whose last record is short, a line over 80 characters, an
    empty file.
    """
    content = content.rstrip(_ENDS)
    if not content.strip():
        raise BadInput("file-without-records", [Problem(file=name, code="input-file-empty")])
    if _LF in content or _CR in content:
        return _from_lines(content, name)
    if len(content) % RECORD_WIDTH:
        raise BadInput("last-record-short", [_short(name, content)])
    return _reshape(content)


def write_records(matrix: Bytes, line_ends: bool = False) -> bytes:
    """The records as bytes: n x 80, or n x 81 with an LF after each."""
    if not line_ends:
        return np.ascontiguousarray(matrix).tobytes()
    lined = np.empty((len(matrix), RECORD_WIDTH + 1), dtype=np.uint8)
    lined[:, :RECORD_WIDTH] = matrix
    lined[:, RECORD_WIDTH] = _LF[0]
    return lined.tobytes()


def _from_lines(content: bytes, name: str) -> Bytes:
    """Lines, each padded to 80."""
    even = np.frombuffer(content + _LF, dtype=np.uint8)
    if len(even) % (RECORD_WIDTH + 1) == 0:
        lines = even.reshape(-1, RECORD_WIDTH + 1)
        if (lines[:, RECORD_WIDTH] == _LF[0]).all() and not np.isin(lines[:, :RECORD_WIDTH], _BREAKS).any():
            return lines[:, :RECORD_WIDTH]
    flat = np.frombuffer(content.replace(b"\r\n", _LF).replace(_CR, _LF), dtype=np.uint8)
    breaks = np.flatnonzero(flat == _LF[0])
    starts = np.concatenate(([0], breaks + 1))
    lengths = np.concatenate((breaks, [len(flat)])) - starts
    too_long = np.flatnonzero(lengths > RECORD_WIDTH)
    if len(too_long) and len(content) % RECORD_WIDTH == 0:
        return _reshape(content)
    if len(too_long):
        raise BadInput("records-too-long", [_too_long(name, int(k), lengths) for k in too_long])
    matrix = np.full((len(starts), RECORD_WIDTH), BLANK_BYTE, dtype=np.uint8)
    row = np.repeat(np.arange(len(starts)), lengths)
    column = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    matrix[row, column] = flat[flat != _LF[0]]
    return matrix


def _reshape(content: bytes) -> Bytes:
    return np.frombuffer(content, dtype=np.uint8).reshape(-1, RECORD_WIDTH)


def _short(name: str, content: bytes) -> Problem:
    remainder = len(content) % RECORD_WIDTH
    return Problem(
        file=name,
        row=len(content) // RECORD_WIDTH + 1,
        value=content[-remainder:].decode("latin-1").rstrip(),
        wrong=f"the last record has {remainder} characters",
        right=f"each record has {RECORD_WIDTH}",
        code="X42",
    )


def _too_long(name: str, index: int, lengths: np.ndarray) -> Problem:
    return Problem(file=name, row=index + 1, code="record-too-long", values={"count": int(lengths[index])})
