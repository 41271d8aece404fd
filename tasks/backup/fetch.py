"""Bringing blobs out of their packs: threads that read stretches of neighbouring frames, open them,
hold each blob against its digest and hand it to the files that wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import blake3

from tasks.backup.faults import Damaged
from tasks.backup.library import Library, Place
from tasks.backup.names import show
from tasks.backup.report import Report, RestoreOptions
from tasks.backup.targets import Target
from tasks.backup.wanted import Wanted
from tasks.shared.findings import Finding, finding, of_error

GAP = 256 << 10  # bytes read in vain rather than asking twice
_AHEAD = 128  # stretches that wait for a thread: bounds the plans in memory
Waiting = dict[bytes, list[tuple[Wanted, int]]]  # blob: the files that need it, and where


@dataclass(slots=True)
class Stretch:
    """Frames of one pack that lie close together, to be read at one go."""

    pack: int
    start: int
    end: int
    frames: list[tuple[int, Waiting]]


class Fetcher:
    """Takes files by the batch; the threads go from one batch to the next without a pause."""

    def __init__(
        self, library: Library, target: Target, report: Report, options: RestoreOptions
    ) -> None:
        self.library, self.target, self.report, self.options = library, target, report, options
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._work: queue.Queue[Stretch | None] = queue.Queue(_AHEAD)
        self._threads = [
            threading.Thread(target=self._run, daemon=True) for _ in range(options.workers)
        ]
        for thread in self._threads:
            thread.start()

    def add(self, files: Sequence[Wanted]) -> None:
        """Plan for some files; waits while the threads are busy. Raises what one of them met."""
        frames: dict[tuple[int, int], Waiting] = {}
        for wanted in files:
            self._plan(wanted, frames)
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

    def _plan(self, wanted: Wanted, frames: dict[tuple[int, int], Waiting]) -> None:
        if wanted.simple:  # nearly every file, and sooner planned so
            place = self.library.places.get(wanted.blobs[0])
            if place and place[3] == wanted.entry.size:
                _wait(frames, place, wanted.blobs[0], (wanted, 0))
                return
        places = [self.library.places.get(name) for name in wanted.blobs]
        lengths = [place[3] for place in places if place]
        if len(lengths) < len(places):
            self._lose(wanted, finding("pack-of-file-lost"))
            return
        if sum(lengths) != wanted.content_bytes():
            self._lose(wanted, finding("file-parts-differ-from-size"))
            return
        if not wanted.simple:
            self.target.make(wanted)
        at = 0
        for name, place in zip(wanted.blobs, places, strict=True):
            assert place is not None
            _wait(frames, place, name, (wanted, at))
            at += place[3]
        if not places:
            self._done(wanted)

    # -- the threads

    def _run(self) -> None:
        while (stretch := self._work.get()) is not None:
            try:
                if self._error is None:
                    self._stretch(stretch)
            except BaseException as error:
                self._error = self._error or error

    def _stretch(self, stretch: Stretch) -> None:
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
        except Damaged as error:
            for name, files in waiting.items():
                self._elsewhere(name, files, of_error(error))
            return
        places, key = self.library.places, self.library.key
        for name, files in waiting.items():
            _, _, start, length = places[name]
            blob = data[start : start + length]
            if blake3.blake3(blob, key=key).digest() == name:
                self._write(files, blob)
            else:
                self._elsewhere(name, files, finding("blob-digest-mismatch"))

    def _write(self, files: list[tuple[Wanted, int]], blob: memoryview) -> None:
        for wanted, at in files:
            if wanted.lost:
                continue
            self.target.write(wanted, at, blob)
            if not wanted.simple:
                with self._lock:
                    wanted.left -= 1
                    left = wanted.left
                if left:
                    continue
            self._complete(wanted)

    def _complete(self, wanted: Wanted) -> None:
        if self.options.compare and not self.target.matches(wanted):
            self._lose(wanted, finding("restored-file-differs"))
            return
        self._done(wanted)

    def _elsewhere(self, name: bytes, files: list[tuple[Wanted, int]], why: Finding) -> None:
        """A blob that another pack holds too is taken from there; else its files are lost."""
        try:
            self._write(files, memoryview(self.library.blob(name)))
        except Damaged:
            for wanted, _ in files:
                self._lose(wanted, why)

    def _lose(self, wanted: Wanted, why: Finding) -> None:
        with self._lock:
            if wanted.lost:
                return
            wanted.lost = True
            self.report.lost.append(why.about(show(wanted.entry.path_bytes())))
        self.target.remove(wanted)

    def _done(self, wanted: Wanted) -> None:
        self.target.settle(wanted)
        with self._lock:
            self.report.files += 1
            self.report.bytes += wanted.entry.size
        if self.options.progress:
            self.options.progress("seen", wanted.entry.size)


def _wait(
    frames: dict[tuple[int, int], Waiting], place: Place, name: bytes, one: tuple[Wanted, int]
) -> None:
    waiting = frames.get(place[:2])
    if waiting is None:
        frames[place[:2]] = {name: [one]}
    elif name in waiting:
        waiting[name].append(one)
    else:
        waiting[name] = [one]


def _stretches(library: Library, frames: dict[tuple[int, int], Waiting]) -> Iterator[Stretch]:
    stride, last = library.repository.store.stride, None
    for pack, counter in sorted(frames):
        reader = library.packs[pack].reader
        assert reader is not None
        frame = reader.frames[counter]
        end = frame.offset + frame.length
        if last is not None and (
            last.pack != pack or frame.offset - last.end > GAP or end - last.start > stride
        ):
            yield last
            last = None
        if last is None:
            last = Stretch(pack, frame.offset, end, [])
        last.frames.append((counter, frames[pack, counter]))
        last.end = end
    if last is not None:
        yield last
