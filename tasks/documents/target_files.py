"""Files that somebody may have worked on: written only where no work is lost.

A target that exists is left alone if it shows the same cells, and written anew if it stands exactly
as it was printed for the same purpose. Any other is refused, unless the writing is forced.
"""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import python_calamine

from tasks.core.errors import BadInput, HostileFile, Problem, Refused
from tasks.core.files import write_atomic
from tasks.documents.untrusted_workbook import check_workbook

STAMP_PROPERTY = "Printed as"
"""The custom property of a workbook that holds its stamp."""
BLANK_STAMP = "0" * 64
"""What a workbook has there until `stamped` puts the stamp in."""
_CUSTOM = "docProps/custom.xml"
_PROPERTIES = "docProps/"
FORCE = "use --force to write over it"


@dataclass(frozen=True)
class TargetFile:
    """A file to be written. `purpose`: what it is printed for; a workbook of another purpose is never
    written over. `instead`: what can be done with the one that stands there."""

    path: Path
    data: bytes
    purpose: str
    instead: str = "move it away"
    mode: int = 0o644


def stamped(data: bytes, purpose: str) -> bytes:
    """A workbook that was written with PROPERTY at BLANK_STAMP, with its stamp: SHA-256 of `purpose` and
    of all its parts but the properties, as 64 hex digits. Any program that saves it changes a part."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w") as new:
        stamp = _stamp(old, purpose).encode()
        for member in old.infolist():
            part = old.read(member)
            if member.filename == _CUSTOM:
                part = part.replace(BLANK_STAMP.encode(), stamp)
            new.writestr(member, part)
    return sink.getvalue()


def _stamp(archive: zipfile.ZipFile, purpose: str) -> str:
    digest = sha256(purpose.encode())
    for name in sorted(archive.namelist()):
        if not name.startswith(_PROPERTIES):
            digest.update(f"\n{name}\n".encode() + sha256(archive.read(name)).digest())
    return digest.hexdigest()


def require_workbook_name(path: Path) -> Path:
    """`path`, if it can be that of a workbook. Raises BadInput."""
    if path.suffix.lower() != ".xlsx":
        problem = Problem(file=str(path), code="workbook-name-wrong")
        raise BadInput("targets-not-written", [problem])
    return path


def write_targets(targets: Iterable[TargetFile], *, force: bool = False) -> list[Path]:
    """Write these files, or none of them; returns their paths. With `force` a file that stands there
    is written over. Raises Refused, naming every target that would lose work or that is no file."""
    listed = list(targets)
    problems = [*_twice(listed), *filter(None, (_conflict(target, force) for target in listed))]
    if problems:
        raise Refused("targets-not-written", problems)
    for target in listed:
        if not target.path.exists() or not _shows_the_same(target):
            write_atomic(target.path, target.data, target.mode)
    return [target.path for target in listed]


def _twice(targets: Sequence[TargetFile]) -> list[Problem]:
    paths = [os.path.normcase(target.path) for target in targets]
    return [
        Problem(file=str(target.path), code="target-named-twice")
        for index, target in enumerate(targets)
        if paths[index] in paths[:index]
    ]


def _conflict(target: TargetFile, force: bool) -> Problem | None:
    """Why a target cannot be written; None if it can, or need not be."""
    path = target.path
    above = next(folder for folder in (path.parent, *path.parent.parents) if folder.exists())
    if path.is_dir() or not above.is_dir():
        if path.is_dir():
            return Problem(str(path), code="target-is-folder")
        return Problem(str(path), code="target-not-in-folder", values={"above": above})
    if force or not path.exists() or _shows_the_same(target) or _is_as_printed(target):
        return None
    values = {"instead": target.instead, "force": FORCE}
    return Problem(str(path), code="target-exists", values=values)


def _shows_the_same(target: TargetFile) -> bool:
    try:
        is_same_size = target.path.stat().st_size == len(target.data)
        if is_same_size and target.path.read_bytes() == target.data:
            return True
        is_workbook = target.path.suffix.lower() == ".xlsx"
        return is_workbook and _cells_of(target.path) == _cells(target.data)
    except (HostileFile, OSError, ValueError, python_calamine.CalamineError):
        return False


def _cells_of(path: Path) -> dict[str, list[list[Any]]]:
    check_workbook(path)
    return _cells(path.read_bytes())


def _cells(data: bytes) -> dict[str, list[list[Any]]]:
    """The cells by sheet, without the empty ones at the end of a row or sheet."""
    workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    return {
        name: _trimmed(
            [_trimmed(row, _is_empty) for row in _rows(workbook.get_sheet_by_name(name))], lambda row: not row
        )
        for name in workbook.sheet_names
    }


def _rows(sheet: python_calamine.CalamineSheet) -> list[list[Any]]:
    return sheet.to_python(skip_empty_area=False) if sheet.height else []


def _is_empty(cell: object) -> bool:
    return cell is None or cell == ""


def _trimmed(items: list[Any], is_empty: Callable[[Any], bool]) -> list[Any]:
    end = len(items)
    while end and is_empty(items[end - 1]):
        end -= 1
    return items[:end]


def _is_as_printed(target: TargetFile) -> bool:
    """True for a workbook that nobody has saved since it was printed for the same purpose."""
    try:
        check_workbook(target.path)
        with zipfile.ZipFile(target.path) as archive:
            stamp = _stamp(archive, target.purpose).encode()
            return _CUSTOM in archive.namelist() and stamp in archive.read(_CUSTOM)
    except (HostileFile, OSError, zipfile.BadZipFile, zlib.error):
        return False
