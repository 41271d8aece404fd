"""Removing what is past its time: plan, the officer's signed approval, a cool-off, execution.

Nothing here runs on a host: it takes the officer's key and an account that may delete. What a plan
says is never believed: approval and execution compute anew what may go.

A lost snapshot stops every proof and every prune until the officer signs for it: the signed record stands
where a prune's would.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tasks.backup.faults import ChainBroken, DamagedData, InsideRetention
from tasks.backup.format.manifest_chain import Snapshot, read_manifest
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest, public_hex, sign
from tasks.backup.format.signed_statements import ApprovedPlan, read_approved_plans
from tasks.backup.format.structures import PrunePlan, PruneRecord, encode_structure
from tasks.backup.retention.keep_rules import CLASSES
from tasks.backup.stores.admin_store import AdminStore, server_now
from tasks.backup.verify.snapshot_survey import RepositorySurvey, survey_repository
from tasks.core import clock
from tasks.core.errors import Missing, Refused
from tasks.core.findings import finding_problems


def lost_snapshots(survey: RepositorySurvey) -> dict[str, ObjectName]:
    """Snapshots that a later one or a proof names and that are not there, by `host:number`, and holds
    whose content is damaged, by `holds/` and the first 16 digits of their name."""
    there = set(survey.pruned)
    for chain in survey.chains.values():
        there |= {snapshot.digest for snapshot in chain.snapshots} | chain.ended.keys()
    named = [
        (snapshot.host, snapshot.sequence - 1, snapshot.manifest.previous)
        for snapshot in survey.snapshots()
        if snapshot.manifest.previous
    ]
    named += [(p.host, p.manifest_sequence, p.manifest) for p in survey.proofs.proofs]
    snapshots = {
        f"{host}:{number}": ObjectName(number, stored, 0) for host, number, stored in named if stored not in there
    }
    return snapshots | {f"holds/{stored[:16]}": ObjectName(-1, stored, 0) for stored in survey.holds.torn}


def sign_losses(
    repository: Repository, survey: RepositorySurvey, officer: Ed25519PrivateKey, labels: Sequence[str]
) -> PruneRecord:
    """The officer's word that these snapshots and holds are lost and known to be. Raises Missing,
    Refused."""
    if public_hex(officer) != repository.officer:
        raise Refused("officer-key-of-another-repository")
    lost = lost_snapshots(survey)
    if strange := [label for label in labels if label not in lost]:
        allowed = ", ".join(sorted(lost)) or "none"
        raise Missing("neither-lost-snapshot-nor-hold", strange=strange[0], allowed=allowed)
    rows = [(label.partition(":")[0], str(lost[label]), "") for label in dict.fromkeys(labels)]
    record = PruneRecord(FORMAT, repository.id, clock.text(), "", rows, [])
    data = sign("pruned", encode_structure(record), officer)
    repository.put("audit", ObjectName(-1, digest(data), 0), [data])
    return record


COOL_OFF_DAYS, LEAST_COOL_OFF_DAYS, ORPHAN_DAYS, MOST_PERCENT = 30, 7, 90, 5.0
_DAY = 86400.0


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def kept_until(snapshot: Snapshot) -> str:
    """The first day on which a snapshot may go: what its manifest says, and not before its class's
    time has passed on the store's own clock, since whoever has the host's key can sign any date.
    A class that is not known is kept."""
    kind = CLASSES.get(snapshot.manifest.retention)
    if kind is None:
        return "9999-12-31"
    until = kind.until(datetime.fromtimestamp(snapshot.modified, UTC).date()).isoformat()
    return max(until, snapshot.manifest.retain_until)


def expired_snapshots(survey: RepositorySurvey, today: str) -> list[Snapshot]:
    """Snapshots past their time and not held, oldest first. The newest snapshot of each host and
    class, and the newest that was countersigned, always stay. All stay while a hold is damaged: what it
    held is not known."""
    if survey.holds.torn:
        return []
    stays: dict[tuple[str, str, bool], str] = {}
    for snapshot in survey.snapshots():
        group = (snapshot.host, snapshot.manifest.retention)
        stays[*group, False] = snapshot.digest
        if survey.proof_of(snapshot.digest):
            stays[*group, True] = snapshot.digest
    retained = set(stays.values()) | set(survey.holds.reasons)
    return [s for s in survey.snapshots() if kept_until(s) <= today and s.digest not in retained]


def _sound(repository: Repository) -> RepositorySurvey:
    survey = survey_repository(repository)
    if survey.faults():
        raise ChainBroken("repository-has-faults", finding_problems(survey.faults()))
    return survey


class _UnneededPacks:
    """Which packs nobody needs any more once the first few of `going` are gone."""

    def __init__(self, repository: Repository, survey: RepositorySurvey, going: Sequence[Snapshot], now: float) -> None:
        self.items = {i.name: i for same in repository.pack_items().values() for i in same}
        order = {snapshot.digest: turn for turn, snapshot in enumerate(going)}
        stays = len(going)
        last: dict[str, int] = {}  # the last of `going` that needs a pack, or `stays`
        for snapshot in survey.snapshots():
            _, manifest = read_manifest(repository, snapshot.host, snapshot.name)
            turn = order.get(snapshot.digest, stays)
            for name, _ in manifest.packs:
                last[name] = max(turn, last.get(name, 0))
        self._require_whole(name for name, turn in last.items() if turn == stays)
        # a manifest that does not read, or that a key of a lost config signed, may need them
        orphans = not any(chain.torn or chain.junk for chain in survey.chains.values())
        self.free: dict[str, int] = {}  # pack objects, and how many of `going` must go before
        for name, stored in self.items.items():
            parsed = ObjectName.parse(name)
            if parsed and parsed.digest in last:
                if last[parsed.digest] < stays:
                    self.free[name] = last[parsed.digest] + 1
            elif parsed and orphans and stored.modified < now - ORPHAN_DAYS * _DAY:
                self.free[name] = 0

    def _require_whole(self, needed: Iterable[str]) -> None:
        there = {parsed.digest for name in self.items if (parsed := ObjectName.parse(name))}
        missing = set(needed) - there
        if missing:
            raise DamagedData("needed-packs-missing", gone_count=len(missing))

    def most(self, going: int, limit: float) -> int:
        """How many of `going` may go at once, so that no more than `limit` objects go with them."""
        count = Counter(self.free.values())
        total = count[0]
        for turn in range(1, going + 1):
            total += count[turn]
            if total > limit:
                return turn - 1
        return going

    def of(self, going: int) -> list[tuple[str, int]]:
        return sorted((n, self.items[n].size) for n, turn in self.free.items() if turn <= going)


def make_plan(repository: Repository, now: float, cool_off_days: int = COOL_OFF_DAYS) -> PrunePlan:
    """What may go at the server's time `now`: the oldest first, as many as 5 % of the packs allow.

    Raises ChainBroken (nothing is pruned from a repository with a fault), InsideRetention (nothing
    is due, or the oldest alone is too much at once).
    """
    survey = _sound(repository)
    going = expired_snapshots(survey, _day(now))
    packs = _UnneededPacks(repository, survey, going, now)
    count = packs.most(len(going), len(packs.items) * MOST_PERCENT / 100)
    names = packs.of(count)
    if not going and not names:
        _require_known_holds(survey)
        raise InsideRetention("nothing-past-retention")
    _require_few(len(names if count else packs.of(min(1, len(going)))), len(packs.items))
    return PrunePlan(
        format=FORMAT,
        repository=repository.id,
        time=clock.text(),
        manifests=[(s.host, s.name, kept_until(s)) for s in going[:count]],
        packs=names,
        packs_before=len(packs.items),
        most_percent=MOST_PERCENT,
        cool_off_days=cool_off_days,
    )


def _require_known_holds(survey: RepositorySurvey) -> None:
    """Raises InsideRetention: nothing expires while an object in `holds` does not have its content."""
    if survey.holds.torn:
        raise InsideRetention("hold-content-unknown", finding_problems(survey.holds.unknown()))


def _require_few(going: int, there: int) -> None:
    if going > there * MOST_PERCENT / 100:
        raise InsideRetention("prune-share-too-large", going=going, there=there, most_percent=MOST_PERCENT)


def approve_plan(repository: Repository, plan: PrunePlan, officer: Ed25519PrivateKey) -> str:
    """The officer's signature over the plan, kept in the repository. From now on hosts store anew
    what they would have shared with the packs of the plan. Returns the plan's digest.

    Raises Refused for a plan that names what may not go: it lay on a disk since it was made.
    """
    if public_hex(officer) != repository.officer or plan.repository != repository.id:
        raise Refused("prune-of-another-repository")
    if plan.cool_off_days < LEAST_COOL_OFF_DAYS:
        raise Refused("cool-off-too-short", least_cool_off_days=LEAST_COOL_OFF_DAYS)
    fresh = make_plan(repository, clock.now().timestamp())
    rows = [tuple(row) for row in (*plan.manifests, *plan.packs)]
    due = {tuple(row) for row in (*fresh.manifests, *fresh.packs)}
    if strange := [row for row in rows if row not in due]:
        raise Refused("prune-plan-not-allowed", strange=strange[0])
    data = sign("prune-plan", encode_structure(plan), officer)
    name = ObjectName(-1, digest(data), 0)
    repository.put("audit", name, [data])
    return name.digest


def execute_plan(repository: Repository, admin: AdminStore, officer: Ed25519PrivateKey, plan: str) -> PruneRecord:
    """Carry out an approved plan after its cool-off, as far as it still holds.

    Raises Missing, InsideRetention, ChainBroken.
    """
    approved = next((a for a in read_approved_plans(repository) if plan and a.digest.startswith(plan)), None)
    if approved is None:
        raise Missing("prune-plan-not-approved", plan=plan)
    now = server_now(admin)
    _require_cool(approved, now)
    survey = _sound(repository)
    due = {(s.host, s.name): s for s in expired_snapshots(survey, _day(now))}
    planned = [(host, name) for host, name, _ in approved.plan.manifests]
    _require_due(planned, due, survey)
    going = [due[row] for row in planned if row in due]
    packs = _UnneededPacks(repository, survey, going, now)
    free = dict(packs.of(len(going)))
    names = [(name, size) for name, size in approved.plan.packs if free.get(name) == size]
    _require_few(len(names), max(len(packs.items), approved.plan.packs_before))
    removed = [(s.host, s.name, kept_until(s)) for s in going]
    record = PruneRecord(FORMAT, repository.id, clock.text(), approved.digest, removed, names)
    # the record first: a gap without one would look like an attack
    data = sign("pruned", encode_structure(record), officer)
    repository.put("audit", ObjectName(-1, digest(data), 0), [data])
    for snapshot in going:
        admin.delete(f"manifests/{snapshot.host}/{snapshot.name}")
    for name, _ in names:
        admin.delete(f"packs/{name}")
    return record


def _require_due(
    planned: Sequence[tuple[str, str]], due: Mapping[tuple[str, str], Snapshot], survey: RepositorySurvey
) -> None:
    present = {(s.host, s.name) for s in survey.snapshots()}
    early = [name for host, name in planned if (host, name) in present - set(due)]
    if early:
        _require_known_holds(survey)
        raise InsideRetention("snapshots-still-retained", early=", ".join(early[:3]))


def _require_cool(approved: ApprovedPlan, now: float) -> None:
    """Both the signed time and the store's own must lie far enough back."""
    signed = clock.parse(approved.plan.time).timestamp()
    days = max(approved.plan.cool_off_days, LEAST_COOL_OFF_DAYS)
    wait = max(signed, approved.modified) + days * _DAY - now
    if wait > 0:
        raise InsideRetention("cool-off-not-over", wait=wait / _DAY)
