"""Cargo release rules of SE20: qualifiers, the form of each, and which an entry must have.

CATAIR SE v40 p.56-57.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tasks.ace.checker.record_deck import counts_by_owner
from tasks.ace.checker.release_rules.release_facts import (
    ReleaseFacts,
    code_positions,
    entry_form,
    in_bond_form,
    is_alphanumeric,
    rule,
    text_lengths,
)
from tasks.ace.wire.data_classes import Bytes, Flags, digit_bytes, impossible_date
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import header_conditions


def _at_most(width: int) -> Callable[[Bytes], Flags]:
    return lambda text: text_lengths(text) <= width


def _amount(text: Bytes) -> Flags:
    """One to ten digits, left-justified, above zero, without leading zeros."""
    length = text_lengths(text)
    digits = (digit_bytes(text) | (text == 32)).all(axis=1) & is_alphanumeric(text)
    return digits & (length <= 10) & (text[:, 0] != ord("0"))


def _surety(text: Bytes) -> Flags:
    return is_alphanumeric(text) & (text_lengths(text) == 3)


def _yes(text: Bytes) -> Flags:
    return (text[:, 0] == ord("Y")) & (text_lengths(text) == 1)


def _date(text: Bytes) -> Flags:
    six_digits = digit_bytes(text[:, :6]).all(axis=1) & (text_lengths(text) == 6)
    return six_digits & ~impossible_date(text[:, :6])


_FORMS: dict[str, Callable[[Bytes], Flags]] = {
    "CR": _at_most(9),
    "EN": entry_form,
    "IB": in_bond_form,
    "FTZ": _at_most(19),
    "V1": _surety,
    "AMT": _amount,
    "EXP": _yes,
    "KII": _yes,
    "PER": _yes,
    "CES": entry_form,
    "EDA": _date,
}


@rule("C190", "C191")
def forms(release: ReleaseFacts) -> None:
    """Known qualifiers, each with a reference of its form (note 1)."""
    references = release.rows("SE20")
    unknown = ~references.says("qualifier", *code_list("qualifier"))
    release.fault("C190", references, references.given("qualifier") & unknown, "qualifier")
    for qualifier, shaped in _FORMS.items():
        rows = np.flatnonzero(references.says("qualifier", qualifier))
        wrong = np.zeros(len(references), dtype=bool)
        wrong[rows] = ~shaped(references.raw("reference")[rows])
        wrong &= references.given("reference")
        release.fault("C191", references, wrong, "reference", qualifier)


@rule("C192", "C193", "C194")
def needed(release: ReleaseFacts) -> None:
    """Surety and amount of a single transaction bond; arrival date of a type 86."""
    references = release.rows("SE20")
    surety, amount, arrival = (
        release.has("SE20", references.says("qualifier", qualifier)) for qualifier in ("V1", "AMT", "EDA")
    )
    bonds = release.bind(release.header, surety_code=surety, bond_amount=amount)
    release.report("C192", header_conditions.surety_missing, bonds, release.full)
    release.report("C193", header_conditions.bond_amount_missing, bonds, release.full)
    release.fault("C194", release.header, release.full & release.is_type("86") & ~arrival)


@rule("C195")
def once(release: ReleaseFacts) -> None:
    """Qualifiers that say one thing of the entry stand once."""
    references = release.rows("SE20")
    kind = code_positions(references, "qualifier", "once_qualifier")
    entry = release.entry(references)
    repeated = counts_by_owner(entry, kind, release.entries, int(kind.max(initial=0)) + 1) > 1
    several = repeated[entry, kind] & (kind > 0)
    rows = np.flatnonzero(several)
    order = entry[rows] * 64 + kind[rows]
    _, first = np.unique(order, return_index=True)
    later = np.zeros(len(references), dtype=bool)
    later[rows] = True
    later[rows[first]] = False
    release.fault("C195", references, later, "qualifier")
