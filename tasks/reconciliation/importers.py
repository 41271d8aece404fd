"""What KR says of an importer, brought down to a line of the book (Importer/Bond Query v7 p.10-15)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from tasks.shared.kinds.ace import AnswerLine, ImporterBond

Row = dict[str, Any]
USABLE = ("bonded", "no bond")
"""Query results of importers that may be used; the others are unknown, void or inactive."""


def line(number: str, rows: Sequence[Row]) -> AnswerLine:
    """One line of all K1 records of an importer, one for each of its bonds."""
    status = rows[0]["status"]
    told = [row["periodic_monthly"] for row in rows if row["periodic_monthly"] is not None]
    return AnswerLine(
        number=number,
        disposition="active" if status in USABLE else status,
        code=rows[0]["code"] or "",
        text=status,
        bonds=tuple(_bond(row) for row in rows if row["activity"]),
        monthly=any(told) if told else None,
    )


def _bond(row: Row) -> ImporterBond:
    return ImporterBond(
        activity=row["activity"],
        surety=row["surety_code"] or "",
        since=_day(row["bond_from"]),
        until=_day(row["bond_until"]),
        user_active=row["user_active"],
        user_until=_day(row["user_until"]),
        sufficient=row["sufficient"],
    )


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""
