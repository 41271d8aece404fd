"""Lists in force, the last screening, hits and what was decided about them."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from tasks.core.journal.bodies import canonical
from tasks.core.journal.projections import projection
from tasks.screening.events import (
    HitCleared,
    HitConfirmed,
    HitFound,
    HitLine,
    HitProposed,
    ListChecked,
    ListLoaded,
    PartnerReviewed,
    PartnersTaken,
    ScreeningDone,
)
from tasks.screening.tables import HITS, LISTS, REVIEWS, SCREENED


@projection(ListLoaded)
def _loaded(connection: sa.Connection, seq: int, body: ListLoaded) -> None:
    values = {"content": body.content, "as_of": body.as_of, "records": body.records}
    values |= {"names": body.names, "partial": body.partial, "faults": body.faults}
    values |= {"accepted_by": body.accepted_by, "seq": seq}
    values |= {"short": canonical([msgspec.to_builtins(each) for each in body.short])}
    _put(connection, LISTS, LISTS.c.list, body.list_id, values)


@projection(ListChecked)
def _checked(connection: sa.Connection, seq: int, body: ListChecked) -> None:
    same = sa.and_(LISTS.c.list == body.list_id, LISTS.c.content == body.list_version)
    connection.execute(sa.update(LISTS).where(same).values(as_of=body.as_of))


@projection(PartnersTaken)
def _partners_taken(connection: sa.Connection, seq: int, body: PartnersTaken) -> None:
    values = {"content": body.content, "model": "", "lists": "", "partners": "", "seq": seq}
    _put(connection, SCREENED, SCREENED.c.what, "register", values)


@projection(ScreeningDone)
def _screened(connection: sa.Connection, seq: int, body: ScreeningDone) -> None:
    if body.scope == "name":
        return
    values = {"content": body.content, "model": body.model, "partners": body.partners, "seq": seq}
    values |= {"lists": canonical(body.lists)}
    _put(connection, SCREENED, SCREENED.c.what, "hits", values)


@projection(HitFound)
def _hits_found(connection: sa.Connection, seq: int, body: HitFound) -> None:
    columns = (HITS.c.hit, HITS.c.strong, HITS.c.decided_verdict, HITS.c.decided_by)
    recorded = {row.hit: row for row in connection.execute(sa.select(*columns))}
    lines = {line.hit: _line(line, seq) for line in body.hits}
    new = [row | _UNDECIDED for hit, row in lines.items() if hit not in recorded]
    if new:
        connection.execute(sa.insert(HITS), new)
    changed = [row for hit, row in lines.items() if hit in recorded]
    if changed:
        names = [name for name in changed[0] if name != "hit"]
        change = sa.update(HITS).where(HITS.c.hit == sa.bindparam("b_hit"))
        change = change.values({name: sa.bindparam(f"b_{name}") for name in names})
        connection.execute(change, [{f"b_{k}": v for k, v in row.items()} for row in changed])
        _lapse(connection, [row["hit"] for row in changed if _alone(recorded[row["hit"]], row)])
    if body.gone:
        change = sa.update(HITS).where(HITS.c.hit == sa.bindparam("b_hit")).values(present=False)
        connection.execute(change, [{"b_hit": hit} for hit in body.gone])


def _alone(before: Any, now: dict[str, Any]) -> bool:
    """Whether one person cleared what two must decide now: the role or the model changed since."""
    cleared = before.decided_verdict == "cleared" and " " not in before.decided_by
    return cleared and now["strong"] and not before.strong


def _lapse(connection: sa.Connection, hits: list[str]) -> None:
    for hit in hits:
        _set(connection, hit, {"decided_expires": ""})


_STAGES = ("decided", "proposed")
_DECISION_COLUMNS = ("verdict", "by", "partner_digest", "record_digest", "expires")
_UNDECIDED: dict[str, Any] = {f"{stage}_{column}": "" for stage in _STAGES for column in _DECISION_COLUMNS}
_UNDECIDED |= {"decided_seq": 0, "proposed_plan": ""}


def _line(line: HitLine, seq: int) -> dict[str, Any]:
    return msgspec.structs.asdict(line) | {"present": True, "found": seq}


@projection(HitProposed)
def _proposed(connection: sa.Connection, seq: int, body: HitProposed) -> None:
    plan = {"proposed_plan": body.plan}
    _set(connection, body.hit, _stage("proposed", body, body.verdict) | plan)


@projection(HitCleared)
def _cleared(connection: sa.Connection, seq: int, body: HitCleared) -> None:
    _decide(connection, seq, body, "cleared")


@projection(HitConfirmed)
def _confirmed(connection: sa.Connection, seq: int, body: HitConfirmed) -> None:
    _decide(connection, seq, body, "confirmed")


def _decide(connection: sa.Connection, seq: int, body: HitCleared | HitConfirmed, verdict: str) -> None:
    nothing = {f"proposed_{column}": "" for column in (*_DECISION_COLUMNS, "plan")}
    _set(connection, body.hit, nothing | _stage("decided", body, verdict) | {"decided_seq": seq})


def _stage(stage: str, body: HitProposed | HitCleared | HitConfirmed, verdict: str) -> dict[str, Any]:
    return {
        f"{stage}_verdict": verdict,
        f"{stage}_by": " ".join(body.persons),
        f"{stage}_partner_digest": body.partner_digest,
        f"{stage}_record_digest": body.record_digest,
        f"{stage}_expires": body.expires,
    }


def _set(connection: sa.Connection, hit: str, values: dict[str, Any]) -> None:
    connection.execute(sa.update(HITS).where(HITS.c.hit == hit).values(**values))


@projection(PartnerReviewed)
def _reviewed(connection: sa.Connection, seq: int, body: PartnerReviewed) -> None:
    values = {"tier": body.tier, "points": body.points, "due": body.due, "seq": seq}
    _put(connection, REVIEWS, REVIEWS.c.partner, body.partner, values)


def _put(connection: sa.Connection, table: sa.Table, key: sa.Column[Any], value: str, values: dict[str, Any]) -> None:
    """Insert or replace one row by its key, on either database."""
    change = sa.update(table).where(key == value).values(**values)
    if not connection.execute(change).rowcount:
        connection.execute(sa.insert(table), [{key.name: value, **values}])
