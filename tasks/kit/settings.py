"""Settings of the off-line kit."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tasks.core.settings import SettingsTable


class KitSettings(SettingsTable):
    """The off-line kit. `out`: where kits are written, else `kits` in the home; the newest `keep` stay
    there. `recipients`: `.pub` files of those who can open its sealed archive; `passphrase_file`:
    another way in. `windows`: also what a Windows laptop needs, for `windows_python`; `python`: its
    official installer, to be put in. `wheel`: this program's own, if the home keeps none.
    `recovery_key`: where the backups' recovery key and its passphrase are kept, for the print."""

    out: Path | None = None
    keep: int = Field(default=3, ge=1)
    recipients: tuple[Path, ...] = ()
    passphrase_file: Path | None = None
    windows: bool = True
    windows_python: str = Field(default="3.13", pattern=r"^3\.(1[1-3])$")
    python: Path | None = None
    wheel: Path | None = None
    max_age_days: int = Field(default=31, ge=1)
    recovery_key: str = ""
