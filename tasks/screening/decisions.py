"""Hits and what people decided about them.

A clearance holds only while partner and list record both read as they did, until it expires, and not
where one person gave it to what has become a strong hit; then the hit is open again and says why. A
strong hit is decided by two persons, the second proved by a one-time code: until then it stays open. A
confirmed hit stands until the record or partner is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tasks.screening import meanwhile, register, running
from tasks.screening.lists import versions
from tasks.screening.policy import NOTE
from tasks.shared import clock, kinds, people
from tasks.shared.errors import BadInput, Refused
from tasks.shared.journal import Journal
from tasks.shared.screening_tables import HITS
from tasks.workspace import Workspace

OPEN, WAITS, CLEARED, CONFIRMED, GONE, NOTED = (
    "open", "waits for a second person", "cleared", "confirmed", "gone", "note")  # fmt: skip
VERDICTS = (CLEARED, CONFIRMED)
DECIDERS = frozenset({"approver", "compliance"})


@dataclass(frozen=True)
class Hit:
    """One hit as it stands today. `why`: what reopened it, or who decided. ISO dates."""

    hit: str
    partner: str
    record: str
    score: float
    strong: bool
    effect: str
    state: str
    why: str
    expires: str

    @property
    def undecided(self) -> bool:
        """A person has to look at it."""
        return self.state in (OPEN, WAITS)


def hits(workspace: Workspace, partners: Iterable[str] | None = None) -> list[Hit]:
    """Every hit, gone ones too; of these subjects only if told. Undecided first, strongest first."""
    return hits_in(workspace.journal, partners)


def hits_in(journal: Journal, partners: Iterable[str] | None = None) -> list[Hit]:
    """The same, of a book alone."""
    today = clock.now().date().isoformat()
    wanted = None if partners is None else set(partners)
    rows = journal.rows(sa.select(HITS))
    found = [
        _as_of(row, today)
        for row in rows
        if wanted is None or running.partner_of(row.partner) in wanted
    ]
    return sorted(found, key=lambda h: (not h.undecided, -h.score, h.partner, h.record))


def _as_of(row: Any, today: str) -> Hit:
    state, why = _state(row, today)
    return Hit(row.hit, row.partner, row.record, row.score, row.strong, row.effect, state, why,
               row.decided_expires if state == CLEARED else "")  # fmt: skip


def _state(row: Any, today: str) -> tuple[str, str]:
    if not row.present:
        return GONE, ""
    changed = _changed(row, "decided")
    if row.decided_verdict == CONFIRMED:
        since = f"; the {' and the '.join(changed)} changed since" if changed else ""
        return CONFIRMED, f"by {row.decided_by}{since}"
    if row.decided_verdict == CLEARED and not changed and today <= row.decided_expires:
        return CLEARED, f"by {row.decided_by}"
    if row.proposed_verdict and not _changed(row, "proposed"):
        return WAITS, f"{row.proposed_by} says {row.proposed_verdict}"
    if row.effect == NOTE:
        return NOTED, ""
    if row.decided_verdict == CLEARED:
        if changed:
            return OPEN, f"the {' and the '.join(changed)} changed since it was cleared"
        if not row.decided_expires:
            return OPEN, f"{row.decided_by} cleared it before it took two persons"
        return OPEN, f"the clearance expired on {row.decided_expires}"
    return OPEN, ""


def _changed(row: Any, stage: str) -> list[str]:
    """Which sides do not read as they did at that stage."""
    sides = {"partner": "partner_digest", "list record": "record_digest"}
    return [
        side
        for side, name in sides.items()
        if getattr(row, name) != getattr(row, f"{stage}_{name}")
    ]


def find(workspace: Workspace, hit: str) -> Hit:
    """A hit by its id or the first letters of it. Raises Refused for none or several."""
    rows = workspace.journal.rows(sa.select(HITS).where(HITS.c.hit.startswith(hit)))
    if len(hit) < 4 or len(rows) != 1:
        raise Refused("hit-id-ambiguous", rows_count=len(rows) or "No", hit=hit)
    return _as_of(rows[0], clock.now().date().isoformat())


def decide(
    workspace: Workspace,
    hit: str,
    verdict: str,
    reason: str,
    actor: str,
    *,
    code: str = "",
    given_at: datetime | None = None,
) -> Hit:
    """Clear or confirm a hit. Returns it as it stands after that.

    Raises BadInput without a reason, Refused for somebody who may not decide, a hit that is gone or
    decided already or changed since it was screened, or a second person who is the first; CodeRefused
    for a bad one-time code.
    """
    if verdict not in VERDICTS:
        raise BadInput("verdict-unknown", verdict=verdict, verdicts=" or ".join(VERDICTS))
    if len(reason.strip()) < 3:
        raise BadInput("decision-reason-missing")
    person = _decider(workspace, actor)
    one = find(workspace, hit)
    _require_open(one, verdict)
    _require_current(workspace, one)
    first = _first(workspace, one, verdict)
    if not one.strong or workspace.settings.screening.persons == 1:
        return _decided(workspace, one, verdict, reason, [person.person])
    if first is None:
        return _proposed(workspace, one, verdict, reason, person.person)
    if first == person.person:
        raise Refused("second-person-required", name=person.name, hit=one.hit)
    if not code:
        raise Refused("second-person-code-required", name=person.name)
    people.spend_code(workspace.journal, workspace.settings.home, person.person, code,
                      given_at or clock.now(), f"hit {one.hit} {verdict}")  # fmt: skip
    return _decided(workspace, one, verdict, reason, [first, person.person])


def _decider(workspace: Workspace, actor: str) -> people.Person:
    person = people.known(workspace.journal, actor)
    if not DECIDERS & set(person.roles):
        raise Refused(
            "decider-role-missing", name=person.name, deciders=" or ".join(sorted(DECIDERS))
        )
    return person


def _require_open(one: Hit, verdict: str) -> None:
    if one.state == GONE:
        raise Refused("hit-no-longer-exists", hit=one.hit)
    if one.state == verdict:
        raise Refused("hit-already-decided", hit=one.hit, verdict=verdict, why=one.why)


def _require_current(workspace: Workspace, one: Hit) -> None:
    """What is in force must be what was screened: a clearance names its versions, and shows from them
    what changed."""
    if changed := meanwhile.changed(workspace, one.hit):
        raise Refused(
            "screening-out-of-date",
            hit=one.hit,
            changed=" and the ".join(changed),
            next=meanwhile.NEXT,
        )


def _first(workspace: Workspace, one: Hit, verdict: str) -> str | None:
    """Who has said the same before, of the same contents."""
    row = _row(workspace, one)
    holds = row.proposed_verdict == verdict and not _changed(row, "proposed")
    return row.proposed_by if holds else None


def _row(workspace: Workspace, one: Hit) -> Any:
    return workspace.journal.rows(sa.select(HITS).where(HITS.c.hit == one.hit))[0]


def _proposed(workspace: Workspace, one: Hit, verdict: str, reason: str, person: str) -> Hit:
    said = _said(workspace, one, verdict, reason, [person])
    workspace.journal.append(kinds.HitProposed(verdict=verdict, **said), f"hit/{one.hit}", person)
    return find(workspace, one.hit)


def _decided(workspace: Workspace, one: Hit, verdict: str, reason: str, persons: list[str]) -> Hit:
    kind = kinds.HitCleared if verdict == CLEARED else kinds.HitConfirmed
    said = _said(workspace, one, verdict, reason, persons)
    workspace.journal.append(kind(**said), f"hit/{one.hit}", persons[-1])
    return find(workspace, one.hit)


def _said(
    workspace: Workspace, one: Hit, verdict: str, reason: str, persons: list[str]
) -> dict[str, Any]:
    row = _row(workspace, one)
    today = clock.now().date()
    until = today + timedelta(days=workspace.settings.screening.clear_days)
    lists = versions.used(workspace.journal)
    return {
        "hit": one.hit,
        "partner_digest": row.partner_digest,
        "record_digest": row.record_digest,
        "partners": register.current(workspace.journal),
        "list_version": lists.get(one.record.partition("/")[0], ""),
        "reason": reason.strip(),
        "persons": persons,
        "expires": until.isoformat() if verdict == CLEARED else "",
    }


@dataclass(frozen=True)
class Difference:
    """A field that reads otherwise than when the hit was decided. `side`: partner or list record."""

    side: str
    field: str
    before: str
    after: str


def difference(workspace: Workspace, one: Hit) -> list[Difference]:
    """What changed in partner and list record since the last decision; empty if nothing did."""
    row = _row(workspace, one)
    event = (
        next(workspace.journal.events(after=row.decided_seq - 1), None) if row.decided_seq else None
    )
    said = event.said if event else None
    if not isinstance(said, kinds.HitCleared | kinds.HitConfirmed):
        return []
    found = []
    if said.partner_digest != row.partner_digest:
        old, new = said.partners, register.current(workspace.journal)
        pair = [register.row(workspace.content, one_, row.partner) for one_ in (old, new)]
        found += _fields("partner", *pair)
    if said.record_digest != row.record_digest:
        list_ = row.record.partition("/")[0]
        old, new = said.list_version, versions.used(workspace.journal).get(list_, "")
        pair = [versions.row(workspace.content, one_, row.record) for one_ in (old, new)]
        found += _fields("list record", *pair)
    return found


def _fields(side: str, old: dict[str, Any], new: dict[str, Any]) -> list[Difference]:
    return [
        Difference(side, name, plain(old.get(name)), plain(new.get(name)))
        for name in dict.fromkeys([*old, *new])
        if name != "digest" and old.get(name) != new.get(name)
    ]


def plain(value: Any) -> str:
    """A value of a row as a person reads it."""
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part not in ("", None))
    if isinstance(value, list):
        return "; ".join(plain(part) for part in value)
    return "" if value is None else str(value)


def history(workspace: Workspace, one: Hit) -> list[dict[str, Any]]:
    """Who said what of a hit, in order. `alone`: the first of two persons, which decides nothing yet."""
    return [
        {
            "at": event.at[:16],
            "by": " and ".join(said.persons),
            "said": said.verdict if isinstance(said, kinds.HitProposed) else event.kind[4:],
            "alone": isinstance(said, kinds.HitProposed),
            "reason": said.reason,
            "expires": "" if isinstance(said, kinds.HitProposed) else said.expires,
        }
        for event in workspace.journal.events(subject=f"hit/{one.hit}")
        for said in [event.said]
        if isinstance(said, kinds.HitProposed | kinds.HitCleared | kinds.HitConfirmed)
    ]
