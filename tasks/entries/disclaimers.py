"""Which disclaimers an agency allows in PG01 (`data/codes/disclaimer.csv`, PGA message set July 2026
p.19-20).

CBP's chapter keeps some codes for one agency, program or entry type. It leaves the others to each
agency's own guide, which may allow fewer: those are not judged here, and none is ever a default.
"""

from __future__ import annotations

from functools import cache

from tasks.entries import codes

ANY = "*"


@cache
def allowed(agency: str, program: str, entry_type: str) -> tuple[str, ...]:
    """The codes that may stand for an agency's program on an entry of this type."""
    return tuple(
        row["code"]
        for row in codes.rows("disclaimer")
        if row["agency"] in (ANY, agency)
        and row["program"] in ("", program)
        and row["entry_type"] in ("", entry_type)
    )


def right(agency: str, program: str, entry_type: str) -> str:
    """What would be right instead, in words for a desk."""
    listed = " ".join(allowed(agency, program, entry_type))
    return (
        f"for {agency} one of {listed} if its guidance allows it, or the agency's data on this line"
    )
