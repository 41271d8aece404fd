"""Bringing a snapshot back: pack by pack, checked blob by blob, nothing outside the target.

Threads read stretches of neighboring frames, open them, compare each blob with its digest and hand it to
the files that wait for it.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import blake3

from tasks.backup.faults import DamagedData
from tasks.backup.format.listing_codec import far_time, mark_finding
from tasks.backup.format.path_names import NameGuard, PathPatterns, printable_path
from tasks.backup.format.structures import ListingEntry, Manifest
from tasks.backup.restore.pack_library import BlobPlace, PackLibrary, SnapshotListing
from tasks.backup.restore.snapshot_gaps import is_gone, is_unread
from tasks.backup.restore.target_entries import PendingFile
from tasks.backup.restore.target_folder import RestoreTarget
from tasks.backup.run_options import RestoreOptions, RestoreReport
from tasks.backup.runtime_tuning import bulk_work_settings
from tasks.backup.snapshot.source_scan import walk
from tasks.core.errors import StoreFull
from tasks.core.findings import Finding, finding_of_error, make_finding

GAP = 256 << 10  # bytes read in vain rather than asking twice
_AHEAD = 128  # stretches that wait for a thread: bounds the plans in memory
Waiting = dict[bytes, list[tuple[PendingFile, int]]]  # blob: the files that need it, and where


@dataclass(slots=True)
class PackStretch:
    """Frames of one pack that lie close together, to be read at one go."""

    pack: int
    start: int
    end: int
    frames: list[tuple[int, Waiting]]


class BlobFetcher:
    """Takes files by the batch; the threads go from one batch to the next without a pause."""

    def __init__(
        self, library: PackLibrary, target: RestoreTarget, report: RestoreReport, options: RestoreOptions
    ) -> None:
        self.library, self.target, self.report, self.options = library, target, report, options
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._work: queue.Queue[PackStretch | None] = queue.Queue(_AHEAD)
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(options.workers)]
        for thread in self._threads:
            thread.start()

    def add(self, files: Sequence[PendingFile]) -> None:
        """Plan for some files; waits while the threads are busy. Raises what one of them met."""
        frames: dict[tuple[int, int], Waiting] = {}
        for file in files:
            self._plan(file, frames)
        for stretch in _stretches(self.library, frames):
            self.check()
            self._work.put(stretch)

    def check(self) -> None:
        """Raises StoreFull, StoreLost and the like; damage costs only the files it touches."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Wait until all that was added is done, or nothing more is to be after an error."""
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join()

    # -- planning

    def _plan(self, file: PendingFile, frames: dict[tuple[int, int], Waiting]) -> None:
        if file.simple:  # nearly every file, and sooner planned so
            position = self.library.places.get(file.blobs[0])
            if position and position[3] == file.entry.size:
                _wait(frames, position, file.blobs[0], (file, 0))
                return
        places = [self.library.places.get(name) for name in file.blobs]
        lengths = [position[3] for position in places if position]
        if len(lengths) < len(places):
            self._lose(file, make_finding("pack-of-file-lost"))
            return
        if sum(lengths) != file.content_bytes():
            self._lose(file, make_finding("file-parts-differ-from-size"))
            return
        if not file.simple:
            self.target.make(file)
        at = 0
        for name, position in zip(file.blobs, places, strict=True):
            assert position is not None
            _wait(frames, position, name, (file, at))
            at += position[3]
        if not places:
            self._finish(file)

    # -- the threads

    def _run(self) -> None:
        while (stretch := self._work.get()) is not None:
            try:
                if self._error is None:
                    self._stretch(stretch)
            except BaseException as error:
                self._error = self._error or error

    def _stretch(self, stretch: PackStretch) -> None:
        pack = self.library.packs[stretch.pack]
        assert pack.reader is not None
        start, size = stretch.start, stretch.end - stretch.start
        stored = memoryview(self.library.repository.read(f"packs/{pack.names[0]}", start, size))
        for counter, waiting in stretch.frames:
            frame = pack.reader.frames[counter]
            at = frame.offset - start
            self._frame(stretch.pack, counter, waiting, stored[at : at + frame.length])
        if self.options.progress:
            self.options.progress("read", size)

    def _frame(self, pack: int, counter: int, waiting: Waiting, stored: memoryview) -> None:
        try:
            data = memoryview(self.library.frame(pack, counter, stored))
        except DamagedData as error:
            for name, files in waiting.items():
                self._elsewhere(name, files, finding_of_error(error))
            return
        places, key = self.library.places, self.library.key
        for name, files in waiting.items():
            _, _, start, length = places[name]
            blob = data[start : start + length]
            if blake3.blake3(blob, key=key).digest() == name:
                self._write(files, blob)
            else:
                self._elsewhere(name, files, make_finding("blob-digest-mismatch"))

    def _write(self, files: list[tuple[PendingFile, int]], blob: memoryview) -> None:
        for file, at in files:
            if file.lost:
                continue
            self.target.write(file, at, blob)
            if not file.simple:
                with self._lock:
                    file.left -= 1
                    left = file.left
                if left:
                    continue
            self._complete(file)

    def _complete(self, file: PendingFile) -> None:
        if self.options.compare and not self.target.matches(file):
            self._lose(file, make_finding("restored-file-differs"))
            return
        self._finish(file)

    def _elsewhere(self, name: bytes, files: list[tuple[PendingFile, int]], why: Finding) -> None:
        """A blob that another pack holds too is taken from there; else its files are lost."""
        try:
            self._write(files, memoryview(self.library.blob(name)))
        except DamagedData:
            for file, _ in files:
                self._lose(file, why)

    def _lose(self, file: PendingFile, why: Finding) -> None:
        with self._lock:
            if file.lost:
                return
            file.lost = True
            self.report.lost.append(why.about(printable_path(file.entry.path_bytes())))
        self.target.remove(file)

    def _finish(self, file: PendingFile) -> None:
        self.target.settle(file)
        with self._lock:
            self.report.files += 1
            self.report.bytes += file.entry.size
        if self.options.progress:
            self.options.progress("seen", file.entry.size)


def _wait(
    frames: dict[tuple[int, int], Waiting], position: BlobPlace, name: bytes, file_part: tuple[PendingFile, int]
) -> None:
    waiting = frames.get(position[:2])
    if waiting is None:
        frames[position[:2]] = {name: [file_part]}
    elif name in waiting:
        waiting[name].append(file_part)
    else:
        waiting[name] = [file_part]


def _stretches(library: PackLibrary, frames: dict[tuple[int, int], Waiting]) -> Iterator[PackStretch]:
    stride, last = library.repository.store.stride, None
    for pack, counter in sorted(frames):
        reader = library.packs[pack].reader
        assert reader is not None
        frame = reader.frames[counter]
        end = frame.offset + frame.length
        if last is not None and (last.pack != pack or frame.offset - last.end > GAP or end - last.start > stride):
            yield last
            last = None
        if last is None:
            last = PackStretch(pack, frame.offset, end, [])
        last.frames.append((counter, frames[pack, counter]))
        last.end = end
    if last is not None:
        yield last


_FIRST, _BATCH = 500, 4_000  # entries planned at one go: a few at first, so that threads can begin


def restore_snapshot(
    library: PackLibrary, manifest: Manifest, folder: Path, digest: str, options: RestoreOptions
) -> RestoreReport:
    """Restore into `folder`, which is new, empty, or holds the broken-off restore of this snapshot.

    Raises Refused (folder in use), StoreFull, and Damaged when no listing can be read.
    """
    report = RestoreReport(damaged_packs=library.damaged())
    listing = SnapshotListing(library, manifest)
    _check_room(listing, manifest, folder, options)
    target = RestoreTarget(folder, digest, options.special, options.devices, options.owners)
    with bulk_work_settings():
        _fetch(library, listing, target, manifest, options, report)
        report.links, report.folders = target.finish()
    report.refused += target.troubles
    report.lost += listing.lost
    report.faulty += listing.faulty
    report.marked += target.untimed
    return report


def _fetch(
    library: PackLibrary,
    listing: SnapshotListing,
    target: RestoreTarget,
    manifest: Manifest,
    options: RestoreOptions,
    report: RestoreReport,
) -> None:
    entries = _chosen_entries(listing, manifest, options, report)
    fetcher, size = BlobFetcher(library, target, report, options), _FIRST
    try:
        while batch := list(islice(entries, size)):
            target.key = library.key  # known once the listing has begun
            files, unchanged = target.prepare(batch)
            report.kept += unchanged
            fetcher.add(files)
            size = _BATCH
    finally:
        fetcher.close()
    fetcher.check()


def _check_room(listing: SnapshotListing, manifest: Manifest, folder: Path, options: RestoreOptions) -> None:
    if options.patterns or options.only is not None:
        return
    base = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free, root = shutil.disk_usage(base).free, os.fsencode(folder.absolute())
    there = walk(root) if folder.exists() else ()
    have = sum(present.st.st_size for scanned in there for present in scanned.entries)
    if manifest.total_bytes() <= free + have:
        return
    # holes take no space: one large disk image must not keep the rest from being restored
    needed = manifest.total_bytes() - sum(_holes(entry) for entry in listing.entries())
    if needed > free + have:
        raise StoreFull(
            "restore-space-insufficient",
            size=_size(needed),
            base=base,
            size2=_size(free),
            size3=_size(needed - free - have),
        )


def _size(size: int) -> str:
    """In the unit that shows which of two is larger."""
    if size < 100_000:
        return f"{size:,} bytes"
    return f"{size / 1e6:,.{0 if size >= 10_000_000 else 1}f} MB"


def _holes(entry: ListingEntry) -> int:
    return entry.size - sum(e.length for e in entry.extents) if entry.extents else 0


def _chosen_entries(
    listing: SnapshotListing, manifest: Manifest, options: RestoreOptions, report: RestoreReport
) -> Iterator[ListingEntry]:
    """Entries to be written; the others are named in the report. Held against the manifest."""
    guard, patterns = NameGuard(options.native), PathPatterns(options.patterns)
    left = manifest.total_bytes()
    for entry in listing.entries():
        path = entry.path_bytes()
        why = guard.refuse(entry)
        if not (path in options.only if options.only is not None else patterns.want(path)):
            continue
        if options.skip and options.skip(entry):
            continue
        if why:
            report.refused.append(make_finding(why, printable_path(path)))
            continue
        left -= entry.size
        if left < 0:
            raise DamagedData("listing-larger-than-manifest")
        if is_unread(entry):
            report.gaps.append(mark_finding(entry, printable_path(path)))
        elif entry.mark and entry.mark != "sqlite":
            report.marked.append(mark_finding(entry, printable_path(path)))
        if entry.far_mtime:
            report.marked.append(far_time(entry, printable_path(path)))
        if entry.type == "file" and (is_gone(entry) or is_unread(entry)):
            continue
        yield entry
