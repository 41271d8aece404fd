"""What a person calls a bond."""

from __future__ import annotations

DESIGNATIONS = {"B": "basic", "A": "additional", "U": "substitution", "E": "superseding"}


def in_words(bond: str) -> str:
    """A single transaction bond, as in `EntryLine.single_bonds`, the way a person would call it."""
    designation, surety, amount = [*bond.split(), "", ""][:3]
    named = f" of surety {surety}" if surety else ""
    worth = f", {int(amount):,} dollars" if amount else ""
    return f"{DESIGNATIONS.get(designation, designation)} bond{named}{worth}"
