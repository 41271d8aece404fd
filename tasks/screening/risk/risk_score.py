"""The risk of a partner, 0 to 100, each point with its reason; tiers set when it is looked at again.

IT providers have attestations that fade before they end, the breach notice in the contract and the
questionnaire. Weights are data with a version (`data/screening/risk-<version>.toml`); old versions stay, so that a
score can be computed again years later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from tasks.core import arrow_compute as pc
from tasks.core.errors import BadInput
from tasks.core.messages import Reason
from tasks.screening.hits.role_policy import BLOCK, NOTE
from tasks.screening.risk.ownership_rules import SURE, OwnershipFinding

VERSION = "2026.11"
IT_PROVIDER = "it_provider"


@dataclass(frozen=True)
class RiskPoint:
    """A reason and what it weighs; relief is negative."""

    reason: Reason
    points: int


@dataclass(frozen=True)
class RiskFinding:
    """A hit as it counts here. `state`: confirmed or open; `effect`: block, review or note."""

    record: str
    state: str
    effect: str


@dataclass(frozen=True)
class PartnerRisk:
    """`points` lies between 0 and 100. `days`: until the next review."""

    points: int
    tier: str
    days: int
    reasons: tuple[RiskPoint, ...]
    weights: str

    def due(self, last: date) -> date:
        """The day of the next review after one on `last`."""
        return last + timedelta(days=self.days)


@cache
def risk_weights(version: str = VERSION) -> Mapping[str, Any]:
    """Raises BadInput for a version that is not known."""
    path = files("continuity_data").joinpath("screening", f"risk-{version}.toml")
    if not path.is_file():
        raise BadInput("risk-weights-version-unknown", version=version)
    return tomllib.loads(path.read_text(encoding="utf-8"))


def score_risk(
    row: Mapping[str, Any],
    findings: Iterable[RiskFinding],
    owned: Iterable[OwnershipFinding],
    today: date,
    version: str = VERSION,
) -> PartnerRisk:
    """The risk of one row of the register, with its hits and what its owners make of it."""
    table = risk_weights(version)
    reasons = [
        *_hits(table["hits"], sorted(findings, key=lambda finding: finding.record)),
        *_ownership(table["ownership"], row, list(owned)),
        *_places(table, row),
        *_goods(table["goods"], row),
        *(RiskPoint(reason, points) for reason, points in provider_reasons(table["provider"], row, today)),
        *_behaviour(table["behaviour"], row),
        *_relief(table["relief"], row, today),
    ]
    reasons = [reason for reason in reasons if reason.points]
    total = sum(reason.points for reason in reasons)
    points = max(0, min(100, total))
    if total != points:
        # an auditor adds them up
        limit = Reason("risk-above-limit") if total > 100 else Reason("risk-below-zero")
        reasons.append(RiskPoint(limit, points - total))
    tier, days = _tier(table["tiers"], points)
    return PartnerRisk(points, tier, days, tuple(reasons), version)


def may_weigh(register: pa.Table, version: str = VERSION) -> pa.ChunkedArray:
    """Which rows of the register can be risky without a hit: what is left has points for its goods and
    undeclared owners alone. A hundred thousand partners are thus not scored for one line of the status."""
    table = risk_weights(version)
    places = pa.array({*table["countries"], *table["regions"]}, pa.string())
    flagged = pc.greater(pc.list_value_length(register["flags"]), 0)
    provides = pc.equal(register["role"], IT_PROVIDER)
    return pc.or_(pc.or_(pc.is_in(register["country"], value_set=places), flagged), provides)


def _tier(tiers: Mapping[str, Mapping[str, int]], points: int) -> tuple[str, int]:
    ordered = sorted(tiers.items(), key=lambda entry: -entry[1]["from"])
    name, tier = next(entry for entry in ordered if points >= entry[1]["from"])
    return name, tier["days"]


def _hits(table: Mapping[str, int], findings: list[RiskFinding]) -> list[RiskPoint]:
    points = [
        RiskPoint(
            Reason("risk-hit", state=finding.state, record=finding.record, effect=finding.effect),
            table[f"{finding.state}_{finding.effect}"],
        )
        for finding in findings
    ]
    points.sort(key=lambda point: -point.points)
    return [
        point if order == 0 else RiskPoint(point.reason, min(point.points, table["further"]))
        for order, point in enumerate(points)
    ]


def _ownership(table: Mapping[str, Any], row: Mapping[str, Any], owned: list[OwnershipFinding]) -> list[RiskPoint]:
    if not row["owners"] and row["role"] in table["roles"] and row["kind"] != "individual":
        return [RiskPoint(Reason("owners-not-declared"), table["not_declared"])]
    return [RiskPoint(finding.reason, table["sure" if finding.state == SURE else "possible"]) for finding in owned]


def _places(table: Mapping[str, Any], row: Mapping[str, Any]) -> list[RiskPoint]:
    country = row["country"]
    reasons = []
    if points := table["countries"].get(country):
        reasons.append(RiskPoint(Reason("risk-country", country=country), points))
    region = table["regions"].get(country)
    where = " ".join((row["region"], row["city"], row["address"])).lower()
    if region and (word := next((w for w in region["words"] if w in where), "")):
        reasons.append(RiskPoint(Reason("risk-region", region=word.title()), region["points"]))
    return reasons


def _goods(table: Mapping[str, Any], row: Mapping[str, Any]) -> list[RiskPoint]:
    points = table["points"] if row["country"] in table["countries"] else table["elsewhere"]
    names = [
        sector["name"]
        for sector in table["sectors"]
        if any(_overlap(hts, prefix) for hts in row["hts"] for prefix in sector["hts"])
    ]
    return [RiskPoint(Reason("risk-goods", sectors=tuple(names)), points)] if names else []


def _overlap(hts: str, prefix: str) -> bool:
    """A number of the sector, or a shorter one that includes the sector."""
    return hts.startswith(prefix) or prefix.startswith(hts)


def _behaviour(table: Mapping[str, int], row: Mapping[str, Any]) -> list[RiskPoint]:
    reasons, left = [], table["most"]
    for flag in row["flags"]:
        points = min(left, table.get(flag, table["other"]))
        left -= points
        reasons.append(RiskPoint(Reason("risk-warning-sign", sign=flag.replace("_", " ")), points))
    return reasons


def _relief(table: Mapping[str, int], row: Mapping[str, Any], today: date) -> list[RiskPoint]:
    points = []
    if row["ctpat"]:
        points.append(RiskPoint(Reason("trusted-trader"), table["ctpat"]))
    recent = (today - timedelta(days=table["screened_within_days"])).isoformat()
    if row["screened_by"] and row["screened_on"] >= recent:
        by = Reason("screened-by-others", by=row["screened_by"], date=row["screened_on"])
        points.append(RiskPoint(by, table["screened_by_others"]))
    return points


def risk_finding(record: str, state: str, effect: str) -> RiskFinding | None:
    """A hit as it counts, or None for one that is cleared or gone. `state`: as decisions name it."""
    if state in ("cleared", "gone"):
        return None
    known_effect = effect if effect in (BLOCK, NOTE) else "review"
    return RiskFinding(record, "confirmed" if state == "confirmed" else "open", known_effect)


def provider_reasons(table: Mapping[str, Any], row: Mapping[str, Any], today: date) -> Iterator[tuple[Reason, int]]:
    """(reason, points) for a partner that is an IT provider; nothing for any other."""
    if row["role"] != IT_PROVIDER:
        return
    yield _attested(table, row, today)
    yield _breach_notice(table["breach_notice"], row["breach_notice_hours"])
    yield _questionnaire(table["questionnaire"], row["questionnaire"], today)


def attestation_worth(expires: date, today: date, fades_days: int) -> float:
    """1 while an attestation has `fades_days` or more left, then in a straight line down to 0 on the
    day it ends."""
    return max(0.0, min(1.0, (expires - today).days / fades_days))


def _attested(table: Mapping[str, Any], row: Mapping[str, Any], today: date) -> tuple[Reason, int]:
    best, reason = 0.0, Reason("attestation-missing")
    for attestation in row["attestations"]:
        expires = date.fromisoformat(attestation["expires"])
        value = attestation_worth(expires, today, table["fades_days"]) * _attestation_weight(table, attestation["name"])
        if value > best or not best:
            left = (expires - today).days
            best = max(best, value)
            if left >= 0:
                reason = Reason("attestation-ends", name=attestation["name"], days=left)
            else:
                reason = Reason("attestation-ended", name=attestation["name"], days=-left)
    return reason, round(table["missing"] * (1 - best))


def _attestation_weight(table: Mapping[str, Any], name: str) -> float:
    plain = name.lower()
    return max((w for key, w in table["attestations"].items() if key in plain), default=0.0)


def _breach_notice(table: Mapping[str, int], hours: int | None) -> tuple[Reason, int]:
    if hours is None:
        return Reason("breach-notice-missing"), table["none"]
    late = hours > table["best_hours"]
    return Reason("breach-notice-hours", hours=hours), table["late"] if late else 0


def _questionnaire(table: Mapping[str, int], answered: str, today: date) -> tuple[Reason, int]:
    if not answered:
        return Reason("questionnaire-missing"), table["missing"]
    old = date.fromisoformat(answered) < today - timedelta(days=table["days"])
    return Reason("questionnaire-answered", date=answered), table["old"] if old else 0
