"""One ACE batch as it is stored, and as it leaves the house.

The stored form carries placeholders for the communications password and for private numbers;
digests are over that form. `fill_in` puts the real values in, only for the outbound file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tasks.ace.wire.array_tools import PLACEHOLDER
from tasks.ace.wire.batch_envelope import PASSWORD
from tasks.ace.wire.data_classes import Bytes
from tasks.ace.wire.record_files import write_records
from tasks.ace.wire.record_layouts import RECORD_WIDTH, PrivateSlot
from tasks.core.errors import BadInput, Problem

_SOCIAL = re.compile(rb"\d{3}-\d{2}-\d{4}")
_PASSWORD_AT, _PASSWORD_WIDTH = 8, 6


@dataclass(frozen=True)
class BatchLimits:
    """How large a batch may get. A structural fault rejects a whole batch, so keep it small."""

    entries_per_block: int = 20
    blocks_per_batch: int = 5

    def __post_init__(self) -> None:
        if not (1 <= self.entries_per_block <= 999 and 1 <= self.blocks_per_batch <= 999):
            problem = Problem(
                column="batch limits",
                value=f"{self.entries_per_block} x {self.blocks_per_batch}",
                code="batch-limits-out-of-range",
            )
            raise BadInput("batch-limits-invalid", [problem])

    @property
    def entries_per_batch(self) -> int:
        return self.entries_per_block * self.blocks_per_batch


@dataclass(frozen=True)
class BatchBlock:
    """One B to Y: its id (B 60-80), its port (B 4-7) and its entries in order."""

    block_id: str
    port: str
    numbers: tuple[str, ...]


@dataclass(frozen=True)
class OutboundBatch:
    """One A to Z with all entries of one port of entry, in its stored form."""

    batch_id: str
    sequence: int
    port: str
    blocks: tuple[BatchBlock, ...]
    matrix: Bytes = field(repr=False, compare=False)
    slots: tuple[PrivateSlot, ...] = ()
    digest: str = ""

    @classmethod
    def of(
        cls, batch_id: str, sequence: int, blocks: Sequence[BatchBlock], matrix: Bytes, slots: Sequence[PrivateSlot]
    ) -> OutboundBatch:
        stored = np.ascontiguousarray(matrix)
        digest = hashlib.sha256(stored.data).hexdigest()
        return cls(batch_id, sequence, blocks[0].port, tuple(blocks), stored, tuple(slots), digest)

    @property
    def numbers(self) -> list[str]:
        """Entry numbers, in the order of the file."""
        return [number for block in self.blocks for number in block.numbers]

    def bytes(self, line_ends: bool = False) -> bytes:
        """n x 80 bytes as CBP takes them; with `line_ends` an LF after each record."""
        return write_records(self.matrix, line_ends)


def fill_private(
    stored: bytes, password: str, slots: Sequence[PrivateSlot], opener: Callable[[str], str], line_ends: bool = False
) -> bytes:
    """The outbound bytes of a stored batch (n x 80, no line ends).

    `opener` gives the value behind a private reference. Raises BadInput if the password does not
    fit A 9-14, if a placeholder is not at its place, or if a value is no Social Security number;
    no message ever contains the value.
    """
    out = bytearray(stored)
    secret = password.encode("ascii", "replace")
    if not re.fullmatch(rb"[A-Z0-9]{1,6}", secret):
        raise _refused("password", "ace-password-malformed")
    password_span = slice(_PASSWORD_AT, _PASSWORD_AT + _PASSWORD_WIDTH)
    if out[:1] != b"A" or out[password_span] != PASSWORD.encode("ascii"):
        raise _refused("A 9-14", "batch-form-not-stored", placeholder=PASSWORD)
    out[password_span] = secret.ljust(_PASSWORD_WIDTH)
    for slot in slots:
        start = slot.record_index * RECORD_WIDTH + slot.column - 1
        placeholder = bytes(out[start : start + slot.length])
        if placeholder != PLACEHOLDER.encode("ascii").ljust(slot.length):
            raise _refused(f"record {slot.record_index + 1}", "placeholder-missing", placeholder=PLACEHOLDER)
        value = opener(slot.reference).encode("ascii", "replace")
        if not _SOCIAL.fullmatch(value):
            raise _refused(slot.reference, "private-value-malformed")
        out[start : start + slot.length] = value.ljust(slot.length)
    if not line_ends:
        return bytes(out)
    return write_records(np.frombuffer(out, dtype=np.uint8).reshape(-1, RECORD_WIDTH), line_ends=True)


def _refused(column: str, code: str, **values: object) -> BadInput:
    return BadInput("batch-envelope-invalid", [Problem(column=column, code=code, values=values)])
