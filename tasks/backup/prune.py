"""Removing what is past its time: plan, the officer's signed approval, a cool-off, execution.

Nothing here runs on a host: it takes the officer's key and an account that may delete.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.choosing import Survey, survey
from tasks.backup.faults import ChainBroken, Damaged, InsideRetention, Missing
from tasks.backup.manifests import Approved, Snapshot, approved, read_manifest
from tasks.backup.objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.repository import Repository
from tasks.backup.stores.admin import AdminStore, server_now
from tasks.backup.structures import Pruned, PrunePlan, plain
from tasks.shared import clock
from tasks.shared.errors import Refused

COOL_OFF_DAYS, ORPHAN_DAYS, MOST_PERCENT = 30, 90, 5.0
_DAY = 86400.0


def expired(found: Survey, today: str) -> list[Snapshot]:
    """Snapshots past their time and not held, oldest first. The newest snapshot of each host and
    class, and the newest that was countersigned, always stay."""
    stays: dict[tuple[str, str, bool], str] = {}
    for snapshot in found.snapshots():
        group = (snapshot.host, snapshot.manifest.retention)
        stays[*group, False] = snapshot.digest
        if found.proof_of(snapshot.digest):
            stays[*group, True] = snapshot.digest
    kept = set(stays.values()) | set(found.holds.held)
    return [
        s
        for s in found.snapshots()
        if s.manifest.retain_until <= today and not s.manifest.hold and s.digest not in kept
    ]


def make_plan(
    repository: Repository,
    now: float,
    most_percent: float = MOST_PERCENT,
    cool_off_days: int = COOL_OFF_DAYS,
) -> PrunePlan:
    """What may go at the server's time `now`. Raises ChainBroken (nothing is pruned from a
    repository with a fault), InsideRetention (nothing is due, or too much at once)."""
    found = survey(repository)
    if found.faults():
        raise ChainBroken("nothing is pruned: " + "; ".join(found.faults()[:5]))
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    going = expired(found, today)
    needed, unneeded = _packs(repository, found, {s.digest for s in going})
    items = {item.name: item for same in repository.pack_items().values() for item in same}
    _require_whole(needed, items)
    packs = []
    for item in items.values():
        name = ObjectName.parse(item.name)
        orphan = item.modified < now - ORPHAN_DAYS * _DAY
        if name and name.digest not in needed and (name.digest in unneeded or orphan):
            packs.append((item.name, item.size))
    if not going and not packs:
        raise InsideRetention("nothing is past its time")
    _require_few(len(packs), len(items), most_percent)
    return PrunePlan(
        format=FORMAT,
        repository=repository.id,
        time=clock.text(),
        manifests=[(s.host, s.name, s.manifest.retain_until) for s in going],
        packs=sorted(packs),
        packs_before=len(items),
        most_percent=most_percent,
        cool_off_days=cool_off_days,
    )


def _packs(
    repository: Repository, found: Survey, going: set[str]
) -> tuple[dict[str, int], set[str]]:
    """Packs that the staying snapshots need, and those that only the going ones do."""
    needed: dict[str, int] = {}
    once: set[str] = set()
    for snapshot in found.snapshots():
        _, manifest = read_manifest(repository, snapshot.host, snapshot.name)
        if snapshot.digest in going:
            once.update(name for name, _ in manifest.packs)
        else:
            needed.update(manifest.packs)
    return needed, once - set(needed)


def _require_whole(needed: dict[str, int], items: Mapping[str, object]) -> None:
    there = {parsed.digest for name in items if (parsed := ObjectName.parse(name))}
    gone = sorted(set(needed) - there)
    if gone:
        raise Damaged(f"{len(gone)} packs that snapshots need are missing: nothing is pruned")


def _require_few(going: int, there: int, most_percent: float) -> None:
    if going > there * most_percent / 100:
        raise InsideRetention(
            f"{going} of {there} packs would go, more than {most_percent:g} %: nothing is pruned"
        )


def approve(repository: Repository, plan: PrunePlan, officer: Ed25519PrivateKey) -> str:
    """The officer's signature over the plan, kept in the repository. From now on hosts store anew
    what they would have shared with the packs of the plan. Returns the plan's digest."""
    if public_hex(officer) != repository.officer or plan.repository != repository.id:
        raise Refused("this officer key or plan belongs to another repository")
    data = sign("prune-plan", plain(plan), officer)
    name = ObjectName(-1, digest(data), 0)
    repository.put("audit", name, [data])
    return name.digest


def execute(
    repository: Repository, admin: AdminStore, officer: Ed25519PrivateKey, plan: str
) -> Pruned:
    """Carry out an approved plan after its cool-off, as far as it still holds.

    Raises Missing, NotApproved, InsideRetention, ChainBroken.
    """
    one = next((a for a in approved(repository) if plan and a.digest.startswith(plan)), None)
    if one is None:
        raise Missing(f"no plan {plan} was approved")
    now = server_now(admin)
    _require_cool(one, now)
    found = survey(repository)
    if found.faults():
        raise ChainBroken("nothing is pruned: " + "; ".join(found.faults()[:5]))
    today = datetime.fromtimestamp(now, UTC).date().isoformat()
    due = {(s.host, s.name): s for s in expired(found, today)}
    planned = [tuple(row) for row in one.plan.manifests]
    present = {(s.host, s.name) for s in found.snapshots()}
    early = [name for host, name, _ in planned if (host, name) in present - set(due)]
    if early:
        raise InsideRetention(f"held or inside retention by now: {', '.join(early[:3])}")
    going = {due[host, name].digest for host, name, _ in planned if (host, name) in due}
    needed, _ = _packs(repository, found, going)
    names = {item.name for same in repository.pack_items().values() for item in same}
    packs = [p for p in one.plan.packs if p[0] in names and p[0][:64] not in needed]
    _require_few(len(packs), max(len(names), one.plan.packs_before), one.plan.most_percent)
    record = Pruned(FORMAT, repository.id, clock.text(), one.digest, one.plan.manifests, packs)
    # the record first: a gap without one would look like an attack
    data = sign("pruned", plain(record), officer)
    repository.put("audit", ObjectName(-1, digest(data), 0), [data])
    for host, name, _ in one.plan.manifests:
        if (host, name) in due:
            admin.delete(f"manifests/{host}/{name}")
    for name, _ in packs:
        admin.delete(f"packs/{name}")
    return record


def _require_cool(one: Approved, now: float) -> None:
    """Both the signed time and the store's own must lie far enough back."""
    signed = clock.parse(one.plan.time).timestamp()
    wait = max(signed, one.modified) + one.plan.cool_off_days * _DAY - now
    if wait > 0:
        raise InsideRetention(f"the cool-off of this plan lasts another {wait / _DAY:.1f} days")
