"""The conditional rules of the entry summary: each subject's module registers its own.

AE July 2026 (rev 109) with its usage notes, as corrected by A11. They are judged for transactions
whose structure is right, since a structural fault rejects the batch unread (AE 2026-07 p.207).
"""

from __future__ import annotations

from tasks.ace.checks.deck import Deck
from tasks.ace.checks.rulebook import Rule
from tasks.ace.summary import (
    rules_bonds as ae_rules_bonds,
    rules_cargo as ae_rules_cargo,
    rules_fee_totals as ae_rules_fee_totals,
    rules_fees as ae_rules_fees,
    rules_header as ae_rules_header,
    rules_lines as ae_rules_lines,
    rules_matrix as ae_rules_matrix,
    rules_payment as ae_rules_payment,
    rules_release as ae_rules_release,
    rules_totals as ae_rules_totals,
)
from tasks.ace.summary.summary import Summary, rule
from tasks.entries.number import Offsets

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


def rules() -> tuple[Rule[Summary], ...]:
    """Every registered rule."""
    return tuple(rule.rules)


def check_entry_summary(deck: Deck, offsets: Offsets) -> None:
    """Adds the faults of the AE transactions of a deck whose structure has been checked."""
    if not len(deck.starts):
        return
    summary = Summary(deck, offsets)
    for one in rules():
        one.check(summary)
