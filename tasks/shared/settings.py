"""One frozen class of settings: `<home>/continuity.toml`, a table a room, with the environment
(`CONTINUITY_<ROOM>__<NAME>`) on top. Unknown keys are refused. Secrets come from files."""

from __future__ import annotations

import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tasks.shared.errors import BadSettings, Problem

FILE = "continuity.toml"
_FILER = r"^[0-9A-Z]{3}$"
_ADDRESS = r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+"


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Broker(_Table):
    """Who files. `filer_code` is CBP's three characters; the rest prints on letters and sheets."""

    name: str = "The broker"
    filer_code: str = Field(default="XXX", pattern=_FILER)
    licence: str = ""
    contact_name: str = ""
    contact_phone: str = ""


class Numbers(_Table):
    """`check_digit_offset`: CBP's factor for a filer that used up ten million numbers (CATAIR
    Appendix E item 6). `daily_volume`: numbers used a day; the alarm is in days of that.
    `production_first`..`production_last`: serials that the production system can issue; the
    reserve must lie outside, or a restored system would issue its numbers again."""

    check_digit_offset: int = Field(default=0, ge=0, le=9)
    production_first: int = Field(default=0, ge=0, le=9_999_999)
    production_last: int = Field(default=8_999_999, ge=0, le=9_999_999)
    daily_volume: int = Field(default=50, ge=1)
    alarm_days: int = Field(default=10, ge=1)


class Entries(_Table):
    """`further_ports`: Schedule D codes that the list shipped here lacks."""

    further_ports: tuple[str, ...] = ()


ShareAddress = Annotated[str, Field(pattern=r"^smb://")]


class Ace(_Table):
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


class Book(_Table):
    """Where the journal lies: a PostgreSQL URL, or empty for SQLite in the home folder."""

    url: SecretStr = SecretStr("")


class Content(_Table):
    """Where content lies; must be seen by all machines of one book. Empty: in the home folder."""

    path: Path | None = None


class Approval(_Table):
    """`persons`: how many take part. 1: a sole broker approves her own plan, recorded as such;
    2: preparer and approver; 3: preparer and two approvers."""

    persons: int = Field(default=2, ge=1, le=3)


class Private(_Table):
    """Days that driver data is kept before its keys are destroyed."""

    keep_days: int = Field(default=90, ge=1)


class BackupSource(_Table):
    """A folder, file or PostgreSQL database (`kind = "postgresql"`, `place` its URL) to back up."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    place: str
    kind: Literal["folder", "postgresql"] = "folder"
    retention: str = "records"
    skip: tuple[str, ...] = ()
    objective_hours: float = Field(default=26, gt=0)


class Backup(_Table):
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


class Screening(_Table):
    """`addresses`: where each list is downloaded, by its id; a list without one comes by folder.
    `checksums`: addresses of files with the SHA-256 of a download, by the download's address.
    `clear_days`: how long a clearance holds. `strong_score`: from here on two persons decide; the
    matching model says, unless set.
    `persons`: how many decide a strong hit; 1 for a sole broker, recorded as such.
    `bis_affiliates`: the BIS affiliates rule by its dates, or held on or off.
    `mail_to`: who is told of new hits and red lists."""

    addresses: dict[str, tuple[str, ...]] = _LIST_ADDRESSES
    checksums: dict[str, str] = {}
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


class Mail(_Table):
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
    recipients: dict[str, tuple[Annotated[str, Field(pattern=f"^{_ADDRESS}$")], ...]] = {}

    @model_validator(mode="after")
    def _sender_known(self) -> Mail:
        if self.server and not self.sender:
            raise ValueError("a mail server needs a sender: the address that letters come from")
        if self.user and self.password_file is None:
            raise ValueError("a mail user needs a password_file")
        return self


class Duties(_Table):
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


class Letters(_Table):
    """Downtime letters. `signer`: id of the person who signs them, if not the only licence holder.
    A file behind a letter has at most `attachment_mib` and `attachment_pages`, a whole packet
    `packet_mib`."""

    signer: str = ""
    attachment_mib: int = Field(default=25, ge=1, le=250)
    attachment_pages: int = Field(default=300, ge=1)
    packet_mib: int = Field(default=150, ge=1, le=1000)


class Kit(_Table):
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


class Operations(_Table):
    """The server and workers that `continuity up` starts, and whom they tell.

    `host`, `port`: where the server listens; other machines reach it only with `auth_file`, whose
    one line is `user:password`. `address`: how desks and workers elsewhere reach it,
    `https://server/api`, and where letters link to; empty is this machine's own. `ca_file`: who
    signed its certificate, as PEM, if no public authority did. `database`: a PostgreSQL URL; empty is SQLite,
    for trying out. `runs_at_once`: of one worker. `keep_days`: of runs and events. `approval_hours`:
    how long a plan may wait before it is told to `escalate_to`; `late_seconds`: how long a run that
    is due may wait for a worker; `dead_seconds`: how long one may give no sign of life, which comes
    every 30 s. `alert_to`: who is told that a run failed, both roles of `[mail.recipients]` or
    addresses. `dask`: address of a scheduler, or `local`, for those whose screening and backups
    outgrew one machine."""

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
    alert_to: tuple[str, ...] = ("it",)
    escalate_to: tuple[str, ...] = ("deputy", "licence-holder")
    dask: str = Field(default="", pattern=r"^(local|tcp://.+|tls://.+)?$")


class OpenWorkFile(_Table):
    """A nightly export of open work, as CSV. `columns`: our field to the file's heading, where they
    differ; `kinds`: the file's word to our kind of work; `kind`: where the whole file is of one;
    `dates`: how days are written (`%m/%d/%Y`), if not 2026-11-24."""

    file: Path
    kind: str = ""
    columns: dict[str, str] = {}
    kinds: dict[str, str] = {}
    dates: str = ""


class System(_Table):
    """A system that holds client data: what, and where its importer numbers can be read when it is
    down: a CSV export (`file`, with its headings), or a database (`database`, a URL, with `query`)."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    holds: str
    file: Path | None = None
    number: str = "importer_number"
    importer: str = ""
    database: SecretStr = SecretStr("")
    query: str = ""

    @model_validator(mode="after")
    def _one_source(self) -> System:
        if bool(self.file) == bool(self.query):
            raise ValueError("needs a file, or a database and its query")
        if bool(self.query) != bool(self.database.get_secret_value()):
            raise ValueError("a query needs its database, and a database its query")
        return self


class Incident(_Table):
    """`open_work`: exports of open work, `export_hours` old at most; `systems`: what held which data;
    `contact_days`: how long a check of a contact counts; `signer`: who signs notices, if not the
    broker's contact."""

    open_work: tuple[OpenWorkFile, ...] = ()
    export_hours: float = Field(default=26, gt=0)
    systems: tuple[System, ...] = ()
    contact_days: int = Field(default=100, ge=1)
    signer: str = ""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CONTINUITY_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path
    broker: Broker = Broker()
    numbers: Numbers = Numbers()
    entries: Entries = Entries()
    ace: Ace = Ace()
    journal: Book = Book()
    content: Content = Content()
    approval: Approval = Approval()
    private: Private = Private()
    backup: Backup = Backup()
    mail: Mail = Mail()
    duties: Duties = Duties()
    incident: Incident = Incident()
    screening: Screening = Screening()
    letters: Letters = Letters()
    kit: Kit = Kit()
    operations: Operations = Operations()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @property
    def content_path(self) -> Path:
        return self.content.path or self.home / "content"


def home_folder(given: Path | None = None) -> Path:
    """`--home`, else CONTINUITY_HOME, else ./continuity-home."""
    return (given or Path(os.environ.get("CONTINUITY_HOME") or "continuity-home")).absolute()


def load(home: Path) -> Settings:
    """The settings of a home folder. Raises BadSettings, listing every problem, or telling that
    there is no home there."""
    path = home / FILE
    if not path.is_file():
        raise BadSettings(f"{home} is no home folder: {FILE} is missing. Make one: continuity init")
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        problem = Problem(file=str(path), wrong=str(wrong), right="mend the line named")
        raise BadSettings("The settings cannot be read:", [problem]) from wrong
    return checked(given, home)


def checked(given: dict[str, Any], home: Path) -> Settings:
    """Settings from what a file said. Raises BadSettings."""
    _refuse_unknown_environment()
    try:
        # CONTINUITY_HOME would win over the folder that was found, so it is put back.
        return Settings(**{**given, "home": home}).model_copy(update={"home": home})
    except ValidationError as wrong:
        problems = [
            Problem(
                file=FILE,
                column=".".join(str(part) for part in fault["loc"]),
                value="" if "password" in str(fault["loc"]) else str(fault["input"])[:60],
                wrong=fault["msg"],
            )
            for fault in wrong.errors()
        ]
        raise BadSettings("The settings hold what cannot be used:", problems) from None


def _refuse_unknown_environment() -> None:
    """A misspelt CONTINUITY_ variable would otherwise be ignored in silence."""
    problems = []
    for name in sorted(os.environ):
        room, mark, setting = name.removeprefix("CONTINUITY_").lower().partition("__")
        if not name.startswith("CONTINUITY_") or not mark:
            continue
        table = Settings.model_fields.get(room)
        known = getattr(table.annotation, "model_fields", {}) if table else {}
        if setting not in known:
            problems.append(Problem(column=name, wrong="is no setting of this program"))
    if problems:
        raise BadSettings("The environment holds unknown settings:", problems)
