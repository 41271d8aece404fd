"""What the rules of a filing look at: a deck with facts of each transaction, and records bound to the
names of conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, cast

import numpy as np

from tasks.ace.checker.record_deck import Deck, Index, Numbers, RecordColumns
from tasks.ace.wire.data_classes import Flags
from tasks.entries.api import Condition, Offsets


class BoundRecords:
    """Records of one id, one element each. A name is a column that the rule worked out, else a field of
    the record, else one of the record that begins the transaction. `names`: fields that the condition
    calls otherwise; `entry`: the transaction of each record."""

    def __init__(
        self,
        rows: RecordColumns,
        header: RecordColumns,
        entry: Index,
        names: Mapping[str, str],
        derived: Mapping[str, np.ndarray],
    ) -> None:
        self.rows = rows
        self._header = header
        self._entry = entry
        self._names = names
        self._derived = derived

    def given(self, name: str) -> Flags:
        return self._column(name, lambda rows, field: rows.given(field))

    def says(self, name: str, *codes: str) -> Flags:
        return self._column(name, lambda rows, field: rows.says(field, *codes))

    def number(self, name: str) -> Numbers:
        return self._column(name, lambda rows, field: rows.number(field))

    def day(self, name: str) -> Numbers:
        """Days since 1970; the rule works them out."""
        return self._derived[name]

    def field(self, name: str) -> str:
        """The field of the record under a name; empty if it stands elsewhere."""
        field = self._names.get(name, name)
        return field if name not in self._derived and field in self.rows.layout.by_name else ""

    def _column(self, name: str, column: Callable[[RecordColumns, str], np.ndarray]) -> np.ndarray:
        if name in self._derived:
            return self._derived[name]
        field = self._names.get(name, name)
        if field in self.rows.layout.by_name:
            return column(self.rows, field)
        by_entry = column(self._header, field)
        return by_entry if self.rows is self._header else by_entry[self._entry]


class TransactionFacts:
    """Facts of the transactions of a deck. Arrays named after an entry have one element each."""

    names: ClassVar[Mapping[str, str]]
    """Fields of the records by the names of the conditions."""
    type_field: ClassVar[str]

    def __init__(self, deck: Deck, offsets: Offsets) -> None:
        self.deck = deck
        self.offsets = offsets
        self.header = deck.header
        self.entries = len(deck.starts)

    def rows(self, record: str) -> RecordColumns:
        return self.deck.rows(record)

    def entry(self, rows: RecordColumns) -> Index:
        """(records,) the transaction of each record; rows before the first count as its own."""
        return np.maximum(self.deck.transaction[rows.at], 0).astype(np.int64)

    def is_type(self, *types: str) -> Flags:
        return self.header.says(self.type_field, *types)

    def is_mode(self, *modes: str) -> Flags:
        return self.header.says("mode_of_transport", *modes)

    def has(self, record: str, mask: Flags | None = None) -> Flags:
        """Which entries have such a record."""
        return self.deck.any_in(self.rows(record), mask)

    def under(self, rows: RecordColumns, parent: str) -> Index:
        """(records,) number of the nearest record of an id before each one, in the same entry.

        -1 if there is none.
        """
        number = self.deck.ordinal(parent)[rows.at].astype(np.int64)
        if self.deck.sound.all():
            return number
        owner = self.deck.transaction
        above = np.append(owner[self.deck.index(parent)], -2)[number]
        return np.where(above == owner[rows.at], number, -1)

    def fault(self, code: str, rows: RecordColumns, mask: Flags, name: str = "", detail: str = "") -> None:
        self.deck.fault(code, rows, mask, name, detail)

    def bind(self, rows: RecordColumns, names: Mapping[str, str] | None = None, **derived: np.ndarray) -> BoundRecords:
        """Records under the names of the conditions; `derived`: columns that stand in no field."""
        return BoundRecords(rows, self.header, self.entry(rows), {**self.names, **(names or {})}, derived)

    def report(
        self,
        code: str,
        condition: Condition,
        bound: BoundRecords,
        where: Flags | None = None,
        name: str | None = None,
        detail: str = "",
    ) -> None:
        """Faults of one code where records break a condition and `where` holds; `name`: the field at
        fault if it is not the condition's first. Raises KeyError for a code of another condition."""
        if code not in condition.codes:
            raise KeyError(code)
        broken = cast(Flags, condition(bound))
        broken = broken if where is None else broken & where
        field = bound.field(condition.fields[0]) if name is None else name
        self.fault(code, bound.rows, broken, field, detail)
