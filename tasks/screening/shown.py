"""Hits as a person reads them: who, which listing, how well it fits, what is to be done."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tasks.screening import decisions, meanwhile, running
from tasks.screening.decisions import Hit
from tasks.screening.lists import versions
from tasks.workspace import Workspace


def rows(workspace: Workspace, hits: Iterable[Hit]) -> list[dict[str, Any]]:
    """A line a hit, with the names of both sides."""
    chosen = list(hits)
    last = running.last(workspace)
    found = last[1].to_pylist() if last else []
    names = {(row["partner"], row["record"]): row for row in found}
    return [
        {
            "hit": hit.hit,
            "partner": hit.partner,
            "name": row.get("partner_name", ""),
            "record": hit.record,
            "listed_name": row.get("name_matched", ""),
            "score": round(hit.score, 3),
            "strong": "two persons" if hit.strong else "",
            "effect": hit.effect,
            "state": hit.state,
            "why": hit.why or ", ".join(row.get("reasons", [])),
            "expires": hit.expires,
        }
        for hit in chosen
        for row in [names.get((hit.partner, hit.record), {})]
    ]


def brief(told: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of `rows` as a table has room for."""
    return [
        {
            "hit": row["hit"],
            "partner": f"{row['partner']}: {row['name']}",
            "listing": f"{row['record']}: {row['listed_name']}",
            "score": row["score"],
            "effect": ", ".join(filter(None, (row["effect"], row["strong"]))),
            "state": row["state"] + (f" until {row['expires']}" if row["expires"] else ""),
            "why": row["why"],
        }
        for row in told
    ]


def one(workspace: Workspace, hit: Hit) -> dict[str, Any]:
    """Everything about a hit: the listing, which words matched what, who said what, what changed."""
    last = running.last(workspace)
    row: dict[str, Any] = {}
    if last:
        row = next((r for r in last[1].to_pylist()
                    if (r["partner"], r["record"]) == (hit.partner, hit.record)), {})  # fmt: skip
    list_ = hit.record.partition("/")[0]
    listing = versions.row(
        workspace.content, versions.used(workspace.journal).get(list_, ""), hit.record
    )
    return {
        **rows(workspace, [hit])[0],
        "reasons": row.get("reasons", []),
        "model": row.get("model", ""),
        "explanation": json.loads(row.get("explanation") or "{}"),
        "listing": listing,
        "unscreened": meanwhile.changed(workspace, hit.hit) if hit.state != decisions.GONE else [],
        "changed": [vars(change) for change in decisions.difference(workspace, hit)],
        "history": decisions.history(workspace, hit),
    }


def lines(told: dict[str, Any]) -> list[str]:
    """The same as lines of text."""
    listing = told["listing"]
    found = [
        f"{told['hit']}: {told['state']}" + (f", {told['why']}" if told["why"] else ""),
        f"  partner   {told['partner']}: {told['name']}",
        f"  listed    {told['record']}: {told['listed_name']}",
        f"  score     {told['score']} (model {told['model']}): {', '.join(told['reasons'])}",
        f"  policy    {told['effect']}" + (", decided by two persons" if told["strong"] else ""),
    ]
    for name in ("kind", "programs", "listed", "ends", "names", "places", "identifiers", "remarks"):
        if text := decisions.plain(listing.get(name)):
            found.append(f"  {name:9} {text[:600]}")
    for word in told["explanation"].get("words", []):
        if word["partner"] and word["weight"] > 0.1:
            found.append(
                f"  word      {word['partner']} = {word['listed']}, {word['likeness']:.0%}"
            )
    for side in told["unscreened"]:
        found.append(f"  NOT SCREENED the {side} changed since; first: {meanwhile.NEXT}")
    for change in told["changed"]:
        found.append(f"  CHANGED   {change['side']}, {change['field']}: "
                     f"{change['before']!r} -> {change['after']!r}")  # fmt: skip
    for said in told["history"]:
        until = f", until {said['expires']}" if said["expires"] else ""
        until += ", the first of two persons" if said["alone"] else ""
        found.append(f"  {said['at']}Z {said['by']}: {said['said']}{until}: {said['reason']}")
    return found
