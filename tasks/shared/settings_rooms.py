"""Tables of the settings of the other rooms: backups, screening, mail, duties, letters, kit, operations,
incident."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from tasks.shared.settings_book import Table

_ADDRESS = r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+"


class BackupSource(Table):
    """A folder, file or PostgreSQL database (`kind = "postgresql"`, `place` its URL) to back up."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    place: str
    kind: Literal["folder", "postgresql"] = "folder"
    retention: str = "records"
    skip: tuple[str, ...] = ()
    objective_hours: float = Field(default=26, gt=0)


class Backup(Table):
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
    sources: tuple[BackupSource, ...] = ()
    home_objective_hours: float = Field(default=26, gt=0)
    grace_seconds: float = Field(default=310, ge=0)
    least_free_gb: float = Field(default=10, ge=0)
    verify_share: int = Field(default=30, ge=1)
    drill: str = ""
    drill_key: Path | None = None
    drill_passphrase_file: Path | None = None
    scratch: Path | None = None


_TREASURY = "https://www.treasury.gov/ofac/downloads"
_LIST_ADDRESSES: dict[str, tuple[str, ...]] = {
    "ofac-sdn": tuple(f"{_TREASURY}/{f}.csv" for f in ("sdn", "alt", "add", "sdn_comments")),
    "ofac-cons": tuple(
        f"{_TREASURY}/consolidated/cons_{f}.csv" for f in ("prim", "alt", "add", "comments")
    ),
    "csl": ("https://data.trade.gov/downloadable_consolidated_screening_list/v1/consolidated.csv",),
    "bis-dpl": ("https://www.bis.doc.gov/dpl/dpl.txt",),
}


class Screening(Table):
    """`addresses`: where each list is downloaded, by its id; a list without one comes by folder.
    `checksums`: addresses of files with the SHA-256 of a download, by the download's address.
    `clear_days`: how long a clearance holds. `strong_score`: from here on two persons decide; the
    matching model says, unless set.
    `persons`: how many decide a strong hit; 1 for a sole broker, recorded as such.
    `bis_affiliates`: the BIS affiliates rule by its dates, or held on or off.
    `mail_to`: who is told of new hits and red lists."""

    addresses: dict[str, tuple[str, ...]] = _LIST_ADDRESSES
    checksums: dict[str, str] = Field(default={})
    allow_plain_http: bool = False
    timeout_seconds: float = Field(default=60, gt=0)
    tries: int = Field(default=4, ge=1, le=10)
    wait_seconds: float = Field(default=1.0, ge=0)
    clear_days: int = Field(default=365, ge=1)
    strong_score: float | None = Field(default=None, ge=0, le=1)
    persons: int = Field(default=2, ge=1, le=2)
    bis_affiliates: Literal["by date", "on", "off"] = "by date"
    second_opinion: bool = False
    threads: int = Field(default=2, ge=1)
    mail_to: tuple[str, ...] = ("compliance",)


class Mail(Table):
    """How letters leave, and to whom. No `server`: they wait in `<home>/outbox`.

    `security`: STARTTLS (port 587) or TLS from the first byte (465); never without. `ca_file`: the
    authority of a private mail server. `recipients`: addresses by role, such as `it`, `compliance`,
    `deputy`, `licence-holder`."""

    server: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    sender: str = Field(default="", pattern=f"^({_ADDRESS})?$")
    timeout_seconds: float = Field(default=30, gt=0)
    recipients: dict[str, tuple[Annotated[str, Field(pattern=f"^{_ADDRESS}$")], ...]] = Field(
        default={}
    )

    @model_validator(mode="after")
    def _sender_known(self) -> Mail:
        if self.server and not self.sender:
            raise ValueError("a mail server needs a sender: the address that letters come from")
        if self.user and self.password_file is None:
            raise ValueError("a mail user needs a password_file")
        return self


class Duties(Table):
    """`zone`: where the broker's days begin. `catalogue`: the broker's own duties; if empty,
    `duties.toml` in the home folder where there is one."""

    zone: str = "America/New_York"
    catalogue: Path | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone; one is America/New_York") from None
        return name


class Letters(Table):
    """Downtime letters. `signer`: id of the person who signs them, if not the only licence holder.
    A file behind a letter has at most `attachment_mib` and `attachment_pages`, a whole packet
    `packet_mib`."""

    signer: str = ""
    attachment_mib: int = Field(default=25, ge=1, le=250)
    attachment_pages: int = Field(default=300, ge=1)
    packet_mib: int = Field(default=150, ge=1, le=1000)


class Kit(Table):
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


class Operations(Table):
    """The server and workers that `continuity up` starts, and whom they tell.

    `host`, `port`: where the server listens. `auth_file`: its password, one line `user:password`;
    left out, it is the line in `street/password` of this home, which `continuity up` makes. `address`: how
    desks and workers elsewhere reach it, `https://server/api`, and where letters link to; empty is
    this machine's own. `ca_file`: who
    signed its certificate, as PEM, if no public authority did. `database`: a PostgreSQL URL; empty is SQLite,
    for trying out. `runs_at_once`: of one worker. `keep_days`: of runs and events. `approval_hours`:
    how long a plan may wait before it is told to `escalate_to`; `late_seconds`: how long a run that
    is due may wait for a worker; `dead_seconds`: how long one may give no sign of life, which comes
    every 30 s. `least_free_gb`: on the disks of home and content. `alert_to`: who is told that a run
    failed, both roles of `[mail.recipients]` or addresses. `dask`: address of a scheduler, or
    `local`, for those whose screening and backups outgrew one machine."""

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


class OpenWorkFile(Table):
    """A nightly export of open work, as CSV. `columns`: our field to the file's heading, where they
    differ; `kinds`: the file's word to our kind of work; `kind`: where the whole file is of one;
    `dates`: how days are written (`%m/%d/%Y`), if not 2026-11-24."""

    file: Path
    kind: str = ""
    columns: dict[str, str] = Field(default={})
    kinds: dict[str, str] = Field(default={})
    dates: str = ""


class System(Table):
    """A system that holds client data: what, and where its importer numbers can be read when it is
    down: a CSV export (`file`, with its headings), or a database (`database`, a URL, with `query`).
    `elsewhere`: neither is to be had from this machine; a kit names its systems so."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    holds: str
    elsewhere: bool = False
    file: Path | None = None
    number: str = "importer_number"
    importer: str = ""
    database: SecretStr = SecretStr("")
    query: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> System:
        sources = bool(self.file) + bool(self.query) + self.elsewhere
        if sources != 1:
            raise ValueError(
                "needs a file, or a database and its query (or elsewhere = true, alone)"
            )
        if bool(self.query) != bool(self.database.get_secret_value()):
            raise ValueError("a query needs its database, and a database its query")
        return self


class Incident(Table):
    """`open_work`: exports of open work, `export_hours` old at most; `systems`: what held which data;
    `contact_days`: how long a check of a contact counts; `signer`: who signs notices, if not the
    broker's contact."""

    open_work: tuple[OpenWorkFile, ...] = ()
    export_hours: float = Field(default=26, gt=0)
    systems: tuple[System, ...] = ()
    contact_days: int = Field(default=100, ge=1)
    signer: str = ""
