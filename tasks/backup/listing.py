"""Listings: one line of JSON for each file, folder and link, cut where the content says so."""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Callable, Sequence

import blake3
import msgspec

from tasks.backup.faults import Damaged, NewerFormat
from tasks.backup.objects import FORMAT
from tasks.backup.structures import Entry, ListingHead

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "char",
    stat.S_IFBLK: "block",
}
_LEAST, _MOST, _MASK = 128 << 10, 1 << 20, 0x1FF
_encode = msgspec.json.Encoder().encode


def entry_of(path: bytes, st: os.stat_result) -> Entry:
    """An entry with all that a stat tells."""
    kind = _TYPES.get(stat.S_IFMT(st.st_mode), "file")
    entry = Entry(
        type=kind,
        mode=st.st_mode & 0o7777,
        mtime=st.st_mtime_ns,
        uid=st.st_uid,
        gid=st.st_gid,
        size=st.st_size if kind == "file" else 0,
    )
    try:
        entry.path = path.decode()
    except UnicodeDecodeError:
        entry.raw = path.hex()
    if kind in ("char", "block"):
        entry.device = st.st_rdev
    if kind == "file" and st.st_nlink > 1:
        entry.same = f"{st.st_dev:x}:{st.st_ino:x}"
    return entry


def set_target(entry: Entry, target: bytes) -> None:
    try:
        entry.target = target.decode()
    except UnicodeDecodeError:
        entry.target_raw = target.hex()


def line(entry: Entry) -> bytes:
    return _encode(entry) + b"\n"


class ListingCutter:
    """Gathers lines into pieces of 128 KiB to 1 MiB that end where a line's checksum says so,
    so that a change in one folder leaves the other pieces as they were."""

    def __init__(self, key: bytes, store: Callable[[bytes, bytes], None]) -> None:
        self._key, self._store = key, store
        self._whole = blake3.blake3(key=key)
        self._lines: list[bytes] = []
        self._held = 0
        self.ids: list[bytes] = []
        self.bytes = 0
        self.add(_encode(ListingHead(FORMAT, key.hex())) + b"\n")

    def add(self, text: bytes) -> None:
        self._lines.append(text)
        self._held += len(text)
        if self._held >= _LEAST and (self._held >= _MOST or not zlib.crc32(text) & _MASK):
            self.cut()

    def add_all(self, lines: Sequence[bytes]) -> None:
        """Each as `add` would; those that cannot end a piece go in together."""
        size = sum(map(len, lines))
        if self._held + size < _LEAST:
            self._lines += lines
            self._held += size
            return
        for text in lines:
            self.add(text)

    def cut(self) -> None:
        if not self._lines:
            return
        piece = b"".join(self._lines)
        self._lines, self._held = [], 0
        self._whole.update(piece)
        self.bytes += len(piece)
        name = blake3.blake3(piece, key=self._key).digest()
        self.ids.append(name)
        self._store(name, piece)

    def digest(self) -> str:
        return self._whole.hexdigest()


_decode = msgspec.json.Decoder(Entry).decode_lines


def read_head(first: bytes) -> bytes:
    """The id key from a listing's first line. Raises Damaged, NewerFormat."""
    try:
        head = json.loads(first)
        if int(head["format"]) > FORMAT:
            raise NewerFormat(f"listing format {head['format']} is newer than {FORMAT}")
        key = bytes.fromhex(head["key"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Damaged(f"listing head: {error}") from error
    if len(key) != 32:
        raise Damaged("listing head: the key has the wrong length")
    return key


def read_entries(lines: bytes | memoryview) -> list[Entry]:
    """Entries of a piece of a listing, without the head. Raises Damaged."""
    try:
        entries = _decode(lines)
        for entry in entries:
            _check(entry)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Damaged(f"a line of the listing: {error}") from error
    return entries


def _check(entry: Entry) -> None:
    """Raises ValueError for values that no snapshot of ours holds: its maker may be hostile."""
    for name in entry.blobs:
        if len(bytes.fromhex(name)) != 32:
            raise ValueError("a blob id has the wrong length")
    if entry.raw or entry.target_raw:
        bytes.fromhex(entry.raw)
        bytes.fromhex(entry.target_raw)
    if entry.extents:
        _check_extents(entry)


def _check_extents(entry: Entry) -> None:
    end = 0
    for extent in entry.extents:
        if extent.offset < end:
            raise ValueError("stretches of data that overlap")
        end = extent.offset + extent.length
    if end > entry.size:
        raise ValueError("stretches of data beyond the end")
