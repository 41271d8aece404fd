"""The drill's chapter: the sample brokerage's partners against the lists that ship."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import as_file, files

from pyotp.totp import TOTP

from tasks.screening import coverage, decisions, partner_file, register, running, shown, standing
from tasks.shared import clock, people
from tasks.shared.errors import Refused
from tasks.shared.journal import is_drill
from tasks.shared.messages import text_of
from tasks.workspace import Workspace

_NAMESAKE = "1011"
_SHOWN = 9


def partners(workspace: Workspace, actor: str) -> list[str]:
    """Take the sample's partners and screen them. Says what was found, and why."""
    with as_file(files("continuity_data") / "screening" / "sample_partners.csv") as path:
        read = partner_file.read(path)
    register.take(workspace, actor, read.partners, source=read.sha256,
                  file=read.file)  # fmt: skip
    outcome = running.screen(workspace, actor)
    told = [f"{outcome.screened} partners and owners held against the lists that ship (a part of "
            f"the real ones): {outcome.hits} hits"]  # fmt: skip
    for row in shown.brief(shown.rows(workspace, decisions.hits(workspace)[:_SHOWN])):
        told.append(f"  {row['effect']:20} {row['partner']} / {row['listing']}: {row['why']}")
    for one in standing.standings(workspace):
        if one.risk.tier in ("high", "stop"):
            first = max(one.risk.reasons, key=lambda reason: reason.points)
            told.append(f"  {one.state:6} {one.partner} {one.name}: {one.risk.points} points, "
                        f"first of all {first.reason.text}")  # fmt: skip
    return [*told, *_not_screened(workspace)]


def _not_screened(workspace: Workspace) -> list[str]:
    found = coverage.waiting(workspace)
    if not found.count:
        return []
    return [f"{found.count} of {found.partners} partners are not screened, nobody is clear: "
            f"{text_of(found.reasons)}"]  # fmt: skip


def decide(workspace: Workspace, first: str, second: str) -> list[str]:
    """Two persons clear a namesake; the next run is quiet about it. Raises Refused outside a drill."""
    if not is_drill(workspace.journal):
        raise Refused("screener-code-drill-only")
    hits = [hit for hit in decisions.hits(workspace, [_NAMESAKE]) if hit.undecided]
    reason = "founded 2009 in Dubai, other owners, other trade; register of firms seen"
    for hit in hits:
        decisions.decide(workspace, hit.hit, decisions.CLEARED, reason, first)
        if decisions.find(workspace, hit.hit).state == decisions.WAITS:
            given_at, code = _code(workspace, second)
            decisions.decide(workspace, hit.hit, decisions.CLEARED, "seen it too", second,
                             code=code, given_at=given_at)  # fmt: skip
    again = running.screen(workspace, first, full=True)
    left = sum(hit.undecided for hit in decisions.hits(workspace))
    return [f"{len(hits)} hit(s) on {_NAMESAKE} are a namesake: cleared, a strong one by two "
            f"persons; screened again, {len(again.new)} new, {left} still wait"]  # fmt: skip


def _code(workspace: Workspace, person: str) -> tuple[datetime, str]:
    """A code of this person that was not used yet, and when it was read off."""
    secret = (workspace.settings.home / "keys" / "totp" / person).read_text(encoding="ascii")
    given_at = clock.now()
    while any(
        workspace.journal.events(key=f"code:{person}:{int(given_at.timestamp()) // people.STEP}")
    ):
        given_at -= timedelta(seconds=people.STEP)
    return given_at, TOTP(secret).at(given_at)
