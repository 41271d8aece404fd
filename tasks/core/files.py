"""Writing so that a crash leaves the old file or the new one, never half of one.

Refuses a home folder on a network share or a stick, where SQLite's write-ahead log is unsafe.

The line of a value in a TOML file: the reader of Python's library keeps no line numbers.
"""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from tasks.core.errors import BadSettings

_TABLE = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*[.=]""")
_LINE = re.compile(r"at line (\d+)")


def toml_line(text: str, key_path: Sequence[str | int]) -> int:
    """The line of what a validation error calls `("duty", 3, "lead")`, or of the nearest table
    around it; 1 if there is none. The file must be readable TOML."""
    best, best_row = 0, 1
    for row, path in _paths(text):
        shared = _shared_parts(path, key_path)
        if shared > best:
            best, best_row = shared, row
    return best_row


def syntax_error_line(text: str, message: str) -> int:
    """The line that a syntax error names; the last one if it names the end."""
    named = _LINE.search(message)
    return int(named[1]) if named else text.count("\n") + 1


def _shared_parts(path: Sequence[str | int], key_path: Sequence[str | int]) -> int:
    count = 0
    for own_part, wanted_part in zip(path, key_path, strict=False):
        if own_part != wanted_part:
            break
        count += 1
    # A longer path leads somewhere else than to the wanted value.
    return count if count == min(len(path), len(key_path)) else max(count - 1, 0)


def _paths(text: str) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    """(line, path) of each table and key, arrays of tables counted."""
    table: tuple[str | int, ...] = ()
    counts: dict[tuple[str | int, ...], int] = {}
    closing = ""
    for row, line in enumerate(text.splitlines(), 1):
        if closing:
            closing = "" if closing in line else closing
            continue
        if header := _TABLE.match(line):
            table = _table(header[1], line.lstrip().startswith("[["), counts)
            yield row, table
        elif key := _KEY.match(line):
            yield row, (*table, key[1] or key[2] or key[3])
        closing = next((q for q in ('"""', "'''") if line.count(q) == 1), "")


def _table(name: str, array: bool, counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    path: tuple[str | int, ...] = ()
    parts = [part.strip() for part in name.split(".")]
    for depth, part in enumerate(parts, 1):
        path = (*path, part)
        if array and depth == len(parts):
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


_REMOTE = {"cifs", "smb3", "smbfs", "nfs", "nfs4", "9p", "afs", "ceph", "sshfs", "davfs"}
_STICK = {"vfat", "exfat", "msdos"}


def require_local(folder: Path) -> None:
    """Raises BadSettings if `folder` lies on a share or on removable storage."""
    kind = _windows_kind(folder) if sys.platform == "win32" else _linux_kind(folder)
    if kind:
        raise BadSettings("home-not-on-local-disk", folder=folder, kind=kind)


def _linux_kind(folder: Path) -> str:
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return kind_among(mounts, os.path.realpath(folder))


def kind_among(mounts: str, folder: str) -> str:
    """What `folder` lies on, from the text of a mount table; empty for a local disk."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, system, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        inside = folder == point or folder.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, system
    if kind in _REMOTE or kind.startswith("fuse.sshfs") or kind == "fuse.rclone":
        return f"a network share ({kind})"
    return f"a stick or memory card ({kind})" if kind in _STICK else ""


def _windows_kind(folder: Path) -> str:
    import ctypes

    anchor = folder.resolve().anchor
    if anchor.startswith("\\\\"):
        return "a network share"
    drive: int = getattr(ctypes, "windll").kernel32.GetDriveTypeW(anchor)  # noqa: B009 - on Windows only
    return {2: "a stick or memory card", 4: "a network share"}.get(drive, "")


_CHUNK = 1 << 20


def write_atomic(path: Path, data: bytes | Iterable[bytes], mode: int = 0o644) -> Path:
    """Write beside the target, flush to disk, then rename over it. Returns `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(descriptor, "wb") as out:
            for piece in [data] if isinstance(data, bytes) else data:
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)
    return path


def typed_path(path: Path) -> str:
    """A small text that a person typed, as UTF-8 or as Windows' editor and shell save it. Raises
    OSError, UnicodeError."""
    data = path.read_bytes()
    windows = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if windows else "utf-8-sig")


def flush_folder(folder: Path) -> None:
    """Make a rename in `folder` durable where the system lets a folder be flushed (not Windows)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def digest_of(path: Path) -> str:
    """SHA-256 of a file as 64 hex digits, read in pieces."""
    digest = sha256()
    with path.open("rb") as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
    return digest.hexdigest()


_BINARY = getattr(os, "O_BINARY", 0)
