"""What comes in is hostile until checked: archives and workbooks before anything opens them.

A zip may lie about sizes, so every member is inflated and counted here, a megabyte at a time,
and nothing is kept. The XML of a workbook is scanned in the same pass.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tasks.shared.errors import HostileFile, Problem

MIB = 1 << 20
_PIECE = MIB
_TAIL = 4096
_HEADER = 30


@dataclass(frozen=True)
class Limits:
    """Bytes, counts and the expansion ratio (for members over 10 MiB) that are let through."""

    packed: int = 64 * MIB
    expanded: int = 512 * MIB
    members: int = 2000
    ratio: int = 250
    text: int = 128 * MIB
    rows: int = 99_999
    columns: int = 104
    cells: int = 12_000_000


@dataclass
class PartFacts:
    """What the scan of one XML part of a workbook saw. `cells`: about how many hold something;
    `formulas`: a formula or an error value may stand somewhere in it."""

    cells: int = 0
    formulas: bool = False


@dataclass
class WorkbookFacts:
    """What the scan of a workbook saw, by part name."""

    parts: dict[str, PartFacts] = field(default_factory=dict)


def refuse(path: Path, wrong: str, right: str, value: str = "") -> HostileFile:
    """The error for a file that is not opened."""
    problem = Problem(file=path.name, value=value, wrong=wrong, right=right, code="E001")
    return HostileFile("a file that is not opened", [problem])


Visit = Callable[[str, bytes, int], None]
"""Called with a member's name, a piece of it and where in the piece the new bytes begin: the last
bytes of the piece before stand in front, so that what straddles two pieces is seen whole."""


def check_zip(
    path: Path, limits: Limits | None = None, visit: Visit | None = None
) -> tuple[str, ...]:
    """Names of the members of a zip that is safe to open. Raises HostileFile."""
    limits = limits or Limits()
    size = path.stat().st_size
    if size == 0:
        raise refuse(path, "the file is empty", "the workbook as it was saved")
    if size > limits.packed:
        raise refuse(path, f"{size / MIB:.0f} MiB", f"at most {limits.packed // MIB} MiB")
    try:
        with zipfile.ZipFile(path) as archive, path.open("rb") as raw:
            members = archive.infolist()
            _check_directory(path, archive, members, limits)
            left = limits.expanded
            for member in members:
                left -= _walk(path, raw, member, min(left, _most(member, limits)), visit)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, ValueError) as wrong:
        raise refuse(
            path, f"not a whole zip archive ({wrong})", "the file as it was saved"
        ) from None
    return tuple(member.filename for member in members)


def _most(member: zipfile.ZipInfo, limits: Limits) -> int:
    return max(10 * MIB, member.compress_size * limits.ratio)


def _check_directory(
    path: Path, archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], limits: Limits
) -> None:
    if len(members) > limits.members:
        raise refuse(path, f"{len(members)} members", f"at most {limits.members}")
    if archive.comment or (members and min(m.header_offset for m in members) > 0):
        raise refuse(path, "something stands before or after the archive", "the archive alone")
    names = [member.orig_filename for member in members]
    if len({name.lower() for name in names}) < len(names):
        raise refuse(path, "two members of one name", "each name once")
    for member in members:
        _check_member(path, member)


def _check_member(path: Path, member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if not is_safe_name(name):
        raise refuse(path, "a member's name leads outside", "plain names", repr(name))
    if stat.S_ISLNK(member.external_attr >> 16):
        raise refuse(path, "a member is a link", "files only", name)
    if member.flag_bits & 0x1:
        raise refuse(path, "a member is encrypted", "no password", name)
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse(path, "a member is packed in an unknown way", "stored or deflated", name)


def is_safe_name(name: str) -> bool:
    """True for a relative name that stays inside on every system: no `..`, root, drive letter,
    backslash, NUL or stream."""
    parts = name.rstrip("/").split("/")
    return not re.search(r"[\\:\x00-\x1f]", name) and all(p not in ("", ".", "..") for p in parts)


def _walk(
    path: Path, raw: BinaryIO, member: zipfile.ZipInfo, most: int, visit: Visit | None
) -> int:
    """Inflate one member piece by piece; returns its true size. Raises HostileFile."""
    size, tail = 0, b""
    for piece in _inflated(raw, member):
        size += len(piece)
        if size > most:
            raise refuse(
                path,
                f"grows to more than {most // MIB} MiB when unpacked (a zip bomb?)",
                "a workbook of ordinary size",
                member.filename,
            )
        if visit:
            visit(member.filename, tail + piece, len(tail))
            tail = piece[-_TAIL:]
    if size != member.file_size:
        raise refuse(path, "a member's size is not what the archive says", "", member.filename)
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


# Literal heads keep these at several hundred MB/s; a sheet of 90,000 rows is 90 MB of XML.
_DECLARATION = re.compile(rb"<!(?!--|\[CDATA\[)")
_ENCODING = re.compile(rb"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']*)")
_FORMULA = (re.compile(rb"<f[\s/>]"), re.compile(rb":f[\s/>]"), re.compile(rb"=[\"']e[\"']"))
_BEYOND = rb"((?:[A-Z]|[A-C][A-Z])?[1-9]\d{5,}|[D-Z][A-Z]\d+|[A-Z]{3,}\d+)[\"']"
_FAR = re.compile(rb' r="' + _BEYOND)
# a cell reference written so that _FAR does not see it: other quotes, blanks, character references
_ODD_SPACING = re.compile(rb" r(?:\s+=|=[^\"])")
_ODD_MARK = re.compile(rb"[\t\r\n\"']r\s*=|&#")
_ANY_FAR = re.compile(rb"<[^<>]*[\s\"']r\s*=\s*[\"']" + _BEYOND)
_DISGUISED = re.compile(rb"<(?:[\w.-]+:)?(?:c|row)\s[^<>]*&")


def check_workbook(path: Path, limits: Limits | None = None) -> WorkbookFacts:
    """Facts of an .xlsx that is safe to open: a whole zip of bounded size, no macros, no DTD,
    UTF-8, no cell beyond `limits`. Raises HostileFile."""
    limits = limits or Limits()
    facts = WorkbookFacts()

    def look(name: str, piece: bytes, new: int) -> None:
        if name.lower().endswith((".xml", ".rels", ".vml")):
            if name not in facts.parts:
                _check_encoding(path, piece)
            part = facts.parts.setdefault(name, PartFacts())
            _look(path, piece, limits)
            part.cells += piece.count(b"</c", new) + piece.count(b":c", new)
            part.formulas = part.formulas or any(form.search(piece) for form in _FORMULA)
            if sum(seen.cells for seen in facts.parts.values()) > limits.cells:
                raise refuse(path, "too many cells", f"at most {limits.cells:,} in a workbook")

    names = check_zip(path, limits, look)
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise refuse(path, "a zip archive, but no Excel workbook", "a file saved as .xlsx")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise refuse(path, "the workbook carries macros", "the same saved as .xlsx, without macros")
    return facts


def _look(path: Path, piece: bytes, limits: Limits) -> None:
    if _DECLARATION.search(piece):
        raise refuse(path, "the XML inside declares a document type", "plain XML")
    far = _FAR.search(piece)
    rare = b'"r' in piece or any(mark in piece for mark in (b"'", b"&", b"\t", b"\n", b"\r"))
    odd = _ODD_SPACING.search(piece) or (rare and _ODD_MARK.search(piece))
    if odd and _DISGUISED.search(piece):
        raise refuse(path, "cell references inside are disguised", "a workbook saved by Excel")
    if far := far or (_ANY_FAR.search(piece) if odd else None):
        raise refuse(
            path,
            "a cell beyond what a desk can fill",
            f"at most {limits.rows:,} rows and {limits.columns} columns; "
            "delete the empty rows below and columns beside the data",
            far[1].decode(),
        )


def _check_encoding(path: Path, piece: bytes) -> None:
    named = _ENCODING.search(piece[:200])
    odd = named and named[1].lower() not in (b"utf-8", b"us-ascii", b"ascii")
    if odd or piece[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in piece[:8]:
        raise refuse(path, "the XML inside is not UTF-8", "a workbook saved by Excel")


def read_text(path: Path, limits: Limits | None = None) -> str:
    """The text of a CSV or other plain file, UTF-8 with or without a byte order mark.
    Raises HostileFile for another encoding, naming the line, or one that is too big."""
    limits = limits or Limits()
    size = path.stat().st_size
    if size == 0:
        raise refuse(path, "the file is empty", "a heading row and the data")
    if size > limits.text:
        raise refuse(path, f"{size / MIB:.0f} MiB", f"at most {limits.text // MIB} MiB")
    data = path.read_bytes()
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise refuse(path, "saved as Unicode (UTF-16)", "saved as CSV UTF-8 (comma delimited)")
    if b"\x00" in data:
        raise refuse(path, "binary, not text", "a CSV file saved as CSV UTF-8 (comma delimited)")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        odd = data[wrong.start : wrong.start + 1]
        raise refuse(
            path,
            f"not UTF-8: line {line} has the byte {odd.hex()}, perhaps "
            f"{odd.decode('cp1252', 'replace')}",
            "saved as CSV UTF-8 (comma delimited)",
        ) from None
