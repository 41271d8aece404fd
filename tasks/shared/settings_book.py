"""Tables of the settings: who files, its numbers, its entries, ACE, and the book with what it needs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
)

_FILER = r"^[0-9A-Z]{3}$"


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Broker(Table):
    """Who files. `filer_code` is CBP's three characters; the rest prints on letters and sheets.
    `licence`: the broker's license number; `permit`: its national permit number (19 CFR 111.19);
    `address`: the office, in one line; `contact_phone`: answered day and night."""

    name: str = "The broker"
    filer_code: str = Field(default="XXX", pattern=_FILER)
    licence: str = ""
    permit: str = ""
    address: str = ""
    contact_name: str = ""
    contact_phone: str = ""


class Numbers(Table):
    """`check_digit_offset`: CBP's factor for a filer that used up ten million numbers (CATAIR
    Appendix E item 6). `daily_volume`: numbers used a day; the alarm is in days of that.
    `production_first`..`production_last`: serials that the production system can issue; the
    reserve must lie outside, or a restored system would issue its numbers again."""

    check_digit_offset: int = Field(default=0, ge=0, le=9)
    production_first: int = Field(default=0, ge=0, le=9_999_999)
    production_last: int = Field(default=8_999_999, ge=0, le=9_999_999)
    daily_volume: int = Field(default=50, ge=1)
    alarm_days: int = Field(default=10, ge=1)


class Entries(Table):
    """`further_ports`: Schedule D codes that the list shipped here lacks."""

    further_ports: tuple[str, ...] = ()


ShareAddress = Annotated[str, Field(pattern=r"^smb://")]


class Ace(Table):
    """How batches leave. `line_ends`: CBP's wire format has none; some senders want LF.
    `batches_per_hour`: files that may go to ACE in any hour, filings and questions together.
    `ask_first`: send only what ACE was asked for and does not show; false only where the sender
    cannot transmit queries. `payment_table`: CSV, a row an importer; `daily_ceiling`: dollars a
    day and payer that a debit may reach, 0 for none. `closed_days`: days beside weekends and federal
    holidays on which no statement can be printed, such as a port's local holidays or what CBP
    announces (error 204).
    `outbound`, `inbox`: the folders that the sender reads, and where it puts what ACE answers; each
    a path, or `smb://server[:port]/share[/folder]` with `share_user` and `share_password_file`
    (`share_timeout`: seconds for each answer of the server).
    `ports`, `applications`, `national_permit`: CBP's profile of this filer, as far as it is to be
    checked against; empty is not judged."""

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
    share_user: str = ""
    share_password_file: Path | None = None
    share_auth: Literal["negotiate", "ntlm", "kerberos"] = "negotiate"
    share_timeout: float = Field(default=30, gt=0)
    ports: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()
    national_permit: bool | None = None
    accept_type_86: bool = False
    quota_one_step: bool = True


class Book(Table):
    """Where the journal lies: a PostgreSQL URL, or empty for SQLite in the home folder."""

    url: SecretStr = SecretStr("")


class Content(Table):
    """Where content lies; must be seen by all machines of one book. Empty: in the home folder."""

    path: Path | None = None


class Approval(Table):
    """`persons`: how many take part. 1: a sole broker approves her own plan, recorded as such;
    2: preparer and approver; 3: preparer and two approvers."""

    persons: int = Field(default=2, ge=1, le=3)


class Private(Table):
    """Days that driver data is kept before its keys are destroyed."""

    keep_days: int = Field(default=90, ge=1)
