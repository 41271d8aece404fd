"""What is known beside the name: it moves the priority of a hit, and never hides one.

Identifiers are the exception: an equal one is a hit whatever the names say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from tasks.screening.names import latin

FIRST, SOON, NORMAL, LATER = 1, 2, 3, 4
"""Priorities of a hit; 1 is looked at first."""

STRONG_IDENTIFIERS = ("tax", "imo", "mid", "duns", "passport", "registration")
NOT_PLAIN = re.compile(r"[^A-Z0-9]")
SHORTEST = 5
"""Letters an identifier needs to say anything."""


@dataclass(frozen=True)
class Place:
    """Where a listed person or company is, or when one was born; each may be empty."""

    country: str
    city: str
    address: str
    born: str


def plain_identifier(kind: str, value: str) -> str:
    """Capital letters and digits of an identifier; an IMO number without its prefix."""
    text = NOT_PLAIN.sub("", latin(value or "").upper())
    return text.removeprefix("IMO") if kind == "imo" else text


def identifier_keys(
    table: pa.Table | None, place: Mapping[str, int]
) -> dict[tuple[str, str], list[int]]:
    """(kind, plain value) -> numbers of the partners or records that have it.

    `other` identifiers, and those shorter than five signs, are left out: they prove nothing.
    """
    found: dict[tuple[str, str], list[int]] = {}
    if table is None:
        return found
    holder = table.column_names[0]
    for row in table.to_pylist():
        value = plain_identifier(row["kind"], row["value"])
        if row["kind"] in STRONG_IDENTIFIERS and len(value) >= SHORTEST and row[holder] in place:
            found.setdefault((row["kind"], value), []).append(place[row[holder]])
    return found


def born_agrees(partner: str, listed: str) -> bool | None:
    """Whether two birth dates (ISO date or year) agree as far as both say; None when one is empty."""
    if not partner or not listed:
        return None
    if len(partner) >= 10 and len(listed) >= 10:
        return partner[:10] == listed[:10]
    return partner[:4] == listed[:4]


def weigh(score: float, strong: float, strength: str, partner: Mapping[str, str],
          kind: str, places: list[Place]) -> tuple[int, list[str]]:  # fmt: skip
    """Priority and reason codes of a name hit from what else is known of both sides."""
    reasons: list[str] = []
    points = 1 if score >= strong else 0
    born = [born_agrees(partner["born"], place.born) for place in places]
    known = {place.country for place in places if place.country}
    checks = (
        ("birth-date", True in born, False in born and True not in born, 2),
        ("country", partner["country"] in known, bool(known) and bool(partner["country"]), 1),
        ("city", _in(partner["city"], {place.city for place in places}), False, 1),
        ("address", _in(partner["address"], {place.address for place in places}), False, 2),
    )
    for name, agrees, differs, weight in checks:
        if agrees or differs:
            points += weight if agrees else -weight
            reasons.append(name if agrees else f"{name}-differs")
    if partner["kind"] not in ("", "unknown", kind) and kind != "unknown":
        points -= 1
        reasons.append("kind-differs")
    if strength == "weak":
        points -= 1
        reasons.append("weak-alias")
    worst = NORMAL if score >= strong else LATER
    return min(max(NORMAL - points, FIRST), worst), reasons


def _in(text: str, known: set[str]) -> bool:
    if not text or not known:
        return False
    return _plain(text) in {_plain(one) for one in known} - {""}


def _plain(text: str) -> str:
    return " ".join(latin(text or "").upper().split())
