"""Screening one name that stands in no register, and who screened what: the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tasks.screening import policy, register, running, stored
from tasks.screening.delta import in_order
from tasks.screening.finding import FOUND
from tasks.screening.house import House
from tasks.screening.lists import versions
from tasks.screening.lists.loading import load_embedded
from tasks.screening.subjects import of
from tasks.shared import clock, kinds

_ASKED = "name"


@dataclass(frozen=True)
class Asked:
    """What is known of the name: ISO country, kind, role; more is not needed."""

    name: str
    country: str = ""
    kind: str = "unknown"
    role: str = "supplier"


def screen(house: House, asked: Asked, actor: str) -> list[dict[str, Any]]:
    """The hits of one name, best first, with what the policy says. Written down as a screening."""
    if not versions.in_force(house.journal):
        load_embedded(house.journal, house.content, actor)
    lists = versions.used(house.journal)
    records = versions.records(house.content, lists)
    one = register.table([register.complete({"partner": _ASKED, **vars(asked)})])
    by = running.screener(house)
    found = in_order(by.screen(of(one), records))
    # a register of its own: country, kind and role move the score, and somebody may do it again
    partners = house.content.put(stored.to_bytes(one, register.REGISTER))
    _write(house, asked, actor, running.Basis(lists, partners, by.model), found)
    listed = {row["record"]: row for row in _some(records, found)}
    rows = [_row(hit, listed[hit["record"]], asked.role) for hit in found.to_pylist()]
    return sorted(rows, key=lambda row: (-row["score"], row["record"]))


def _some(records: pa.Table, found: pa.Table) -> list[dict[str, Any]]:
    return versions.some(records, set(found["record"].to_pylist())).to_pylist()


def _write(house: House, asked: Asked, actor: str, basis: running.Basis, found: pa.Table) -> None:
    body = kinds.ScreeningDone(
        scope=running.NAME,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=house.content.put(stored.to_bytes(found, FOUND)),
        screened=1,
        hits=found.num_rows,
        about=asked.name,
    )
    house.journal.append(body, "screening", actor)


def _row(hit: dict[str, Any], record: dict[str, Any], role: str) -> dict[str, Any]:
    today = clock.now().date().isoformat()
    effect = policy.effect(role, record["list"], tuple(record["programs"]), record["ends"], today)
    places = {place["country"] for place in record["places"] if place["country"]}
    return {
        "record": hit["record"],
        "listed_name": hit["name_matched"],
        "kind": record["kind"],
        "programs": " ".join(record["programs"]),
        "countries": " ".join(sorted(places)),
        "score": round(hit["score"], 3),
        "effect": effect,
        "reasons": ", ".join(hit["reasons"]),
    }


def log(house: House) -> Iterator[dict[str, Any]]:
    """Every screening, the latest first: who ran it, over what, and what came of it."""
    events = list(house.journal.events(kind=kinds.ScreeningDone.kind))
    for event in reversed(events):
        said = event.said
        if isinstance(said, kinds.ScreeningDone):
            yield {
                "event": event.seq,
                "at": event.at[:16],
                "by": event.actor,
                "scope": said.scope,
                "about": said.about,
                "screened": said.screened,
                "hits": said.hits,
                "lists": len(said.lists),
                "model": said.model,
                "content": said.content[:12],
            }
