"""The conditional rules of cargo release: each chapter's module registers its own, this runs all.

CATAIR SE v40 p.33-74 as corrected by A11. They are judged for transactions whose structure is
right, since a structural fault rejects the batch unread (B&B v23 p.37).
"""

from __future__ import annotations

from tasks.ace.checks import rules_bills, rules_header, rules_lines, rules_parties, rules_references
from tasks.ace.checks.deck import Deck
from tasks.ace.checks.release import Release, rule
from tasks.ace.checks.rulebook import Rule
from tasks.entries.number import Offsets

MODULES = (rules_header, rules_bills, rules_references, rules_parties, rules_lines)


def rules() -> tuple[Rule[Release], ...]:
    """Every registered rule, in the order of the chapter."""
    return tuple(rule.rules)


def check_cargo_release(deck: Deck, offsets: Offsets) -> None:
    """Adds the faults of the SE transactions of a deck whose structure has been checked."""
    if not len(deck.starts):
        return
    release = Release(deck, offsets)
    for one in rules():
        one.check(release)
