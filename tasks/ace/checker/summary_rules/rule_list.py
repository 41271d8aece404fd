"""The conditional rules of the entry summary: each subject's module registers its own.

AE July 2026 (rev 109) with its usage notes, as corrected by A11. They are judged for transactions
whose structure is right, since a structural fault rejects the batch unread (AE 2026-07 p.207).
"""

from __future__ import annotations

from tasks.ace.checker.record_deck import Deck
from tasks.ace.checker.rulebook import CheckRule
from tasks.ace.checker.summary_rules import (
    bond_rules,
    fee_rules,
    header_rules,
    line_rules,
    matrix_rules,
    payment_rules,
    release_rules,
    total_rules,
    transport_rules,
)
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, rule
from tasks.entries.api import Offsets

MODULES = (
    bond_rules,
    fee_rules,
    header_rules,
    line_rules,
    matrix_rules,
    payment_rules,
    release_rules,
    total_rules,
    transport_rules,
)


def summary_rules() -> tuple[CheckRule[SummaryFacts], ...]:
    """Every registered rule."""
    return tuple(rule.rules)


def check_entry_summary(deck: Deck, offsets: Offsets) -> None:
    """Adds the faults of the AE transactions of a deck whose structure has been checked."""
    if not len(deck.starts):
        return
    summary = SummaryFacts(deck, offsets)
    for check_rule in summary_rules():
        check_rule.check(summary)
