"""Hits as a person reads them: who, which listing, how well it fits, what is to be done."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from tasks.screening.hits import hit_decisions, screening_run
from tasks.screening.hits.hit_decisions import ScreeningHit, decision_history, hit_differences, plain_value
from tasks.screening.hits.screening_run import changed_sides
from tasks.screening.lists.list_versions import contents_in_force, record_row
from tasks.screening.matching.subject_screener import HITS_WITH_DIGESTS
from tasks.screening.parquet_content import select_rows
from tasks.workspace import Workspace

_NAME_COLUMNS = ("partner", "record", "name_matched", "partner_name", "reasons")

NAMES = pa.schema([HITS_WITH_DIGESTS.field(name) for name in _NAME_COLUMNS])
"""What of a screening a listing of hits shows; its explanations are most of the table."""


def hit_rows(workspace: Workspace, hits: Iterable[ScreeningHit]) -> list[dict[str, Any]]:
    """A line a hit, with the names of both sides. `reason`: code, values and text of what reopened it
    or who decided, None if there is none; `reasons`: codes of what made it a hit."""
    chosen = list(hits)
    names = _names(workspace, chosen)
    return [
        {
            "hit": hit.hit,
            "partner": hit.partner,
            "name": row.get("partner_name", ""),
            "record": hit.record,
            "listed_name": row.get("name_matched", ""),
            "score": round(hit.score, 3),
            "strong": hit.strong,
            "effect": hit.effect,
            "state": hit.state,
            "reason": hit.reason.as_dict() if hit.reason else None,
            "reasons": row.get("reasons", []),
            "expires": hit.expires,
        }
        for hit in chosen
        for row in [names.get((hit.partner, hit.record), {})]
    ]


def _names(workspace: Workspace, hits: list[ScreeningHit]) -> dict[tuple[str, str], dict[str, Any]]:
    """(partner, record) -> columns of NAMES, as the last screening has them."""
    content = screening_run.last_content(workspace)
    if not content or not hits:
        return {}
    partners = {hit.partner for hit in hits}
    rows = select_rows(workspace.content.get(content), NAMES, partner=partners).to_pylist()
    return {(row["partner"], row["record"]): row for row in rows}


def brief_rows(rows_: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The columns of `hit_rows` that fit into a text table."""
    return [
        {
            "hit": row["hit"],
            "partner": f"{row['partner']}: {row['name']}",
            "listing": f"{row['record']}: {row['listed_name']}",
            "score": row["score"],
            "effect": f"{row['effect']}, two persons" if row["strong"] else row["effect"],
            "state": row["state"] + (f" until {row['expires']}" if row["expires"] else ""),
            "why": row["reason"]["text"] if row["reason"] else ", ".join(row["reasons"]),
        }
        for row in rows_
    ]


def hit_details(workspace: Workspace, hit: ScreeningHit) -> dict[str, Any]:
    """Everything about a hit: the listing, which words matched what, its decisions, what changed."""
    row: dict[str, Any] = {}
    if content := screening_run.last_content(workspace):
        matches = select_rows(
            workspace.content.get(content), HITS_WITH_DIGESTS, partner=[hit.partner], record=[hit.record]
        )
        row = next(iter(matches.to_pylist()), {})
    list_ = hit.record.partition("/")[0]
    listing = record_row(workspace.content, contents_in_force(workspace.journal).get(list_, ""), hit.record)
    return {
        **hit_rows(workspace, [hit])[0],
        "model": row.get("model", ""),
        "explanation": json.loads(row.get("explanation") or "{}"),
        "listing": listing,
        "unscreened": changed_sides(workspace, hit.hit) if hit.state != hit_decisions.GONE else [],
        "changed": [vars(change) for change in hit_differences(workspace, hit)],
        "history": decision_history(workspace, hit),
    }


def detail_lines(details: dict[str, Any]) -> list[str]:
    """The same as lines of text."""
    listing = details["listing"]
    lines = [
        f"{details['hit']}: {details['state']}" + (f", {details['reason']['text']}" if details["reason"] else ""),
        f"  partner   {details['partner']}: {details['name']}",
        f"  listed    {details['record']}: {details['listed_name']}",
        f"  score     {details['score']} (model {details['model']}): {', '.join(details['reasons'])}",
        f"  policy    {details['effect']}" + (", decided by two persons" if details["strong"] else ""),
    ]
    for name in ("kind", "programs", "listed", "ends", "names", "places", "identifiers", "remarks"):
        if text := plain_value(listing.get(name)):
            lines.append(f"  {name:9} {text[:600]}")
    for match in details["explanation"].get("words", []):
        if match["partner"] and match["weight"] > 0.1:
            lines.append(f"  word      {match['partner']} = {match['listed']}, {match['likeness']:.0%}")
    for side in details["unscreened"]:
        lines.append(f"  NOT SCREENED the {side} changed since; first: {screening_run.NEXT}")
    for change in details["changed"]:
        lines.append(f"  CHANGED   {change['side']}, {change['field']}: {change['before']!r} -> {change['after']!r}")
    for decision in details["history"]:
        until = f", until {decision['expires']}" if decision["expires"] else ""
        until += ", the first of two persons" if decision["alone"] else ""
        lines.append(f"  {decision['at']}Z {decision['by']}: {decision['said']}{until}: {decision['reason']}")
    return lines
