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
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from tasks import approved_acts
from tasks.approved_acts import ActFacts, ActHandler, act_request, approve_act, load_struct
from tasks.core import clock
from tasks.core.errors import BadInput, Refused
from tasks.core.journal.journal import Journal, Pen
from tasks.core.messages import Reason, message_text
from tasks.screening.events import HitCleared, HitConfirmed, HitProposed
from tasks.screening.hits import screening_run
from tasks.screening.hits.role_policy import NOTE
from tasks.screening.hits.screening_run import changed_sides
from tasks.screening.lists.list_versions import contents_in_force, record_row
from tasks.screening.partners.partner_register import current_digest, partner_row
from tasks.screening.settings import ScreeningSettings
from tasks.screening.tables import HITS
from tasks.security.api import Act, ApprovalState, Person, ask_for_approval_in, find_person
from tasks.workspace import Workspace

OPEN, WAITS, CLEARED, CONFIRMED, GONE, NOTED = ("open", "waiting", "cleared", "confirmed", "gone", "note")
VERDICTS = (CLEARED, CONFIRMED)
DECIDERS = frozenset({"approver", "compliance"})


@dataclass(frozen=True)
class ScreeningHit:
    """One hit as it stands today. `state`: OPEN, WAITS (for a second person), CLEARED, CONFIRMED, GONE or
    NOTED. `reason`: what reopened it, or who decided. ISO dates."""

    hit: str
    partner: str
    record: str
    score: float
    strong: bool
    effect: str
    state: str
    reason: Reason | None
    expires: str

    @property
    def why(self) -> str:
        """The words of the reason; empty if there is none."""
        return self.reason.text if self.reason else ""

    @property
    def undecided(self) -> bool:
        """A person has to look at it."""
        return self.state in (OPEN, WAITS)


def current_hits(workspace: Workspace, partners: Iterable[str] | None = None) -> list[ScreeningHit]:
    """Every hit, gone ones too; of these partners only where given. Undecided first, strongest first."""
    return journal_hits(workspace.journal, partners)


def journal_hits(journal: Journal, partners: Iterable[str] | None = None) -> list[ScreeningHit]:
    """As `current_hits`, of a journal alone."""
    today = clock.now().date().isoformat()
    chosen = None if partners is None else set(partners)
    rows = journal.rows(sa.select(HITS))
    hits = [_as_of(row, today) for row in rows if chosen is None or screening_run.partner_of(row.partner) in chosen]
    return sorted(hits, key=lambda h: (not h.undecided, -h.score, h.partner, h.record))


def _as_of(row: Any, today: str) -> ScreeningHit:
    state, reason = _state(row, today)
    return ScreeningHit(
        row.hit,
        row.partner,
        row.record,
        row.score,
        row.strong,
        row.effect,
        state,
        reason,
        row.decided_expires if state == CLEARED else "",
    )


def _state(row: Any, today: str) -> tuple[str, Reason | None]:
    if not row.present:
        return GONE, None
    changed = _changed(row, "decided")
    if row.decided_verdict == CONFIRMED:
        by = Reason("hit-decided", persons=row.decided_by)
        return CONFIRMED, Reason("hit-changed-since-confirmed", by=by, sides=changed) if changed else by
    if row.decided_verdict == CLEARED and not changed and today <= row.decided_expires:
        return CLEARED, Reason("hit-decided", persons=row.decided_by)
    if row.proposed_verdict and not _changed(row, "proposed"):
        return WAITS, Reason("hit-proposed", person=row.proposed_by, verdict=row.proposed_verdict)
    if row.effect == NOTE:
        return NOTED, None
    if row.decided_verdict == CLEARED:
        if changed:
            return OPEN, Reason("hit-changed-since-cleared", sides=changed)
        if not row.decided_expires:
            return OPEN, Reason("hit-cleared-by-one", person=row.decided_by)
        return OPEN, Reason("hit-clearance-expired", expires=row.decided_expires)
    return OPEN, None


def _changed(row: Any, stage: str) -> tuple[str, ...]:
    """Which sides do not read as they did at that stage."""
    sides = {"partner": "partner_digest", "list record": "record_digest"}
    return tuple(side for side, name in sides.items() if getattr(row, name) != getattr(row, f"{stage}_{name}"))


def find_hit(workspace: Workspace, hit: str) -> ScreeningHit:
    """A hit by its id or the first letters of it. Raises Refused for none or several."""
    rows = workspace.journal.rows(sa.select(HITS).where(HITS.c.hit.startswith(hit)))
    if len(hit) < 4 or len(rows) != 1:
        raise Refused("hit-id-ambiguous", rows_count=len(rows) or "No", hit=hit)
    return _as_of(rows[0], clock.now().date().isoformat())


def decide_hit(
    workspace: Workspace,
    hit: str,
    verdict: str,
    reason: str,
    actor: str,
    *,
    code: str = "",
    given_at: datetime | None = None,
) -> ScreeningHit:
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
    current = find_hit(workspace, hit)
    _require_open(current, verdict)
    _require_current(workspace, current)
    first = _first(workspace, current, verdict)
    if not current.strong or workspace.settings(ScreeningSettings).persons == 1:
        return _decided(workspace, current, verdict, reason, person.person)
    if first is None:
        return _proposed(workspace, current, verdict, reason, person.person)
    if first == person.person:
        raise Refused("second-person-required", name=person.name, hit=current.hit)
    if not code:
        raise Refused("second-person-code-required", name=person.name)
    plan = _row(workspace, current).proposed_plan
    append = partial(_append, reason=reason.strip())
    approved = approve_act(workspace, plan, person.person, code, given_at=given_at, append=append)
    if approved.facts is None:
        approved_acts.carry_out(workspace, plan, person.person)
    return find_hit(workspace, current.hit)


def _decider(workspace: Workspace, actor: str) -> Person:
    person = find_person(workspace.journal, actor)
    if not DECIDERS & set(person.roles):
        raise Refused("decider-role-missing", name=person.name, deciders=" or ".join(sorted(DECIDERS)))
    return person


def _require_open(hit: ScreeningHit, verdict: str) -> None:
    if hit.state == GONE:
        raise Refused("hit-no-longer-exists", hit=hit.hit)
    if hit.state == verdict:
        raise Refused("hit-already-decided", hit=hit.hit, verdict=verdict, why=hit.why)


def _require_current(workspace: Workspace, hit: ScreeningHit) -> None:
    """What is in force must be what was screened: a clearance names its versions, and shows from them
    what changed."""
    if changed := changed_sides(workspace, hit.hit):
        raise Refused("screening-out-of-date", hit=hit.hit, changed=" and the ".join(changed), next=screening_run.NEXT)


def _first(workspace: Workspace, hit: ScreeningHit, verdict: str) -> str | None:
    """Who has said the same before, of the same contents."""
    row = _row(workspace, hit)
    holds = row.proposed_verdict == verdict and not _changed(row, "proposed")
    return row.proposed_by if holds else None


def _row(workspace: Workspace, hit: ScreeningHit) -> Any:
    return workspace.journal.rows(sa.select(HITS).where(HITS.c.hit == hit.hit))[0]


class DecideHit(msgspec.Struct, frozen=True, kw_only=True, tag_field="act", tag="decide-hit"):
    """A verdict on a strong hit, and what was looked at. `since`: the event of the decision before it,
    0 without one; `clear_days`: how long a clearance holds."""

    hit: str
    verdict: str
    reason: str
    proposed_by: str
    partner_digest: str
    record_digest: str
    partners: str
    list_version: str
    since: int
    clear_days: int


def _payload(workspace: Workspace, hit: str, verdict: str, reason: str, person: str) -> DecideHit:
    row = workspace.journal.rows(sa.select(HITS).where(HITS.c.hit == hit))[0]
    lists = contents_in_force(workspace.journal)
    return DecideHit(
        hit=hit,
        verdict=verdict,
        reason=reason.strip(),
        proposed_by=person,
        partner_digest=row.partner_digest,
        record_digest=row.record_digest,
        partners=current_digest(workspace.journal),
        list_version=lists.get(row.record.partition("/")[0], ""),
        since=row.decided_seq,
        clear_days=workspace.settings(ScreeningSettings).clear_days,
    )


def _proposed(workspace: Workspace, hit: ScreeningHit, verdict: str, reason: str, person: str) -> ScreeningHit:
    """Ask for the second person: the proposal and the request are one transaction."""
    payload = _payload(workspace, hit.hit, verdict, reason, person)
    request = act_request(workspace, payload, person, f"hit/{hit.hit}")
    facts = _facts(payload, payload.reason, [person])
    with workspace.journal.write(person) as pen:
        ask_for_approval_in(pen, request)
        pen.append(HitProposed(verdict=verdict, plan=request.plan, **facts), f"hit/{hit.hit}")
    return find_hit(workspace, hit.hit)


def _decided(workspace: Workspace, hit: ScreeningHit, verdict: str, reason: str, person: str) -> ScreeningHit:
    """A decision that one person may take."""
    payload = _payload(workspace, hit.hit, verdict, reason, person)
    body = _decision(payload, payload.reason, [person], "")
    proposal = _row(workspace, hit).proposed_plan
    with workspace.journal.write(person) as pen:
        pen.append(body, f"hit/{hit.hit}")
        if proposal:
            screening_run.drop_proposal(pen, proposal)
    return find_hit(workspace, hit.hit)


def _decision(payload: DecideHit, reason: str, persons: list[str], plan: str) -> HitCleared | HitConfirmed:
    kind = HitCleared if payload.verdict == CLEARED else HitConfirmed
    return kind(approval=plan, **_facts(payload, reason, persons))


def _facts(payload: DecideHit, reason: str, persons: list[str]) -> dict[str, Any]:
    until = clock.now().date() + timedelta(days=payload.clear_days)
    return {
        "hit": payload.hit,
        "partner_digest": payload.partner_digest,
        "record_digest": payload.record_digest,
        "partners": payload.partners,
        "list_version": payload.list_version,
        "reason": reason,
        "persons": persons,
        "expires": until.isoformat() if payload.verdict == CLEARED else "",
    }


def _require_decidable(workspace: Workspace, payload: DecideHit) -> None:
    """Raises Refused where the hit, or what was looked at, is no longer as it was proposed."""
    hit = find_hit(workspace, payload.hit)
    _require_open(hit, payload.verdict)
    _require_current(workspace, hit)
    now = _payload(workspace, payload.hit, payload.verdict, payload.reason, payload.proposed_by)
    same = ("partner_digest", "record_digest", "since")
    if changed := [name for name in same if getattr(now, name) != getattr(payload, name)]:
        raise Refused("hit-changed-since-proposed", hit=payload.hit, changed=", ".join(changed))


def _append(pen: Pen, payload: DecideHit, approval: ApprovalState, actor: str, *, reason: str = "") -> ActFacts:
    """`reason`: what the second person says; the first person's where it is empty."""
    persons = [approval.preparer, *approval.granted_by]
    body = _decision(payload, reason or payload.reason, persons, approval.plan)
    pen.append(body, f"hit/{payload.hit}", key=f"decided:{approval.plan}", actor=actor)
    return {"hit": payload.hit, "verdict": payload.verdict}


def _title(workspace: Workspace, payload: DecideHit) -> str:
    values = {"hit": payload.hit, "verdict": payload.verdict, "reason": payload.reason}
    return message_text("title-decide-hit", values)


HANDLERS: dict[Act, ActHandler[Any]] = {
    Act.DECIDE_HIT: ActHandler(load_struct(DecideHit), lambda *_: [], _title, _require_decidable, _append)
}


@dataclass(frozen=True)
class HitDifference:
    """A field that reads otherwise than when the hit was decided. `side`: partner or list record."""

    side: str
    field: str
    before: str
    after: str


def hit_differences(workspace: Workspace, hit: ScreeningHit) -> list[HitDifference]:
    """What changed in partner and list record since the last decision; empty if nothing did."""
    row = _row(workspace, hit)
    event = next(workspace.journal.events(after=row.decided_seq - 1), None) if row.decided_seq else None
    decision = event.said if event else None
    if not isinstance(decision, HitCleared | HitConfirmed):
        return []
    differences = []
    if decision.partner_digest != row.partner_digest:
        old, new = decision.partners, current_digest(workspace.journal)
        pair = [partner_row(workspace.content, digest, row.partner) for digest in (old, new)]
        differences += _fields("partner", *pair)
    if decision.record_digest != row.record_digest:
        list_ = row.record.partition("/")[0]
        old, new = decision.list_version, contents_in_force(workspace.journal).get(list_, "")
        pair = [record_row(workspace.content, digest, row.record) for digest in (old, new)]
        differences += _fields("list record", *pair)
    return differences


def _fields(side: str, old: dict[str, Any], new: dict[str, Any]) -> list[HitDifference]:
    return [
        HitDifference(side, name, plain_value(old.get(name)), plain_value(new.get(name)))
        for name in dict.fromkeys([*old, *new])
        if name != "digest" and old.get(name) != new.get(name)
    ]


def plain_value(value: Any) -> str:
    """A value of a row as a person reads it."""
    if isinstance(value, dict):
        return " ".join(str(part) for part in value.values() if part not in ("", None))
    if isinstance(value, list):
        return "; ".join(plain_value(part) for part in value)
    return "" if value is None else str(value)


def decision_history(workspace: Workspace, hit: ScreeningHit) -> list[dict[str, Any]]:
    """Who said what of a hit, in order. `alone`: the first of two persons, which decides nothing yet."""
    return [
        {
            "at": event.at[:16],
            "by": " and ".join(decision.persons),
            "said": decision.verdict if isinstance(decision, HitProposed) else event.kind[4:],
            "alone": isinstance(decision, HitProposed),
            "reason": decision.reason,
            "expires": "" if isinstance(decision, HitProposed) else decision.expires,
        }
        for event in workspace.journal.events(subject=f"hit/{hit.hit}")
        for decision in [event.said]
        if isinstance(decision, HitProposed | HitCleared | HitConfirmed)
    ]
