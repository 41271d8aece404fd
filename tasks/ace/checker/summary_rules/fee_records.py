"""The fee records of a deck of summaries, and what the fee rules must know of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import numpy as np

from tasks.ace.checker.record_deck import Index, Numbers, RecordColumns
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, in_chapter_98, owes_in_chapter_98
from tasks.ace.fees import fee_rates
from tasks.ace.fees.fee_rates import MPF, NO_DAY, epoch_days
from tasks.ace.wire.data_classes import Flags

_CLASS, _AMOUNT = "accounting_class_code", "user_fee_amount"
PAIRS = 5
"""Fee classes on one 89 record (p.129)."""

_DATES: Mapping[str, tuple[str, str]] = {
    "estimated_entry_date": ("11", "estimated_entry_date"),
    "statement_date": ("10", "preliminary_statement_print_date"),
    "import_date": ("11", "date_of_importation"),
    "in_bond_date": ("20", "in_bond_in_transit_date"),
    "arrival_date": ("20", "estimated_date_of_arrival"),
}


class FeeRecords:
    """The fee records of a deck, and what they should say."""

    def __init__(self, summary: SummaryFacts) -> None:
        self.summary = summary
        self.lines = summary.rows("62")
        self.code = _class(self.lines, _CLASS)
        self.amount = self.lines.number(_AMOUNT)
        self.line = summary.under(self.lines, "40")
        self._decides: dict[str, Numbers] = {}

    def of(self, fee: str) -> Flags:
        """(62 records,) those of a class."""
        return self.code == int(fee)

    def decides(self, fee: str) -> Numbers:
        """(entries,) the day that decides a fee, by what the file says; NO_DAY for none."""
        if fee in self._decides:
            return self._decides[fee]
        dates = {name: self.summary.day(*where) for name, where in _DATES.items()}
        day = np.full(self.summary.entries, NO_DAY, dtype=np.int64)
        for name in fee_rates.date_order(fee):
            if name in dates:
                day = np.where(day == NO_DAY, dates[name], day)
        self._decides[fee] = day
        return day

    @cached_property
    def header(self) -> dict[int, Numbers]:
        """Cents of each header fee class by entry; -1 where the class is not reported."""
        rows = self.summary.rows("34")
        cents_by_class: dict[int, Numbers] = {}
        for slot in (1, 2):
            code = _class(rows, f"accounting_class_code_{slot}")
            filled = rows.given(f"accounting_class_code_{slot}")
            amount = rows.number(f"header_fee_amount_{slot}")
            for fee_class in np.unique(code[filled]):
                column = cents_by_class.setdefault(int(fee_class), np.full(self.summary.entries, -1))
                at = filled & (code == fee_class)
                column[self.summary.entry(rows)[at]] = amount[at]
        return cents_by_class

    def in_header(self, fee: str) -> Numbers:
        return self.header.get(int(fee), np.full(self.summary.entries, -1))

    @cached_property
    def stated(self) -> tuple[Index, Index, Numbers, Index]:
        """Entry, class, cents and 89 row of each pair of the totals."""
        rows = self.summary.rows("89")
        entry, code, cents, at = [], [], [], []
        for slot in range(1, PAIRS + 1):
            name = f"accounting_class_code_{slot}"
            filled = np.flatnonzero(rows.given(name))
            entry.append(self.summary.entry(rows)[filled])
            code.append(_class(rows, name)[filled])
            cents.append(rows.number(f"total_fee_amount_{slot}")[filled])
            at.append(filled)
        return tuple(np.concatenate(parts) for parts in (entry, code, cents, at))  # type: ignore[return-value]

    @cached_property
    def exempt(self) -> tuple[Flags, Flags]:
        """(lines,) exempt from MPF for certain (CBP's own text), and exempt by any of the lists."""
        summary = self.summary
        lines, tariffs = summary.rows("40"), summary.rows("50")
        decides = self.decides(MPF)[summary.line_entry]
        special = summary.line_has(tariffs, in_chapter_98(tariffs) & ~owes_in_chapter_98(tariffs))
        special &= ~summary.line_has(tariffs, owes_in_chapter_98(tariffs))
        status = summary.rows("41")
        certain = special | summary.line_has(status, status.says("ftz_merchandise_status_code", "D"))
        listed = certain.copy()
        for kind, name in (
            ("program", "trade_agreement_special_program_claim_code"),
            ("origin", "country_of_origin_code"),
        ):
            for cbp in (True, False):
                mask = _listed(lines, kind, name, decides, cbp)
                listed |= mask
                certain |= mask & cbp
        return certain, listed

    def total(self, fee: str) -> Numbers:
        """(entries,) the stated total of a class; -1 where there is none."""
        entry, code, cents, _ = self.stated
        totals = np.full(self.summary.entries, -1, dtype=np.int64)
        of_class = code == int(fee)
        totals[entry[of_class]] = cents[of_class]
        return totals


def fee_facts(summary: SummaryFacts) -> FeeRecords:
    """The fee facts of a summary, made once."""
    fees = summary.facts.get("fees")
    if not isinstance(fees, FeeRecords):
        fees = FeeRecords(summary)
        summary.facts["fees"] = fees
    return fees


def _class(rows: RecordColumns, name: str) -> Index:
    """The accounting class as a number; 0 where it is no three digits."""
    return np.where(rows.digits(name), rows.number(name), 0)


def _listed(lines: RecordColumns, kind: str, name: str, decides: Numbers, cbp: bool) -> Flags:
    exemptions = [exemption for exemption in fee_rates.exemptions(MPF, kind) if (exemption.confidence == "CBP") is cbp]
    always = [exemption.code for exemption in exemptions if exemption.first is None and exemption.last is None]
    exempt = lines.says(name, *always)
    for exemption in exemptions:
        if exemption.first is not None or exemption.last is not None:
            first = epoch_days(exemption.first) if exemption.first else NO_DAY
            last = epoch_days(exemption.last) if exemption.last else np.iinfo(np.int64).max
            exempt |= lines.says(name, exemption.code) & (decides >= first) & (decides <= last)
    return exempt
