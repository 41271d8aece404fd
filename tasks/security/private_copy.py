"""Private values that go with a copy of the journal, in one sealed file beside it. A copy itself holds
references only: without this file an entry recorded elsewhere could not be filed by the home that takes it back.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

from tasks.core.errors import HostileFile, Problem
from tasks.security.private_data import Row, Vault, is_reference
from tasks.security.sealing import SEALED_SUFFIX, SealOpener, SealRecipient, SealWriter, sealed_pieces, write_sealed

PRIVATE_COPY_FILE = f"private{SEALED_SUFFIX}"
_RAW = ("key", "tag", "nonce", "data")


def write_private_copy(vault: Vault, folder: Path, to: SealRecipient) -> int:
    """Seal every private value of a home into `folder`; returns how many. Raises BadInput."""
    lines = [_line(row) for row in vault.rows()]

    def fill(sealer: SealWriter) -> None:
        for line in lines:
            sealer.write(line)

    write_sealed(folder / PRIVATE_COPY_FILE, to, fill)
    return len(lines)


def take_private_copy(vault: Vault, folder: Path, by: SealOpener) -> int:
    """Keep the private values of a copy; returns how many were new. Raises NotOpened, JournalBroken,
    HostileFile."""
    path = folder / PRIVATE_COPY_FILE
    data = b"".join(sealed_pieces(path, by))
    try:
        rows = list(_rows(data))
    except (ValueError, TypeError, KeyError):
        problem = Problem(file=path.name, code="private-copy-invalid")
        raise HostileFile("untrusted-file-refused", [problem]) from None
    return vault.take(rows)


def _line(row: Row) -> bytes:
    raw = {name: base64.b64encode(getattr(row, name)).decode() for name in _RAW}
    return (json.dumps({"ref": row.ref, "purge": row.purge, **raw}) + "\n").encode()


def _rows(data: bytes) -> Iterator[Row]:
    for line in data.splitlines():
        fields = json.loads(line)
        raw = [base64.b64decode(fields[name], validate=True) for name in _RAW]
        if set(fields) != {"ref", "purge", *_RAW} or not is_reference(fields["ref"]):
            raise ValueError(fields["ref"])
        key, tag, nonce, sealed = raw
        yield Row(fields["ref"], key, fields["purge"], tag, nonce, sealed)
