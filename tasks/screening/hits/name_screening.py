"""Screening one name that stands in no register, and who screened what: the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tasks.core import clock
from tasks.core.messages import Reason
from tasks.screening import open_items, parquet_content
from tasks.screening.events import ScreeningDone
from tasks.screening.hits import role_policy, screening_run
from tasks.screening.hits.role_policy import role_effect
from tasks.screening.hits.screening_run import ScreeningBasis, configured_screener
from tasks.screening.lists import list_versions
from tasks.screening.lists.list_loading import load_embedded
from tasks.screening.lists.list_versions import contents_in_force, records_screened, select_records
from tasks.screening.matching.subject_screener import FOUND, sorted_hits
from tasks.screening.partners import partner_register
from tasks.screening.partners.partner_register import complete_row, register_table
from tasks.screening.partners.screening_subjects import subjects_of
from tasks.screening.risk import partner_state
from tasks.workspace import Workspace

_ASKED = "name"


@dataclass(frozen=True)
class NameQuery:
    """What is known of the name: ISO country, kind, role; more is not needed."""

    name: str
    country: str = ""
    kind: str = "unknown"
    role: str = "supplier"


@dataclass(frozen=True)
class NameAnswer:
    """`state`: stop, review, not screened or clear, as of a partner whose hits are all open; `hits`: best
    first, with what the policy says; `not_screened`: which lists are red, and why."""

    name: str
    state: str
    hits: list[dict[str, Any]]
    not_screened: list[Reason]


def screen_name(workspace: Workspace, asked: NameQuery, actor: str) -> NameAnswer:
    """One name against the lists in force. Written down as a screening."""
    if not list_versions.in_force(workspace.journal):
        load_embedded(workspace, actor)
    lists = contents_in_force(workspace.journal)
    records = records_screened(workspace.content, lists)
    one = register_table([complete_row({"partner": _ASKED, **vars(asked)})])
    by = configured_screener(workspace)
    found = sorted_hits(by.screen(subjects_of(one), records))
    # a register of its own: country, kind and role move the score, and somebody may do it again
    partners = workspace.content.put(parquet_content.to_bytes(one, partner_register.REGISTER))
    _write(workspace, asked, actor, ScreeningBasis(lists, partners, by.model), found)
    listed = {row["record"]: row for row in _some(records, found)}
    rows = [_row(hit, listed[hit["record"]], asked.role) for hit in found.to_pylist()]
    hits = sorted(rows, key=lambda row: (-row["score"], row["record"]))
    red = open_items.red_lists(workspace.journal)
    return NameAnswer(asked.name, _state({row["effect"] for row in hits}, red), hits, red)


def _state(effects: set[str], red: list[Reason]) -> str:
    if role_policy.BLOCK in effects:
        return partner_state.STOP
    if role_policy.REVIEW in effects:
        return partner_state.REVIEW
    return partner_state.NOT_SCREENED if red else partner_state.CLEAR


def _some(records: pa.Table, found: pa.Table) -> list[dict[str, Any]]:
    return select_records(records, set(found["record"].to_pylist())).to_pylist()


def _write(workspace: Workspace, asked: NameQuery, actor: str, basis: ScreeningBasis, found: pa.Table) -> None:
    body = ScreeningDone(
        scope=screening_run.NAME,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=workspace.content.put(parquet_content.to_bytes(found, FOUND)),
        screened=1,
        hits=found.num_rows,
        about=asked.name,
    )
    workspace.journal.append(body, "screening", actor)


def _row(hit: dict[str, Any], record: dict[str, Any], role: str) -> dict[str, Any]:
    today = clock.now().date().isoformat()
    effect = role_effect(role, record["list"], tuple(record["programs"]), record["ends"], today)
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


def screening_log(workspace: Workspace) -> Iterator[dict[str, Any]]:
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
