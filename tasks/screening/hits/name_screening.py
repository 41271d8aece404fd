"""Screening one name that stands in no register, and who screened what: the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tasks.core import clock
from tasks.core.arrow_compute import to_list
from tasks.core.messages import Reason
from tasks.screening import parquet_content
from tasks.screening.events import ScreeningDone
from tasks.screening.hits import role_policy, screening_run
from tasks.screening.hits.role_policy import role_effect
from tasks.screening.hits.screening_run import ScreeningBasis, configured_screener
from tasks.screening.lists import list_versions
from tasks.screening.lists.list_loading import load_embedded
from tasks.screening.lists.list_versions import contents_in_force, records_screened, red_lists, select_records
from tasks.screening.matching.subject_screener import HITS_WITH_DIGESTS, sorted_hits
from tasks.screening.partners import partner_register
from tasks.screening.partners.partner_register import complete_row, register_table
from tasks.screening.partners.screening_subjects import subjects_of
from tasks.screening.risk import partner_state
from tasks.workspace import Workspace

_QUERY_ID = "name"


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


def screen_name(workspace: Workspace, query: NameQuery, actor: str) -> NameAnswer:
    """One name against the lists in force. Written down as a screening."""
    if not list_versions.in_force(workspace.journal):
        load_embedded(workspace, actor)
    lists = contents_in_force(workspace.journal)
    records = records_screened(workspace.content, lists)
    register = register_table([complete_row({"partner": _QUERY_ID, **vars(query)})])
    by = configured_screener(workspace)
    hits_table = sorted_hits(by.screen(subjects_of(register), records))
    # a register of its own: country, kind and role move the score, and somebody may do it again
    partners = workspace.content.put(parquet_content.to_bytes(register, partner_register.REGISTER))
    _write(workspace, query, actor, ScreeningBasis(lists, partners, by.model), hits_table)
    listed = {row["record"]: row for row in _listed_rows(records, hits_table)}
    rows = [_row(hit, listed[hit["record"]], query.role) for hit in to_list(hits_table)]
    hits = sorted(rows, key=lambda row: (-row["score"], row["record"]))
    red = red_lists(workspace.journal)
    return NameAnswer(query.name, _state({row["effect"] for row in hits}, red), hits, red)


def _state(effects: set[str], red: list[Reason]) -> str:
    if role_policy.BLOCK in effects:
        return partner_state.STOP
    if role_policy.REVIEW in effects:
        return partner_state.REVIEW
    return partner_state.NOT_SCREENED if red else partner_state.CLEAR


def _listed_rows(records: pa.Table, hits: pa.Table) -> list[dict[str, Any]]:
    return to_list(select_records(records, set(to_list(hits["record"]))))


def _write(workspace: Workspace, query: NameQuery, actor: str, basis: ScreeningBasis, hits: pa.Table) -> None:
    body = ScreeningDone(
        scope=screening_run.NAME,
        model=basis.model,
        lists=basis.lists,
        partners=basis.partners,
        content=workspace.content.put(parquet_content.to_bytes(hits, HITS_WITH_DIGESTS)),
        screened=1,
        hits=hits.num_rows,
        about=query.name,
    )
    workspace.journal.append(body, "screening", actor)


def _row(hit: dict[str, Any], record: dict[str, Any], role: str) -> dict[str, Any]:
    today = clock.now().date().isoformat()
    effect = role_effect(role, record["list"], tuple(record["programs"]), record["ends"], today)
    places = {country["country"] for country in record["places"] if country["country"]}
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
        screening = event.said
        if isinstance(screening, ScreeningDone):
            yield {
                "event": event.seq,
                "at": event.at[:16],
                "by": event.actor,
                "scope": screening.scope,
                "about": screening.about,
                "screened": screening.screened,
                "hits": screening.hits,
                "lists": len(screening.lists),
                "model": screening.model,
                "content": screening.content[:12],
            }
