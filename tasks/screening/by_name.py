"""Screening one name that stands in no register, and who screened what: the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tasks.screening import policy, register, running, standing, stored, watch
from tasks.screening.delta import in_order
from tasks.screening.finding import FOUND
from tasks.screening.lists import versions
from tasks.screening.lists.loading import load_embedded
from tasks.screening.subjects import of
from tasks.shared import clock
from tasks.shared.kinds.screening import ScreeningDone
from tasks.shared.messages import Reason
from tasks.workspace import Workspace

_ASKED = "name"


@dataclass(frozen=True)
class Asked:
    """What is known of the name: ISO country, kind, role; more is not needed."""

    name: str
    country: str = ""
    kind: str = "unknown"
    role: str = "supplier"


@dataclass(frozen=True)
class Answer:
    """`state`: stop, review, not screened or clear, as of a partner whose hits are all open; `hits`: best
    first, with what the policy says; `not_screened`: which lists are red, and why."""

    name: str
    state: str
    hits: list[dict[str, Any]]
    not_screened: list[Reason]


def screen(workspace: Workspace, asked: Asked, actor: str) -> Answer:
    """One name against the lists in force. Written down as a screening."""
    if not versions.in_force(workspace.journal):
        load_embedded(workspace, actor)
    lists = versions.used(workspace.journal)
    records = versions.records(workspace.content, lists)
    one = register.table([register.complete({"partner": _ASKED, **vars(asked)})])
    by = running.screener(workspace)
    found = in_order(by.screen(of(one), records))
    # a register of its own: country, kind and role move the score, and somebody may do it again
    partners = workspace.content.put(stored.to_bytes(one, register.REGISTER))
    _write(workspace, asked, actor, running.Basis(lists, partners, by.model), found)
    listed = {row["record"]: row for row in _some(records, found)}
    rows = [_row(hit, listed[hit["record"]], asked.role) for hit in found.to_pylist()]
    hits = sorted(rows, key=lambda row: (-row["score"], row["record"]))
    red = watch.red_lists(workspace.journal)
    return Answer(asked.name, _state({row["effect"] for row in hits}, red), hits, red)


def _state(effects: set[str], red: list[Reason]) -> str:
    if policy.BLOCK in effects:
        return standing.STOP
    if policy.REVIEW in effects:
        return standing.REVIEW
    return standing.NOT_SCREENED if red else standing.CLEAR


def _some(records: pa.Table, found: pa.Table) -> list[dict[str, Any]]:
    return versions.some(records, set(found["record"].to_pylist())).to_pylist()


def _write(
    workspace: Workspace, asked: Asked, actor: str, basis: running.Basis, found: pa.Table
) -> None:
    body = ScreeningDone(
        scope=running.NAME,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=workspace.content.put(stored.to_bytes(found, FOUND)),
        screened=1,
        hits=found.num_rows,
        about=asked.name,
    )
    workspace.journal.append(body, "screening", actor)


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
        "reasons": hit["reasons"],
    }


def log(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Every screening, the latest first: who ran it, over what, and what came of it."""
    events = list(workspace.journal.events(kind=ScreeningDone.kind))
    for event in reversed(events):
        said = event.said
        if isinstance(said, ScreeningDone):
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
