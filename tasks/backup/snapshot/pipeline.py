"""The snapshot pipeline: workers that compress and seal, bins of open packs, threads that upload packs.

Native calls (read, BLAKE3, zstd, AES-GCM, SHA-256) release the interpreter's lock, so threads use
all cores; what Python does itself is kept to a few microseconds a file.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasks.backup.format.pack_codec import PACK_BYTES, PackBuilder, compress_frame, new_pack
from tasks.backup.format.repository import Repository
from tasks.backup.format.signed_objects import ObjectName, digest
from tasks.backup.keys.host_keys import HostKeys
from tasks.backup.snapshot.chunking import Buffers
from tasks.backup.snapshot.host_state import PackIndex, PackInfo, seal_segment, segment_row

SEGMENT_BYTES = 256 << 20
PACK_BUFFERS = 5
Blobs = list[tuple[bytes, int]]


@dataclass
class PackBin:
    """The open pack of one retention class and kind of content (`data`, `tree`, `copy`)."""

    retention: str
    name: str
    pack_numbers: dict[bytes, int]
    lock: threading.Lock = field(default_factory=threading.Lock)
    open: PackBuilder | None = None


@dataclass
class PipelineTotals:
    """What this run uploaded."""

    packs: int = 0
    stored_bytes: int = 0


class Pipeline:
    """Takes plain data in, leaves packs and index segments on the store."""

    def __init__(
        self,
        repository: Repository,
        keys: HostKeys,
        index: PackIndex,
        workers: int = 0,
        carriers: int = 2,
        on_stored: Callable[[int], None] | None = None,
    ) -> None:
        self.repository, self.keys, self.index = repository, keys, index
        self.totals = PipelineTotals()
        self.error: BaseException | None = None
        self._on_stored = on_stored
        self._recipients = [recipient.raw() for recipient in repository.config.recipients]
        self._to = tuple(recipient.id() for recipient in repository.config.recipients)
        self._buffers = Buffers(PACK_BUFFERS, PACK_BYTES)
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(maxsize=16)
        self._loads: queue.Queue[PackBuilder | None] = queue.Queue()
        self._segment: list[dict[str, object]] = []
        self._segment_bytes = 0
        self._segment_lock = threading.Lock()
        self.segments: list[str] = []
        count = workers or max(2, min(8, os.cpu_count() or 2))
        self._workers = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        self._carriers = [threading.Thread(target=self._carry, daemon=True) for _ in range(carriers)]
        for thread in (*self._workers, *self._carriers):
            thread.start()

    # -- work

    def submit(self, job: Callable[[], None]) -> None:
        """Hand a job to the workers; waits while they are busy. Raises what any thread met."""
        self.check()
        self._jobs.put(job)

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    def settle(self) -> None:
        """Wait until all jobs handed in so far are done."""
        self._jobs.join()
        self.check()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if self.error is None:
                    job()
            except BaseException as error:
                self.error = self.error or error
            finally:
                self._jobs.task_done()
        self._jobs.task_done()

    # -- packs

    def bin(self, retention: str, name: str) -> PackBin:
        return PackBin(retention, name, self.index.pack_numbers(retention, name))

    def store(self, bins: Sequence[PackBin], plain: memoryview | bytes, blobs: Blobs) -> int:
        """Compress once, seal into the open pack of each bin. Returns the bytes after compression."""
        method, data = compress_frame(memoryview(plain))
        for target in bins:
            pack, counter = self._reserve(target, len(data), len(plain), method, blobs)
            pack.fill(counter, data)
            self._filled(target, pack)
        return len(data)

    def _reserve(self, target: PackBin, stored: int, plain: int, method: int, blobs: Blobs) -> tuple[PackBuilder, int]:
        with target.lock:
            pack = target.open
            if pack is not None and not pack.room_for(stored, len(blobs)):
                self._close(pack)
                pack = None
            if pack is None:
                pack = target.open = self._start(target)
            counter = pack.reserve(stored, plain, method, blobs)
            for name, _ in blobs:
                target.pack_numbers[name] = pack.ordinal
            return pack, counter

    def _start(self, target: PackBin) -> PackBuilder:
        self.check()
        pack = new_pack(
            self.repository.id, self.keys.host, target.retention, target.name, self._recipients, self._buffers.take()
        )
        with self._segment_lock:
            pack.ordinal = len(self.index.packs)
            self.index.packs.append(PackInfo("", 0, target.retention, target.name, self._to, b""))
        return pack

    def _close(self, pack: PackBuilder) -> None:
        pack.closing = True
        if not pack.pending:
            self._loads.put(pack)

    def _filled(self, target: PackBin, pack: PackBuilder) -> None:
        with target.lock:
            pack.pending -= 1
            if pack.closing and not pack.pending:
                self._loads.put(pack)

    def flush(self, bins: Sequence[PackBin]) -> None:
        """Upload the open packs, and a segment for what has no segment yet; wait for all."""
        self.settle()
        for target in bins:
            with target.lock:
                pack, target.open = target.open, None
                if pack is not None:
                    self._close(pack)
        self._loads.join()
        self.check()
        self._write_segment(0)
        self.check()

    # -- carrying

    def _carry(self) -> None:
        while (pack := self._loads.get()) is not None:
            try:
                if self.error is None:
                    self._store(pack)
            except BaseException as error:
                self.error = self.error or error
            finally:
                self._buffers.give(pack.buffer)  # also after an error: nobody may wait for ever
                self._loads.task_done()
        self._loads.task_done()

    def _store(self, pack: PackBuilder) -> None:
        parts = pack.finish()
        name, size = digest(*parts), sum(len(part) for part in parts)
        self.repository.put("packs", ObjectName(-1, name, 0), parts)
        ids = b"".join(blob for frame in pack.frames for blob, _ in frame.blobs)
        was = self.index.packs[pack.ordinal]
        packed = PackInfo(name, size, was.retention, was.bin, was.to, ids)
        with self._segment_lock:
            self.index.packs[pack.ordinal] = packed
            self._segment.append(segment_row(packed, pack.frames))
            self._segment_bytes += size
            self.totals.packs += 1
            self.totals.stored_bytes += size
        if self._on_stored:
            self._on_stored(size)
        self._write_segment(SEGMENT_BYTES)

    def _write_segment(self, at_least: int) -> None:
        """A run that dies leaves segments behind, so that the next one finds its packs again."""
        with self._segment_lock:
            if not self._segment or self._segment_bytes < at_least:
                return
            rows, self._segment, self._segment_bytes = self._segment, [], 0
        data = seal_segment(self.keys.index_bytes(), {"format": 1, "packs": rows})
        name = digest(data)
        self.repository.put(f"index/{self.keys.host}", ObjectName(-1, name, 0), [data])
        with self._segment_lock:
            self.segments.append(name)
            self.index.segments.add(name)

    def close(self) -> None:
        """End the threads. Safe after an error."""
        for _ in self._workers:
            self._jobs.put(None)
        for thread in self._workers:
            thread.join()
        for _ in self._carriers:
            self._loads.put(None)
        for thread in self._carriers:
            thread.join()
