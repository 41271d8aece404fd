"""The settings of a home: `<home>/continuity.toml`, a table for each subject, with the environment
(`CONTINUITY_<TABLE>__<NAME>`) on top. Unknown keys are refused. Secrets come from files.

Each package declares its own tables. `tasks/packages.py` composes them into one frozen class, and
`settings(BackupSettings)` gives one of them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tasks.core.errors import BadSettings, Problem
from tasks.core.registry import settings_class

SETTINGS_FILE = "continuity.toml"

_FILER = r"^[0-9A-Z]{3}$"


class SettingsTable(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BrokerSettings(SettingsTable):
    """Who files. `filer_code` is CBP's three characters; the rest prints on letters and sheets.
    `licence`: the broker's license number; `permit`: its national permit number (19 CFR 111.19);
    `address`: the office, in one line; `contact_phone`: answered day and night;
    `zone`: the time zone where its days begin."""

    name: str = "The broker"
    filer_code: str = Field(default="XXX", pattern=_FILER)
    licence: str = ""
    permit: str = ""
    address: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    zone: str = "America/New_York"

    @field_validator("zone")
    @classmethod
    def _existing_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone; one is America/New_York") from None
        return name


class JournalSettings(SettingsTable):
    """Where the journal lies: a PostgreSQL URL, or empty for SQLite in the home folder."""

    url: SecretStr = SecretStr("")


class ContentSettings(SettingsTable):
    """Where content lies; must be seen by all machines of one journal. Empty: in the home folder."""

    path: Path | None = None


_Table = TypeVar("_Table", bound=SettingsTable)


class Settings(BaseSettings):
    """The settings of one home folder; `tasks/packages.py` adds the packages' tables."""

    model_config = SettingsConfigDict(env_prefix="CONTINUITY_", env_nested_delimiter="__", extra="forbid", frozen=True)

    home: Path
    broker: BrokerSettings = BrokerSettings()
    journal: JournalSettings = JournalSettings()
    content: ContentSettings = ContentSettings()

    def __call__(self, table: type[_Table]) -> _Table:
        """The table of this type. Raises KeyError for a type that no package declares."""
        return getattr(self, _field_names(type(self))[table])

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
        return self(ContentSettings).path or self.home / "content"


@cache
def _field_names(settings: type[Settings]) -> dict[Any, str]:
    return {field.annotation: name for name, field in settings.model_fields.items()}


def home_folder(option: Path | None = None) -> Path:
    """`--home`, else CONTINUITY_HOME, else ./continuity-home."""
    return (option or Path(os.environ.get("CONTINUITY_HOME") or "continuity-home")).absolute()


def load_settings(home: Path) -> Settings:
    """The settings of a home folder. Raises BadSettings, listing every problem, or that the folder is no home."""
    path = home / SETTINGS_FILE
    if not path.is_file():
        raise BadSettings("home-folder-invalid", home=home, file=SETTINGS_FILE)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        problem = Problem(file=str(path), code="settings-not-toml", values={"reason": str(wrong)})
        raise BadSettings("settings-unreadable", [problem]) from wrong
    return checked_settings(tables, home)


def checked_settings(tables: dict[str, Any], home: Path) -> Settings:
    """Settings from the tables of a file. Raises BadSettings."""
    _refuse_unknown_environment()
    try:
        # CONTINUITY_HOME would win over the folder that was found, so it is put back.
        make = cast("Callable[..., Settings]", settings_class())
        return make(**{**tables, "home": home}).model_copy(update={"home": home})
    except ValidationError as wrong:
        problems = [
            Problem(
                file=SETTINGS_FILE,
                column=".".join(str(part) for part in fault["loc"]),
                value="" if "password" in str(fault["loc"]) else str(fault["input"])[:60],
                code="setting-value-invalid",
                values={"kind": fault["type"], "reason": fault["msg"]},
            )
            for fault in wrong.errors()
        ]
        raise BadSettings("settings-invalid", problems) from None


def _refuse_unknown_environment() -> None:
    """A misspelled CONTINUITY_ variable would otherwise be ignored."""
    problems: list[Problem] = []
    for name in sorted(os.environ):
        table_name, separator, setting = name.removeprefix("CONTINUITY_").lower().partition("__")
        if not name.startswith("CONTINUITY_") or not separator:
            continue
        table = settings_class().model_fields.get(table_name)
        names = getattr(table.annotation, "model_fields", {}) if table else {}
        if setting not in names:
            problems.append(Problem(column=name, code="setting-unknown"))
    if problems:
        raise BadSettings("environment-setting-unknown", problems)
