"""Settings of backups."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from tasks.core.settings import SettingsTable


class BackupSourceSettings(SettingsTable):
    """A folder, file or PostgreSQL database (`kind = "postgresql"`, `place` its URL) to back up."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    place: str
    kind: Literal["folder", "postgresql"] = "folder"
    retention: str = "records"
    skip: tuple[str, ...] = ()
    objective_hours: float = Field(default=26, gt=0)


class BackupSettings(SettingsTable):
    """Where the sealed copies go. `store`: a folder, or `smb://server[:port]/share[/folder]`.

    `place` and `customs_territory` declare where the store stands (19 CFR 111.23(a)).
    `grace_seconds`: how long a write-once share lets a new file be changed. `verify_share`: one
    run reads this part of the packs. The drill key belongs on the drill machine alone."""

    store: str = ""
    user: str = ""
    password_file: Path | None = None
    auth: Literal["negotiate", "ntlm", "kerberos"] = "negotiate"
    timeout_seconds: float = Field(default=30, gt=0)
    patience_seconds: float = Field(default=300, ge=0)
    place: str = ""
    customs_territory: bool = False
    sources: tuple[BackupSourceSettings, ...] = ()
    home_objective_hours: float = Field(default=26, gt=0)
    grace_seconds: float = Field(default=310, ge=0)
    least_free_gb: float = Field(default=10, ge=0)
    verify_share: int = Field(default=30, ge=1)
    drill: str = ""
    drill_key: Path | None = None
    drill_passphrase_file: Path | None = None
    scratch: Path | None = None
