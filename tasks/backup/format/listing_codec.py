"""Listings: one line of JSON for each file, folder and link, cut where the content says so."""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Callable, Mapping, Sequence

import blake3
import msgspec

from tasks.backup.faults import DamagedData, NewerFormat
from tasks.backup.format.path_names import printable_path
from tasks.backup.format.signed_objects import FORMAT
from tasks.backup.format.structures import EARLIEST, LATEST, ListingEntry, ListingHead
from tasks.core.findings import Finding, make_finding

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


def entry_of(path: bytes, st: os.stat_result) -> ListingEntry:
    """An entry with the facts of a stat."""
    kind = _TYPES.get(stat.S_IFMT(st.st_mode), "file")
    entry = ListingEntry(
        type=kind,
        mode=st.st_mode & 0o7777,
        mtime=min(max(st.st_mtime_ns, EARLIEST), LATEST),
        uid=st.st_uid,
        gid=st.st_gid,
        size=st.st_size if kind == "file" else 0,
    )
    try:
        entry.path = path.decode()
    except UnicodeDecodeError:
        entry.raw = path.hex()
    if entry.mtime != st.st_mtime_ns:
        entry.far_mtime = str(st.st_mtime_ns)
    if kind in ("char", "block"):
        entry.device = st.st_rdev
    if kind == "file" and st.st_nlink > 1:
        entry.same = f"{st.st_dev:x}:{st.st_ino:x}"
    return entry


def set_target(entry: ListingEntry, target: bytes) -> None:
    try:
        entry.target = target.decode()
    except UnicodeDecodeError:
        entry.target_raw = target.hex()


def far_time(entry: ListingEntry, subject: str) -> Finding:
    """The finding of an entry with a `far_mtime`; times in ns since 1970."""
    return make_finding("file-time-out-of-range", subject, time=entry.far_mtime[:40], nearest=entry.mtime)


def mark_finding(entry: ListingEntry, subject: str) -> Finding:
    """The finding of an entry's mark. Any other mark is of a later or untrusted maker."""
    match entry.mark:
        case "changed" if entry.reason:
            return make_finding("database-not-consistent", subject, reason=entry.reason)
        case "changed":
            return make_finding("changed-while-read", subject)
        case "gone":
            return make_finding("file-gone-while-read", subject)
        case "unreadable":
            return make_finding("file-or-folder-not-read", subject, reason=entry.reason)
    return make_finding("entry-mark-unknown", subject, mark=entry.mark[:100])


def listing_line(entry: ListingEntry) -> bytes:
    return _encode(entry) + b"\n"


class ListingCutter:
    """Gathers lines into pieces of 128 KiB to 1 MiB that end where a line's checksum says so,
    so that a change in one folder leaves the other pieces as they were."""

    def __init__(self, key: bytes, store: Callable[[bytes, bytes], None]) -> None:
        self._key, self._store = key, store
        self._tree_hash = blake3.blake3(key=key)
        self._lines: list[bytes] = []
        self._pending_bytes = 0
        self.ids: list[bytes] = []
        self.bytes = 0
        self.add(_encode(ListingHead(FORMAT, key.hex())) + b"\n")

    def add(self, text: bytes) -> None:
        self._lines.append(text)
        self._pending_bytes += len(text)
        if self._pending_bytes >= _LEAST and (self._pending_bytes >= _MOST or not zlib.crc32(text) & _MASK):
            self.cut()

    def add_all(self, lines: Sequence[bytes]) -> None:
        """Each as `add` would; those that cannot end a piece go in together."""
        size = sum(map(len, lines))
        if self._pending_bytes + size < _LEAST:
            self._lines += lines
            self._pending_bytes += size
            return
        for text in lines:
            self.add(text)

    def cut(self) -> None:
        if not self._lines:
            return
        piece = b"".join(self._lines)
        self._lines, self._pending_bytes = [], 0
        self._tree_hash.update(piece)
        self.bytes += len(piece)
        name = blake3.blake3(piece, key=self._key).digest()
        self.ids.append(name)
        self._store(name, piece)

    def digest(self) -> str:
        return self._tree_hash.hexdigest()


_decoder = msgspec.json.Decoder(ListingEntry)
_decode, _decode_line = _decoder.decode_lines, _decoder.decode
_FAULTY = (msgspec.MsgspecError, ValueError, RecursionError)


def read_listing_head(first: bytes) -> bytes:
    """The id key from a listing's first line. Raises Damaged, NewerFormat."""
    try:
        head = json.loads(first)
        if int(head["format"]) > FORMAT:
            raise NewerFormat("listing-format-too-new", head=head["format"], format=FORMAT)
        key = bytes.fromhex(head["key"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DamagedData("listing-header-invalid", reason=error) from error
    if len(key) != 32:
        raise DamagedData("listing-key-length-wrong")
    return key


def read_entries(lines: bytes | memoryview) -> tuple[list[ListingEntry], list[Finding]]:
    """Entries of a piece of a listing, without the head, and a finding for each faulty line. A faulty
    line does not affect the others; where only its time is wrong, or it is a folder's, it is kept."""
    try:
        entries = _decode(lines)
        for entry in entries:
            _check(entry)
    except _FAULTY:
        return _by_line(bytes(lines))
    return entries, []


def _by_line(lines: bytes) -> tuple[list[ListingEntry], list[Finding]]:
    entries: list[ListingEntry] = []
    faults: list[Finding] = []
    for text in filter(None, lines.split(b"\n")):
        try:
            entry = _decode_line(text)
            _check(entry)
        except _FAULTY as error:
            entry, fault = _repaired_line(text, str(error))
            faults.append(fault)
        if entry is not None:
            entries.append(entry)
    return entries, faults


def _repaired_line(text: bytes, reason: str) -> tuple[ListingEntry | None, Finding]:
    """What can be kept of a faulty line, and what is wrong with it. A folder is kept without its
    attributes, since its files need it; an entry with a bad time is kept with the nearest good one."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        return None, make_finding("listing-line-not-json", "", line=printable_path(text[:60]))
    name = printable_path(str(fields.get("path") or fields.get("raw") or "")[:4096].encode(errors="replace"))
    time = fields.get("mtime")
    if isinstance(time, int) and not EARLIEST <= time <= LATEST:
        nearest = min(max(time, EARLIEST), LATEST)
        if entry := _converted(fields | {"mtime": nearest}):
            entry.far_mtime = ""
            return entry, make_finding("listing-time-out-of-range", name, time=str(time)[:40], nearest=nearest)
    if fields.get("type") == "folder":
        usable = {key: fields[key] for key in ("path", "raw", "type") if key in fields}
        if entry := _converted(usable | {"mode": 0o700}):
            return entry, make_finding("listing-folder-line-faulty", name, reason=reason)
    return None, make_finding("listing-line-faulty", name, reason=reason)


def _converted(fields: Mapping[str, object]) -> ListingEntry | None:
    try:
        entry = msgspec.convert(fields, ListingEntry)
        _check(entry)
        for read in (entry.path_bytes, entry.target_bytes):  # raises for a lone surrogate
            read()
    except _FAULTY:
        return None
    return entry


def _check(entry: ListingEntry) -> None:
    """Raises ValueError for values that no snapshot of ours holds: its maker is not trusted."""
    for name in entry.blobs:
        if len(bytes.fromhex(name)) != 32:
            raise ValueError("a blob id has the wrong length")
    if entry.raw or entry.target_raw:
        bytes.fromhex(entry.raw)
        bytes.fromhex(entry.target_raw)
    if entry.extents:
        _check_extents(entry)


def _check_extents(entry: ListingEntry) -> None:
    end = 0
    for extent in entry.extents:
        if extent.offset < end:
            raise ValueError("stretches of data that overlap")
        end = extent.offset + extent.length
    if end > entry.size:
        raise ValueError("stretches of data beyond the end")
