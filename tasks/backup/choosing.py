"""Which snapshot to restore: the newest that a drill worker countersigned, and what looks wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tasks.backup.faults import ChainBroken, Missing
from tasks.backup.manifests import Chain, Snapshot, read_chain
from tasks.backup.repository import Repository, read_configs
from tasks.backup.statements import Holds, Proofs, read_holds, read_proofs, read_pruned
from tasks.backup.structures import Proof
from tasks.backup.watch import is_gap
from tasks.shared.findings import Finding, finding, problems

_HEAD = re.compile(r"^([a-z0-9][a-z0-9-]{0,31}):(\d{1,8}):([0-9a-f]{8,64})$")
# a number or a few digits alone name nothing: they could be taken for another snapshot's digest
_LABEL = re.compile(
    r"^(?:([a-z0-9][a-z0-9-]{0,31}):(\d{1,8})(?::([0-9a-f]{8,64}))?|([0-9a-f]{8,64}))$"
)


@dataclass
class Survey:
    """Everything signed that a repository holds, and every fault found in it. `torn`: objects of which
    nothing tells whether they were ours; they show as damage, and stop no proof."""

    repository: Repository
    chains: dict[str, Chain]
    proofs: Proofs
    holds: Holds
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
        found: list[tuple[str, int, str, Snapshot]] = []
        for chain in self.chains.values():
            reached = ""
            for one in chain.snapshots:
                reached = max(reached, one.manifest.time)
                if host in ("", one.host) and retention in ("", one.manifest.retention):
                    found.append((reached, one.sequence, one.digest, one))
        return [one for *_, one in sorted(found, key=lambda row: row[:3])]

    def proof_of(self, digest: str) -> Proof | None:
        """The newest proof of a snapshot."""
        return next((p for p in reversed(self.proofs.proofs) if p.manifest == digest), None)

    def set_aside(self) -> list[Finding]:
        """Manifests and proofs under keys that the officer ended: they count for nothing."""
        manifests = [fault for chain in self.chains.values() for fault in chain.ended.values()]
        return [*manifests, *self.proofs.ended]

    def doubts(self, snapshot: Snapshot) -> list[Finding]:
        """Flags of a snapshot and of those before it back to the last that was countersigned: what
        was encrypted one night looks usual the next. Of gaps, only the snapshot's own count: whether
        those of an earlier night are mended, a proof reads from the listing."""
        found: list[Finding] = []
        for one in self.snapshots(snapshot.host, snapshot.manifest.retention):
            if one.sequence > snapshot.sequence:
                continue
            if self.proof_of(one.digest):
                found = []
            own = one.digest == snapshot.digest
            flags = [flag for flag in one.manifest.flags if own or not is_gap(flag)]
            found += [flag.about(one.label) for flag in flags]
        return [] if self.proof_of(snapshot.digest) else found

    def heads(self) -> list[str]:
        """What `--expect-head` takes, one for each host."""
        return [chain.head.label for chain in self.chains.values() if chain.head]

    def behind(self, expected: str) -> Finding | None:
        """What makes the repository older than an expected head, or not known to have it."""
        found = _HEAD.match(expected)
        if not found:
            return finding("expected-head-malformed", expected[:120])
        host, number, digest = found[1], int(found[2]), found[3]
        chain = self.chains.get(host)
        if chain is None or chain.head is None or chain.head.sequence < number:
            newest = chain.head.sequence if chain and chain.head else 0
            return finding("newest-snapshot-too-old", host, newest=newest, expected=number)
        known = [s.digest for s in chain.snapshots if s.sequence == number]
        if not any(d.startswith(digest) for d in [*known, *self.pruned]):
            return finding("snapshot-not-expected-one", host, number=number, expected=digest)
        return None


def survey(repository: Repository) -> Survey:
    """Read all that is signed. Damaged objects are faults, not errors."""
    records = read_pruned(repository)
    pruned, wrong = records.gone, records.wrong
    configs = read_configs(repository.store, repository.patience, repository.id, repository.officer)
    repository.junk.update(configs.junk)
    chains = {host: read_chain(repository, host, pruned) for host in repository.hosts()}
    for host, chain in chains.items():
        if host not in repository.hosts_ever and (chain.junk or chain.torn):
            repository.pass_over(finding("host-never-named", f"manifests/{host}"))
            chain.torn = []
    whole = [snapshot for chain in chains.values() for snapshot in chain.snapshots]
    proofs, holds = read_proofs(repository), read_holds(repository, whole, pruned)
    _check_rollback(proofs, repository, wrong)
    wrong += _gone(chains, proofs, pruned)
    wrong += configs.wrong
    return Survey(repository, chains, proofs, holds, pruned, wrong, [*records.torn, *configs.torn])


def _gone(chains: dict[str, Chain], proofs: Proofs, pruned: dict[str, int]) -> list[Finding]:
    """Snapshots that a drill saw and nobody pruned: a chain alone does not show a cut tail."""
    there = {snapshot.digest for chain in chains.values() for snapshot in chain.snapshots}
    there.update(pruned, *(chain.ended for chain in chains.values()))
    return [
        finding("proved-snapshot-gone", proof.host, number=proof.manifest_sequence)
        for proof in proofs.proofs
        if proof.manifest not in there
    ]


def _check_rollback(proofs: Proofs, repository: Repository, wrong: list[Finding]) -> None:
    """A config that a proof saw must not have gone: it may have ended a stolen key."""
    newest = max((proof.config for proof in proofs.proofs), default=0)
    if newest > repository.config.sequence:
        wrong.append(finding("config-gone", "config", sequence=newest))


@dataclass(frozen=True)
class Choice:
    """The snapshot to restore, and why one may doubt it."""

    snapshot: Snapshot
    proof: Proof | None
    warnings: tuple[Finding, ...]


def choose(
    found: Survey,
    host: str = "",
    retention: str = "",
    snapshot: str = "",
    newest: bool = False,
) -> Choice:
    """`snapshot` is a label or the beginning of a digest; else the newest countersigned one, or
    with `newest` the newest of all. Raises Missing, ChainBroken (nothing countersigned)."""
    if snapshot:
        return _named(found, snapshot)
    candidates = found.snapshots(host, retention or _usual(found, host))
    hosts = sorted({candidate.host for candidate in candidates})
    if not candidates:
        raise Missing("snapshot-of-class-missing")
    if len(hosts) > 1:
        raise Missing("snapshot-host-ambiguous", hosts=", ".join(hosts))
    proven = [(c, p) for c in candidates if (p := found.proof_of(c.digest))]
    last = max(candidates, key=lambda c: (c.sequence, c.manifest.time, c.digest))
    if newest:
        proof = found.proof_of(last.digest)
        warning = () if proof else (finding("snapshot-never-proved", last.label),)
        return Choice(last, proof, warning)
    if not proven:
        raise ChainBroken("snapshot-not-proven", problems(found.proofs.ended))
    best, proof = max(proven, key=lambda pair: (pair[0].sequence, pair[0].manifest.time))
    later = [c.label for c in candidates if c.sequence > best.sequence]
    warning = (finding("later-snapshots-passed-over", "", count=len(later)),)
    return Choice(best, proof, warning if later else ())


def _usual(found: Survey, host: str) -> str:
    classes = {s.manifest.retention for s in found.snapshots(host)}
    return "records" if "records" in classes or len(classes) != 1 else classes.pop()


def _is(snapshot: Snapshot, host: str, number: str, digest: str, alone: str) -> bool:
    if alone:
        return snapshot.digest.startswith(alone)
    same = (snapshot.host, snapshot.sequence) == (host, int(number))
    return same and snapshot.digest.startswith(digest)


def _named(found: Survey, text: str) -> Choice:
    wanted = _LABEL.match(text)
    matches = [s for s in found.snapshots() if wanted and _is(s, *wanted.groups(default=""))]
    if len(matches) != 1:
        raise Missing("snapshot-name-ambiguous", matches_count=len(matches), text=text)
    proof = found.proof_of(matches[0].digest)
    warning = () if proof else (finding("snapshot-never-proved", matches[0].label),)
    return Choice(matches[0], proof, warning)
