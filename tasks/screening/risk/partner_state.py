"""Where each partner stands: stop, review, not screened or clear; its risk with reasons; the next review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tasks.core import arrow_compute as pc, clock
from tasks.core.arrow_compute import to_list
from tasks.core.errors import Refused
from tasks.core.journal.store import EVENTS
from tasks.core.messages import Reason
from tasks.screening.events import PartnerReviewed
from tasks.screening.hits import hit_decisions, screening_run
from tasks.screening.hits.hit_decisions import CONFIRMED, ScreeningHit, current_hits
from tasks.screening.hits.role_policy import BLOCK
from tasks.screening.lists.list_versions import contents_in_force, records_screened, select_records
from tasks.screening.partners.partner_register import current_digest, read_register
from tasks.screening.risk import ownership_rules, risk_score
from tasks.screening.risk.ownership_rules import BIS, OFAC, SUBSIDIARY, OwnershipFinding, OwnershipRule, judge_ownership
from tasks.screening.risk.risk_score import PartnerRisk, risk_finding, score_risk
from tasks.screening.risk.screening_coverage import ScreeningCoverage, current_coverage
from tasks.screening.settings import ScreeningSettings
from tasks.screening.tables import REVIEWS
from tasks.workspace import Workspace

STOP, REVIEW, NOT_SCREENED, CLEAR = "stop", "review", "not screened", "clear"
STATES = (STOP, REVIEW, NOT_SCREENED, CLEAR)
"""The worst first. Clear is only who whole, current lists were asked about."""
_RISKY = ("high", "stop")
"""Tiers whose partners a person looks at even where no list names them."""
_AFFILIATE_CODES = {"EL", "MEU"}


@dataclass(frozen=True)
class PartnerState:
    """One partner today. `undecided`: hits that wait for a person; `due`: the next review (ISO);
    `unseen`: no list names it, and its risk alone wants a person to look; `not_screened`: why no whole,
    current list was asked about it, empty if all were. A partner that must stop may be not screened too."""

    partner: str
    name: str
    role: str
    state: str
    undecided: int
    risk: PartnerRisk
    owned: tuple[OwnershipFinding, ...]
    due: str
    reviewed: str
    unseen: bool = False
    not_screened: tuple[Reason, ...] = ()

    @property
    def overdue(self) -> bool:
        return self.due < clock.now().date().isoformat()


def partner_states(workspace: Workspace, partners: Iterable[str] | None = None) -> list[PartnerState]:
    """Every partner of the register, or these; the riskiest first."""
    every = read_register(workspace.content, current_digest(workspace.journal))
    chosen = every if partners is None else _of(every, partners)
    hits = [hit for hit in current_hits(workspace) if hit.state != hit_decisions.GONE]
    by_partner: dict[str, list[ScreeningHit]] = defaultdict(list)
    for hit in hits:
        by_partner[screening_run.partner_of(hit.partner)].append(hit)
    owned = _ownership(workspace, every, hits)
    query = sa.select(REVIEWS, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == REVIEWS.c.seq)
    reviews = {row.partner: row for row in workspace.journal.rows(query)}
    today = clock.now().date()
    covered = current_coverage(workspace)
    states = [
        _covered(_partner_state(row, by_partner[row["partner"]], owned[row["partner"]], reviews, today), covered)
        for row in to_list(chosen)
    ]
    return sorted(states, key=lambda hit: (STATES.index(hit.state), -hit.risk.points, hit.partner))


def _covered(partner: PartnerState, covered: ScreeningCoverage) -> PartnerState:
    """The same with why it is not screened; nothing found by lists that were not asked clears nobody."""
    reasons = covered.reasons_of(partner.partner)
    state = NOT_SCREENED if reasons and partner.state == CLEAR else partner.state
    return replace(partner, state=state, not_screened=reasons)


def _of(every: pa.Table, partners: Iterable[str]) -> pa.Table:
    return every.filter(pc.is_in(every["partner"], pa.array(set(partners), pa.string())))


def reviews_due(workspace: Workspace) -> list[str]:
    """The days since which reviews of partners are due again, each as the partner's risk is today: it
    may have risen since. One that is not in the register any more is nobody's work."""
    reviewed = [row.partner for row in workspace.journal.rows(sa.select(REVIEWS.c.partner))]
    return sorted(partner.due for partner in partner_states(workspace, reviewed) if partner.overdue) if reviewed else []


def unreviewed_partners(workspace: Workspace) -> list[PartnerState]:
    """Partners whose risk alone wants a look that nobody had yet; a review that fell due is not counted
    twice."""
    every = read_register(workspace.content, current_digest(workspace.journal))
    suspects = to_list(every.filter(risk_score.may_weigh(every))["partner"])
    return [partner for partner in partner_states(workspace, suspects) if partner.unseen and not partner.overdue]


def _partner_state(
    row: Mapping[str, Any],
    hits: list[ScreeningHit],
    owned: list[OwnershipFinding],
    reviews: Mapping[str, Any],
    today: date,
) -> PartnerState:
    findings = [
        risk
        for hit in hits
        if hit.partner == row["partner"]
        if (risk := risk_finding(hit.record, hit.state, hit.effect))
    ]
    risk = score_risk(row, findings, owned, today)
    review = reviews.get(row["partner"])
    due = _due(risk, review) if review else today.isoformat()
    undecided = sum(hit.undecided for hit in hits)
    state = _state(hits, owned, undecided)
    unseen = state == CLEAR and _wants_a_look(risk, review, today)
    return PartnerState(
        row["partner"],
        row["name"],
        row["role"],
        REVIEW if unseen else state,
        undecided,
        risk,
        tuple(owned),
        due,
        review.tier if review else "",
        unseen,
    )


def _due(risk: PartnerRisk, review: Any) -> str:
    """As the review set it; sooner where the tier has risen since, counted from that review."""
    return min(review.due, risk.due(clock.parse(review.at).date()).isoformat())


def _wants_a_look(risk: PartnerRisk, review: Any, today: date) -> bool:
    """High risk without any hit, such as a mill in Xinjiang, that nobody looked at, or not since its
    points rose or its review fell due."""
    if risk.tier not in _RISKY:
        return False
    return review is None or review.due < today.isoformat() or review.points < risk.points


def _state(hits: list[ScreeningHit], owned: list[OwnershipFinding], undecided: int) -> str:
    """Stop for a blocking hit that is not cleared, or ownership that is sure; owners' own hits are
    judged by ownership, except that a person has to look at them."""
    partner_hits = [hit for hit in hits if ownership_rules.OWNER_SEPARATOR not in hit.partner]
    if any(hit.effect == BLOCK and (hit.undecided or hit.state == CONFIRMED) for hit in partner_hits):
        return STOP
    if any(hit.state == ownership_rules.SURE for hit in owned):
        return STOP
    confirmed = any(hit.state == CONFIRMED for hit in partner_hits)
    return REVIEW if undecided or owned or confirmed else CLEAR


def _ownership(workspace: Workspace, every: pa.Table, hits: list[ScreeningHit]) -> dict[str, list[OwnershipFinding]]:
    """What owners make of each partner, under every rule that is in force."""
    findings: dict[str, list[OwnershipFinding]] = defaultdict(list)
    records = {hit.record for hit in hits}
    rows = to_list(every.filter(pc.greater(pc.list_value_length(every["owners"]), 0)))
    if not records or not rows:
        return findings
    contents = contents_in_force(workspace.journal)
    listed = to_list(select_records(records_screened(workspace.content, contents), records))
    for rule in _rules(workspace):
        counting = {row["record"] for row in listed if _counts(rule, row)}
        sure = {hit.partner for hit in hits if hit.record in counting and hit.state == CONFIRMED}
        maybe = {hit.partner for hit in hits if hit.record in counting and hit.undecided}
        for partner, hit in judge_ownership(rows, rule, sure, maybe).items():
            findings[partner].append(hit)
    return findings


def _rules(workspace: Workspace) -> list[OwnershipRule]:
    """The rules that are in force today; one of which that is not sure counts, and says so."""
    configured = workspace.settings(ScreeningSettings).bis_affiliates
    state, source = ownership_rules.rule_state(BIS.name, clock.now().date().isoformat(), configured)
    if state == "off":
        return [OFAC, SUBSIDIARY]
    return [OFAC, SUBSIDIARY, BIS if state == "on" else replace(BIS, unsure=source)]


def _counts(rule: OwnershipRule, record: Mapping[str, Any]) -> bool:
    if rule.name == SUBSIDIARY.name:
        return record["subsidiaries"]
    codes = set(record["programs"][:1]) if record["list"] == "csl" else set()
    if rule.name == BIS.name:
        return bool(codes & _AFFILIATE_CODES)
    return record["list"] == "ofac-sdn" or "SDN" in codes


def record_review(workspace: Workspace, partner: str, note: str, actor: str) -> PartnerState:
    """Write down that somebody looked at the whole partner; sets the day of the next review.
    Raises Refused for a partner that is not in the register, or still has undecided hits."""
    states = partner_states(workspace, [partner])
    if not states:
        raise Refused("partner-unknown", partner=partner)
    current = states[0]
    if current.undecided:
        raise Refused("hits-undecided", partner=partner, undecided=current.undecided)
    body = PartnerReviewed(
        partner=partner,
        points=current.risk.points,
        tier=current.risk.tier,
        weights=current.risk.weights,
        note=note,
        due=current.risk.due(clock.now().date()).isoformat(),
    )
    workspace.journal.append(body, f"partner/{partner}", actor)
    return partner_states(workspace, [partner])[0]
