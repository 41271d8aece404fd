"""What a person calls a bond."""

from __future__ import annotations

from tasks.shared.kinds.entries import SingleBond

DESIGNATIONS = {"B": "basic", "A": "additional", "U": "substitution", "E": "superseding"}


def in_words(bond: SingleBond) -> str:
    """A single transaction bond the way a person would call it."""
    surety = f" of surety {bond.surety}" if bond.surety else ""
    amount = f", {bond.amount:,} dollars" if bond.amount else ""
    return f"{DESIGNATIONS.get(bond.designation, bond.designation)} bond{surety}{amount}"
