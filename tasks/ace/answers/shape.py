"""The one shape that every answer of ACE is read into: Arrow tables, and rows of them by name.

An answer is one batch. Its tables: `entries` (one row each time the answer speaks of an entry),
`conditions` (codes with CBP's text and place), `bills` and `events` (manifest and in-bond),
`agencies` (PGA), `importers` (KR) and `unread` (records that no layout knows). A null says that
this kind of answer does not tell. Times are as ACE prints them, without a zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from tasks.ace.answers.image import Image
from tasks.ace.answers.pictures import Pictures
from tasks.ace.answers.stored import Stored
from tasks.ace.answers.tables import SCHEMAS, Part
from tasks.ace.condition_codes import Lookup, look_up
from tasks.shared.errors import Problem

ACCEPTED, WARNED, REJECTED = "accepted", "accepted with warnings", "rejected"
REFERRED, ON_FILE, NOT_FOUND = "referred", "already on file", "not found"
NOT_VISIBLE, NOT_PERMITTED = "not visible", "not permitted"
FAILED, NOT_PROCESSED, UNKNOWN = "system failure", "batch rejected", "unknown"

DISPOSITIONS = (
    ACCEPTED, WARNED, REJECTED, REFERRED, ON_FILE, NOT_FOUND, NOT_VISIBLE, NOT_PERMITTED,
    FAILED, NOT_PROCESSED, UNKNOWN,
)  # fmt: skip
"""What an answer says of an entry. `already on file`: ACE has it, whether it was asked (ER, C1),
told of its own accord (SO, UC) or refused a second filing; with `summary` cancelled the number is
used up and nothing stands under it. `not visible` (CQ 950) and `not
permitted` (EQ 014) are no absence; `batch rejected` and `system failure`: nothing was processed."""

DELETED = "deleted"
DELETIONS = (DELETED, "D")
"""`action` of a summary (AX) and of a cargo release (SX) that was taken off at our request; of the
latter CBP may still have to approve (SE v40 p.32)."""


class Condition(msgspec.Struct, frozen=True):
    """One condition. `severity`: F fatal, W census, P agency, I information, empty none.

    level: batch, block, transaction, entry, line, bill, agency, request, query. record_index
    counts the file's records from 0; sent_record and position: record (from 1) of our own batch
    and column in it. `final`: the closing disposition of the entry or batch.
    """

    application: str
    level: str
    code: str | None
    place: str
    severity: str
    text: str | None
    record: str
    line: str | None
    reference: str | None
    sent_record: int | None
    at: datetime | None
    final: bool
    entry_number: str | None
    record_index: int
    position: int | None

    @property
    def known(self) -> Lookup:
        """What our tables say of the code in this application's answers."""
        return look_up(self.application, self.code or "", self.place)

    @property
    def what_to_do(self) -> str:
        return self.known.what_to_do if self.code else ""


class EntryAnswer(msgspec.Struct, frozen=True):
    """What an answer says of one entry. Fields that this kind of answer lacks are None.

    version: five digits, 00100 at first acceptance. control: trade, CBP or inactive. summary:
    accepted, rejected, cancelled. release: released, not released, not shown, or the meaning of
    the last status code. Amounts are dollars. `reference`: broker reference or SE20 CR.
    """

    entry_number: str | None
    disposition: str
    code: str | None
    severity: str | None
    text: str | None
    action: str | None
    reference: str | None
    block: int
    record_index: int
    port: str | None
    entry_type: str | None
    importer_number: str | None
    version: str | None
    accepted_at: datetime | None
    control: str | None
    summary: str | None
    summary_date: date | None
    late: bool | None
    release: str | None
    release_code: str | None
    release_date: date | None
    release_origin: str | None
    collection: str | None
    collection_date: date | None
    corrected: bool | None
    owned: bool | None
    review: bool | None
    liquidation: str | None
    liquidation_date: date | None
    entry_date: date | None
    filing_date: date | None
    reject_date: date | None
    statement_date: date | None
    duty: Decimal | None
    tax: Decimal | None
    fees: Decimal | None
    interest: Decimal | None
    ad_cvd: Decimal | None
    lines: int | None
    bond_type: str | None
    surety_code: str | None
    bond_number: str | None
    bond_amount: Decimal | None
    census: str | None
    immediate_delivery: bool | None
    at: datetime | None
    remarks: str | None
    conditions: tuple[Condition, ...] = ()

    @property
    def is_accepted(self) -> bool:
        return self.disposition in (ACCEPTED, WARNED)

    @property
    def is_held(self) -> bool:
        return is_held(self.disposition, self.action)


def is_held(disposition: str, action: str | None) -> bool:
    """ACE has this entry: taken now, or on file before. An accepted deletion is none."""
    kept = disposition in (ACCEPTED, WARNED) and action not in DELETIONS
    return kept or disposition == ON_FILE


@dataclass(frozen=True)
class BlockHead:
    """One B to Y of an answer. `text` is our block id, echoed; `told` the record count in Y."""

    port: str
    filer_code: str
    application: str
    text: str
    records: int
    told: int | None


@dataclass(frozen=True)
class Answer:
    """One batch that ACE sent: an answer to one of ours, or a notification.

    application: response application; empty for a rejected batch. batch_text: A 60-80, our batch
    id echoed (empty in notifications). rejected: nothing of our batch was processed. more: the
    answer was cut at its limit (EQ 016). faults: damage found in it; an answer that is not
    `whole` proves no absence.
    """

    application: str
    batch_text: str
    blocks: tuple[BlockHead, ...]
    site_code: str
    sender_id: str
    transmission_date: date | None
    record_index: int
    records: int
    rejected: bool
    more: bool
    faults: tuple[Problem, ...]
    parts: Mapping[str, Part] = field(repr=False, compare=False)
    rank: int = field(repr=False, compare=False)
    pictures: Pictures | None = field(repr=False, compare=False, default=None)

    @property
    def whole(self) -> bool:
        """The envelope is complete and nothing in it contradicts itself or is unreadable."""
        return not self.faults

    def table(self, name: str) -> pa.Table:
        """One of its tables by name (keys of `answers.tables.SCHEMAS`)."""
        return self.parts[name].of(self.rank) if name in self.parts else SCHEMAS[name].empty_table()

    @cached_property
    def entries(self) -> tuple[EntryAnswer, ...]:
        """One row each time the answer speaks of an entry, in its order, with its conditions."""
        table = self.table("entries")
        columns = [_values(table[name]) for name in _TOLD]
        return tuple(
            EntryAnswer(*row, conditions=tuple(self.by_head.get(row[_PLACE], ())))
            for row in zip(*columns, strict=True)
        )

    @cached_property
    def by_head(self) -> Mapping[int, Sequence[Condition]]:
        """The conditions of each row of `entries`, by its `record_index`."""
        found: dict[int, list[Condition]] = {}
        for head, one in self._conditions_of_heads():
            found.setdefault(head, []).append(one)
        return found

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition, in the order of the file."""
        return tuple(one for _, one in self._conditions_of_heads())

    @property
    def image(self) -> Image | None:
        """The stored summaries, where EQ asked for them; None where none came."""
        found = self.pictures.image(self.rank) if self.pictures is not None else None
        return found if found is not None and found.entries.num_rows else None

    @property
    def stored(self) -> Stored | None:
        """The same summaries as records, for comparing; None where none came."""
        found = self.pictures.stored(self.rank) if self.pictures is not None else None
        return found if found is not None and len(found.numbers) else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Entry numbers that it speaks of, each once."""
        column = self.table("entries")["entry_number"].to_pylist()
        return tuple(dict.fromkeys(number for number in column if number))

    def block_of(self, entry: EntryAnswer) -> BlockHead | None:
        return self.blocks[entry.block] if 0 <= entry.block < len(self.blocks) else None

    def _conditions_of_heads(self) -> Iterator[tuple[int, Condition]]:
        table = self.table("conditions")
        heads = table["head"].to_pylist()
        rows = table.drop_columns(["head", "block"]).to_pylist()
        for head, row in zip(heads, rows, strict=True):
            yield head, Condition(application=self.application or "X1", **row)


def last_of(owner: np.ndarray, count: int) -> np.ndarray:
    """(count,) index of each owner's last item in an ascending list of owners; -1 without one."""
    last = np.full(count, -1, dtype=np.int64)
    kept = owner >= 0
    last[owner[kept]] = np.flatnonzero(kept)
    return last


_TOLD = EntryAnswer.__struct_fields__[:-1]
_PLACE = _TOLD.index("record_index")


def _values(column: pa.ChunkedArray) -> list[Any]:
    """A column as a list; most columns of most answers are empty."""
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()
