"""What a resemblance means for a partner's role: block, review, or only a note.

`block`: nothing is done with the partner until the hit is cleared; `review`: a person decides;
`note`: shown, and counted in the risk, but nobody has to decide. The most special row counts: one
with the record's program before one for the whole list. An order that has ended is a note.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from tasks.screening.partners.partner_register import ROLES

BLOCK, REVIEW, NOTE = "block", "review", "note"


@cache
def _rows() -> dict[tuple[str, str], dict[str, str]]:
    text = files("continuity_data").joinpath("screening", "policy.csv").read_text(encoding="utf-8")
    return {(row["list"], row["program"]): row for row in csv.DictReader(text.splitlines())}


def role_effect(role: str, list_: str, programs: tuple[str, ...], ends: str, today: str) -> str:
    """`block`, `review` or `note`. `ends`, `today`: ISO dates; unknown lists and roles are reviewed."""
    if ends and ends < today:
        return NOTE
    special = [_rows()[(list_, p)] for p in programs if (list_, p) in _rows()]
    rows = special or [row for row in [_rows().get((list_, ""))] if row]
    if role not in ROLES or not rows:
        return REVIEW
    effects = {row[role] for row in rows}
    return next(effect for effect in (BLOCK, REVIEW, NOTE) if effect in effects)
