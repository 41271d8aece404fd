"""Settings of the duties."""

from __future__ import annotations

from pathlib import Path

from tasks.core.settings import SettingsTable


class DutySettings(SettingsTable):
    """`catalogue`: the broker's own duties; if empty,
    `duties.toml` in the home folder where there is one."""

    catalogue: Path | None = None
