"""The drill's chapter: the sample brokerage's partners against the lists that ship."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import as_file, files

from pyotp.totp import TOTP

from tasks.core import clock
from tasks.core.errors import Refused
from tasks.core.journal.journal import is_drill
from tasks.core.messages import reason_text
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
from tasks.security.api import CODE_SECONDS
from tasks.workspace import Workspace

_NAMESAKE = "1011"
_SHOWN = 9


def screen_partners(workspace: Workspace, actor: str) -> list[str]:
    """Take the sample's partners and screen them. Says what was found, and why."""
    with as_file(files("continuity_data") / "screening" / "sample_partners.csv") as path:
        read = read_partners(path)
    take_partners(workspace, actor, read.partners, source=read.sha256, file=read.file)
    outcome = screen_register(workspace, actor)
    told = [
        f"{outcome.screened} partners and owners held against the lists that ship (a part of "
        f"the real ones): {outcome.hits} hits"
    ]
    for row in brief_rows(hit_rows(workspace, current_hits(workspace)[:_SHOWN])):
        told.append(f"  {row['effect']:20} {row['partner']} / {row['listing']}: {row['why']}")
    for one in partner_states(workspace):
        if one.risk.tier in ("high", "stop"):
            first = max(one.risk.reasons, key=lambda reason: reason.points)
            told.append(
                f"  {one.state:6} {one.partner} {one.name}: {one.risk.points} points, first of all {first.reason.text}"
            )
    return [*told, *_not_screened(workspace)]


def _not_screened(workspace: Workspace) -> list[str]:
    found = unscreened_partners(workspace)
    if not found.count:
        return []
    return [
        f"{found.count} of {found.partners} partners are not screened, nobody is clear: {reason_text(found.reasons)}"
    ]


def clear_namesake(workspace: Workspace, first: str, second: str) -> list[str]:
    """Two persons clear a namesake; the next run is quiet about it. Raises Refused outside a drill."""
    if not is_drill(workspace.journal):
        raise Refused("screener-code-drill-only")
    hits = [hit for hit in current_hits(workspace, [_NAMESAKE]) if hit.undecided]
    reason = "founded 2009 in Dubai, other owners, other trade; register of firms seen"
    for hit in hits:
        decide_hit(workspace, hit.hit, CLEARED, reason, first)
        if find_hit(workspace, hit.hit).state == WAITS:
            given_at, code = _code(workspace, second)
            decide_hit(workspace, hit.hit, CLEARED, "seen it too", second, code=code, given_at=given_at)
    again = screen_register(workspace, first, full=True)
    left = sum(hit.undecided for hit in current_hits(workspace))
    return [
        f"{len(hits)} hit(s) on {_NAMESAKE} are a namesake: cleared, a strong one by two "
        f"persons; screened again, {len(again.new)} new, {left} still wait"
    ]


def _code(workspace: Workspace, person: str) -> tuple[datetime, str]:
    """A code of this person that was not used yet, and when it was read off."""
    secret = (workspace.settings.home / "keys" / "totp" / person).read_text(encoding="ascii")
    given_at = clock.now()
    while any(workspace.journal.events(key=f"code:{person}:{int(given_at.timestamp()) // CODE_SECONDS}")):
        given_at -= timedelta(seconds=CODE_SECONDS)
    return given_at, TOTP(secret).at(given_at)
