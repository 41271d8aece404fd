"""Whether a continuous bond in ACE covers an entry, by what KR says (Importer/Bond Query v7 p.10-15).

A bond covers what enters from its effective date on and before its end, as long as the importer is
still a user of it and CBP holds it sufficient (AE 2026-07 p.156-157; errors 113 to 117).
"""

from __future__ import annotations

from tasks.ace.api import NO_BOND_STATUS
from tasks.core.errors import Problem
from tasks.entries.api import ImporterBond, SingleBond
from tasks.reconciliation.state.entry_state import IMPORTER, EntryState

DESIGNATIONS = {"B": "basic", "A": "additional", "U": "substitution", "E": "superseding"}


def bond_text(bond: SingleBond) -> str:
    """A single transaction bond the way a person would call it."""
    surety = f" of surety {bond.surety}" if bond.surety else ""
    amount = f", {bond.amount:,} dollars" if bond.amount else ""
    return f"{DESIGNATIONS.get(bond.designation, bond.designation)} bond{surety}{amount}"


CONTINUOUS = "8"
IMPORTING = ("A", "C")
"""Activities that cover entries: importer or broker, importer/broker and drawback (KI v7 p.13)."""


def coverage_fault(entry: EntryState) -> Problem | None:
    """Why no continuous bond in ACE covers an entry that relies on one; None if one does, or if ACE
    was not asked yet."""
    status = entry.ace_statuses.get(IMPORTER)
    if entry.bond_type != CONTINUOUS or status is None:
        return None
    if status.code == NO_BOND_STATUS:
        return Problem(code="importer-bond-missing")
    if not status.bonds:
        return None
    reasons = [_reason(bond, entry.entered or entry.released) for bond in status.bonds]
    if None in reasons:
        return None
    covering = [why for bond, why in zip(status.bonds, reasons, strict=True) if _imports(bond)]
    return (covering or reasons)[0]


def _imports(bond: ImporterBond) -> bool:
    return bond.activity in IMPORTING


def _reason(bond: ImporterBond, day: str) -> Problem | None:
    """Why one bond does not cover an entry of this day (YYYY-MM-DD, empty if it has none yet)."""
    if not _imports(bond):
        return Problem(code="importer-bond-other-activity", values={"activity": bond.activity})
    if day and bond.until and bond.until <= day:
        return Problem(code="importer-bond-ended", values={"surety": bond.surety, "until": bond.until, "day": day})
    if day and bond.since and bond.since > day:
        return Problem(
            code="importer-bond-not-effective", values={"surety": bond.surety, "since": bond.since, "day": day}
        )
    if bond.user_until and bond.user_until <= day:
        return Problem(code="importer-bond-user-ended", values={"surety": bond.surety, "until": bond.user_until})
    if bond.user_active is False and not bond.user_until:
        return Problem(code="importer-bond-user-inactive", values={"surety": bond.surety})
    if bond.sufficient is False:
        return Problem(code="importer-bond-insufficient", values={"surety": bond.surety})
    return None
