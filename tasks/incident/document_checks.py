"""What is attached is untrusted until checked: name, size, kind, and that it opens. A PDF with a password,
a PDF that is none, a picture of a billion points are refused before anything else reads them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from tasks.core.errors import HostileFile, Problem
from tasks.core.untrusted_input import MIB, is_safe_name
from tasks.incident.settings import LetterSettings

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
_HEADS = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG), (b"II*\x00", TIFF), (b"MM\x00*", TIFF))
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_POINTS = 120_000_000
"""A sheet of letter size at 1000 dots an inch has 93 million."""
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Document:
    """A file that is safe to keep and to put behind a letter."""

    file: str
    data: bytes
    media: str
    pages: int


def read_document(path: Path, limits: LetterSettings) -> Document:
    """The file, checked. Raises HostileFile, naming it, what is wrong and what would be right."""
    if fault := name_fault(path.name):
        raise _refused(fault)
    try:
        size = path.stat().st_size
        if path.is_symlink() or not path.is_file():
            raise _refused(Problem(file=path.name, code="document-is-a-link"))
        if size > limits.attachment_mib * MIB:
            raise _refused(
                Problem(
                    file=path.name,
                    code="document-too-large",
                    values={"size": size / MIB, "most": limits.attachment_mib},
                )
            )
        data = path.read_bytes()
    except OSError as error:
        raise _refused(Problem(file=path.name, code="document-unreadable", values={"reason": error.strerror})) from None
    return check_document(path.name, data, limits)


def name_fault(name: str) -> Problem | None:
    """Why a file's name is not accepted; None if it is."""
    if not is_safe_name(name) or re.search(r'[*?"<>|/]', name) or name[-1:] in (".", " "):
        return Problem(file=name, value=name, code="document-name-has-unsafe-characters")
    if _DEVICES.fullmatch(name) or name.startswith("."):
        return Problem(file=name, value=name, code="document-name-reserved")
    if len(name) > _LONGEST_NAME:
        return Problem(
            file=name, value=name, code="document-name-too-long", values={"length": len(name), "most": _LONGEST_NAME}
        )
    return None


def check_document(name: str, data: bytes, limits: LetterSettings) -> Document:
    """What `data` is. Raises HostileFile."""
    media = next((kind for head, kind in _HEADS if data.startswith(head)), "")
    if not data:
        raise _refused(Problem(file=name, code="document-empty"))
    if not media:
        code = "document-not-a-pdf" if name.lower().endswith(".pdf") else "document-kind-not-accepted"
        raise _refused(Problem(file=name, code=code))
    pages = _pdf_pages(name, data) if media == PDF else _frames(name, data)
    if pages > limits.attachment_pages:
        raise _refused(
            Problem(file=name, code="document-too-many-pages", values={"pages": pages, "most": limits.attachment_pages})
        )
    return Document(name, data, media, pages)


def _pdf_pages(name: str, data: bytes) -> int:
    import io

    from pypdf import PdfReader

    # What it stumbles over is told once, by us.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        # Only with an owner's password anybody may read it: reading takes the empty one, as viewers do.
        locked = reader.is_encrypted and not reader.decrypt("")
        pages = 0 if locked else len(reader.pages)
        boxes = [] if locked else [page.mediabox for page in reader.pages]
        sound = all(20 < float(side) < 20_000 for box in boxes for side in (box.width, box.height))
    except Exception as error:
        # pypdf raises whatever a broken file makes it stumble over
        first = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise _refused(Problem(file=name, code="document-pdf-unreadable", values={"reason": first})) from None
    if locked:
        raise _refused(Problem(file=name, code="document-has-password"))
    if not pages or not sound:
        raise _refused(Problem(file=name, code="document-without-usable-page"))
    return pages


def _frames(name: str, data: bytes) -> int:
    import io
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as picture:
                frames = getattr(picture, "n_frames", 1)
                if picture.width * picture.height > _POINTS:
                    raise Image.DecompressionBombError
                picture.load()
    except Image.DecompressionBombError:
        raise _refused(
            Problem(file=name, code="document-picture-too-large", values={"most": _POINTS // 1_000_000})
        ) from None
    except Exception as error:
        # Pillow, too, stumbles in many ways
        raise _refused(
            Problem(file=name, code="document-picture-unreadable", values={"kind": type(error).__name__})
        ) from None
    return frames


def _refused(problem: Problem) -> HostileFile:
    return HostileFile("attachment-refused", [problem])
