"""`ace show`: a batch file as a person reads it, record by record, private values masked.

Whether a file is an ACE file at all, before its records are judged or shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from tasks.ace.checker.entry_numbers import entry_text
from tasks.ace.checker.finding_report import MASKED, field_text, masked_value
from tasks.ace.checker.record_tables import RecordTable, application_format, record_table
from tasks.ace.wire.batch_envelope import applications, control_layout, responses
from tasks.ace.wire.codec import read_damaged
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.envelope_rules import is_rejected
from tasks.ace.wire.record_layouts import RECORD_WIDTH, RecordLayout
from tasks.core.errors import BadInput

_LOOKED_AT = 64 << 10
_PORT = {b"A": re.compile(rb"A\d{4}[A-Z0-9]{3}"), b"B": re.compile(rb"B..\d{4}[A-Z0-9]{3}")}
_APPLICATION = {b"A": slice(25, 27), b"B": slice(10, 12)}
_REJECTED = re.compile(rb"B {11}.{67}B")
_KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip file or a workbook",
    b"<": "XML or a web page",
    b"{": "JSON",
    b"[": "JSON",
    b"\xff\xd8": "a picture",
    b"\x89PNG": "a picture",
    b"\xff\xfe": "text in UTF-16",
}


def require_ace(path: Path) -> None:
    """Raises BadInput for a file in whose first 64 KiB stands no header of a batch (A) or block (B),
    however damaged the rest is: one of the two opens every ACE file (CATAIR Batch & Block v23 p.10-14)."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if not head.strip(b" \r\n\x1a\0\t"):
        raise BadInput("ace-file-empty", name=path.name)
    if not any(map(_is_header, _records(head))):
        kind = next(
            (
                f", it looks like {description}"
                for prefix, description in _KINDS.items()
                if head.lstrip().startswith(prefix)
            ),
            "",
        )
        raise BadInput("ace-header-not-found", name=path.name, kind=kind)


def _records(head: bytes) -> Iterator[bytes]:
    """The records as they stand, with line ends or without."""
    if b"\n" in head or b"\r" in head:
        yield from head.splitlines()
    else:
        yield from (head[start : start + RECORD_WIDTH] for start in range(0, len(head), RECORD_WIDTH))


def _is_header(record: bytes) -> bool:
    letter = record[:1]
    if letter not in _PORT:
        return False
    if _PORT[letter].match(record) or _REJECTED.match(record):
        return True
    named = record[_APPLICATION[letter]].decode("latin-1").strip()
    return named in applications() or named in responses()


_SOCIAL = re.compile(r"\d{3}-\d{2}-\d{4}")
_TITLES = {"A": "batch", "B": "block", "Y": "end of block", "Z": "end of batch"}
_WIDE_FIELDS = ("beginning_cbp_line", "ending_cbp_line")
_NARROW_FIELDS = ("beginning_tariff_position", "ending_tariff_position")
_NUMBERED = {"SE10": "entry", "10": "entry summary"}


def show_bytes(content: bytes) -> Iterator[str]:
    """The lines of a file for a person: batches, blocks, transactions, and each record's fields.

    Only filled fields are shown. Social Security numbers and the ACE password are masked. What
    cannot be read is told in the last lines.
    """
    matrix, faults = read_damaged(content)
    yield from _Printer(matrix).lines()
    for finding in faults:
        yield str(finding)


class _Printer:
    """Keeps where in the file it is: which batch, block, application and transaction."""

    def __init__(self, matrix: Bytes) -> None:
        self._matrix = matrix
        self._application = ""
        self._table: RecordTable = record_table("")
        self._counts = {"A": 0, "B": 0}

    def lines(self) -> Iterator[str]:
        for number in range(len(self._matrix)):
            row = self._matrix[number : number + 1]
            record = row[0].tobytes()
            letter = chr(record[0])
            if letter in _TITLES:
                yield from self._control(letter, row, record, number)
            else:
                yield from self._own(row, record, number)

    def _control(self, letter: str, row: Bytes, record: bytes, number: int) -> Iterator[str]:
        if letter in "AB":
            span = slice(25, 27) if letter == "A" else slice(10, 12)
            self._application = record[span].decode("latin-1").strip()
            self._table = record_table(self._application)
            self._counts[letter] += 1
            if letter == "A":
                self._counts["B"] = 0
            yield self._title(letter)
        rejected = bool(is_rejected(row, np.array([0]))[0])
        layout = control_layout(letter, self._application, rejected)
        yield _line(number, letter, fields(layout, record))

    def _title(self, letter: str) -> str:
        name = application_format(self._application).name or "not known here"
        text = f"{_TITLES[letter]} {self._counts[letter]}: {self._application or 'rejected'}"
        return f"{text}, {name}" if self._application else text

    def _own(self, row: Bytes, record: bytes, number: int) -> Iterator[str]:
        kind = int(self._table.codes(row)[0])
        layout = self._table.layouts[kind]
        if layout is None:
            text = "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in record).rstrip()
            yield _line(number, "?", _SOCIAL.sub(MASKED, text))
            return
        if layout.record in _NUMBERED and self._application in ("SE", "SX", "AE"):
            filer, serial = (
                field_text(layout[name], record).encode("ascii", "replace")
                for name in ("entry_filer_code", "entry_number")
            )
            entry = entry_text(filer, serial) or "with no number"
            yield f"  {_NUMBERED[layout.record]} {entry}"
        yield _line(number, layout.record, fields(layout, record))


def fields(layout: RecordLayout, record: bytes) -> str:
    """The filled fields of a record, `name = value`, with `; ` between them."""
    if layout.record in ("SO70", "WO70") and record[78:80] in (b"  ", b"01", b"02", b"03"):
        layout = _before_04(layout)
    values = ((field.name, masked_value(layout, field, record)) for field in layout.fields if not field.constant)
    return "; ".join(f"{'not blank' if name.startswith('filler') else name} = {text}" for name, text in values if text)


@cache
def _before_04(layout: RecordLayout) -> RecordLayout:
    """SO70 and WO70 of versions before 04: line of four digits, tariff of one (CQ v21 Note 7)."""
    changed = []
    for field in layout.fields:
        if field.name in _WIDE_FIELDS:
            field = replace(field, length=4)
        elif field.name in _NARROW_FIELDS:
            field = replace(field, start=field.start + 1, length=1)
        changed.append(field)
    return replace(layout, fields=tuple(changed))


def _line(number: int, record: str, text: str) -> str:
    return f"{number + 1:>8}  {record:<4}  {text}".rstrip()
