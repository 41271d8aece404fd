"""What the entry summary rules look at: a deck of AE records with facts of each transaction.

A rule is a function of `SummaryFacts` that adds faults to its deck, registered with the codes it
raises. The codes are CBP's own where its dictionary has one; texts and sources stand in
`data/ace/ae_conditions.csv`.

Tariff numbers of the 50 records by how they begin (AE 2026-07 p.161, 219).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from tasks.ace.checker.record_deck import (
    Deck,
    Index,
    Numbers,
    RecordColumns,
    integers,
    pack,
    pack_bytes,
    totals_by_owner,
)
from tasks.ace.checker.rulebook import Rulebook
from tasks.ace.checker.transaction_facts import TransactionFacts
from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import NO_DAY
from tasks.ace.wire.data_classes import PIVOT, Bytes, Flags, digit_bytes
from tasks.entries.api import Offsets


def begins_with(tariffs: RecordColumns, heads: Iterable[str]) -> Flags:
    """Which numbers begin with one of the heads, of at most eight digits each."""
    text = tariffs.raw("hts_number")
    flags = np.zeros(len(tariffs), dtype=bool)
    for head in heads:
        flags |= pack_bytes(text[:, : len(head)]) == pack(head, len(head))
    return flags


def in_chapter_98(tariffs: RecordColumns) -> Flags:
    """Numbers of the chapter whose articles are exempt from MPF."""
    return begins_with(tariffs, fee_rates.exempt_codes(fee_rates.MPF, "chapter"))


def owes_in_chapter_98(tariffs: RecordColumns) -> Flags:
    """Numbers of that chapter that owe MPF all the same (9802.00.60 and .80)."""
    return begins_with(tariffs, fee_rates.exempt_codes(fee_rates.MPF, "not_chapter"))


_LENGTHS = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


class SummaryFacts(TransactionFacts):
    """Facts of the AE transactions of a deck. Arrays named after an entry have one element each."""

    names: ClassVar[Mapping[str, str]] = {
        "entry_type": "entry_type_code",
        "bond_type": "bond_type_code",
        "zone_status": "ftz_merchandise_status_code",
        "foreign_port": "foreign_port_of_lading_code",
        "tib_declaration": "tib_declaration_indicator",
        "certified": "cargo_release_certification_request_indicator",
        "weekly": "pga_data_included_indicator",
        "carrier": "carrier_code",
        "export_date": "date_of_exportation",
        "party": "entity_code",
        "name": "entity_name",
        "number": "entity_identifier",
        "number_type": "identifier_qualifier",
        "rate": "case_deposit_rate",
        "rate_type": "case_rate_type_qualifier_code",
        "bond_amount": "single_transaction_bond_amount",
    }
    type_field = "entry_type_code"

    def __init__(self, deck: Deck, offsets: Offsets) -> None:
        super().__init__(deck, offsets)
        action = "summary_filing_action_request_code"
        self.full = self.header.says(action, "A", "R")
        self.delete = self.header.says(action, "D")
        self.facts: dict[str, object] = {}
        self._once: dict[str, Index] = {}
        self._days: dict[tuple[str, str], Numbers] = {}

    def owner(self, at: Index) -> Index:
        """(records,) the transaction of deck rows; -1 before the first."""
        return self.deck.transaction[at].astype(np.int64)

    def once(self, record: str) -> Index:
        """(entries,) the row of a record that an entry has once; -1 for none."""
        if record not in self._once:
            rows = self.rows(record)
            first_rows = np.full(self.entries, -1, dtype=np.int64)
            owner = self.deck.transaction[rows.at]
            inside = owner >= 0
            first_rows[owner[inside][::-1]] = np.flatnonzero(inside)[::-1]
            self._once[record] = first_rows
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
            days = np.append(days_from_text(self.rows(record).raw(name)), NO_DAY)
            self._days[key] = np.where(row >= 0, days[row], NO_DAY)
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

    def by_line(self, rows: RecordColumns, value: Numbers) -> Numbers:
        """(lines,) sums of a number of records over the line that they stand under."""
        return totals_by_owner(self.under(rows, "40"), value, len(self.rows("40")))

    def by_entry(self, rows: RecordColumns, value: Numbers) -> Numbers:
        """(entries,) sums of a number of records over their entry."""
        return totals_by_owner(self.owner(rows.at), value, self.entries)

    def line_has(self, rows: RecordColumns, mask: Flags | None = None) -> Flags:
        """(lines,) whether such a record stands under the line."""
        line = self.under(rows, "40")
        line = line if mask is None else line[mask]
        return np.bincount(line[line >= 0], minlength=len(self.rows("40"))) > 0

    @cached_property
    def cased(self) -> Flags:
        """(entries,) whether an AD or CVD case is reported."""
        return self.has("53")


rule: Rulebook[SummaryFacts] = Rulebook()


def days_from_text(text: Bytes) -> Numbers:
    """MMDDYY as days since 1970-01-01 (years 1970-2069); NO_DAY for what is no date."""
    month, day, year = (integers(text[:, at : at + 2]) for at in (0, 2, 4))
    good = digit_bytes(text).all(axis=1) & (month >= 1) & (month <= 12)
    month, day, year = (np.where(good, part, 1) for part in (month, day, year))
    good &= (day >= 1) & (day <= np.where((month == 2) & (year % 4 != 0), 28, _LENGTHS[month]))
    months = (np.where(year < PIVOT, year + 2000, year + 1900) - 1970) * 12 + month - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return np.where(good, first + day - 1, NO_DAY)


def is_later(first: Numbers, second: Numbers) -> Flags:
    """Where both days are known and the first is after the second."""
    return (first != NO_DAY) & (second != NO_DAY) & (first > second)
