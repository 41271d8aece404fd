"""Where each partner stands: stop, review, not screened or clear; its risk with reasons; the next review."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.core import clock
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
    wanted = every if partners is None else _of(every, partners)
    hits = [one for one in current_hits(workspace) if one.state != hit_decisions.GONE]
    by_partner: dict[str, list[ScreeningHit]] = defaultdict(list)
    for one in hits:
        by_partner[screening_run.partner_of(one.partner)].append(one)
    owned = _ownership(workspace, every, hits)
    query = sa.select(REVIEWS, EVENTS.c.at).join(EVENTS, EVENTS.c.seq == REVIEWS.c.seq)
    reviews = {row.partner: row for row in workspace.journal.rows(query)}
    today = clock.now().date()
    covered = current_coverage(workspace)
    found = [
        _covered(_standing(row, by_partner[row["partner"]], owned[row["partner"]], reviews, today), covered)
        for row in wanted.to_pylist()
    ]
    return sorted(found, key=lambda one: (STATES.index(one.state), -one.risk.points, one.partner))


def _covered(standing: PartnerState, covered: ScreeningCoverage) -> PartnerState:
    """The same with why it is not screened; nothing found by lists that were not asked clears nobody."""
    reasons = covered.reasons_of(standing.partner)
    state = NOT_SCREENED if reasons and standing.state == CLEAR else standing.state
    return replace(standing, state=state, not_screened=reasons)


def _of(every: pa.Table, partners: Iterable[str]) -> pa.Table:
    return every.filter(pc.is_in(every["partner"], pa.array(set(partners), pa.string())))


def reviews_due(workspace: Workspace) -> list[str]:
    """The days since which reviews of partners are due again, each as the partner's risk is today: it
    may have risen since. One that is not in the register any more is nobody's work."""
    seen = [row.partner for row in workspace.journal.rows(sa.select(REVIEWS.c.partner))]
    return sorted(one.due for one in partner_states(workspace, seen) if one.overdue) if seen else []


def unreviewed_partners(workspace: Workspace) -> list[PartnerState]:
    """Partners whose risk alone wants a look that nobody had yet; a review that fell due is not told
    twice."""
    every = read_register(workspace.content, current_digest(workspace.journal))
    suspects = every.filter(risk_score.may_weigh(every))["partner"].to_pylist()
    return [one for one in partner_states(workspace, suspects) if one.unseen and not one.overdue]


def _standing(
    row: Mapping[str, Any],
    hits: list[ScreeningHit],
    owned: list[OwnershipFinding],
    reviews: Mapping[str, Any],
    today: date,
) -> PartnerState:
    findings = [
        found
        for one in hits
        if one.partner == row["partner"]
        if (found := risk_finding(one.record, one.state, one.effect))
    ]
    found = score_risk(row, findings, owned, today)
    review = reviews.get(row["partner"])
    due = _due(found, review) if review else today.isoformat()
    undecided = sum(one.undecided for one in hits)
    state = _state(hits, owned, undecided)
    unseen = state == CLEAR and _wants_a_look(found, review, today)
    return PartnerState(
        row["partner"],
        row["name"],
        row["role"],
        REVIEW if unseen else state,
        undecided,
        found,
        tuple(owned),
        due,
        review.tier if review else "",
        unseen,
    )


def _due(found: PartnerRisk, review: Any) -> str:
    """As the review set it; sooner where the tier has risen since, counted from that review."""
    return min(review.due, found.due(clock.parse(review.at).date()).isoformat())


def _wants_a_look(found: PartnerRisk, review: Any, today: date) -> bool:
    """High risk without any hit, such as a mill in Xinjiang, that nobody looked at, or not since its
    points rose or its review fell due."""
    if found.tier not in _RISKY:
        return False
    return review is None or review.due < today.isoformat() or review.points < found.points


def _state(hits: list[ScreeningHit], owned: list[OwnershipFinding], undecided: int) -> str:
    """Stop for a blocking hit that is not cleared, or ownership that is sure; owners' own hits are
    judged by ownership, except that a person has to look at them."""
    own = [one for one in hits if ownership_rules.MARK not in one.partner]
    if any(one.effect == BLOCK and (one.undecided or one.state == CONFIRMED) for one in own):
        return STOP
    if any(one.state == ownership_rules.SURE for one in owned):
        return STOP
    confirmed = any(one.state == CONFIRMED for one in own)
    return REVIEW if undecided or owned or confirmed else CLEAR


def _ownership(workspace: Workspace, every: pa.Table, hits: list[ScreeningHit]) -> dict[str, list[OwnershipFinding]]:
    """What owners make of each partner, under every rule that is in force."""
    found: dict[str, list[OwnershipFinding]] = defaultdict(list)
    wanted = {one.record for one in hits}
    rows = every.filter(pc.greater(pc.list_value_length(every["owners"]), 0)).to_pylist()
    if not wanted or not rows:
        return found
    contents = contents_in_force(workspace.journal)
    listed = select_records(records_screened(workspace.content, contents), wanted).to_pylist()
    for rule in _rules(workspace):
        counting = {row["record"] for row in listed if _counts(rule, row)}
        sure = {one.partner for one in hits if one.record in counting and one.state == CONFIRMED}
        maybe = {one.partner for one in hits if one.record in counting and one.undecided}
        for partner, one in judge_ownership(rows, rule, sure, maybe).items():
            found[partner].append(one)
    return found


def _rules(workspace: Workspace) -> list[OwnershipRule]:
    """The rules that are in force today; one of which that is not sure counts, and says so."""
    held = workspace.settings(ScreeningSettings).bis_affiliates
    state, source = ownership_rules.rule_state(BIS.name, clock.now().date().isoformat(), held)
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
    found = partner_states(workspace, [partner])
    if not found:
        raise Refused("partner-unknown", partner=partner)
    one = found[0]
    if one.undecided:
        raise Refused("hits-undecided", partner=partner, undecided=one.undecided)
    body = PartnerReviewed(
        partner=partner,
        points=one.risk.points,
        tier=one.risk.tier,
        weights=one.risk.weights,
        note=note,
        due=one.risk.due(clock.now().date()).isoformat(),
    )
    workspace.journal.append(body, f"partner/{partner}", actor)
    return partner_states(workspace, [partner])[0]
