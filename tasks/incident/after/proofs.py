"""A file that proves an act: it is there, it is not empty, it is not larger than a proof needs to be."""

from __future__ import annotations

from pathlib import Path

from tasks.entries.ledger import Book
from tasks.shared.errors import BadInput
from tasks.shared.hostile import MIB


def kept(book: Book, path: Path, what: str) -> str:
    """The digest under which the file is kept. Raises BadInput, naming `what` it should be."""
    most = book.settings.letters.attachment_mib
    if path.is_symlink() or not path.is_file():
        raise BadInput(f"{path} is not there: give {what}")
    size = path.stat().st_size
    if not 0 < size <= most * MIB:
        said = "is empty" if not size else f"has {size / MIB:.0f} MiB, more than {most}"
        raise BadInput(f"{path.name} {said} ([letters] attachment_mib): give {what}")
    return book.content.put(path.read_bytes())
