"""A file that proves an act: it is there, it is not empty, it is not larger than a proof needs to be."""

from __future__ import annotations

from pathlib import Path

from tasks.core.errors import BadInput
from tasks.core.untrusted_input import MIB
from tasks.incident.settings import LetterSettings
from tasks.workspace import Workspace


def keep_proof(workspace: Workspace, path: Path, what: str) -> str:
    """The digest under which the file is kept. Raises BadInput, naming `what` it should be."""
    most = workspace.settings(LetterSettings).attachment_mib
    if path.is_symlink() or not path.is_file():
        raise BadInput("proof-file-not-found", path=path, subject=what)
    size = path.stat().st_size
    if not 0 < size <= most * MIB:
        raise BadInput("proof-file-size-invalid", name=path.name, size=size / MIB, most=most, subject=what)
    return workspace.content.put(path.read_bytes())
