"""What goes into one snapshot: listing lines in order, packs used, counts, marks."""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from functools import partial
from pathlib import Path

from tasks.backup.format.listing_codec import ListingCutter, entry_of, far_time, listing_line, mark_finding
from tasks.backup.format.path_names import drive_letter, printable_path
from tasks.backup.format.structures import ListingEntry, SourceCount
from tasks.backup.run_options import SnapshotOptions, SourceTotals
from tasks.backup.snapshot.chunking import SMALL
from tasks.backup.snapshot.file_reading import GROUP, EntrySlot, FileReader
from tasks.backup.snapshot.host_state import scratch_of
from tasks.backup.snapshot.pipeline import Pipeline
from tasks.backup.snapshot.source_access import SnapshotSource, lies_beneath, require_readable
from tasks.backup.snapshot.source_scan import CachedRow, PreviousScanCache, ScanCache, ScannedEntry, ScannedFolder, walk
from tasks.core.errors import StoreFault
from tasks.core.findings import Finding, make_finding

_MOST_IN_GROUP = 256
_MOST_PROBLEMS = 1000  # named one by one
_WAITING = 4096  # folders whose lines wait for content; bounds memory


class PendingFolder:
    """One folder whose lines wait for their turn."""

    __slots__ = ("cached", "folder", "raw", "rows", "slots")

    def __init__(self, folder: ScannedFolder, name: bytes, raw: bytes) -> None:
        self.folder, self.raw = folder, raw
        self.rows: list[CachedRow | EntrySlot] = []
        self.slots: list[EntrySlot] = []
        self.cached = name

    def finished(self) -> bool:
        return all(slot.finished() for slot in self.slots)


class SnapshotContent:
    """Gathers one snapshot of one retention class. `used` are the numbers of the packs it needs."""

    def __init__(self, pipeline: Pipeline, id_key: bytes, retention: str, options: SnapshotOptions) -> None:
        self.pipeline, self.key, self.retention, self.options = pipeline, id_key, retention, options
        self.data, self.tree, self.copy = (pipeline.bin(retention, name) for name in ("data", "tree", "copy"))
        self.used: set[int] = set()
        self.problems: list[Finding] = []
        self._ids: list[bytes] = []
        self._caches: list[ScanCache] = []
        self.listing = ListingCutter(id_key, self._store_piece)
        self.reader = FileReader(pipeline, self.data, id_key, scratch_of(options.state))
        self._leave_out = [os.path.realpath(os.fsencode(path)) for path in options.leave_out]

    def _store_piece(self, name: bytes, piece: bytes) -> None:
        """Listings lie in two packs: one damaged pack must not take the names of the rest along."""
        for target in (self.tree, self.copy):
            if name not in target.pack_numbers:
                self.pipeline.store([target], piece, [(name, len(piece))])

    def add(self, source: SnapshotSource) -> SourceCount:
        """Walk one source to its end. Raises SourceFault when it cannot be read, and then nothing of
        it is listed; StoreFault and what the pipeline met."""
        count = SourceTotals(source.name, source.kind)
        before = (self.reader.new_bytes, self.reader.stored_bytes)
        if source.kind == "postgresql":
            self._database(source, count)
        else:
            self._folders(source, count)
        new, stored = (self.reader.new_bytes - before[0], self.reader.stored_bytes - before[1])
        return SourceCount(**vars(count), new_bytes=new, stored_bytes=stored)

    def finish(self) -> None:
        """Store the rest of the listing and carry everything off."""
        self.listing.cut()
        self.pipeline.flush([self.data, self.tree, self.copy])
        for pack_numbers, names in (
            (self.data.pack_numbers, self._ids),
            (self.tree.pack_numbers, self.listing.ids),
            (self.copy.pack_numbers, self.listing.ids),
        ):
            self.used.update(pack_numbers[name] for name in names)

    def keep_caches(self) -> None:
        for cache in self._caches:
            cache.finish()

    # -- folders

    def _folders(self, source: SnapshotSource, count: SourceTotals) -> None:
        path = self._cache_path(source)
        old = PreviousScanCache(path, self.key)
        new = ScanCache(path, self.key, time.time_ns())
        self._caches.append(new)
        waiting: deque[PendingFolder] = deque()
        group = _SmallFileGroup(self)
        root = os.fsencode(Path(source.location).absolute())
        require_readable(root)
        try:
            for folder in walk(root, source.skip, lies_beneath(root, self._leave_out)):
                waiting.append(self._record(source, folder, old, group))
                # a home's journal lies at its top: read before the content that its events name
                if not folder.path or (len(waiting) > _WAITING and not waiting[0].finished()):
                    group.send()
                    self.pipeline.settle()
                self._emit(waiting, new, count)
            group.send()
            self.pipeline.settle()
            self._emit(waiting, new, count)
        finally:
            old.close()

    def _cache_path(self, source: SnapshotSource) -> Path | None:
        name = f"{self.retention}-{source.name}.files"
        return self.options.state / name if self.options.state else None

    def _record(
        self, source: SnapshotSource, folder: ScannedFolder, old: PreviousScanCache, group: _SmallFileGroup
    ) -> PendingFolder:
        prefix = source.name.encode() + (b"/" + folder.path if folder.path else b"")
        raw = old.raw(folder.path)
        rows, pack_numbers, used = old.rows(raw), self.data.pack_numbers, self.used
        record = PendingFolder(folder, prefix, raw)
        for scanned in folder.entries:
            if b":" in scanned.name and drive_letter(scanned.name):
                self._note(make_finding("name-like-drive-letter", printable_path(prefix + b"/" + scanned.name)))
            row = rows.get(scanned.name)
            if row is not None and scanned.same_as(row) and self._still_stored(row, pack_numbers, used):
                record.rows.append(row)
            else:
                slot = group.add(scanned, prefix + b"/" + scanned.name, row is not None)
                record.slots.append(slot)
                record.rows.append(slot)
        if record.slots or len(rows) != len(record.rows):
            record.raw = b""
        return record

    @staticmethod
    def _still_stored(row: CachedRow, pack_numbers: dict[bytes, int], used: set[int]) -> bool:
        """Whether all blobs of an unchanged file still lie in packs that are there."""
        ids = row.ids
        if len(ids) == 32:
            number = pack_numbers.get(ids)
            if number is None:
                return False
            used.add(number)
            return True
        numbers = [pack_numbers.get(ids[start : start + 32]) for start in range(0, len(ids), 32)]
        if None in numbers:
            return False
        used.update(number for number in numbers if number is not None)
        return True

    def _emit(self, waiting: deque[PendingFolder], new: ScanCache, count: SourceTotals) -> None:
        while waiting and waiting[0].finished():
            record = waiting.popleft()
            self._folder_line(record, count)
            rows = self._rows(record, count)
            self.listing.add_all([row.line for row in rows])
            if self.options.progress:
                self.options.progress("seen", sum(row.stored for row in rows))
            new.add(record.folder.path, rows, record.raw)

    def _folder_line(self, record: PendingFolder, count: SourceTotals) -> None:
        entry = entry_of(record.cached, record.folder.st)
        count.folders += 1
        if b":" in record.cached and drive_letter(record.cached):
            self._note(make_finding("name-like-drive-letter", printable_path(record.cached)))
        if record.folder.trouble:
            entry.mark, entry.reason = "unreadable", record.folder.trouble
            count.unreadable += 1
            self._note(mark_finding(entry, printable_path(record.cached)))
        self._note_time(record.cached, entry)
        self.listing.add(listing_line(entry))

    def _rows(self, record: PendingFolder, count: SourceTotals) -> list[CachedRow]:
        """The rows of a folder's entries, and those of files that came to light with them."""
        rows: list[CachedRow] = []
        for row in record.rows:
            if isinstance(row, CachedRow):
                rows.append(row)
            else:
                rows += [self._row(slot, count) for slot in (row, *row.companions)]
        count.rows(rows)
        return rows

    def _row(self, row: EntrySlot, count: SourceTotals) -> CachedRow:
        cached_row, entry = row.row, row.entry
        assert cached_row is not None and entry is not None
        if entry.size and not cached_row.ids and not entry.extents:
            raise StoreFault("file-content-not-kept", fsdecode=os.fsdecode(row.name))
        count.new_files += row.fresh and stat.S_ISREG(cached_row.mode)
        self._ids += [cached_row.ids[start : start + 32] for start in range(0, len(cached_row.ids), 32)]
        if cached_row.mark and cached_row.mark != "sqlite":
            setattr(count, cached_row.mark, getattr(count, cached_row.mark) + 1)
            count.missing += cached_row.mark == "gone" and row.before
            self._note(mark_finding(entry, printable_path(row.name)))
        self._note_time(row.name, entry)
        return cached_row

    def _note_time(self, name: bytes, entry: ListingEntry) -> None:
        if entry.far_mtime:
            self._note(far_time(entry, printable_path(name)))

    def _note(self, finding: Finding) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            self.problems.append(finding)

    # -- databases

    def _database(self, source: SnapshotSource, count: SourceTotals) -> None:
        from tasks.backup.snapshot.source_access import PostgresDump

        dump = PostgresDump(source.location)
        try:
            size, ids, content_digest = self.reader.stream(dump.read_into)
            dump.finish()
        except BaseException:
            dump.abort()
            self.pipeline.settle()
            raise
        self.pipeline.settle()
        names = [name for name in ids if name]
        entry = ListingEntry(path=f"{source.name}/dump.sql", mode=0o600, mtime=time.time_ns(), size=size)
        entry.blobs = [name.hex() for name in names]
        entry.digest = content_digest if len(names) > 1 else ""
        self._ids += names
        count.files, count.bytes, count.new_files = 1, size, 1
        top = ListingEntry(path=source.name, type="folder", mode=0o700, mtime=time.time_ns())
        self.listing.add(listing_line(top))
        self.listing.add(listing_line(entry))


class _SmallFileGroup:
    """Small files gathered until they fill a frame, then handed to the workers."""

    def __init__(self, content: SnapshotContent) -> None:
        self._content = content
        self._slots: list[EntrySlot] = []
        self._bytes = 0

    def add(self, scanned: ScannedEntry, name: bytes, before: bool) -> EntrySlot:
        slot, reader = EntrySlot(scanned, name, before), self._content.reader
        if not stat.S_ISREG(scanned.st.st_mode):
            reader.bare(slot)
        elif scanned.st.st_size >= SMALL:
            reader.large(slot)
        else:
            self._slots.append(slot)
            self._bytes += scanned.st.st_size
            if self._bytes >= GROUP or len(self._slots) >= _MOST_IN_GROUP:
                self.send()
        return slot

    def send(self) -> None:
        if self._slots:
            self._content.pipeline.submit(partial(self._content.reader.group, self._slots))
            self._slots, self._bytes = [], 0
