"""Bringing a snapshot back: pack by pack, checked blob by blob, nothing outside the target."""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import blake3

from tasks.backup.chunk import keep_memory
from tasks.backup.faults import Damaged, StoreFull
from tasks.backup.library import Library, Listing, Place, runs
from tasks.backup.names import NameGuard, Patterns
from tasks.backup.report import Report, RestoreOptions, show
from tasks.backup.scan import walk
from tasks.backup.structures import Entry, Manifest
from tasks.backup.targets import Target
from tasks.backup.wanted import Wanted

_BATCH = 4_000  # entries; the next ones are made ready while the workers are at these


def restore(
    library: Library, manifest: Manifest, folder: Path, digest: str, options: RestoreOptions
) -> Report:
    """Restore into `folder`, which is new, empty, or holds the broken-off restore of this snapshot.

    Raises Refused (folder in use), StoreFull, and Damaged when no listing can be read.
    """
    keep_memory()
    report = Report(damaged_packs=library.damaged())
    _check_room(manifest, folder, options)
    target = Target(folder, digest, options.special, options.devices, options.owners)
    listing = Listing(library, manifest)
    wanted = _wanted(listing, manifest, options, report)
    lock, running = threading.Lock(), None
    try:
        for batch in iter(lambda: list(islice(wanted, _BATCH)), []):
            target.key = library.key  # known once the listing has begun
            files, kept = target.prepare(batch)
            report.kept += kept
            following = _Batch(library, target, files, report, options, lock)
            if running:
                running.finish()
            running = following.start()
    finally:
        if running:
            running.finish()
    report.links, report.folders = target.finish()
    report.refused += target.troubles
    report.lost += listing.lost
    return report


def _check_room(manifest: Manifest, folder: Path, options: RestoreOptions) -> None:
    if options.patterns or options.only is not None:
        return
    base = next(p for p in (folder.absolute(), *folder.absolute().parents) if p.exists())
    free, root = shutil.disk_usage(base).free, os.fsencode(folder.absolute())
    there = walk(root) if folder.exists() else ()
    have = sum(seen.st.st_size for place in there for seen in place.entries)
    if manifest.total_bytes() > free + have:
        raise StoreFull(
            f"the snapshot needs {manifest.total_bytes() / 1e6:.0f} MB, {base} has "
            f"{free / 1e6:.0f} MB free"
        )


def _wanted(
    listing: Listing, manifest: Manifest, options: RestoreOptions, report: Report
) -> Iterator[Entry]:
    """Entries to be written; the others are named in the report. Held against the manifest."""
    guard, patterns = NameGuard(options.native), Patterns(options.patterns)
    left = manifest.total_bytes()
    for entry in listing.entries():
        path = entry.path_bytes()
        why = guard.refuse(entry)
        if not (path in options.only if options.only is not None else patterns.want(path)):
            continue
        if why:
            report.refused.append(f"{show(path)}: {why}")
            continue
        left -= entry.size
        if left < 0:
            raise Damaged("the listing expands beyond what the manifest says: restore stopped")
        if entry.mark and entry.mark != "sqlite":
            report.marked.append(f"{show(path)}: {entry.mark}")
        if entry.type == "file" and entry.mark.startswith(("gone", "unreadable")):
            continue
        yield entry


class _Batch:
    """Some files and the blobs that they need, worked through pack by pack."""

    def __init__(
        self,
        library: Library,
        target: Target,
        files: Sequence[Wanted],
        report: Report,
        options: RestoreOptions,
        lock: threading.Lock,
    ) -> None:
        self.library, self.target, self.report, self.options = library, target, report, options
        self._lock = lock  # for the report: two batches may be at work, one of them planning
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None
        self.needs: dict[bytes, list[tuple[Wanted, int]]] = {}
        for wanted in files:
            self._plan(wanted)

    def _plan(self, wanted: Wanted) -> None:
        places = [self.library.places.get(name) for name in wanted.blobs]
        lengths = [place[3] for place in places if place]
        if len(lengths) < len(places):
            self._lose(wanted, "its pack is lost")
        elif sum(lengths) != wanted.content_bytes():
            self._lose(wanted, "its parts do not make up its size")
        elif not wanted.blobs:
            self.target.make(wanted)
            self._done(wanted)
        else:
            if not wanted.simple:
                self.target.make(wanted)
            at = 0
            for name, length in zip(wanted.blobs, lengths, strict=True):
                self.needs.setdefault(name, []).append((wanted, at))
                at += length

    def start(self) -> _Batch:
        """Set the workers to it."""
        by_pack: dict[int, dict[int, list[bytes]]] = {}
        for name in self.needs:
            pack, counter, _, _ = self.library.places[name]
            by_pack.setdefault(pack, {}).setdefault(counter, []).append(name)
        work: queue.SimpleQueue[int] = queue.SimpleQueue()
        for pack in sorted(by_pack):
            work.put(pack)
        count = min(self.options.workers, max(1, len(by_pack)))
        self._threads = [
            threading.Thread(target=self._work, args=(work, by_pack), daemon=True)
            for _ in range(count)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def finish(self) -> None:
        """Raises StoreFull, StoreLost and the like; damage costs only the files it touches."""
        for thread in self._threads:
            thread.join()
        if self._error is not None:
            raise self._error

    def _work(
        self, work: queue.SimpleQueue[int], by_pack: dict[int, dict[int, list[bytes]]]
    ) -> None:
        try:
            while self._error is None:
                try:
                    pack = work.get_nowait()
                except queue.Empty:
                    return
                for run in runs(self.library, pack, sorted(by_pack[pack])):
                    self._frames(pack, run, by_pack[pack])
        except BaseException as error:
            self._error = error

    def _frames(self, pack: int, counters: list[int], names: dict[int, list[bytes]]) -> None:
        """Read neighbouring frames at one go, open each, hand its blobs to the files."""
        opened = self.library.packs[pack]
        assert opened.reader is not None
        frames = opened.reader.frames
        start = frames[counters[0]].offset
        end = frames[counters[-1]].offset + frames[counters[-1]].length
        stored = memoryview(self._read(opened.names[0], start, end - start))
        for counter in counters:
            frame = frames[counter]
            part = stored[frame.offset - start : frame.offset - start + frame.length]
            try:
                data = memoryview(self.library.frame(pack, counter, part))
            except Damaged as error:
                self._elsewhere(names[counter], str(error))
                continue
            for name in names[counter]:
                self._deliver(name, self.library.places[name], data)
        if self.options.progress:
            self.options.progress("read", end - start)

    def _read(self, name: str, offset: int, length: int) -> bytes:
        return self.library.repository.read(f"packs/{name}", offset, length)

    def _deliver(self, name: bytes, place: Place, data: memoryview) -> None:
        blob = data[place[2] : place[2] + place[3]]
        if blake3.blake3(blob, key=self.library.key).digest() != name:
            self._elsewhere([name], "a blob does not have its digest")
            return
        self._write(name, blob)

    def _write(self, name: bytes, blob: memoryview) -> None:
        for wanted, at in self.needs[name]:
            if wanted.lost:
                continue
            self.target.write(wanted, at, blob)
            with self._lock:
                wanted.left -= 1
                complete = not wanted.left
            if complete:
                self._complete(wanted)

    def _complete(self, wanted: Wanted) -> None:
        if self.options.compare and not self.target.matches(wanted):
            self._lose(wanted, "what was written does not have the digest of the original")
            return
        self._done(wanted)

    def _elsewhere(self, names: Sequence[bytes], why: str) -> None:
        """A blob that another pack holds too is taken from there; else its files are lost."""
        for name in names:
            try:
                self._write(name, memoryview(self.library.blob(name)))
            except Damaged:
                for wanted, _ in self.needs[name]:
                    self._lose(wanted, why)

    def _lose(self, wanted: Wanted, why: str) -> None:
        with self._lock:
            if wanted.lost:
                return
            wanted.lost = True
            self.report.lost.append(f"{show(wanted.entry.path_bytes())}: {why}")
        self.target.remove(wanted)

    def _done(self, wanted: Wanted) -> None:
        self.target.settle(wanted)
        with self._lock:
            self.report.files += 1
            self.report.bytes += wanted.entry.size
        if self.options.progress:
            self.options.progress("seen", wanted.entry.size)
