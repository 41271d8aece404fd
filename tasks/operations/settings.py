"""Settings `[operations]`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from tasks.core.settings import SettingsTable


class OperationsSettings(SettingsTable):
    """The server and workers that `continuity up` starts, and whom they notify.

    `host`, `port`: where the server listens. `auth_file`: its password, one line `user:password`;
    left out, it is the line in `street/password` of this home, which `continuity up` makes. `address`: how
    desks and workers elsewhere reach it, `https://server/api`, and where letters link to; empty is
    this machine's own. `ca_file`: who signed its certificate, as PEM, if no public authority did.
    `database`: a PostgreSQL URL; empty is SQLite, for trying out. `runs_at_once`: of one worker.
    `keep_days`: of runs and events. `approval_hours`: how long a plan may wait before `escalate_to` are
    notified; `late_seconds`: how long a run that is due may wait for a worker; `dead_seconds`: how long
    one may give no sign of life, which comes every 30 s. `least_free_gb`: on the disks of home and
    content. `alert_to`: who is notified that a run failed, both roles of `[mail.recipients]` or
    addresses. `dask`: address of a scheduler, or `local`, for those whose screening and backups outgrew
    one machine."""

    host: str = "127.0.0.1"
    port: int = Field(default=4200, ge=1, le=65535)
    address: str = Field(default="", pattern=r"^(https?://.+/api)?$")
    database: SecretStr = SecretStr("")
    ca_file: Path | None = None
    auth_file: Path | None = None
    runs_at_once: int = Field(default=4, ge=1, le=100)
    keep_days: int = Field(default=60, ge=1)
    relay_seconds: float = Field(default=2, gt=0)
    approval_hours: float = Field(default=4, gt=0)
    late_seconds: float = Field(default=120, ge=1)
    dead_seconds: float = Field(default=120, ge=35)
    least_free_gb: float = Field(default=1, ge=0)
    alert_to: tuple[str, ...] = ("it",)
    escalate_to: tuple[str, ...] = ("deputy", "licence-holder")
    dask: str = Field(default="", pattern=r"^(local|tcp://.+|tls://.+)?$")
