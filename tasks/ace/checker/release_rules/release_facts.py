"""What the cargo release rules look at: a deck of SE records with facts of each transaction.

A rule is a function of `ReleaseFacts` that adds faults to its deck. It is registered with the codes
it raises; their texts and source pages stand in `data/ace/conditions.csv`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar

import numpy as np

from tasks.ace.checker.record_deck import Deck, Index, Numbers, RecordColumns, totals_by_owner
from tasks.ace.checker.rulebook import Rulebook
from tasks.ace.checker.transaction_facts import TransactionFacts
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes, upper_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import Offsets


class ReleaseFacts(TransactionFacts):
    """Facts of the SE transactions of a deck. Arrays named after an entry have one element each."""

    names: ClassVar[Mapping[str, str]] = {
        "bond_type": "bond_type_code",
        "immediate_delivery": "immediate_delivery_indicator",
        "issuer": "issuer_code",
        "not_automated": "non_ams",
        "party": "entity_code",
        "name": "entity_name",
        "number": "entity_identifier",
        "number_type": "identifier_qualifier",
        "general_order": "general_order_number",
    }
    type_field = "entry_type"

    def __init__(self, deck: Deck, offsets: Offsets) -> None:
        super().__init__(deck, offsets)
        self.full = self.header.says("action_code", "A", "R")
        self.cancel = self.header.says("action_code", "D")

    @cached_property
    def has_pga(self) -> Flags:
        return self.has("PG01")

    @cached_property
    def lines(self) -> Index:
        """How many lines each entry has."""
        return self.deck.count_in(self.rows("SE40"))

    @cached_property
    def line_value(self) -> Numbers:
        """Value on the tariff numbers of each line, whole dollars."""
        tariffs = self.rows("SE60")
        return totals_by_owner(self.under(tariffs, "SE40"), tariffs.number("value"), len(self.rows("SE40")))

    @cached_property
    def stated_value(self) -> Numbers:
        """Value on all tariff numbers of each entry, whole dollars."""
        tariffs = self.rows("SE60")
        return totals_by_owner(self.entry(tariffs), tariffs.number("value"), self.entries)

    @cached_property
    def in_bond(self) -> Flags:
        return self.has("SE15", self.rows("SE15").says("bill_type", "I"))


rule: Rulebook[ReleaseFacts] = Rulebook()


def code_positions(rows: RecordColumns, name: str, set_name: str) -> Index:
    """(records,) place of a field's code in a code set, counted from 1; 0 if it is not in it."""
    positions = np.zeros(len(rows), dtype=np.int64)
    for number, code in enumerate(code_list(set_name), start=1):
        positions[rows.says(name, code)] = number
    return positions


def number_form(kind: Index, text: Bytes) -> Flags:
    """Which importer or party numbers have the form of their type (SE v40 p.36, 60).

    kind: 1 EI, 2 ANI, 3 Social Security, else never; text: (n, 12 or more), blank after the form.
    """
    shaped = np.concatenate((np.zeros((1, len(text)), dtype=bool), number_forms(text)))
    return shaped[np.where(kind <= 3, kind, 0), np.arange(len(text))]


def number_forms(text: Bytes) -> Flags:
    """(3, n) which texts are an IRS number, a number given by CBP, a Social Security number."""
    turned = columns_of(text)
    is_digit, blank = digit_bytes(turned[:12]), turned == 32
    hyphen = turned[:12] == ord("-")
    letter = upper_bytes(turned[10:12]) | is_digit[10:12]
    suffix = letter.all(axis=0) | blank[10:12].all(axis=0)
    employer = is_digit[:2].all(axis=0) & hyphen[2] & is_digit[3:10].all(axis=0) & suffix
    assigned = is_digit[:6].all(axis=0) & hyphen[6] & is_digit[7:12].all(axis=0)
    social = is_digit[:3].all(axis=0) & hyphen[3] & is_digit[4:6].all(axis=0)
    social &= hyphen[6] & is_digit[7:11].all(axis=0) & blank[11]
    return np.stack((employer, assigned, social)) & blank[12:].all(axis=0)


def columns_of(text: Bytes) -> Bytes:
    """(width, n): each column of the texts in one piece, which is quicker to look at."""
    return np.ascontiguousarray(text.T)


def text_lengths(text: Bytes) -> Index:
    """(n,) columns up to the last that is not blank."""
    column_number = np.arange(1, text.shape[1] + 1, dtype=np.uint8)[:, None]
    return ((columns_of(text) != 32) * column_number).max(axis=0).astype(np.int64)


def is_alphanumeric(text: Bytes) -> Flags:
    """Which (n, width) texts are letters and digits only, left-justified, without a gap."""
    turned = columns_of(text)
    sign = upper_bytes(turned) | digit_bytes(turned)
    gap = sign[1:] & ~sign[:-1]
    return sign[0] & ~gap.any(axis=0) & (sign | (turned == 32)).all(axis=0)


def digits_then_blank(text: Bytes, count: int) -> Flags:
    """Which texts are exactly `count` digits and then blank."""
    return digit_bytes(text[:, :count]).all(axis=1) & (text[:, count:] == 32).all(axis=1)


def in_bond_form(text: Bytes) -> Flags:
    """In-bond numbers: 9 digits, 11 digits, or 3 letters or digits and 8 digits (SE v40 p.49)."""
    long = is_alphanumeric(text[:, :11]) & digit_bytes(text[:, 3:11]).all(axis=1)
    return digits_then_blank(text, 9) | (long & (text[:, 11:] == 32).all(axis=1))


def entry_form(text: Bytes) -> Flags:
    """Entry numbers without hyphens: filer code and eight digits, then blank (SE v40 p.56)."""
    long = is_alphanumeric(text[:, :3]) & (text[:, 2] != 32) & digit_bytes(text[:, 3:11]).all(axis=1)
    return long & (text[:, 11:] == 32).all(axis=1)
