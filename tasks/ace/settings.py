"""Settings of the wire to ACE: how batches leave, and where answers lie."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import Field

from tasks.transport.api import ShareAccess, ShareAddress


class AceSettings(ShareAccess):
    """How batches leave. `line_ends`: CBP's wire format has none; some senders want LF.
    `batches_per_hour`: files that may go to ACE in any hour, filings and questions together.
    `ask_first`: send only what ACE was asked for and does not show; false only where the sender
    cannot transmit queries. `payment_table`: CSV, a row an importer; `daily_ceiling`: dollars a
    day and payer that a debit may reach, 0 for none. `closed_days`: days beside weekends and federal
    holidays on which no statement can be printed, such as a port's local holidays or what CBP
    announces (error 204).
    `outbound`, `inbox`: the folders that the sender reads, and where it puts what ACE answers; each
    a path, or `smb://server[:port]/share[/folder]` with `share_user` and `share_password_file`."""

    site_code: str = Field(default="", pattern=r"^([0-9A-Z]{4})?$")
    sender_id: str = Field(default="", pattern=r"^([0-9A-Z]{3})?$")
    office_code: str = Field(default="", pattern=r"^([0-9A-Z]{2})?$")
    password_file: Path | None = None
    outbound: ShareAddress | Path | None = None
    line_ends: Literal["none", "lf"] = "none"
    entries_per_block: int = Field(default=20, ge=1, le=999)
    blocks_per_batch: int = Field(default=5, ge=1, le=999)
    batches_per_hour: int = Field(default=60, ge=1)
    numbers_per_query: int = Field(default=500, ge=1, le=5000)
    ask_first: bool = True
    ask_again_minutes: int = Field(default=60, ge=0)
    payment_table: Path | None = None
    daily_ceiling: int = Field(default=0, ge=0)
    closed_days: tuple[date, ...] = ()
    inbox: ShareAddress | Path | None = None
