"""Which names of a snapshot may be written: the snapshot's maker is not trusted."""

from __future__ import annotations

import fnmatch
import os
import re
import unicodedata
from collections.abc import Sequence

from tasks.backup.format.structures import ListingEntry

MARKER = ".continuity-restore"  # stands in the target while a restore is under way

_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)( *\.|$)", re.I)
_DRIVE = re.compile(r"^[A-Za-z]:")
_NOT_ON_WINDOWS = re.compile(r'[<>:"|?*\\\x00-\x1f]')
WINDOWS = os.name == "nt"
_PLAIN = re.compile(rb"[A-Za-z0-9_-]+(?:[ .][A-Za-z0-9_-]+)*")
_SUSPECT = {b"con", b"prn", b"aux", b"nul", b"com", b"lpt"}  # how reserved names begin


def lies_outside(path: bytes) -> str:
    """The code of why a path could leave the target, or an empty text. Holds on every system."""
    if not path or b"\0" in path:
        return "name-empty-or-nul"
    if fold_path(path.split(b"/")[0]) == MARKER.encode():
        return "name-of-restore-marker"
    if path.startswith((b"/", b"\\")):
        return "path-absolute"
    for part in path.split(b"/"):
        text = part.decode(errors="replace")
        if part in (b"", b".", b".."):
            return "path-part-leads-up"
        if _DRIVE.match(text):
            return "path-with-drive-letter"
        if WINDOWS and ("\\" in text):
            return "path-with-backslash"
    return ""


def drive_letter(path: bytes) -> bool:
    """Whether a path is refused for a drive letter alone: it leads nowhere, and yet no restore
    writes it."""
    return b":" in path and bool(lies_outside(path)) and not lies_outside(path.replace(b":", b"_"))


def not_portable(path: bytes) -> str:
    """The code of why a path cannot stand on every system: reserved names, endings that Windows drops."""
    for part in path.split(b"/"):
        text = part.decode(errors="replace")
        if _RESERVED.match(text.rstrip(" .")) or _RESERVED.match(text):
            return "name-reserved-by-windows"
        if WINDOWS and (_NOT_ON_WINDOWS.search(text) or text != text.rstrip(" .")):
            return "name-not-allowed-by-windows"
    return ""


def is_plain_part(part: bytes) -> bool:
    """Whether one part of a path is such that no system takes offence: nearly all are, and need no
    closer look."""
    return _PLAIN.fullmatch(part) is not None and part[:3].lower() not in _SUSPECT


def printable_path(path: bytes) -> str:
    """A path for people: what is not printable is escaped."""
    text = path.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def fold_path(path: bytes) -> bytes:
    """What a system that ignores case and Unicode form makes of a path."""
    if path.isascii():
        return path.lower()
    try:
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path.decode()).casefold())
    except UnicodeDecodeError:
        return path
    return text.encode()


class NameGuard:
    """Judges the entries of a listing in their order. `native` lets names pass that only this
    system can tell apart or bear; nothing lets a name pass that leads outside the target."""

    def __init__(self, native: bool = False) -> None:
        self._native = native and not WINDOWS
        self._folders: set[bytes] = set()
        self._names: set[int] = set()

    def refuse(self, entry: ListingEntry) -> str:
        """The code of why this entry may not be written, or an empty text."""
        path = entry.path_bytes()
        above, _, name = path.rpartition(b"/")
        folder_listed = not above or above in self._folders  # then its parts were judged with it
        if not (above and folder_listed and is_plain_part(name)):
            why = lies_outside(path) or ("" if self._native else not_portable(path))
            if why:
                return why
        if not folder_listed:
            return "entry-without-folder"
        key = path if self._native else fold_path(path)
        key_hash = hash(key)  # keyed anew in each process: a snapshot's maker cannot foresee it
        if key_hash in self._names:
            return "name-not-distinct"
        self._names.add(key_hash)
        if entry.type == "folder":
            self._folders.add(path)
        return ""


class PathPatterns:
    """Which paths are wanted: shell patterns over the whole path, or a folder with all below it."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._patterns = [os.fsencode(pattern).strip(b"/") for pattern in patterns]

    def want(self, path: bytes) -> bool:
        if not self._patterns:
            return True
        return any(
            path == pattern or path.startswith(pattern + b"/") or fnmatch.fnmatchcase(path, pattern)
            for pattern in self._patterns
        )
