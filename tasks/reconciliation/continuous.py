"""Whether a continuous bond in ACE covers an entry, by what KR says (Importer/Bond Query v7 p.10-15).

A bond covers what enters from its effective date on and before its end, as long as the importer is
still a user of it and CBP holds it sufficient (AE 2026-07 p.156-157; errors 113 to 117).
"""

from __future__ import annotations

from tasks.reconciliation.view import IMPORTER, Standing
from tasks.shared.kinds import ImporterBond

CONTINUOUS = "8"
IMPORTING = ("A", "C")
"""Activities that cover entries: importer or broker, importer/broker and drawback (KI v7 p.13)."""


def fault(one: Standing) -> str:
    """Why no continuous bond in ACE covers an entry that relies on one, in words; empty if one does,
    or if ACE was not asked yet."""
    said = one.views.get(IMPORTER)
    if one.bond_type != CONTINUOUS or said is None:
        return ""
    if said.text == "no bond":
        return "ACE shows no continuous bond of the importer"
    if not said.bonds:
        return ""
    reasons = [_reason(bond, one.entered or one.released) for bond in said.bonds]
    if not all(reasons):
        return ""
    covering = [why for bond, why in zip(said.bonds, reasons, strict=True) if _imports(bond)]
    return (covering or reasons)[0]


def _imports(bond: ImporterBond) -> bool:
    return bond.activity in IMPORTING


def _reason(bond: ImporterBond, day: str) -> str:
    """Why one bond does not cover an entry of this day (YYYY-MM-DD, empty if it has none yet)."""
    if not _imports(bond):
        return f"ACE shows the importer's bond for activity {bond.activity} only, not for importing"
    named = f"the importer's continuous bond of surety {bond.surety}"
    if day and bond.until and bond.until <= day:
        return f"{named} ended on {bond.until}, the entry is of {day}"
    if day and bond.since and bond.since > day:
        return f"{named} holds from {bond.since} only, the entry is of {day}"
    ended = bond.user_until and bond.user_until <= day
    if ended or (bond.user_active is False and not bond.user_until):
        since = f" since {bond.user_until}" if bond.user_until else ""
        return f"{named} no longer has the importer as an active user{since}"
    if bond.sufficient is False:
        return f"CBP holds {named} insufficient"
    return ""
