"""The drill's chapter: the sample brokerage's partners against the lists that ship."""

from __future__ import annotations

from datetime import datetime, timedelta
from importlib.resources import as_file, files

from pyotp.totp import TOTP

from tasks.screening import coverage, decisions, partner_file, register, running, shown, standing
from tasks.screening.house import House
from tasks.shared import clock, people
from tasks.shared.errors import Refused
from tasks.shared.journal import is_drill

_NAMESAKE = "1011"
_SHOWN = 9


def partners(house: House, actor: str) -> list[str]:
    """Take the sample's partners and screen them. Says what was found, and why."""
    with as_file(files("continuity_data") / "screening" / "sample_partners.csv") as path:
        read = partner_file.read(path)
    register.take(house.journal, house.content, actor, read.partners, source=read.sha256,
                  file=read.file)  # fmt: skip
    outcome = running.screen(house, actor)
    told = [f"{outcome.screened} partners and owners held against the lists that ship (a part of "
            f"the real ones): {outcome.hits} hits"]  # fmt: skip
    for row in shown.brief(shown.rows(house, decisions.hits(house)[:_SHOWN])):
        told.append(f"  {row['effect']:20} {row['partner']} / {row['listing']}: {row['why']}")
    for one in standing.standings(house):
        if one.risk.tier in ("high", "stop"):
            first = max(one.risk.reasons, key=lambda reason: reason.points)
            told.append(f"  {one.state:6} {one.partner} {one.name}: {one.risk.points} points, "
                        f"first of all {first.why}")  # fmt: skip
    return [*told, *_not_screened(house)]


def _not_screened(house: House) -> list[str]:
    found = coverage.waiting(house)
    if not found.count:
        return []
    return [f"{found.count} of {found.partners} partners are not screened, nobody is clear: "
            f"{'; '.join(found.reasons)}"]  # fmt: skip


def decide(house: House, first: str, second: str) -> list[str]:
    """Two persons clear a namesake; the next run is quiet about it. Raises Refused outside a drill."""
    if not is_drill(house.journal):
        raise Refused("Only a drill may take a person's code from the host's own folder")
    hits = [hit for hit in decisions.hits(house, [_NAMESAKE]) if hit.undecided]
    reason = "founded 2009 in Dubai, other owners, other trade; register of firms seen"
    for hit in hits:
        decisions.decide(house, hit.hit, decisions.CLEARED, reason, first)
        if decisions.find(house, hit.hit).state == decisions.WAITS:
            given_at, code = _code(house, second)
            decisions.decide(house, hit.hit, decisions.CLEARED, "seen it too", second,
                             code=code, given_at=given_at)  # fmt: skip
    again = running.screen(house, first, full=True)
    left = sum(hit.undecided for hit in decisions.hits(house))
    return [f"{len(hits)} hit(s) on {_NAMESAKE} are a namesake: cleared, a strong one by two "
            f"persons; screened again, {len(again.new)} new, {left} still wait"]  # fmt: skip


def _code(house: House, person: str) -> tuple[datetime, str]:
    """A code of this person that was not used yet, and when it was read off."""
    secret = (house.settings.home / "keys" / "totp" / person).read_text(encoding="ascii")
    given_at = clock.now()
    while any(
        house.journal.events(key=f"code:{person}:{int(given_at.timestamp()) // people.STEP}")
    ):
        given_at -= timedelta(seconds=people.STEP)
    return given_at, TOTP(secret).at(given_at)
