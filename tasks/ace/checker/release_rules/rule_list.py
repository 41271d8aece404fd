"""The conditional rules of cargo release: each chapter's module registers its own, this runs all.

CATAIR SE v40 p.33-74 as corrected by A11. They are judged for transactions whose structure is
right, since a structural fault rejects the batch unread (B&B v23 p.37).
"""

from __future__ import annotations

from tasks.ace.checker.record_deck import Deck
from tasks.ace.checker.release_rules import bill_rules, header_rules, line_rules, party_rules, reference_rules
from tasks.ace.checker.release_rules.release_facts import ReleaseFacts, rule
from tasks.ace.checker.rulebook import CheckRule
from tasks.entries.api import Offsets

MODULES = (header_rules, bill_rules, reference_rules, party_rules, line_rules)


def release_rules() -> tuple[CheckRule[ReleaseFacts], ...]:
    """Every registered rule, in the order of the chapter."""
    return tuple(rule.rules)


def check_cargo_release(deck: Deck, offsets: Offsets) -> None:
    """Adds the faults of the SE transactions of a deck whose structure has been checked."""
    if not len(deck.starts):
        return
    release = ReleaseFacts(deck, offsets)
    for check_rule in release_rules():
        check_rule.check(release)
