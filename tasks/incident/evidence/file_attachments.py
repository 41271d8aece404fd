"""Files that go into the journal as proof, by their digest. What comes in is untrusted until checked: a
name that would lead elsewhere, a link, an empty or an enormous file is refused before it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tasks.core.content import ContentStore
from tasks.core.errors import BadInput, Problem
from tasks.core.untrusted_input import MIB, is_safe_name
from tasks.incident.events import Attached
from tasks.incident.settings import LetterSettings
from tasks.workspace import Workspace

MOST = 64 << 20
"""Bytes of one file: a report or a scan, no disk image."""


def attach(content: ContentStore, paths: Iterable[Path], origin: str) -> list[Attached]:
    """Keep each file. Raises BadInput, naming every file that cannot be taken, and keeps none."""
    listed = list(paths)
    if problems := [problem for path in listed for problem in file_problems(path)]:
        raise BadInput("evidence-files-refused", problems)
    return [keep_bytes(content, path.name, path.read_bytes(), origin) for path in listed]


def keep_bytes(content: ContentStore, name: str, data: bytes, origin: str) -> Attached:
    """One file from memory."""
    return Attached(name=name, content=content.put(data), size=len(data), origin=origin)


def file_problems(path: Path) -> Iterator[Problem]:
    """What keeps a file from being kept at all."""
    if path.is_symlink():
        yield Problem(file=str(path), code="file-is-a-link")
    elif not path.is_file():
        yield Problem(file=str(path), code="attachment-not-a-file")
    elif not is_safe_name(path.name) or not path.name.isprintable():
        yield Problem(file=repr(path.name), code="file-name-not-portable")
    elif (size := path.stat().st_size) == 0:
        yield Problem(file=str(path), code="attachment-empty")
    elif size > MOST:
        yield Problem(
            file=str(path),
            value=f"{size / (1 << 20):.0f} MiB",
            code="evidence-file-too-large",
            values={"most": MOST >> 20},
        )


def keep_proof(workspace: Workspace, path: Path, what: str) -> str:
    """The digest under which the file is kept. Raises BadInput, naming `what` it should be."""
    most = workspace.settings(LetterSettings).attachment_mib
    if path.is_symlink() or not path.is_file():
        raise BadInput("proof-file-not-found", path=path, subject=what)
    size = path.stat().st_size
    if not 0 < size <= most * MIB:
        raise BadInput("proof-file-size-invalid", name=path.name, size=size / MIB, most=most, subject=what)
    return workspace.content.put(path.read_bytes())
