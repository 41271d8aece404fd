"""What is attached is hostile until checked: name, size, kind, and that it opens. A PDF with a password,
a PDF that is none, a picture of a billion points are refused before anything else reads them."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path

from tasks.shared.errors import HostileFile, Problem
from tasks.shared.hostile import MIB, is_safe_name, refuse
from tasks.shared.settings import Letters

PDF, PNG, JPEG, TIFF = "application/pdf", "image/png", "image/jpeg", "image/tiff"
_HEADS = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG),
          (b"II*\x00", TIFF), (b"MM\x00*", TIFF))  # fmt: skip
_RIGHT = "a PDF, PNG, JPEG or TIFF; print anything else to PDF first"
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_POINTS = 120_000_000
"""A sheet of letter size at 1000 dots an inch has 93 million."""


@dataclass(frozen=True)
class Document:
    """A file that is safe to keep and to put behind a letter."""

    file: str
    data: bytes
    media: str
    pages: int


def read(path: Path, limits: Letters) -> Document:
    """The file, checked. Raises HostileFile, naming it, what is wrong and what would be right."""
    if reason := name_fault(path.name):
        raise refuse(path, reason, "a plain name, like invoice-0042.pdf", path.name)
    try:
        size = path.stat().st_size
        if path.is_symlink() or not path.is_file():
            raise refuse(path, "is a link or no file", _RIGHT)
        if size > limits.attachment_mib * MIB:
            most = f"at most {limits.attachment_mib} MiB ([letters] attachment_mib)"
            raise refuse(path, f"{size / MIB:.0f} MiB", f"{most}: scan it coarser, or split it")
        data = path.read_bytes()
    except OSError as wrong:
        raise refuse(path, f"cannot be read: {wrong.strerror}", "a file that is there") from None
    return checked(path.name, data, limits)


def name_fault(name: str) -> str:
    """Why a file's name is not taken; empty if it is."""
    if not is_safe_name(name) or re.search(r'[*?"<>|/]', name) or name[-1:] in (".", " "):
        return "its name has signs that lead elsewhere or that not every system takes"
    if _DEVICES.fullmatch(name) or name.startswith("."):
        return "its name means something to an operating system"
    return f"its name has {len(name)} signs, more than 120" if len(name) > 120 else ""


def checked(name: str, data: bytes, limits: Letters) -> Document:
    """What `data` is. Raises HostileFile."""
    media = next((kind for head, kind in _HEADS if data.startswith(head)), "")
    if not data:
        raise _fault(name, "the file is empty", _RIGHT)
    if not media:
        called = " although it is called so" if name.lower().endswith(".pdf") else ""
        raise _fault(name, f"is no PDF{called} and no picture", _RIGHT)
    pages = _pdf_pages(name, data) if media == PDF else _frames(name, data)
    if pages > limits.attachment_pages:
        right = f"at most {limits.attachment_pages} ([letters] attachment_pages)"
        raise _fault(name, f"{pages} pages", right)
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
    except Exception as wrong:
        # pypdf raises whatever a broken file makes it stumble over
        first = str(wrong).splitlines()[0][:80] if str(wrong) else type(wrong).__name__
        raise _fault(name, f"is a PDF that cannot be read ({first})",
                     "open it and print it to PDF anew") from None  # fmt: skip
    if locked:
        raise _fault(name, "is a PDF with a password", "print it to PDF anew, without one")
    if not pages or not sound:
        raise _fault(name, "is a PDF without a usable page", "open it and print it to PDF anew")
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
        most = f"at most {_POINTS / 1e6:,.0f} million points"
        raise _fault(name, "is a picture of too many points", f"{most}: scan it coarser") from None
    except Exception as wrong:
        # Pillow, too, stumbles in many ways
        raise _fault(name, f"is a picture that cannot be read ({type(wrong).__name__})",
                     "scan it again") from None  # fmt: skip
    return frames


def _fault(name: str, wrong: str, right: str) -> HostileFile:
    return HostileFile("attachment-refused", [Problem(file=name, wrong=wrong, right=right)])
