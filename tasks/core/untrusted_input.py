"""Files that come in are untrusted until checked: archives and plain text, before anything opens them.

A zip may lie about sizes, so every member is inflated and counted here, a megabyte at a time,
and nothing is kept; a visitor may look at the pieces as they pass.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tasks.core.errors import HostileFile, Problem

MIB = 1 << 20
_PIECE = MIB
_TAIL = 4096
_HEADER = 30


@dataclass(frozen=True)
class ArchiveLimits:
    """Bytes, counts and the expansion ratio (for members over 10 MiB) that are let through."""

    packed: int = 64 * MIB
    expanded: int = 512 * MIB
    members: int = 2000
    ratio: int = 250
    text: int = 128 * MIB
    cells: int = 12_000_000


def refuse_input(path: Path, wrong: str, right: str, value: str = "") -> HostileFile:
    """The error for a file that is not opened."""
    problem = Problem(file=path.name, value=value, wrong=wrong, right=right, code="E001")
    return HostileFile("untrusted-file-refused", [problem])


def unsafe_name_reason(path: Path, code: str, value: str = "", **values: object) -> HostileFile:
    """The same with a code and its facts. `value`: the member or cell that is meant."""
    problem = Problem(file=path.name, value=value, code=code, values=values)
    return HostileFile("untrusted-file-refused", [problem])


Visit = Callable[[str, bytes, int], None]
"""Called with a member's name, a piece of it and where in the piece the new bytes begin: the last
bytes of the piece before stand in front, so that what straddles two pieces is seen whole."""


def check_zip(path: Path, limits: ArchiveLimits | None = None, visit: Visit | None = None) -> tuple[str, ...]:
    """Names of the members of a zip that is safe to open. Raises HostileFile."""
    limits = limits or ArchiveLimits()
    size = path.stat().st_size
    if size == 0:
        raise unsafe_name_reason(path, "workbook-file-empty")
    if size > limits.packed:
        raise unsafe_name_reason(path, "file-too-large", size=size / MIB, most=limits.packed // MIB)
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            members = archive.infolist()
            _check_directory(path, archive, members, limits)
            left = limits.expanded
            for member in members:
                left -= _walk(path, raw, member, min(left, _most(member, limits)), visit)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as wrong:
        raise unsafe_name_reason(path, "zip-not-whole", reason=str(wrong)) from None
    return tuple(member.filename for member in members)


def _most(member: zipfile.ZipInfo, limits: ArchiveLimits) -> int:
    return max(10 * MIB, member.compress_size * limits.ratio)


def _check_directory(
    path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: ArchiveLimits
) -> None:
    if len(members) > limits.members:
        raise unsafe_name_reason(path, "zip-too-many-members", count=len(members), most=limits.members)
    if archive.comment or (members and min(m.header_offset for m in members) > 0):
        raise unsafe_name_reason(path, "zip-not-alone")
    names = [member.orig_filename for member in members]
    if len({name.lower() for name in names}) < len(names):
        raise unsafe_name_reason(path, "zip-name-repeated")
    for member in members:
        _check_member(path, member)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if not is_safe_name(name):
        raise unsafe_name_reason(path, "zip-name-leads-outside", repr(name))
    if stat.S_ISLNK(member.external_attr >> 16):
        raise unsafe_name_reason(path, "zip-member-is-link", name)
    if member.flag_bits & 0x1:
        raise unsafe_name_reason(path, "zip-member-encrypted", name)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise unsafe_name_reason(path, "zip-packing-unknown", name)


def is_safe_name(name: str) -> bool:
    """True for a relative name that stays inside on every system: no `..`, root, drive letter,
    backslash, NUL or stream."""
    parts = name.rstrip("/").split("/")
    return not re.search(r"[\\:\x00-\x1f]", name) and all(p not in ("", ".", "..") for p in parts)


def _walk(path: Path, raw: BinaryIO, member: zipfile.ZipInfo, most: int, visit: Visit | None) -> int:
    """Inflate one member piece by piece; returns its true size. Raises HostileFile."""
    size, tail = 0, b""
    for piece in _inflated(raw, member):
        size += len(piece)
        if size > most:
            raise unsafe_name_reason(path, "zip-grows-too-large", member.filename, most=most // MIB)
        if visit:
            visit(member.filename, tail + piece, len(tail))
            tail = piece[-_TAIL:]
    if size != member.file_size:
        raise unsafe_name_reason(path, "zip-size-differs", member.filename)
    return size


def _inflated(raw: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    raw.seek(member.header_offset)
    header = raw.read(_HEADER)
    if len(header) < _HEADER or header[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("a member's header is missing")
    lengths = int.from_bytes(header[26:28], "little"), int.from_bytes(header[28:30], "little")
    raw.seek(sum(lengths), 1)
    left = member.compress_size
    unpack = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := raw.read(min(left, _PIECE))):
        left -= len(packed)
        while packed and unpack:
            yield unpack.decompress(packed, _PIECE)
            packed = unpack.unconsumed_tail
        if packed:
            yield packed
    if left:
        raise zipfile.BadZipFile("the file ends in the middle of a member")
    if unpack:
        yield unpack.flush()


def read_text(path: Path, limits: ArchiveLimits | None = None, *, keep_odd: bool = False) -> str:
    """The text of a CSV or other plain file, UTF-8 with or without a byte order mark.
    Raises HostileFile for another encoding, naming the line, or one that is too big.

    `keep_odd`: bytes that are no UTF-8 stand in the text as lone surrogates (U+DC80 to U+DCFF), for
    a caller that reports them by the row."""
    limits = limits or ArchiveLimits()
    size = path.stat().st_size
    if size == 0:
        raise unsafe_name_reason(path, "text-file-empty")
    if size > limits.text:
        raise unsafe_name_reason(path, "file-too-large", size=size / MIB, most=limits.text // MIB)
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise unsafe_name_reason(path, "text-is-utf-16")
    if b"\x00" in data:
        line = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise unsafe_name_reason(path, "text-is-binary", line=line)
    try:
        return data.decode("utf-8-sig", "surrogateescape" if keep_odd else "strict")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        byte = data[wrong.start : wrong.start + 1]
        raise unsafe_name_reason(path, "text-not-utf-8", line=line, byte=byte.hex()) from None
