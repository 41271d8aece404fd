"""Due diligence on IT providers: attestations that fade before they end, the breach notice in the
contract, the questionnaire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

ROLE = "it_provider"


def reasons(
    table: Mapping[str, Any], row: Mapping[str, Any], today: date
) -> Iterator[tuple[str, int]]:
    """(why, points) for a partner that is an IT provider; nothing for any other."""
    if row["role"] != ROLE:
        return
    yield _attested(table, row, today)
    yield _breach_notice(table["breach_notice"], row["breach_notice_hours"])
    yield _questionnaire(table["questionnaire"], row["questionnaire"], today)


def worth(expires: date, today: date, fades_days: int) -> float:
    """1 while an attestation has `fades_days` or more left, then in a straight line down to 0 on the
    day it ends."""
    return max(0.0, min(1.0, (expires - today).days / fades_days))


def _attested(table: Mapping[str, Any], row: Mapping[str, Any], today: date) -> tuple[str, int]:
    best, why = 0.0, "no attestation (SOC 2, ISO 27001)"
    for one in row["attestations"]:
        expires = date.fromisoformat(one["expires"])
        value = worth(expires, today, table["fades_days"]) * _weight(table, one["name"])
        if value > best or not best:
            left = (expires - today).days
            ends = f"ends in {left} days" if left >= 0 else f"ended {-left} days ago"
            best, why = max(best, value), f"{one['name']} {ends}"
    return why, round(table["missing"] * (1 - best))


def _weight(table: Mapping[str, Any], name: str) -> float:
    plain = name.lower()
    return max((w for key, w in table["attestations"].items() if key in plain), default=0.0)


def _breach_notice(table: Mapping[str, int], hours: int | None) -> tuple[str, int]:
    if hours is None:
        return "no breach notice in the contract", table["none"]
    late = hours > table["best_hours"]
    return f"breach notice within {hours} hours", table["late"] if late else 0


def _questionnaire(table: Mapping[str, int], answered: str, today: date) -> tuple[str, int]:
    if not answered:
        return "no security questionnaire", table["missing"]
    old = date.fromisoformat(answered) < today - timedelta(days=table["days"])
    return f"security questionnaire of {answered}", table["old"] if old else 0
