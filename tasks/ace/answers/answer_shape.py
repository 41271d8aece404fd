"""The one shape that every answer of ACE is read into: Arrow tables, and rows of them by name.

An answer is one batch. Its tables: `entries` (one row each time the answer speaks of an entry),
`conditions` (codes with CBP's text and place), `bills` and `events` (manifest and in-bond),
`agencies` (PGA), `importers` (KR) and `unread` (records that no layout knows). A null says that
this kind of answer does not tell. Times are as ACE prints them, without a zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.ace.answers.answer_facts import AnswerCondition, EntryAnswer
from tasks.ace.answers.table_schemas import ANSWER_SCHEMAS, TablePart
from tasks.ace.stored_summaries.image_tables import ImageTables
from tasks.ace.stored_summaries.stored_records import StoredImages, StoredSummaries
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem


@dataclass(frozen=True)
class AnswerBlock:
    """One B to Y of an answer. `text` is our block id, echoed; `stated_records` the record count in Y."""

    port: str
    filer_code: str
    application: str
    text: str
    records: int
    stated_records: int | None


@dataclass(frozen=True)
class AceAnswer:
    """One batch that ACE sent: an answer to one of ours, or a notification.

    application: response application; empty for a rejected batch. batch_text: A 60-80, our batch
    id echoed (empty in notifications). rejected: nothing of our batch was processed. more: the
    answer was cut at its limit (EQ 016). faults: damage found in it; an answer that is not
    `whole` proves no absence.
    """

    application: str
    batch_text: str
    blocks: tuple[AnswerBlock, ...]
    site_code: str
    sender_id: str
    transmission_date: date | None
    record_index: int
    records: int
    rejected: bool
    more: bool
    faults: tuple[Problem, ...]
    parts: Mapping[str, TablePart] = field(repr=False, compare=False)
    rank: int = field(repr=False, compare=False)
    stored_images: StoredImages | None = field(repr=False, compare=False, default=None)

    @property
    def whole(self) -> bool:
        """The envelope is complete and nothing in it contradicts itself or is unreadable."""
        return not self.faults

    def table(self, name: str) -> pa.Table:
        """One of its tables by name (keys of `answers.tables.SCHEMAS`)."""
        return self.parts[name].of(self.rank) if name in self.parts else ANSWER_SCHEMAS[name].empty_table()

    @cached_property
    def entries(self) -> tuple[EntryAnswer, ...]:
        """One row each time the answer speaks of an entry, in its order, with its conditions."""
        table = self.table("entries")
        columns = [_values(table[name]) for name in _ENTRY_FIELDS]
        return tuple(
            EntryAnswer(*row, conditions=tuple(self.by_head.get(row[_INDEX_FIELD], ())))
            for row in zip(*columns, strict=True)
        )

    @cached_property
    def by_head(self) -> Mapping[int, Sequence[AnswerCondition]]:
        """The conditions of each row of `entries`, by its `record_index`."""
        conditions: dict[int, list[AnswerCondition]] = {}
        for head, condition in self._conditions_of_heads():
            conditions.setdefault(head, []).append(condition)
        return conditions

    @cached_property
    def conditions(self) -> tuple[AnswerCondition, ...]:
        """Every condition, in the order of the file."""
        return tuple(condition for _, condition in self._conditions_of_heads())

    @property
    def image(self) -> ImageTables | None:
        """The stored summaries, where EQ asked for them; None where none came."""
        image = self.stored_images.image(self.rank) if self.stored_images is not None else None
        return image if image is not None and image.entries.num_rows else None

    @property
    def stored(self) -> StoredSummaries | None:
        """The same summaries as records, for comparing; None where none came."""
        summaries = self.stored_images.stored(self.rank) if self.stored_images is not None else None
        return summaries if summaries is not None and len(summaries.numbers) else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """Entry numbers that it speaks of, each once."""
        column = self.table("entries")["entry_number"].to_pylist()
        return tuple(dict.fromkeys(number for number in column if number))

    def block_of(self, entry: EntryAnswer) -> AnswerBlock | None:
        return self.blocks[entry.block] if 0 <= entry.block < len(self.blocks) else None

    def _conditions_of_heads(self) -> Iterator[tuple[int, AnswerCondition]]:
        table = self.table("conditions")
        heads = pc.to_list(table["head"])
        rows = table.drop_columns(["head", "block"]).to_pylist()
        for head, row in zip(heads, rows, strict=True):
            yield head, AnswerCondition(application=self.application or "X1", **row)


def last_by_owner(owner: np.ndarray, count: int) -> np.ndarray:
    """(count,) index of each owner's last item in an ascending list of owners; -1 without one."""
    last = np.full(count, -1, dtype=np.int64)
    inside = owner >= 0
    last[owner[inside]] = np.flatnonzero(inside)
    return last


_ENTRY_FIELDS = EntryAnswer.__struct_fields__[:-1]
_INDEX_FIELD = _ENTRY_FIELDS.index("record_index")


def _values(column: pa.ChunkedArray) -> list[Any]:
    """A column as a list; most columns of most answers are empty."""
    return [None] * len(column) if column.null_count == len(column) else column.to_pylist()
