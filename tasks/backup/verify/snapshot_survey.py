"""What all signed objects of a repository say: the snapshot to restore, missed objectives, faults, and change
that looks like encryption.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tasks.backup.faults import ChainBroken
from tasks.backup.format.manifest_chain import ManifestChain, Snapshot, read_chain
from tasks.backup.format.repository import Repository, read_configs
from tasks.backup.format.signed_statements import HoldRecords, ProofRecords, read_holds, read_proofs, read_pruned
from tasks.backup.format.structures import Manifest, SnapshotProof, SourceCount
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.core import clock
from tasks.core.errors import Missing
from tasks.core.findings import Finding, finding_problems, make_finding

if TYPE_CHECKING:
    pass


MASS_SHARE, MASS_FILES = 0.30, 50
DENSE, DENSE_BEFORE, DENSE_SHARE, DENSE_BYTES = 0.97, 0.90, 0.20, 1 << 20
_DRIFT = 0.25  # hours that two clocks may differ
SHRUNK, GROWN, GROWN_BYTES = 0.5, 2.0, 1 << 30


def unusual_changes(before: SourceCount | None, now: SourceCount, anew: bool = False) -> list[Finding]:
    """What is out of line between two snapshots of a source: the marks of ransomware. `anew`:
    packs were lost or recipients changed, so that all counts as new without being so."""
    if before is None:
        return []
    findings = []
    if not anew and now.new_files >= MASS_FILES and now.new_files > now.files * MASS_SHARE:
        findings.append(make_finding("files-changed-in-mass", now.name, new=now.new_files, files=now.files))
    dense_before = before.seen_stored / before.seen_bytes if before.seen_bytes else 1.0
    dense = now.stored_bytes / now.new_bytes if now.new_bytes else 0.0
    much_new = now.new_bytes > max(DENSE_BYTES, now.bytes * DENSE_SHARE)
    if much_new and dense > DENSE and dense_before < DENSE_BEFORE:
        findings.append(
            make_finding("content-maybe-encrypted", now.name, density=round(dense, 4), before=round(dense_before, 4))
        )
    fewer_files = before.files >= MASS_FILES and now.files < before.files * SHRUNK
    if fewer_files or (before.files and not now.files):  # a mount that went away leaves an empty folder
        missing = before.files - now.files
        findings.append(make_finding("files-vanished", now.name, gone=missing, files=before.files))
    if now.bytes > before.bytes * GROWN + GROWN_BYTES:
        findings.append(make_finding("source-grew", now.name, before=before.bytes, bytes=now.bytes))
    return findings


def unread_growth(before: SourceCount | None, now: SourceCount) -> list[Finding]:
    """That more of a source could not be read, or went missing while it was read, than the time
    before: what is not in a snapshot cannot be restored from it."""
    was = before.unreadable + before.missing if before else 0
    count = now.unreadable + now.missing
    if count <= was:
        return []
    return [make_finding("source-not-all-read", now.name, count=count, before=was)]


def is_gap(flag: Finding) -> bool:
    """Whether a snapshot's flag is of `unread`: a gap, and no mark of an attack."""
    return flag.code == "source-not-all-read"


def has_gaps(manifest: Manifest) -> bool:
    """Whether anything could not be read, new or as before."""
    return any(count.unreadable or count.missing for count in manifest.sources)


def removed_sources(before: Manifest | None, names: Sequence[str]) -> list[Finding]:
    """Sources of the last snapshot of a class that the settings no longer name: whoever owns the host
    could end their backups so, and nothing would grow late."""
    removed = [count.name for count in before.sources if count.name not in names] if before else []
    return [make_finding("source-removed", name) for name in removed]


@dataclass(frozen=True)
class Freshness:
    """How old the newest snapshot of a source is, against its recovery point objective (hours)."""

    source: str
    newest: str
    age_hours: float
    objective_hours: float
    proved: str

    @property
    def late(self) -> bool:
        """Also one from the future, which would not grow old for as long as a clock was ahead."""
        return not self.newest or not -_DRIFT <= self.age_hours <= self.objective_hours

    @property
    def finding(self) -> Finding:
        """The same for people: when it was last in a snapshot, and its objective in hours."""
        values = {"newest": self.newest, "hours": self.objective_hours}
        if not self.newest:
            return make_finding("source-never-backed-up", self.source, **values)
        if self.age_hours < -_DRIFT:
            return make_finding("newest-snapshot-in-future", self.source, **values)
        return make_finding("newest-snapshot-of-source", self.source, **values)


def source_freshness(
    survey: RepositorySurvey, host: str, sources: Sequence[SnapshotSource], now: datetime | None = None
) -> list[Freshness]:
    """One line a source: when it was last in a snapshot, and last in a proved one."""
    now = now or clock.now()
    lines = []
    for source in sources:
        newest = proved = ""
        for snapshot in survey.snapshots(host):
            if any(count.name == source.name for count in snapshot.manifest.sources):
                newest = snapshot.manifest.time
                if survey.proof_of(snapshot.digest):
                    proved = snapshot.manifest.time
        age = (now - clock.parse(newest)).total_seconds() / 3600 if newest else float("inf")
        lines.append(Freshness(source.name, newest, age, source.objective_hours, proved))
    return lines


_HEAD = re.compile(r"^([a-z0-9][a-z0-9-]{0,31}):(\d{1,8}):([0-9a-f]{8,64})$")
# a number or a few digits alone name nothing: they could be taken for another snapshot's digest
_LABEL = re.compile(r"^(?:([a-z0-9][a-z0-9-]{0,31}):(\d{1,8})(?::([0-9a-f]{8,64}))?|([0-9a-f]{8,64}))$")


@dataclass
class RepositorySurvey:
    """Everything signed that a repository holds, and every fault found in it. `torn`: objects of which
    it cannot be known whether they were ours; they show as damage, and stop no proof."""

    repository: Repository
    chains: dict[str, ManifestChain]
    proofs: ProofRecords
    holds: HoldRecords
    pruned: dict[str, int]
    wrong: list[Finding] = field(default_factory=list)
    torn: list[Finding] = field(default_factory=list)

    def junk(self) -> list[Finding]:
        """Objects that no key of this repository signed: named, and passed over."""
        return [finding for _, finding in sorted(self.repository.junk.items())]

    def damage(self) -> list[Finding]:
        """Objects whose content does not fit their names."""
        of_chains = [fault for chain in self.chains.values() for _, fault in chain.torn]
        return [*of_chains, *self.torn, *self.proofs.torn, *self.holds.unknown()]

    def faults(self) -> list[Finding]:
        """What only a holder of a key, or the loss of an object, brings about: it stops every proof and
        prune until somebody has looked."""
        of_chains = [fault for chain in self.chains.values() for fault in chain.faults()]
        return [*of_chains, *self.wrong, *self.proofs.wrong, *self.holds.wrong]

    def snapshots(self, host: str = "", retention: str = "") -> list[Snapshot]:
        """In the order of their times, each host's by its numbers: of a clock that was ahead for a
        while, what came after the correction is newer all the same."""
        rows: list[tuple[str, int, str, Snapshot]] = []
        for chain in self.chains.values():
            reached = ""
            for snapshot in chain.snapshots:
                reached = max(reached, snapshot.manifest.time)
                if host in ("", snapshot.host) and retention in ("", snapshot.manifest.retention):
                    rows.append((reached, snapshot.sequence, snapshot.digest, snapshot))
        return [snapshot for *_, snapshot in sorted(rows, key=lambda row: row[:3])]

    def proof_of(self, digest: str) -> SnapshotProof | None:
        """The newest proof of a snapshot."""
        return next((p for p in reversed(self.proofs.proofs) if p.manifest == digest), None)

    def set_aside(self) -> list[Finding]:
        """Manifests and proofs under keys that the officer ended: they count for nothing."""
        manifests = [fault for chain in self.chains.values() for fault in chain.ended.values()]
        return [*manifests, *self.proofs.ended]

    def doubts(self, snapshot: Snapshot) -> list[Finding]:
        """Flags of a snapshot and of those before it back to the last that was countersigned: what
        was encrypted one night looks usual the next. Of gaps, only the snapshot's own count: whether
        those of an earlier night are resolved, a proof reads from the listing."""
        findings: list[Finding] = []
        for earlier in self.snapshots(snapshot.host, snapshot.manifest.retention):
            if earlier.sequence > snapshot.sequence:
                continue
            if self.proof_of(earlier.digest):
                findings = []
            is_own = earlier.digest == snapshot.digest
            flags = [flag for flag in earlier.manifest.flags if is_own or not is_gap(flag)]
            findings += [flag.about(earlier.label) for flag in flags]
        return [] if self.proof_of(snapshot.digest) else findings

    def heads(self) -> list[str]:
        """What `--expect-head` takes, one for each host."""
        return [chain.head.label for chain in self.chains.values() if chain.head]

    def behind(self, expected: str) -> Finding | None:
        """What makes the repository older than an expected head, or not known to have it."""
        match = _HEAD.match(expected)
        if not match:
            return make_finding("expected-head-malformed", expected[:120])
        host, number, digest = match[1], int(match[2]), match[3]
        chain = self.chains.get(host)
        if chain is None or chain.head is None or chain.head.sequence < number:
            newest = chain.head.sequence if chain and chain.head else 0
            return make_finding("newest-snapshot-too-old", host, newest=newest, expected=number)
        digests = [s.digest for s in chain.snapshots if s.sequence == number]
        if not any(d.startswith(digest) for d in [*digests, *self.pruned]):
            return make_finding("snapshot-not-expected-one", host, number=number, expected=digest)
        return None


def survey_repository(repository: Repository) -> RepositorySurvey:
    """Read all that is signed. Damaged objects are faults, not errors."""
    records = read_pruned(repository)
    pruned, wrong = records.pruned, records.wrong
    configs = read_configs(repository.store, repository.patience, repository.id, repository.officer)
    repository.junk.update(configs.junk)
    chains = {host: read_chain(repository, host, pruned) for host in repository.hosts()}
    for host, chain in chains.items():
        if host not in repository.hosts_ever and (chain.junk or chain.torn):
            repository.pass_over(make_finding("host-never-named", f"manifests/{host}"))
            chain.torn = []
    snapshots = [snapshot for chain in chains.values() for snapshot in chain.snapshots]
    proofs, holds = read_proofs(repository), read_holds(repository, snapshots, pruned)
    _check_rollback(proofs, repository, wrong)
    wrong += _missing_snapshots(chains, proofs, pruned)
    wrong += configs.wrong
    return RepositorySurvey(repository, chains, proofs, holds, pruned, wrong, [*records.torn, *configs.torn])


def _missing_snapshots(chains: dict[str, ManifestChain], proofs: ProofRecords, pruned: dict[str, int]) -> list[Finding]:
    """Snapshots that a drill saw and nobody pruned: a chain alone does not show a cut tail."""
    there = {snapshot.digest for chain in chains.values() for snapshot in chain.snapshots}
    there.update(pruned, *(chain.ended for chain in chains.values()))
    return [
        make_finding("proved-snapshot-gone", proof.host, number=proof.manifest_sequence)
        for proof in proofs.proofs
        if proof.manifest not in there
    ]


def _check_rollback(proofs: ProofRecords, repository: Repository, wrong: list[Finding]) -> None:
    """A config that a proof saw must not have gone: it may have ended a stolen key."""
    newest = max((proof.config for proof in proofs.proofs), default=0)
    if newest > repository.config.sequence:
        wrong.append(make_finding("config-gone", "config", sequence=newest))


@dataclass(frozen=True)
class SnapshotChoice:
    """The snapshot to restore, and why one may doubt it."""

    snapshot: Snapshot
    proof: SnapshotProof | None
    warnings: tuple[Finding, ...]


def choose_snapshot(
    survey: RepositorySurvey, host: str = "", retention: str = "", snapshot: str = "", newest: bool = False
) -> SnapshotChoice:
    """`snapshot` is a label or the beginning of a digest; else the newest countersigned one, or
    with `newest` the newest of all. Raises Missing, ChainBroken (nothing countersigned)."""
    if snapshot:
        return _named(survey, snapshot)
    candidates = survey.snapshots(host, retention or _usual(survey, host))
    hosts = sorted({candidate.host for candidate in candidates})
    if not candidates:
        raise Missing("snapshot-of-class-missing")
    if len(hosts) > 1:
        raise Missing("snapshot-host-ambiguous", hosts=", ".join(hosts))
    proven = [(c, p) for c in candidates if (p := survey.proof_of(c.digest))]
    last = max(candidates, key=lambda c: (c.sequence, c.manifest.time, c.digest))
    if newest:
        proof = survey.proof_of(last.digest)
        warning = () if proof else (make_finding("snapshot-never-proved", last.label),)
        return SnapshotChoice(last, proof, warning)
    if not proven:
        raise ChainBroken("snapshot-not-proven", finding_problems(survey.proofs.ended))
    best, proof = max(proven, key=lambda pair: (pair[0].sequence, pair[0].manifest.time))
    later = [c.label for c in candidates if c.sequence > best.sequence]
    warning = (make_finding("later-snapshots-passed-over", "", count=len(later)),)
    return SnapshotChoice(best, proof, warning if later else ())


def _usual(survey: RepositorySurvey, host: str) -> str:
    classes = {s.manifest.retention for s in survey.snapshots(host)}
    return "records" if "records" in classes or len(classes) != 1 else classes.pop()


def _is(snapshot: Snapshot, host: str, number: str, digest: str, alone: str) -> bool:
    if alone:
        return snapshot.digest.startswith(alone)
    same = (snapshot.host, snapshot.sequence) == (host, int(number))
    return same and snapshot.digest.startswith(digest)


def _named(survey: RepositorySurvey, text: str) -> SnapshotChoice:
    match = _LABEL.match(text)
    matches = [s for s in survey.snapshots() if match and _is(s, *match.groups(default=""))]
    if len(matches) != 1:
        raise Missing("snapshot-name-ambiguous", matches_count=len(matches), text=text)
    proof = survey.proof_of(matches[0].digest)
    warning = () if proof else (make_finding("snapshot-never-proved", matches[0].label),)
    return SnapshotChoice(matches[0], proof, warning)
