"""Verify without any private key: every digest, every chain link, every snapshot complete."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from tasks.backup.faults import DamagedData
from tasks.backup.format.manifest_chain import read_manifest
from tasks.backup.format.repository import SHIPPED, Repository, read_head
from tasks.backup.format.signed_objects import digest
from tasks.backup.verify.snapshot_survey import RepositorySurvey, survey_repository
from tasks.core.errors import Missing
from tasks.core.findings import Finding, finding_of_error, make_finding
from tasks.transport.api import StoreItem


@dataclass
class VerifyReport:
    """`bad_packs` are digests of packs whose content the host should store again; `junk` are objects that
    no key of the repository signed, which are no damage."""

    snapshots: int = 0
    packs: int = 0
    packs_read: int = 0
    bytes_read: int = 0
    damaged: list[Finding] = field(default_factory=list)
    leftovers: list[Finding] = field(default_factory=list)
    bad_packs: list[str] = field(default_factory=list)
    junk: list[Finding] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.damaged


def verify_repository(
    repository: Repository,
    share: int = 1,
    turn: int = 0,
    indexed: Iterable[str] = (),
    finished: Mapping[str, int] | None = None,
    threads: int = 2,
    progress: Callable[[str, int], None] | None = None,
) -> VerifyReport:
    """Read everything small, and of the packs each (`share` 1) or the `turn`-th of `share` parts.

    `indexed` are digests of packs that no snapshot names but the host's index does; `finished` the
    last snapshot that a host knows to have finished: a broken manifest past it is a write that broke
    off, not damage. Faults of the chains count as damage. Raises StoreLost and the like.
    """
    report = VerifyReport()
    _check_head(repository, report)
    survey = survey_repository(repository)
    begun = [
        fault
        for host, last in (finished or {}).items()
        if host in survey.chains
        for fault in survey.chains[host].begun_only(last)
    ]
    report.damaged += [fault for fault in (*survey.faults(), *survey.damage()) if fault not in begun]
    report.junk += survey.junk()
    report.leftovers += [*begun, *survey.set_aside()]
    needed = _check_snapshots(repository, survey, report)
    there = repository.pack_items()
    chosen = sorted(set(needed) | (set(indexed) & set(there)))
    report.packs = len(chosen)
    _check_presence(needed, there, report)
    mine = [name for name in chosen if name in there and is_in_share(name, share, turn)]
    with ThreadPoolExecutor(threads) as pool:
        work = partial(_check_pack, repository, there, progress)
        for name, good, size in pool.map(work, mine):
            report.packs_read += 1
            report.bytes_read += size
            if not good:
                report.damaged.append(make_finding("content-differs-from-name", f"packs/{name}"))
                report.bad_packs.append(name)
    named = set(chosen)
    report.leftovers += [
        make_finding("object-not-named", f"packs/{stored.name}")
        for name, items in there.items()
        if name not in named
        for stored in items
    ]
    return report


def is_in_share(pack: str, share: int, turn: int) -> bool:
    """Whether a pack is one of the `turn`-th of `share` parts."""
    return int(pack[:8], 16) % share == turn % share


def _check_head(repository: Repository, report: VerifyReport) -> None:
    """REPO and the two documents that every repository carries."""
    try:
        read_head(repository.store, repository.patience)
    except (DamagedData, Missing) as error:
        report.damaged.append(finding_of_error(error, "REPO"))
    for name in SHIPPED:
        try:
            if digest(repository.read(name)) != repository.config.files.get(name):
                report.damaged.append(make_finding("document-not-the-signed-one", name))
        except Missing:
            report.damaged.append(make_finding("object-missing", name))


def _check_snapshots(
    repository: Repository, survey: RepositorySurvey, report: VerifyReport
) -> dict[str, tuple[int, list[str]]]:
    """Every pack that a snapshot needs, with its size and the snapshots that need it; the index
    segments that snapshots name are read on the way."""
    needed: dict[str, tuple[int, list[str]]] = {}
    segments: dict[str, set[str]] = {}
    for snapshot in survey.snapshots():
        report.snapshots += 1
        try:
            _, manifest = read_manifest(repository, snapshot.host, snapshot.name)
        except (DamagedData, Missing):
            continue  # reported by the survey
        for name, size in manifest.packs:
            needed.setdefault(name, (size, []))[1].append(snapshot.label)
        segments.setdefault(snapshot.host, set()).update(manifest.index)
    for host in sorted(set(segments) | set(repository.folders("index"))):
        _check_segments(repository, host, segments.get(host, set()), report)
    return needed


def _check_segments(repository: Repository, host: str, named: set[str], report: VerifyReport) -> None:
    complete: set[str] = set()
    broken: list[tuple[str, Finding]] = []
    for stored, name, data in repository.objects(f"index/{host}"):
        if data is not None:
            complete.add(name.digest)
        else:
            fault = make_finding("content-differs-from-name", f"index/{host}/{stored.name}")
            broken.append((name.digest, fault))
    for name, fault in broken:
        if name in named and name not in complete:
            report.damaged.append(fault)
        elif name not in complete:
            report.leftovers.append(fault)
    missing = named - complete - {name for name, _ in broken}
    report.damaged += [make_finding("object-missing", f"index/{host}/{name}") for name in sorted(missing)]


def _check_presence(
    needed: dict[str, tuple[int, list[str]]], there: dict[str, list[StoreItem]], report: VerifyReport
) -> None:
    for name, (size, snapshots) in needed.items():
        items = there.get(name, [])
        if any(stored.size == size for stored in items):
            continue
        subject, values = f"packs/{name}", {"snapshots": ", ".join(snapshots[:3])}
        report.damaged.append(
            make_finding("pack-of-wrong-size", subject, **values)
            if items
            else make_finding("pack-missing", subject, **values)
        )
        report.bad_packs.append(name)


def _check_pack(
    repository: Repository, there: dict[str, list[StoreItem]], progress: Callable[[str, int], None] | None, name: str
) -> tuple[str, bool, int]:
    """Whether one of the objects of this name has its digest, and how many bytes were read."""
    read = 0
    for stored in there[name]:
        hasher, at = hashlib.sha256(), 0
        while at < stored.size:
            piece = repository.read(f"packs/{stored.name}", at, repository.store.stride)
            if not piece:
                break
            hasher.update(piece)
            at += len(piece)
        read += at
        if progress:
            progress("read", at)
        if hasher.hexdigest() == name:
            return name, True, read
    return name, False, read
