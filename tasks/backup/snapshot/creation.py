"""Taking a snapshot: walk, read what changed, carry packs off, sign the manifest last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from tasks.backup.faults import ChainBroken, ClockSetBack, DamagedData, SourceFault, WrongKey
from tasks.backup.format.manifest_chain import read_chain
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import FORMAT, ObjectName, digest, sign
from tasks.backup.format.signed_statements import packs_to_prune
from tasks.backup.format.structures import Manifest, SourceCount, encode_structure
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.retention.keep_rules import Retention, place_hold
from tasks.backup.run_options import SnapshotOptions
from tasks.backup.runtime_tuning import bulk_work_settings
from tasks.backup.snapshot.content_writer import SnapshotContent
from tasks.backup.snapshot.host_state import (
    ChainHead,
    PackIndex,
    clear_scratch,
    find_head,
    load_index,
    note_head,
    read_damaged_packs,
    run_lock,
    write_cache,
)
from tasks.backup.snapshot.pipeline import Pipeline
from tasks.backup.snapshot.source_access import SnapshotSource
from tasks.backup.verify.snapshot_survey import removed_sources, unread_growth, unusual_changes
from tasks.core import clock
from tasks.core.findings import Finding, finding_of_error, finding_problems, make_finding

_DRIFT = timedelta(minutes=5)
_MOST_SNAPSHOTS = 90_000_000  # names have eight digits
_MOST_HELD = 10  # snapshots that a suspicious change puts on hold


@dataclass(frozen=True)
class SnapshotResult:
    """One snapshot that stands on the store."""

    manifest: Manifest
    digest: str
    problems: tuple[Finding, ...]

    @property
    def label(self) -> str:
        return f"{self.manifest.host}:{self.manifest.sequence}:{self.digest[:32]}"


def take_snapshots(
    repository: Repository,
    keys: HostKeys,
    sources: Sequence[SnapshotSource],
    options: SnapshotOptions,
    snapshots: list[SnapshotResult] | None = None,
) -> list[SnapshotResult]:
    """One snapshot for each retention class among the sources, in the order first named. `snapshots`
    is filled as they come to stand, so that an error takes none along.

    Raises Busy, ClockSetBack, WrongKey, ChainBroken, StoreFault: packs without a snapshot are found
    and used by the next run. SourceFault comes last: all that could be read stands by then.
    """
    snapshots = [] if snapshots is None else snapshots
    with bulk_work_settings(), run_lock(options.state):
        clear_scratch(options.state)
        head, alarms = find_head(repository, keys, options.state)
        if keys.public() not in repository.config.host_keys(keys.host, head.sequence + 1):
            raise WrongKey("host-key-ended", host=keys.host)
        if head.sequence >= _MOST_SNAPSHOTS:
            raise ChainBroken("snapshot-number-exhausted", sequence=head.sequence)
        alarms += [*_dated_ahead(head, options.clock_right), *options.alarms]
        cache = options.state / "index.bin" if options.state else None
        index = load_index(repository, keys.host, keys.index_bytes(), cache)
        spoilt = [*read_damaged_packs(options.state, keys), *packs_to_prune(repository)]
        recipients = [recipient.id() for recipient in repository.config.recipients]
        index = index.keep_only(repository.pack_items(), spoilt, recipients)
        run = _SnapshotRun(repository, keys, index, head, alarms, options)
        try:
            for retention in dict.fromkeys(source.retention for source in sources):
                same = [source for source in sources if source.retention == retention]
                snapshots += run.snapshot(options.classes[retention], same)
        finally:
            run.pipeline.close()
        if cache:
            write_cache(cache, index, keys.index_bytes())
        if run.unread:
            code = "some-sources-unread" if snapshots else "sources-unread"
            raise SourceFault(code, finding_problems(run.unread))
        return snapshots


def _dated_ahead(head: ChainHead, clock_right: bool) -> list[Finding]:
    """A newest snapshot from the future: either this clock was set back, or it was ahead then. The
    store's own clock tells which; of a folder on this machine, only a person. Raises ClockSetBack."""
    now = clock.now()
    if not head.time or now >= clock.parse(head.time) - _DRIFT:
        return []
    written = datetime.fromtimestamp(head.written, UTC)
    if clock_right or (head.written and written <= now + _DRIFT):
        return [make_finding("clock-was-ahead", "", sequence=head.sequence, time=head.time)]
    raise ClockSetBack("clock-behind-newest-snapshot", now=clock.text(now), time=head.time)


class _SnapshotRun:
    """One run of a host: several snapshots through one pipeline."""

    def __init__(
        self,
        repository: Repository,
        keys: HostKeys,
        index: PackIndex,
        head: ChainHead,
        alarms: list[Finding],
        options: SnapshotOptions,
    ) -> None:
        self.repository, self.keys, self.index = repository, keys, index
        self.head, self.alarms, self.options = head, alarms, options
        self.known_before = bool(index.packs)
        self.unread: list[Finding] = []
        progress = options.progress
        self.pipeline = Pipeline(
            repository,
            keys,
            index,
            options.workers,
            on_stored=(lambda size: progress("stored", size)) if progress else None,
        )

    def snapshot(self, retention: Retention, sources: Sequence[SnapshotSource]) -> list[SnapshotResult]:
        """None where not one of the sources could be read."""
        started = clock.now()
        content = SnapshotContent(self.pipeline, self.keys.id_bytes(), retention.name, self.options)
        names = [source.name for source in sources]
        earlier = self._earlier(retention.name, names)
        before = {count.name: count for manifest in earlier for count in manifest.sources}
        counts = []
        for source in sources:
            try:
                counts.append(_carried(before.get(source.name), content.add(source)))
            except SourceFault as error:
                self.unread.append(finding_of_error(error, source.name))
        if not counts:
            return []
        content.finish()
        anew = bool(self.index.lost) or not self.known_before
        unusual = [t for c in counts for t in unusual_changes(before.get(c.name), c, anew)]
        unusual += [t for c in counts for t in unread_growth(before.get(c.name), c)]
        unusual += removed_sources(earlier[-1] if earlier else None, names)
        manifest = self._manifest(content, retention, started, counts, unusual)
        stored = self._commit(manifest)
        if unusual:
            self._hold_earlier(manifest, unusual)
        content.keep_caches()
        return [SnapshotResult(manifest, stored, tuple(content.problems))]

    def _earlier(self, retention: str, names: Sequence[str]) -> list[Manifest]:
        """The earlier snapshots of the class, or the newest alone where it has all sources: one that
        could not be read one night is held against the night before."""
        newest = self.head.manifest
        there = {count.name for count in newest.sources} if newest else set()
        if newest and newest.retention == retention and there >= set(names):
            return [newest]
        chain = read_chain(self.repository, self.keys.host)
        return [s.manifest for s in chain.snapshots if s.manifest.retention == retention]

    def _hold_earlier(self, manifest: Manifest, unusual: list[Finding]) -> None:
        """Whatever is happening to the sources, the snapshots from before it must stay."""
        chain = read_chain(self.repository, self.keys.host)
        earlier = [
            s.digest
            for s in chain.snapshots
            if s.sequence < manifest.sequence and s.manifest.retention == manifest.retention
        ]
        if earlier:
            reason = f"before snapshot {manifest.sequence}: " + "; ".join(map(str, unusual))
            by = f"host {self.keys.host}"
            place_hold(self.repository, self.keys.signer(), by, earlier[-_MOST_HELD:], reason)

    def _manifest(
        self,
        content: SnapshotContent,
        retention: Retention,
        at: datetime,
        counts: list[SourceCount],
        unusual: list[Finding],
    ) -> Manifest:
        used = [self.index.packs[number] for number in content.used]
        segments, self.pipeline.segments = self.pipeline.segments, []
        return Manifest(
            format=FORMAT,
            repository=self.repository.id,
            host=self.keys.host,
            sequence=self.head.sequence + 1,
            previous=self.head.digest,
            config=self.repository.config.sequence,
            time=clock.text(at),
            retention=retention.name,
            basis=at.date().isoformat(),
            retain_until=retention.until(at.date()).isoformat(),
            hold=self.options.hold,
            place=self.options.store_location,
            journal=self.options.journal,
            sources=counts,
            tree=[name.hex() for name in content.listing.ids],
            tree_bytes=content.listing.bytes,
            tree_digest=content.listing.digest(),
            packs=sorted((pack.digest, pack.size) for pack in used),
            index=sorted(segments),
            flags=[*self.alarms, *unusual],
        )

    def _commit(self, manifest: Manifest) -> str:
        """Write the manifest, read it back, remember it. From here on the snapshot exists."""
        data = sign("manifest", encode_structure(manifest), self.keys.signer())
        name = ObjectName(manifest.sequence, digest(data), 0)
        final = self.repository.put(f"manifests/{self.keys.host}", name, [data])
        if self.repository.read(f"manifests/{self.keys.host}/{final}") != data:
            raise DamagedData("stored-manifest-differs", final=final)
        self.head = ChainHead(manifest.sequence, name.digest, manifest.time, manifest)
        if self.options.state:
            note_head(self.options.state, self.keys, self.head)
        return name.digest


def _carried(before: SourceCount | None, now: SourceCount) -> SourceCount:
    """A source's counts with what all its snapshots so far have stored."""
    totals = (before.seen_bytes, before.seen_stored) if before else (0, 0)
    return msgspec.structs.replace(now, seen_bytes=totals[0] + now.new_bytes, seen_stored=totals[1] + now.stored_bytes)
