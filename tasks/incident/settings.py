"""Settings of incidents: open work, client systems, downtime letters."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr, model_validator

from tasks.core.settings import SettingsTable


class LetterSettings(SettingsTable):
    """Downtime letters. `signer`: id of the person who signs them, if not the only license holder.
    A file behind a letter has at most `attachment_mib` and `attachment_pages`, a whole packet
    `packet_mib`."""

    signer: str = ""
    attachment_mib: int = Field(default=25, ge=1, le=250)
    attachment_pages: int = Field(default=300, ge=1)
    packet_mib: int = Field(default=150, ge=1, le=1000)


class OpenWorkFileSettings(SettingsTable):
    """A nightly export of open work, as CSV. `columns`: our field to the file's heading, where they
    differ; `kinds`: the file's word to our kind of work; `kind`: where the whole file is of one;
    `dates`: how days are written (`%m/%d/%Y`), if not 2026-11-24."""

    file: Path
    kind: str = ""
    columns: dict[str, str] = Field(default={})
    kinds: dict[str, str] = Field(default={})
    dates: str = ""


class ClientSystemSettings(SettingsTable):
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
    def _one_source(self) -> ClientSystemSettings:
        sources = bool(self.file) + bool(self.query) + self.elsewhere
        if sources != 1:
            raise ValueError("needs a file, or a database and its query (or elsewhere = true, alone)")
        if bool(self.query) != bool(self.database.get_secret_value()):
            raise ValueError("a query needs its database, and a database its query")
        return self


class IncidentSettings(SettingsTable):
    """`open_work`: exports of open work, `export_hours` old at most; `systems`: what held which data;
    `contact_days`: how long a check of a contact counts; `signer`: who signs notices, if not the
    broker's contact."""

    open_work: tuple[OpenWorkFileSettings, ...] = ()
    export_hours: float = Field(default=26, gt=0)
    systems: tuple[ClientSystemSettings, ...] = ()
    contact_days: int = Field(default=100, ge=1)
    signer: str = ""
