"""What is known beside the name: it moves the priority of a hit, and never hides one.

Identifiers are the exception: an equal one is a hit whatever the names say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.screening.matching.name_words import latin

FIRST, NORMAL, LATER = 1, 3, 4
"""Priorities of a hit; 1 is looked at first."""

STRONG_IDENTIFIERS = ("tax", "imo", "mid", "duns", "passport", "registration")
NOT_PLAIN = re.compile(r"[^A-Z0-9]")
SHORTEST = 5
"""Letters an identifier needs to say anything."""


@dataclass(frozen=True)
class ListedPlace:
    """Where a listed person or company is, or when one was born; each may be empty."""

    country: str
    city: str
    address: str
    born: str


def plain_identifier(kind: str, value: str) -> str:
    """Capital letters and digits of an identifier; an IMO number without its prefix."""
    text = NOT_PLAIN.sub("", latin(value or "").upper())
    return text.removeprefix("IMO") if kind == "imo" else text


IDENTIFIER_KEYS = pa.schema([("key", pa.string()), ("holder", pa.int64())])


def identifier_table(table: pa.Table | None, holders: pa.Array) -> pa.Table:
    """`key` (kind:plain value) and `holder`, the place in `holders` of the partner or record that has
    it. `other` identifiers, and those shorter than five signs, are left out: they prove nothing.
    """
    if table is None:
        return IDENTIFIER_KEYS.empty_table()
    who = pc.index_in(table.column(0), value_set=holders)
    strong = pc.is_in(table["kind"], pa.array(STRONG_IDENTIFIERS))
    usable = pc.and_(strong, pc.is_valid(who))
    kinds, values, who = (to_list(column.filter(usable)) for column in (table["kind"], table["value"], who))
    plain = [plain_identifier(*pair) for pair in zip(kinds, values, strict=True)]
    enough = [len(value) >= SHORTEST for value in plain]
    keys = [f"{kind}:{value}" for kind, value in zip(kinds, plain, strict=True)]
    columns = [pa.array(column, field.type) for column, field in zip((keys, who), IDENTIFIER_KEYS, strict=True)]
    return pa.table(columns, schema=IDENTIFIER_KEYS).filter(pa.array(enough, pa.bool_()))


def shared_identifiers(left: pa.Table, right: pa.Table) -> Iterator[tuple[str, int, int]]:
    """Key, holder and other holder of every identifier that stands in both tables (IDENTIFIER_KEYS)."""
    left_holders = _by_key(left.filter(pc.is_in(left["key"], right["key"].combine_chunks())))
    right_holders = _by_key(right.filter(pc.is_in(right["key"], pa.array(list(left_holders), pa.string()))))
    for key in sorted(left_holders):
        for holder in left_holders[key]:
            for another in right_holders[key]:
                yield key, holder, another


def _by_key(table: pa.Table) -> dict[str, list[int]]:
    holders: dict[str, list[int]] = {}
    for key, holder in zip(*(to_list(column) for column in table.columns), strict=True):
        holders.setdefault(key, []).append(holder)
    return holders


def places_of(table: pa.Table | None, records: Collection[str]) -> dict[str, list[ListedPlace]]:
    """Where these records are, of a table `record, country, city, address, born`."""
    places: dict[str, list[ListedPlace]] = {}
    if table is None:
        return places
    ids = pa.array(sorted(records), pa.string())
    for row in to_list(table.filter(pc.is_in(table["record"], ids))):
        where = ListedPlace(*(row.get(name) or "" for name in ("country", "city", "address", "born")))
        places.setdefault(row["record"], []).append(where)
    return places


def born_agrees(partner: str, listed: str) -> bool | None:
    """Whether two birth dates (ISO date or year) agree as far as both say; None when one is empty."""
    if not partner or not listed:
        return None
    if len(partner) >= 10 and len(listed) >= 10:
        return partner[:10] == listed[:10]
    return partner[:4] == listed[:4]


def weigh_evidence(
    score: float, strong: float, strength: str, partner: Mapping[str, str], kind: str, places: Sequence[ListedPlace]
) -> tuple[int, list[str]]:
    """Priority and reason codes of a name hit from what else is known of both sides."""
    reasons: list[str] = []
    points = 1 if score >= strong else 0
    for name, agrees, weight in _compared(partner, places) if places else ():
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


def _compared(partner: Mapping[str, str], places: Sequence[ListedPlace]) -> Iterator[tuple[str, bool, int]]:
    """What both sides say: its name, whether they agree, and its weight. Towns and streets are
    written in too many ways for a difference to say anything."""
    if partner["born"]:
        born = {born_agrees(partner["born"], listed.born) for listed in places}
        if born - {None}:
            yield "birth-date", True in born, 2
    if partner["country"]:
        countries = {listed.country for listed in places} - {""}
        if countries:
            yield "country", partner["country"] in countries, 1
    if partner["city"] and _in(partner["city"], {listed.city for listed in places}):
        yield "city", True, 1
    if partner["address"] and _in(partner["address"], {listed.address for listed in places}):
        yield "address", True, 2


def _in(text: str, texts: set[str]) -> bool:
    return _plain(text) in {_plain(listed) for listed in texts} - {""}


def _plain(text: str) -> str:
    return " ".join(latin(text).upper().split())
