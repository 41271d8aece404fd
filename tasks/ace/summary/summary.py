"""What the entry summary rules look at: a deck of AE records with facts of each transaction.

A rule is a function of a `Summary` that adds faults to its deck, registered with the codes it
raises. The codes are CBP's own where its dictionary has one; texts and sources stand in
`data/ace/ae_conditions.csv`.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tasks.ace.checks.deck import Deck, Index, Numbers, Rows, integers
from tasks.ace.checks.rulebook import Rulebook
from tasks.ace.checks.sums import totals
from tasks.ace.money.fees import NO_DAY
from tasks.ace.wire.classes import PIVOT, Bytes, Flags, digit
from tasks.entries.number import Offsets

_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


class Summary:
    """Facts of the AE transactions of a deck. Arrays named after an entry have one element each."""

    def __init__(self, deck: Deck, offsets: Offsets) -> None:
        self.deck = deck
        self.offsets = offsets
        self.header = deck.header
        self.entries = len(deck.starts)
        action = "summary_filing_action_request_code"
        self.full = self.header.says(action, "A", "R")
        self.delete = self.header.says(action, "D")
        self.facts: dict[str, object] = {}
        self._once: dict[str, Index] = {}
        self._days: dict[tuple[str, str], Numbers] = {}

    def rows(self, record: str) -> Rows:
        return self.deck.rows(record)

    def entry(self, rows: Rows) -> Index:
        """(records,) the transaction of each record; rows before the first count as its own."""
        return np.maximum(self.deck.transaction[rows.at], 0).astype(np.int64)

    def owner(self, at: Index) -> Index:
        """(records,) the transaction of deck rows; -1 before the first."""
        return self.deck.transaction[at].astype(np.int64)

    def is_type(self, *types: str) -> Flags:
        return self.header.says("entry_type_code", *types)

    def is_mode(self, *modes: str) -> Flags:
        return self.header.says("mode_of_transport", *modes)

    def has(self, record: str, mask: Flags | None = None) -> Flags:
        """Which entries have such a record."""
        return self.deck.any_in(self.rows(record), mask)

    def under(self, rows: Rows, parent: str) -> Index:
        """(records,) number of the nearest record of an id before each one, in the same entry.

        -1 if there is none.
        """
        number = self.deck.ordinal(parent)[rows.at].astype(np.int64)
        if self.deck.sound.all():
            return number
        owner = self.deck.transaction
        above = np.append(owner[self.deck.index(parent)], -2)[number]
        return np.where(above == owner[rows.at], number, -1)

    def fault(self, code: str, rows: Rows, mask: Flags, name: str = "", detail: str = "") -> None:
        self.deck.fault(code, rows, mask, name, detail)

    def once(self, record: str) -> Index:
        """(entries,) the row of a record that an entry has once; -1 for none."""
        if record not in self._once:
            rows = self.rows(record)
            found = np.full(self.entries, -1, dtype=np.int64)
            owner = self.deck.transaction[rows.at]
            inside = owner >= 0
            found[owner[inside][::-1]] = np.flatnonzero(inside)[::-1]
            self._once[record] = found
        return self._once[record]

    def given(self, record: str, name: str) -> Flags:
        """(entries,) whether the entry has the record and the field in it."""
        row = self.once(record)
        return (row >= 0) & np.append(self.rows(record).given(name), False)[row]

    def says(self, record: str, name: str, *values: str) -> Flags:
        """(entries,) whether the entry's record has one of the values in the field."""
        row = self.once(record)
        return (row >= 0) & np.append(self.rows(record).says(name, *values), False)[row]

    def amount(self, record: str, name: str) -> Numbers:
        """(entries,) a number of the entry's record; 0 for none."""
        row = self.once(record)
        return np.where(row >= 0, np.append(self.rows(record).number(name), 0)[row], 0)

    def day(self, record: str, name: str) -> Numbers:
        """(entries,) a date of the entry's record as days since 1970; NO_DAY for none."""
        key = (record, name)
        if key not in self._days:
            row = self.once(record)
            held = np.append(days(self.rows(record).raw(name)), NO_DAY)
            self._days[key] = np.where(row >= 0, held[row], NO_DAY)
        return self._days[key]

    @cached_property
    def certified(self) -> Flags:
        return self.header.given("cargo_release_certification_request_indicator")

    @cached_property
    def consolidated(self) -> Flags:
        return self.header.says("consolidated_summary_indicator", "Y")

    @cached_property
    def express(self) -> Flags:
        return self.header.says("consolidated_express_informal_indicator", "Y")

    @cached_property
    def correction(self) -> Flags:
        """Post-summary corrections."""
        return self.header.given("post_summary_correction_indicator")

    @cached_property
    def line_entry(self) -> Index:
        """(lines,) the entry of each line."""
        return self.entry(self.rows("40"))

    @cached_property
    def component(self) -> Flags:
        """(lines,) set components."""
        return self.rows("40").says("article_set_indicator", "V")

    @cached_property
    def set_header(self) -> Flags:
        return self.rows("40").says("article_set_indicator", "X")

    @cached_property
    def tariff_line(self) -> Index:
        """(tariff numbers,) the line of each."""
        return self.under(self.rows("50"), "40")

    @cached_property
    def line_value(self) -> Numbers:
        """(lines,) whole dollars: the sum of the line's tariff numbers."""
        tariffs = self.rows("50")
        return self.by_line(tariffs, tariffs.number("value_of_goods_amount"))

    def by_line(self, rows: Rows, value: Numbers) -> Numbers:
        """(lines,) sums of a number of records over the line that they stand under."""
        return totals(self.under(rows, "40"), value, len(self.rows("40")))

    def by_entry(self, rows: Rows, value: Numbers) -> Numbers:
        """(entries,) sums of a number of records over their entry."""
        return totals(self.owner(rows.at), value, self.entries)

    def line_has(self, rows: Rows, mask: Flags | None = None) -> Flags:
        """(lines,) whether such a record stands under the line."""
        line = self.under(rows, "40")
        line = line if mask is None else line[mask]
        return np.bincount(line[line >= 0], minlength=len(self.rows("40"))) > 0

    @cached_property
    def cased(self) -> Flags:
        """(entries,) whether an AD or CVD case is reported."""
        return self.has("53")


rule: Rulebook[Summary] = Rulebook()


def days(text: Bytes) -> Numbers:
    """MMDDYY as days since 1970-01-01 (years 1970-2069); NO_DAY for what is no date."""
    month, day, year = (integers(text[:, at : at + 2]) for at in (0, 2, 4))
    good = digit(text).all(axis=1) & (month >= 1) & (month <= 12)
    month, day, year = (np.where(good, one, 1) for one in (month, day, year))
    good &= (day >= 1) & (day <= np.where((month == 2) & (year % 4 != 0), 28, _LENGTHS[month]))
    months = (np.where(year < PIVOT, year + 2000, year + 1900) - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.where(good, first + day - 1, NO_DAY)


def later(first: Numbers, second: Numbers) -> Flags:
    """Where both days are known and the first is after the second."""
    return (first != NO_DAY) & (second != NO_DAY) & (first > second)
