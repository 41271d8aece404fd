"""The drill's chapter: the sample brokerage's partners against the lists that ship."""

from __future__ import annotations

from importlib.resources import as_file, files

from tasks.core.errors import Refused
from tasks.core.journal.journal import is_drill
from tasks.core.messages import reason_text
from tasks.drill.sample_brokerage import unused_code
from tasks.screening.api import (
    CLEARED,
    WAITS,
    brief_rows,
    current_hits,
    decide_hit,
    find_hit,
    hit_rows,
    partner_states,
    read_partners,
    screen_register,
    take_partners,
    unscreened_partners,
)
from tasks.workspace import Workspace

_NAMESAKE = "1011"
_SHOWN = 9


def screen_partners(workspace: Workspace, actor: str) -> list[str]:
    """Take the sample's partners and screen them. Says what was found, and why."""
    with as_file(files("continuity_data") / "screening" / "sample_partners.csv") as path:
        partner_file = read_partners(path)
    take_partners(workspace, actor, partner_file.partners, source=partner_file.sha256, file=partner_file.file)
    outcome = screen_register(workspace, actor)
    lines = [
        f"{outcome.screened} partners and owners held against the lists that ship (a part of "
        f"the real ones): {outcome.hits} hits"
    ]
    for row in brief_rows(hit_rows(workspace, current_hits(workspace)[:_SHOWN])):
        lines.append(f"  {row['effect']:20} {row['partner']} / {row['listing']}: {row['why']}")
    for partner in partner_states(workspace):
        if partner.risk.tier in ("high", "stop"):
            main_reason = max(partner.risk.reasons, key=lambda reason: reason.points)
            points = f"{partner.risk.points} points, first of all {main_reason.reason.text}"
            lines.append(f"  {partner.state:6} {partner.partner} {partner.name}: {points}")
    return [*lines, *_not_screened(workspace)]


def _not_screened(workspace: Workspace) -> list[str]:
    unscreened = unscreened_partners(workspace)
    if not unscreened.count:
        return []
    reasons = reason_text(unscreened.reasons)
    return [f"{unscreened.count} of {unscreened.partners} partners are not screened, nobody is clear: {reasons}"]


def clear_namesake(workspace: Workspace, first: str, second: str) -> list[str]:
    """Two persons clear a namesake; the next run is quiet about it. Raises Refused outside a drill."""
    if not is_drill(workspace.journal):
        raise Refused("screener-code-drill-only")
    hits = [hit for hit in current_hits(workspace, [_NAMESAKE]) if hit.undecided]
    reason = "founded 2009 in Dubai, other owners, other trade; register of firms seen"
    for hit in hits:
        decide_hit(workspace, hit.hit, CLEARED, reason, first)
        if find_hit(workspace, hit.hit).state == WAITS:
            given_at, code = unused_code(workspace, second)
            decide_hit(workspace, hit.hit, CLEARED, "seen it too", second, code=code, given_at=given_at)
    screening = screen_register(workspace, first, full=True)
    left = sum(hit.undecided for hit in current_hits(workspace))
    return [
        f"{len(hits)} hit(s) on {_NAMESAKE} are a namesake: cleared, a strong one by two "
        f"persons; screened again, {len(screening.new)} new, {left} still wait"
    ]
