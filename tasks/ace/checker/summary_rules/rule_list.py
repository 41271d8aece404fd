"""The conditional rules of the entry summary: each subject's module registers its own.

AE July 2026 (rev 109) with its usage notes, as corrected by A11. They are judged for transactions
whose structure is right, since a structural fault rejects the batch unread (AE 2026-07 p.207).
"""

from __future__ import annotations

from tasks.ace.checker.record_deck import Deck
from tasks.ace.checker.rulebook import CheckRule
from tasks.ace.checker.summary_rules import (
    bond_rules as ae_rules_bonds,
    fee_rules as ae_rules_fee_totals,
    fee_rules as ae_rules_fees,
    header_rules as ae_rules_header,
    line_rules as ae_rules_lines,
    matrix_rules as ae_rules_matrix,
    payment_rules as ae_rules_payment,
    release_rules as ae_rules_release,
    total_rules as ae_rules_totals,
    transport_rules as ae_rules_cargo,
)
from tasks.ace.checker.summary_rules.summary_facts import SummaryFacts, rule
from tasks.entries.api import Offsets

MODULES = (
    ae_rules_matrix,
    ae_rules_header,
    ae_rules_payment,
    ae_rules_cargo,
    ae_rules_bonds,
    ae_rules_lines,
    ae_rules_fees,
    ae_rules_fee_totals,
    ae_rules_totals,
    ae_rules_release,
)


def summary_rules() -> tuple[CheckRule[SummaryFacts], ...]:
    """Every registered rule."""
    return tuple(rule.rules)


def check_entry_summary(deck: Deck, offsets: Offsets) -> None:
    """Adds the faults of the AE transactions of a deck whose structure has been checked."""
    if not len(deck.starts):
        return
    summary = SummaryFacts(deck, offsets)
    for one in summary_rules():
        one.check(summary)
