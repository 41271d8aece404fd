"""Who owns a partner, and what that makes of it: OFAC's 50 percent rule, the BIS affiliates rule, and
listings that cover subsidiaries without naming them (UFLPA "and subsidiaries").

Owners are declared. A firm of which blocked persons own half or more in total, directly or through
firms that are themselves blocked by this rule, is blocked too, and then counts as a blocked owner with
all its share (OFAC, revised guidance of 2014-08-13). Owners are screened like partners, under the id
`<partner> > <owner>`; an owner that is a partner itself is known by its id or name.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tasks.core.messages import Reason

HALF_SHARE = 50.0
OWNER_SEPARATOR = " > "
SURE, POSSIBLE = "sure", "possible"


@dataclass(frozen=True)
class OwnershipRule:
    """Under which an owner counts. `least`: percent from which it applies; `strictly`: only above.
    `unsure`: the source that leaves open whether the rule is in force; empty if it is."""

    name: str
    code: str
    least: float = HALF_SHARE
    strictly: bool = False
    unsure: str = ""

    def applies(self, share: float) -> bool:
        return share > self.least if self.strictly else share >= self.least


OFAC = OwnershipRule("ofac-50", "owned-by-blocked-persons")
BIS = OwnershipRule("bis-affiliates", "owned-by-listed-parties")
SUBSIDIARY = OwnershipRule("subsidiary", "subsidiary-of-listed-firm", strictly=True)


@dataclass(frozen=True)
class OwnershipFinding:
    """What ownership makes of a partner. `sure`: percent held by confirmed owners; `possible`: with
    those whose hits are still open. `owners`: name and percent of each that counts."""

    partner: str
    rule: OwnershipRule
    sure: float
    possible: float
    owners: tuple[tuple[str, float], ...]

    @property
    def state(self) -> str:
        return SURE if self.rule.applies(self.sure) else POSSIBLE

    @property
    def reason(self) -> Reason:
        owners = tuple(Reason("owner-share", owner=name, percent=share) for name, share in self.owners)
        rule = Reason(self.rule.code)
        if self.rule.unsure:
            rule = Reason("ownership-rule-unsure", rule=rule, source=self.rule.unsure)
        if self.state == SURE:
            return Reason("ownership-counts", rule=rule, owners=owners)
        return Reason("ownership-possible", rule=rule, owners=owners)


def owner_id(partner: str, owner: str) -> str:
    return f"{partner}{OWNER_SEPARATOR}{owner}"


def owners_as_partners(register: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row to screen for each declared owner, once: name and nothing else is known of it."""
    named = {owner_id(row["partner"], owner["name"]): owner["name"] for row in register for owner in row["owners"]}
    return [{"partner": partner, "name": name} for partner, name in named.items()]


def judge_ownership(
    register: Iterable[Mapping[str, Any]], rule: OwnershipRule, sure: set[str], possible: set[str]
) -> dict[str, OwnershipFinding]:
    """Partner to what its owners make of it. `sure`, `possible`: ids (partners and owners) whose hit
    on a list that counts under this rule is confirmed, or stands undecided."""
    rows = [row for row in register if row["owners"]]
    names = _owned_ids(rows)
    certain, likely = _spread(rows, rule, names, sure), _spread(rows, rule, names, sure | possible)
    findings = {}
    for row in rows:
        share, _ = _share_of(row, names, certain)
        possible_share, owners = _share_of(row, names, likely)
        if rule.applies(possible_share):
            findings[row["partner"]] = OwnershipFinding(row["partner"], rule, share, possible_share, owners)
    return findings


def _owned_ids(rows: list[Mapping[str, Any]]) -> dict[str, str]:
    """Ids and plain names of partners that have owners of their own, to the id."""
    return {key: row["partner"] for row in rows for key in (row["partner"], _plain(row["name"]))}


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace(".", "").replace(",", " ").split())


def _spread(
    rows: list[Mapping[str, Any]], rule: OwnershipRule, names: Mapping[str, str], blocked: set[str]
) -> set[str]:
    """Carry the rule up chains of owners until nothing more is reached."""
    reached = set(blocked)
    while True:
        new = {
            row["partner"]
            for row in rows
            if row["partner"] not in reached and rule.applies(_share_of(row, names, reached)[0])
        }
        if not new:
            return reached
        reached |= new


def _share_of(
    row: Mapping[str, Any], names: Mapping[str, str], blocked: set[str]
) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Percent of a partner that these own, and who they are."""
    owners = tuple(
        (owner["name"], float(owner["share"]))
        for owner in row["owners"]
        if {owner_id(row["partner"], owner["name"]), names.get(owner["name"], ""), names.get(_plain(owner["name"]), "")}
        & blocked
    )
    return sum(share for _, share in owners), owners


@cache
def _periods() -> tuple[Mapping[str, str], ...]:
    text = files("continuity_data").joinpath("screening", "rules.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def rule_state(rule: str, day: str, configured: str = "by date") -> tuple[str, str]:
    """Whether a dated rule is `on`, `off` or `unsure` on a day (ISO), and the source. `held`: on or
    off by the settings, whatever the dates say. Unsure is to be treated as on."""
    if configured != "by date":
        return configured, "set in continuity.toml: screening.bis_affiliates"
    for row in _periods():
        if row["rule"] == rule and row["from"] <= day and (not row["to"] or day <= row["to"]):
            return row["state"], row["source"]
    return "off", "not yet in force"
