"""To whom a kit is sealed: as asked for, else as the settings say."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.shared.errors import BadSettings
from tasks.shared.seal import To, read_public
from tasks.shared.settings import Settings


def to(settings: Settings, recipients: Sequence[Path] | None = None, passphrase: str = "") -> To:
    """Recipients and passphrase; either may be missing, and both. Raises BadInput for a file that is
    no public key, BadSettings for a passphrase file that cannot be read."""
    paths = recipients or settings.kit.recipients
    keys = [read_public(_placed(settings, path)) for path in paths]
    return To(keys, passphrase or _kept(settings))


def _placed(settings: Settings, path: Path) -> Path:
    """A path in the settings may be told from the home folder."""
    return path if path.is_absolute() or path.exists() else settings.home / path


def _kept(settings: Settings) -> str:
    path = settings.kit.passphrase_file
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as wrong:
        raise BadSettings("kit-passphrase-file-unreadable", path=path, reason=wrong) from None
