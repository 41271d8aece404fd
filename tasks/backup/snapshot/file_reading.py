"""Reading files into blobs: small ones by the group, large ones cut, each with its line."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH115

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import blake3

from tasks.backup.file_access import (
    FLAGS,
    data_extents,
    file_changed,
    open_file,
    read_all,
    read_extents,
    read_into,
    short_path,
)
from tasks.backup.format.listing_codec import entry_of, listing_line, set_target
from tasks.backup.format.structures import ListingEntry
from tasks.backup.snapshot.chunking import SMALL, WINDOW, Buffers, ReadInto, cut_windows, make_cutter
from tasks.backup.snapshot.pipeline import PackBin, Pipeline
from tasks.backup.snapshot.source_access import sqlite_copy, sqlite_quiet, sqlite_state
from tasks.backup.snapshot.source_scan import CachedRow, ScannedEntry


class EntrySlot:
    """One entry that is being read; `row` stands when it is done. The thread that reads a large
    file sets `cut` when it is through: what stands before that may still be read again."""

    __slots__ = ("before", "companions", "cut", "digest", "entry", "fresh", "ids", "name", "row", "scanned")

    def __init__(self, scanned: ScannedEntry, name: bytes, before: bool = False) -> None:
        self.scanned, self.name = scanned, name
        self.before = before  # whether the last walk met it too
        self.entry: ListingEntry | None = None
        self.ids: list[bytes | None] = []
        self.digest = ""
        self.row: CachedRow | None = None
        self.cut = False
        self.fresh = False  # whether some of its content was stored for the first time
        self.companions: list[EntrySlot] = []

    def finished(self) -> bool:
        """Whether the row stands; makes it when the last chunk of a large file has its id."""
        if self.row is None and self.cut and None not in self.ids:
            self.finish([name for name in self.ids if name], self.digest)
        return self.row is not None and all(companion.finished() for companion in self.companions)

    def finish(self, ids: Sequence[bytes], digest: str = "") -> None:
        entry = self.entry
        assert entry is not None
        entry.blobs = [name.hex() for name in ids]
        entry.digest = digest if len(ids) > 1 else ""
        self.row = self.scanned.row(b"".join(ids), listing_line(entry), entry.size, entry.mark)


GROUP = 1 << 20
_TRIES = 3


@dataclass
class _SharedWindow:
    """A window whose chunks are worked on; the last one to finish gives the buffer back."""

    buffer: bytearray
    buffers: Buffers
    left: int
    lock: threading.Lock = field(default_factory=threading.Lock)

    def chunk_done(self) -> None:
        with self.lock:
            self.left -= 1
            if self.left:
                return
        self.buffers.give(self.buffer)


class FileReader:
    """Turns what a walk met into rows, and new content into blobs of one bin."""

    def __init__(self, pipeline: Pipeline, target: PackBin, id_key: bytes, scratch: Path) -> None:
        self.pipeline, self.bin, self.key, self.scratch = pipeline, target, id_key, scratch
        self.new_bytes = self.stored_bytes = 0
        self._thread = threading.local()
        self._buffers = Buffers(4, WINDOW)
        self._lock = threading.Lock()

    def _store(self, plain: memoryview, blobs: list[tuple[bytes, int]]) -> None:
        stored = self.pipeline.store([self.bin], plain, blobs)
        with self._lock:
            self.new_bytes += len(plain)
            self.stored_bytes += stored

    # -- entries without content

    def bare(self, slot: EntrySlot) -> None:
        """A link, pipe, socket or device: all that there is goes into the line."""
        entry = entry_of(slot.name, slot.scanned.st)
        if entry.type == "link":
            try:
                with short_path(slot.scanned.path) as short:
                    set_target(entry, os.readlink(short))
            except OSError as error:
                entry.mark, entry.reason = "unreadable", error.strerror or str(error)
        slot.entry = entry
        slot.finish(())

    def unreadable(self, slot: EntrySlot, error: OSError) -> None:
        entry = entry_of(slot.name, slot.scanned.st)
        if error.errno == errno.ENOENT:
            entry.mark = "gone"
        else:
            entry.mark, entry.reason = "unreadable", error.strerror or str(error)
        entry.size = 0
        slot.entry, slot.ids = entry, []
        slot.finish(())

    # -- small files

    def group(self, slots: Sequence[EntrySlot]) -> None:
        """Read small files one behind the other into one buffer and store what is new of it as
        one frame: compression sees them together, and sealing is paid once."""
        buffer = getattr(self._thread, "buffer", None)
        if buffer is None:
            buffer = self._thread.buffer = bytearray(GROUP + 2 * SMALL)
        pack_numbers, key, at = self.bin.pack_numbers, self.key, 0
        blobs: list[tuple[bytes, int]] = []
        fresh: set[bytes] = set()
        with memoryview(buffer) as view:
            for slot in slots:
                try:
                    size = self._read_small(slot, view[at : at + SMALL + 1])
                except OSError as error:
                    self.unreadable(slot, error)
                    continue
                if size > SMALL or size < 0:
                    self._diverted(slot)
                    continue
                if not size:
                    slot.finish(())
                    continue
                name = blake3.blake3(view[at : at + size], key=key).digest()
                if name not in pack_numbers and name not in fresh:
                    slot.fresh = True
                    fresh.add(name)
                    blobs.append((name, size))
                    at += size
                slot.finish((name,))
                if at >= GROUP:
                    self._store(view[:at], blobs)
                    at, blobs, fresh = 0, [], set()
            if blobs:
                self._store(view[:at], blobs)

    def _read_small(self, slot: EntrySlot, view: memoryview) -> int:
        """Bytes read; -1 for a file that must be read through SQLite. Sets the slot's entry."""
        before, entry, size = slot.scanned.st, ListingEntry(), 0
        for attempt in range(_TRIES):
            handle = open_file(slot.scanned.path, FLAGS)
            try:
                if attempt:
                    before = os.fstat(handle)
                size = read_all(handle, view, before.st_size)
                after = os.fstat(handle)
            finally:
                os.close(handle)
            if size >= 20 and sqlite_state(slot.scanned.path, bytes(view[:20])):
                return -1
            slot.entry = entry = entry_of(slot.name, after)
            entry.size = size
            if size > SMALL or not (file_changed(before, after) or size != after.st_size):
                return size
            time.sleep(0.01 * attempt)
        entry.mark = "changed"
        return size

    def _diverted(self, slot: EntrySlot) -> None:
        """A file that grew, or a database: read here and now, with buffers of this thread's own."""
        if not hasattr(self._thread, "buffers"):
            self._thread.buffers = Buffers(3, WINDOW)
        self.large(slot, self._thread.buffers, lambda job: job())

    # -- large files

    def large(self, slot: EntrySlot, buffers: Buffers | None = None, run: Callable | None = None) -> None:
        """Read, cut and hand the chunks to the workers. A file that changes meanwhile is read
        again, at most three times, and then marked."""
        try:
            for attempt in range(_TRIES):
                if self._read_large(slot, buffers, run):
                    break
                time.sleep(0.05 * attempt)
            else:
                assert slot.entry is not None
                slot.entry.mark = "changed"
            slot.cut = True
        except OSError as error:
            self.unreadable(slot, error)

    def _read_large(self, slot: EntrySlot, buffers: Buffers | None, run: Callable | None) -> bool:
        path = slot.scanned.path
        handle = open_file(path, FLAGS)
        try:
            st = os.fstat(handle)
            if not stat.S_ISREG(st.st_mode):
                raise OSError(errno.ESTALE, "no longer a file")
            head = os.read(handle, 20)
            state = sqlite_state(path, head)
            os.lseek(handle, 0, os.SEEK_SET)
            if not state:
                unchanged = self._read_plain(slot, handle, st, buffers, run)
                return unchanged and not (head and sqlite_state(path, head))
            try:
                # Windows keeps others from reading what is locked
                if state == "wal" or os.name == "nt":
                    return self._read_copy(slot, st, buffers, run)
                with sqlite_quiet(path):
                    return self._read_plain(slot, handle, st, buffers, run)
            except sqlite3.Error as error:
                os.lseek(handle, 0, os.SEEK_SET)
                self._read_plain(slot, handle, st, buffers, run)
                self._with_companions(slot, str(error), buffers, run)
                return True
        finally:
            os.close(handle)

    def _read_plain(
        self, slot: EntrySlot, handle: int, st: os.stat_result, buffers: Buffers | None, run: Callable | None
    ) -> bool:
        """Read a file as it lies. Whether it stayed the same meanwhile."""
        entry, read = entry_of(slot.name, st), read_into(handle)
        extents = data_extents(handle, st)
        if extents is not None:
            entry.extents = extents
            read = read_extents(handle, extents)
        size, slot.ids, slot.digest = self.stream(read, buffers, run, slot)
        if extents is None:
            entry.size = size
        slot.entry = entry
        expected = st.st_size if extents is None else sum(e.length for e in extents)
        return size == expected and not file_changed(st, os.fstat(handle))

    def _read_copy(self, slot: EntrySlot, st: os.stat_result, buffers: Buffers | None, run: Callable | None) -> bool:
        """Read a database whose newest content lies in its write-ahead log."""
        with sqlite_copy(slot.scanned.path, self.scratch) as copy, copy.open("rb", 0) as file:
            read: ReadInto = file.readinto
            size, slot.ids, slot.digest = self.stream(read, buffers, run, slot)
        entry = entry_of(slot.name, st)
        entry.size, entry.mark = size, "sqlite"
        slot.entry = entry
        return True

    def _with_companions(self, slot: EntrySlot, reason: str, buffers: Buffers | None, run: Callable | None) -> None:
        """A database that SQLite does not open is kept with all its files: they belong together."""
        assert slot.entry is not None
        slot.entry.mark, slot.entry.reason = "changed", reason
        for scanned in slot.scanned.companions:
            companion = EntrySlot(scanned, slot.name[: -len(slot.scanned.name)] + scanned.name)
            self.large(companion, buffers, run)
            slot.companions.append(companion)

    def stream(
        self, read: ReadInto, buffers: Buffers | None = None, run: Callable | None = None, slot: EntrySlot | None = None
    ) -> tuple[int, list[bytes | None], str]:
        """Cut a stream. Size, ids (filled in by the workers as they go) and whole digest."""
        buffers, run = buffers or self._buffers, run or self.pipeline.submit
        if not hasattr(self._thread, "cutter"):
            self._thread.cutter = make_cutter(self.key)
        hasher, ids, size = blake3.blake3(key=self.key), [], 0
        for buffer, cut, chunks in cut_windows(read, self._thread.cutter, buffers):
            with memoryview(buffer) as view:
                hasher.update(view[:cut])
            size += cut
            shared = _SharedWindow(buffer, buffers, len(chunks))
            for offset, length in chunks:
                position = len(ids)
                ids.append(None)
                run(partial(self._chunk, shared, offset, length, ids, position, slot))
        return size, ids, hasher.hexdigest()

    def _chunk(
        self,
        shared: _SharedWindow,
        offset: int,
        length: int,
        ids: list[bytes | None],
        position: int,
        slot: EntrySlot | None,
    ) -> None:
        try:
            with memoryview(shared.buffer) as view:
                part = view[offset : offset + length]
                name = blake3.blake3(part, key=self.key).digest()
                if name not in self.bin.pack_numbers:
                    self._store(part, [(name, length)])
                    if slot is not None:
                        slot.fresh = True
                part.release()
            ids[position] = name
        finally:
            shared.chunk_done()
