"""One frozen class of settings: `<home>/continuity.toml`, a table a room, with the environment
(`CONTINUITY_<ROOM>__<NAME>`) on top. Unknown keys are refused. Secrets come from files."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tasks.shared.errors import BadSettings, Problem
from tasks.shared.settings_book import (
    Ace as Ace,
    Approval as Approval,
    Book as Book,
    Broker as Broker,
    Content as Content,
    Entries as Entries,
    Numbers as Numbers,
    Private as Private,
)
from tasks.shared.settings_rooms import (
    Backup as Backup,
    BackupSource as BackupSource,
    Duties as Duties,
    Incident as Incident,
    Kit as Kit,
    Letters as Letters,
    Mail as Mail,
    OpenWorkFile as OpenWorkFile,
    Operations as Operations,
    Screening as Screening,
    System as System,
)

FILE = "continuity.toml"


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
        raise BadSettings("home-folder-invalid", home=home, file=FILE)
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        problem = Problem(file=str(path), code="settings-not-toml", values={"reason": str(wrong)})
        raise BadSettings("settings-unreadable", [problem]) from wrong
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
                code="setting-value-invalid",
                values={"kind": fault["type"], "reason": fault["msg"]},
            )
            for fault in wrong.errors()
        ]
        raise BadSettings("settings-invalid", problems) from None


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
            problems.append(Problem(column=name, code="setting-unknown"))
    if problems:
        raise BadSettings("environment-setting-unknown", problems)
