"""A deck: the records of one application in file order, and columns of any record of it.

Rules look at columns (one array a field, one element a record), at the transaction that a record
belongs to, and at the record that it stands under. Nothing here loops over records.

Sums and counts by owner, as the rules of both filings need them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from tasks.ace.checker.record_tables import BLOCK, Codes, RecordTable
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes, is_blank
from tasks.ace.wire.record_layouts import LayoutField, RecordLayout


def totals_by_owner(owner: Index, value: Numbers, count: int) -> Numbers:
    """(count,) sums of values by owner; owners below zero are left out. Exact below 2**53."""
    if len(owner) and int(owner.min()) < 0:
        inside = owner >= 0
        owner, value = owner[inside], value[inside]
    return np.bincount(owner, weights=value, minlength=count).astype(np.int64)


def counts_by_owner(owner: Index, kind: Index, owners: int, kinds: int) -> Numbers:
    """(owners, kinds) how often each kind (0 = none of them) stands under each owner."""
    inside = owner >= 0
    flat = owner[inside].astype(np.int64) * kinds + kind[inside]
    return np.bincount(flat, minlength=owners * kinds).reshape(owners, kinds)


Index = NDArray[np.int64]
Numbers = NDArray[np.int64]

_PACKED = {1: "u1", 2: "<u2", 3: "<u4", 4: "<u4"}


@lru_cache(4096)
def pack(text: str, width: int) -> int:
    """A code of `width` columns as `Rows.code` gives it: blank-padded, little-endian."""
    return int.from_bytes(text.ljust(width).encode("ascii"), "little")


def pack_bytes(view: Bytes) -> NDArray[np.unsignedinteger]:
    """Each row of (n, 1-8) bytes as one unsigned integer, little-endian."""
    width = view.shape[1]
    kind = _PACKED.get(width, "<u8")
    room = np.dtype(kind).itemsize
    if room == width:
        return np.ascontiguousarray(view).view(kind)[:, 0]
    padded = np.zeros((len(view), room), dtype=np.uint8)
    padded[:, :width] = view
    return padded.view(kind)[:, 0]


def integers(view: Bytes) -> Numbers:
    """Digits of (n, width) as numbers; blanks count as zero, other bytes give nonsense."""
    value = np.zeros(len(view), dtype=np.int64)
    if not len(view):
        return value
    for column in range(view.shape[1]):
        value *= 10
        value += np.where(view[:, column] > 32, view[:, column] - np.uint8(48), np.uint8(0))
    return value


class RecordColumns:
    """All records of one kind in a deck: field columns by name, computed once."""

    def __init__(self, layout: RecordLayout, matrix: Bytes, at: Index) -> None:
        self.layout = layout
        self.at = at
        self.matrix = matrix
        self._kept: dict[tuple[str, str], np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.at)

    def field(self, name: str) -> LayoutField:
        return self.layout[name]

    def raw(self, name: str) -> Bytes:
        """(n, length) bytes of a field."""
        return self.matrix[:, self.layout[name].span]

    def blank(self, name: str) -> Flags:
        return self._keep(name, "blank", lambda: is_blank(self.raw(name)))

    def given(self, name: str) -> Flags:
        return ~self.blank(name)

    def code(self, name: str) -> NDArray[np.unsignedinteger]:
        """A field of up to eight columns as one integer each; compare with `pack`."""
        return self._keep(name, "code", lambda: pack_bytes(self.raw(name)))

    def number(self, name: str) -> Numbers:
        return self._keep(name, "number", lambda: integers(self.raw(name)))

    def says(self, name: str, *values: str) -> Flags:
        """Which records have one of the values in the field."""
        flags = np.zeros(len(self), dtype=bool)
        if not len(self):
            return flags
        width = self.layout[name].length
        code = self.code(name)
        for value in values:
            flags |= code == pack(value, width)
        return flags

    def digits(self, name: str) -> Flags:
        """Which records have digits all over the field."""
        return np.logical_and.reduce(digit_bytes(self.raw(name)), axis=1)

    def _keep(self, name: str, what: str, make) -> np.ndarray:
        key = (name, what)
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


@dataclass
class FaultColumns:
    """Faults as columns, gathered part by part."""

    at: list[Index] = field(default_factory=list)
    position: list[Index] = field(default_factory=list)
    code: list[tuple[str, str]] = field(default_factory=list)

    def add(self, code: str, at: Index, position: int | Index = 0, detail: str = "") -> None:
        """Faults of one code at deck rows `at`; position is a column, one or one each."""
        if len(at):
            self.at.append(np.asarray(at, dtype=np.int64))
            self.position.append(np.broadcast_to(np.asarray(position, dtype=np.int64), len(at)))
            self.code.append((code, detail))

    def __len__(self) -> int:
        return sum(len(part) for part in self.at)


class Deck:
    """Records of one application. Rows of envelope records are in it; their labels tell them.

    kinds: (n,) codes of `table`; head: the record that begins a transaction. The structure check
    sets `starts`, the deck rows that begin one; `sound[k]`, no structural fault in transaction k;
    and `groups`, the deck rows that begin a group of records that are joined (SE15).
    """

    def __init__(self, application: str, matrix: Bytes, kinds: Codes, table: RecordTable, head: str = "") -> None:
        self.application = application
        self.head = head
        self.matrix = matrix
        self.kinds = kinds
        self.table = table
        self.found = FaultColumns()
        self.unjudged: Counter[str] = Counter()
        self.starts: Index = np.empty(0, dtype=np.int64)
        self.sound: Flags = np.empty(0, dtype=bool)
        self.groups: dict[str, Index] = {}
        self._rows: dict[str, RecordColumns] = {}
        self._ordinals: dict[str, NDArray[np.int32]] = {}

    def __len__(self) -> int:
        return len(self.matrix)

    @cached_property
    def _sorted(self) -> tuple[Index, Index]:
        order = np.argsort(self.kinds, kind="stable")
        counts = np.bincount(self.kinds, minlength=len(self.table.records))
        return order, np.concatenate(([0], np.cumsum(counts)))

    def of_kind(self, code: int) -> Index:
        """Deck rows of one kind, ascending."""
        order, ends = self._sorted
        return order[ends[code] : ends[code + 1]]

    def index(self, record: str) -> Index:
        """Deck rows of a record id, ascending; none if the application has no such record."""
        parts = [self.of_kind(n) for n, name in enumerate(self.table.records) if name == record]
        if len(parts) == 1:
            return parts[0]
        return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)

    def rows(self, record: str) -> RecordColumns:
        """All records of an id. Raises KeyError for an id that the application does not have."""
        if record not in self._rows:
            layout = self.table.layouts[self.table.records.index(record)]
            if layout is None:
                raise KeyError(record)
            at = self.index(record)
            self._rows[record] = RecordColumns(layout, self.matrix[at], at)
        return self._rows[record]

    def begun(self, starts: Index) -> NDArray[np.int32]:
        """(n,) how many of the given deck rows stand at or before each record, minus one."""
        flags = np.zeros(len(self), dtype=np.int32)
        flags[starts] = 1
        return np.cumsum(flags, dtype=np.int32) - 1

    def ordinal(self, record: str) -> NDArray[np.int32]:
        """(n,) for each deck row the number (0-based) of the last such record; -1 before any."""
        if record not in self._ordinals:
            self._ordinals[record] = self.begun(self.index(record))
        return self._ordinals[record]

    @cached_property
    def transaction(self) -> NDArray[np.int32]:
        """(n,) transaction of each deck row; -1 before the first. Read it after the structure."""
        return self.begun(self.starts)

    @cached_property
    def header(self) -> RecordColumns:
        """The records that begin transactions, one each, in order."""
        layout = self.table.layouts[self.table.records.index(self.head)]
        if layout is None:
            raise KeyError(self.head)
        return RecordColumns(layout, self.matrix[self.starts], self.starts)

    @cached_property
    def block(self) -> Bytes:
        """(k, 80) the block header of each transaction; blanks where there is none."""
        blocks = self.of_kind(BLOCK)
        number = self.begun(blocks)[self.starts]
        heads = np.full((len(blocks) + 1, self.matrix.shape[1]), 32, dtype=np.uint8)
        heads[:-1] = self.matrix[blocks]
        return heads[number]

    def any_in(self, rows: RecordColumns, mask: Flags | None = None) -> Flags:
        """(transactions,) whether one of these records stands in it."""
        return self.count_in(rows, mask) > 0

    def count_in(self, rows: RecordColumns, mask: Flags | None = None) -> Index:
        """(transactions,) how many of these records stand in it."""
        at = rows.at if mask is None else rows.at[mask]
        owner = self.transaction[at]
        return np.bincount(owner[owner >= 0], minlength=len(self.starts))

    def fault(self, code: str, rows: RecordColumns, mask: Flags, name: str = "", detail: str = "") -> None:
        """Faults at a field of the records that the mask marks; broken transactions are left out.

        A structural fault rejects a batch before its contents are judged (B&B v23 p.37).
        """
        if not mask.any():
            return
        at = rows.at[mask]
        owner = self.transaction[at]
        at = at[(owner >= 0) & self.sound[owner]]
        self.found.add(code, at, rows.layout[name].start if name else 0, detail)


def is_among(code: NDArray[np.unsignedinteger], width: int, values: Iterable[str]) -> Flags:
    """Which packed codes are one of the values (each of at most `width` columns)."""
    packed = np.array([pack(value, width) for value in values], dtype=np.uint64)
    if width <= 2:
        table = np.zeros(1 << (8 * width), dtype=bool)
        table[packed] = True
        return table[code]
    return np.isin(code.astype(np.uint64), packed)
