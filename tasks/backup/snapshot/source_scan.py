"""Walking a source, and what the last walk saw: unchanged files are not read again."""
# Paths are bytes here, since not all names are text, and pathlib takes no bytes.

# ruff: noqa: PTH100, PTH112, PTH116, PTH123

from __future__ import annotations

import fnmatch
import mmap
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import blake3
import msgspec

from tasks.backup.file_access import short_path
from tasks.backup.format.structures import EARLIEST
from tasks.backup.snapshot.source_access import COMPANIONS, SQLITE_MAGIC

_RACY_NS = 2_000_000_000  # a file touched this shortly before the walk may change again unseen


class CachedRow(msgspec.Struct, array_like=True, gc=False):
    """What the cache keeps of one entry: name, signature, blob ids joined, its line, its bytes."""

    name: bytes
    mtime: int
    ctime: int
    size: int
    inode: int
    mode: int
    beside: int
    ids: bytes
    line: bytes
    stored: int = 0  # of the content as stored; a database's copy may differ from its file
    mark: str = ""


class ScannedEntry(msgspec.Struct, gc=False):
    """One entry of a folder as the walk met it."""

    name: bytes
    path: bytes
    st: os.stat_result
    beside: int = 0  # state of a SQLite file's write-ahead log: commits need not touch the file
    companions: tuple[ScannedEntry, ...] = ()

    def same_as(self, row: CachedRow | None) -> bool:
        st = self.st
        return (
            row is not None
            and row.mtime == st.st_mtime_ns
            and row.size == st.st_size
            and row.ctime == st.st_ctime_ns
            and row.inode == st.st_ino
            and row.mode == st.st_mode
            and row.beside == self.beside
        )

    def row(self, ids: bytes, line: bytes, size: int, mark: str = "") -> CachedRow:
        st = self.st
        times = (st.st_mtime_ns, st.st_ctime_ns)
        state = (st.st_size, st.st_ino, st.st_mode, self.beside)
        return CachedRow(self.name, *times, *state, ids, line, size, mark)


@dataclass
class ScannedFolder:
    """One folder of a walk. `path` is relative to the source, b"" for its root."""

    path: bytes
    full_path: bytes
    st: os.stat_result
    entries: list[ScannedEntry] = field(default_factory=list)
    trouble: str = ""


def walk(root: bytes, skip: Sequence[str] = (), leave_out: Collection[bytes] = ()) -> Iterator[ScannedFolder]:
    """Folders depth first, names sorted by their bytes. `leave_out` are folders not entered,
    as the walk spells them.

    A folder that cannot be read, in whole or in part, comes with `trouble` and with what could be
    read of it; what vanishes meanwhile is passed over.
    """
    patterns = [os.fsencode(pattern) for pattern in skip]
    if not os.path.isdir(root):
        yield _single_file(root)
        return
    waiting = [(b"", root, os.stat(root))]
    while waiting:
        path, full_path, st = waiting.pop()
        folder = ScannedFolder(path, full_path, st)
        try:
            with short_path(full_path) as short:
                folder.st = os.stat(short)
                entries = _list(folder, patterns, short)
        except FileNotFoundError:
            if not path:
                raise
            continue
        except OSError as error:  # its line stands as the folder above it shows it
            folder.trouble, entries = error.strerror or str(error), []
        inner = []
        for entry in entries:
            if stat.S_ISDIR(entry.st.st_mode):
                if entry.path not in leave_out:
                    relative = path + b"/" + entry.name if path else entry.name
                    inner.append((relative, entry.path, entry.st))
            else:
                folder.entries.append(entry)
        yield folder
        waiting.extend(reversed(inner))


def _single_file(full_path: bytes) -> ScannedFolder:
    """A source that is one file: a folder with just that in it."""
    above, name = os.path.split(os.path.abspath(full_path))
    folder = ScannedFolder(b"", above, os.stat(above))
    folder.entries = [ScannedEntry(name, full_path, os.stat(full_path))]
    return folder


def _list(folder: ScannedFolder, patterns: list[bytes], short: bytes) -> list[ScannedEntry]:
    start = folder.full_path.rstrip(b"/") + b"/"
    scanned: list[ScannedEntry] = []
    unread: list[str] = []
    try:
        with os.scandir(short) as entries:
            for entry in entries:
                if patterns and _skipped(folder.path, entry.name, patterns):
                    continue
                # an entry that vanishes or cannot be read must not take its folder along
                try:
                    st = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    unread.append(f"{os.fsdecode(entry.name)!a}: {error.strerror or error}")
                    continue
                scanned.append(ScannedEntry(entry.name, start + entry.name, st))
    except FileNotFoundError:
        raise
    except OSError as error:
        folder.trouble = error.strerror or str(error)
    if unread:
        folder.trouble = f"{len(unread)} of its entries, as {min(unread)}"
    scanned.sort(key=lambda scanned_entry: scanned_entry.name)
    return _without_companions(scanned)


def _skipped(path: bytes, name: bytes, patterns: list[bytes]) -> bool:
    full_name = path + b"/" + name if path else name
    return any(fnmatch.fnmatch(full_name, p) or fnmatch.fnmatch(name, p) for p in patterns)


def _without_companions(entries: list[ScannedEntry]) -> list[ScannedEntry]:
    """Leave out `-wal`, `-shm`, `-journal` of SQLite files: their content comes with the file."""
    beside = {entry.name: entry for entry in entries if entry.name.endswith(COMPANIONS)}
    if not beside:
        return entries
    bases = {entry.name: entry for entry in entries}
    covered = set()
    for name, entry in beside.items():
        base = bases.get(name[: name.rindex(b"-")])
        if base is not None and _is_sqlite(base):
            covered.add(name)
            base.companions += (entry,)
            if not name.endswith(b"-shm"):
                base.beside = (base.beside * 31 + entry.st.st_mtime_ns + entry.st.st_size) % (1 << 62)
    return [entry for entry in entries if entry.name not in covered]


def _is_sqlite(entry: ScannedEntry) -> bool:
    if not stat.S_ISREG(entry.st.st_mode):
        return False
    try:
        with short_path(entry.path) as short, open(short, "rb", buffering=0) as file:
            return file.read(16) == SQLITE_MAGIC
    except OSError:
        return False


_decode_rows = msgspec.msgpack.Decoder(list[CachedRow]).decode
_encode = msgspec.msgpack.Encoder().encode


class PreviousScanCache:
    """What the last walk saw, folder by folder, decoded when asked. Empty if lost or in doubt."""

    def __init__(self, path: Path | None, key: bytes) -> None:
        self._places: dict[bytes, tuple[int, int]] = {}
        self._map: mmap.mmap | None = None
        if path is None or not path.exists() or path.stat().st_size < 48:
            return
        with path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        with memoryview(mapped) as view:
            good = blake3.blake3(view[32:], key=key).digest() == bytes(view[:32])
            if good:
                at = int.from_bytes(view[-8:], "little")
                rows = msgspec.msgpack.decode(bytes(view[at:-8]))
                self._places = {bytes(name): (a, b) for name, a, b in rows}
        self._map = mapped

    def raw(self, folder: bytes) -> bytes:
        bounds = self._places.get(folder)
        return self._map[bounds[0] : bounds[1]] if bounds and self._map else b""

    def rows(self, raw: bytes) -> dict[bytes, CachedRow]:
        return {row.name: row for row in _decode_rows(raw)} if raw else {}

    def close(self) -> None:
        if self._map is not None:
            self._map.close()


class ScanCache:
    """Written beside the old one during the walk and put in its place at the end."""

    def __init__(self, path: Path | None, key: bytes, now_ns: int) -> None:
        self._path, self._racy = path, now_ns - _RACY_NS
        self._hash = blake3.blake3(key=key)
        self._places: list[tuple[bytes, int, int]] = []
        self._at = 32
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fresh = path.with_suffix(".new")
            handle = os.open(self._fresh, os.O_CREAT | os.O_RDWR | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "wb")
            self._file.write(bytes(32))

    def add(self, folder: bytes, rows: list[CachedRow], raw: bytes = b"") -> None:
        """`raw` is the record as it was, when nothing in the folder changed."""
        if self._path is None:
            return
        if not raw:
            # a time beyond 64 bits does not go into a record: its file is read anew each night
            racy = self._racy
            settled = [r for r in rows if EARLIEST <= r.mtime < racy and EARLIEST <= r.ctime < racy]
            raw = _encode([row for row in settled if row.mark not in ("changed", "unreadable")])
        self._write(raw)
        self._places.append((folder, self._at - len(raw), self._at))

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)
        self._at += len(data)

    def finish(self) -> None:
        if self._path is None:
            return
        at = self._at
        self._write(_encode(self._places) + at.to_bytes(8, "little"))
        self._file.seek(0)
        self._file.write(self._hash.digest())
        self._file.close()
        self._fresh.replace(self._path)

    def drop(self) -> None:
        if self._path is not None:
            self._file.close()
            self._fresh.unlink(missing_ok=True)
