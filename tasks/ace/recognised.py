"""Whether a file is an ACE file at all, before its records are judged or shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tasks.ace.envelope import applications, responses
from tasks.ace.layout import WIDTH
from tasks.shared.errors import BadInput

_LOOKED_AT = 64 << 10
_PORT = {b"A": re.compile(rb"A\d{4}[A-Z0-9]{3}"), b"B": re.compile(rb"B..\d{4}[A-Z0-9]{3}")}
_APPLICATION = {b"A": slice(25, 27), b"B": slice(10, 12)}
_REJECTED = re.compile(rb"B {11}.{67}B")
_KINDS = {b"%PDF": "a PDF", b"PK\x03\x04": "a zip file or a workbook", b"<": "XML or a web page",
          b"{": "JSON", b"[": "JSON", b"\xff\xd8": "a picture", b"\x89PNG": "a picture",
          b"\xff\xfe": "text in UTF-16"}  # fmt: skip


def require_ace(path: Path) -> None:
    """Raises BadInput for a file in whose first 64 KiB stands no header of a batch (A) or block (B),
    however damaged the rest is: one of the two opens every ACE file (CATAIR Batch & Block v23 p.10-14)."""
    with path.open("rb") as stream:
        head = stream.read(_LOOKED_AT)
    if not head.strip(b" \r\n\x1a\0\t"):
        raise BadInput("ace-file-empty", name=path.name)
    if not any(map(_is_header, _records(head))):
        kind = next((f", it looks like {words}" for mark, words in _KINDS.items()
                     if head.lstrip().startswith(mark)), "")  # fmt: skip
        raise BadInput("ace-header-not-found", name=path.name, kind=kind)


def _records(head: bytes) -> Iterator[bytes]:
    """The records as they stand, with line ends or without."""
    if b"\n" in head or b"\r" in head:
        yield from head.splitlines()
    else:
        yield from (head[start : start + WIDTH] for start in range(0, len(head), WIDTH))


def _is_header(record: bytes) -> bool:
    letter = record[:1]
    if letter not in _PORT:
        return False
    if _PORT[letter].match(record) or _REJECTED.match(record):
        return True
    named = record[_APPLICATION[letter]].decode("latin-1").strip()
    return named in applications() or named in responses()
