"""The settings for the new machine: without paths of the old one and without secrets. What was left out is a
comment."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, SecretStr

from tasks.ace.api import AceSettings
from tasks.core.errors import BadInput, Problem
from tasks.core.settings import SETTINGS_FILE, Settings
from tasks.core.ssn import without_ssn
from tasks.duties.api import DutySettings
from tasks.entries.api import is_ssn_importer
from tasks.incident.api import DEADLINES_FILE, NOTICE_PLAN_FILE, ClientSystemSettings, IncidentSettings
from tasks.kit.part_model import HOME_FOLDER, KitFile, KitPart, Provider, state_of
from tasks.workspace import Workspace

HOME_PLACEHOLDER = "{home}"
"""The new home in the kit's settings."""

_OWN_FILES = ("payment.csv", "duties.toml", DEADLINES_FILE, NOTICE_PLAN_FILE)
"""Files by which a broker changes what ships, at the top of the home; `_OWN_TABLES`: folders of them."""

_OWN_TABLES = ("pga", "letters")
_OMITTED_TABLES = {"journal", "content"}
_OMITTED_FIELDS = {("ace", "outbound"), ("ace", "inbox"), ("backup", "sources"), ("backup", "drill")}
_SYSTEMS = """\
# systems: their names alone came along. Who stood in them is read from files and databases of the old
# machine, which hold every client. Bring an export of each, and name it here: file = "crm.csv" instead
# of elsewhere = true."""
_HEAD = """\
# Settings that came with the kit. What named a place of the old machine was left out and stands
# as a remark: set it again where it is needed. The book lies in this home, in SQLite.
"""


@dataclass(frozen=True)
class SettingsFile:
    """A file that settings name and the new home needs. `named`: its path in the settings; `name`: in the
    new home; `open_work`: an export, which is new every night."""

    named: Path
    path: Path
    name: str
    open_work: bool = False

    def file(self) -> KitFile:
        data = self.path.read_bytes()
        if self.open_work:
            data = _without_ssns(data, self.path.name)
        return KitFile(HOME_FOLDER + self.name, data, self.path.stat().st_mtime)


def make(workspace: Workspace) -> KitPart:
    carried = list(_carried_files(workspace.settings))
    files = [
        KitFile(HOME_FOLDER + SETTINGS_FILE, settings_text(workspace.settings).encode()),
        *(file.file() for file in carried),
    ]
    exports = sum(file.open_work for file in carried)
    note = f"; {exports} export(s) of open work, as old as their files" if exports else ""
    return KitPart(f"settings, without secrets{note}", files)


def state(workspace: Workspace) -> str:
    tables = [file for file in _carried_files(workspace.settings) if not file.open_work]
    return state_of(settings_text(workspace.settings), [file.path.read_text("utf-8") for file in tables])


def _carried_files(settings: Settings) -> Iterator[SettingsFile]:
    home = settings.home
    named = {"payment.csv": settings(AceSettings).payment_table, "duties.toml": settings(DutySettings).catalogue}
    for name in _OWN_FILES:
        own_path = named.get(name) or Path(name)
        if (home / own_path).is_file():
            yield SettingsFile(own_path, home / own_path, name)
    for path in sorted(file for folder in _OWN_TABLES for file in (home / folder).glob("*.csv")):
        yield SettingsFile(path, path, path.relative_to(home).as_posix())
    for index, file in enumerate(settings(IncidentSettings).open_work, 1):
        path = settings.home / file.file
        if path.is_file():
            yield SettingsFile(file.file, path, f"open-work/{index}-{path.name}", open_work=True)


def _without_ssns(data: bytes, name: str) -> bytes:
    """An export without Social Security numbers, also within texts, for the kit is not encrypted. Raises
    BadInput for an export that is no text."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as error:
        problem = Problem(file=name, code="open-work-csv-unreadable", values={"reason": error})
        raise BadInput("open-work-not-packable", [problem]) from None
    out = io.StringIO(newline="")
    cleaned = [["" if is_ssn_importer(cell.strip()) else without_ssn(cell) for cell in row] for row in rows]
    csv.writer(out).writerows(cleaned)
    return out.getvalue().encode()


def settings_text(settings: Settings) -> str:
    """The kit's `continuity.toml`."""
    carried = {file.named: file.name for file in _carried_files(settings)}
    lines = [_HEAD]
    for name in type(settings).model_fields:
        table = getattr(settings, name)
        if isinstance(table, BaseModel) and name not in _OMITTED_TABLES and table.model_fields_set:
            lines += [f"[{name}]", *_table(name, table, carried), ""]
    return "\n".join(lines)


def _table(section: str, table: BaseModel, carried: dict[Path, str]) -> Iterator[str]:
    nested: list[tuple[str, dict[str, Any]]] = []
    for name in type(table).model_fields:
        value: Any = getattr(table, name)
        if name not in table.model_fields_set or value is None:
            continue
        if (section, name) == ("incident", "systems") and value:
            yield _SYSTEMS
            names_only = [ClientSystemSettings(name=entry.name, holds=entry.holds, elsewhere=True) for entry in value]
            yield f"{name} = {_value(names_only, carried)}"
        elif (section, name) in _OMITTED_FIELDS or _is_local(value, carried):
            yield f"# {name}: was set on the old machine"
        elif isinstance(value, dict):
            nested.append((name, cast("dict[str, Any]", value)))
        else:
            yield f"{name} = {_value(value, carried)}"
    for name, values in nested:
        yield f"\n[{section}.{name}]"
        yield from (f"{json.dumps(key)} = {_value(entry, carried)}" for key, entry in values.items())


def _is_local(value: Any, carried: Mapping[Path, str]) -> bool:
    """True for secrets, and for paths of files that do not come along, also within lists."""
    if isinstance(value, list | tuple):
        return any(_is_local(element, carried) for element in cast("Sequence[Any]", value))
    if isinstance(value, BaseModel):
        return any(_is_local(getattr(value, name), carried) for name in value.model_fields_set)
    return isinstance(value, SecretStr) or (isinstance(value, Path) and value not in carried)


def _value(value: Any, carried: Mapping[Path, str]) -> str:
    """TOML of a value; its basic strings are those of JSON."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(element, carried) for element in cast("Sequence[Any]", value)) + "]"
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in sorted(value.model_fields_set)}
    if isinstance(value, dict):
        table = cast("dict[str, Any]", value)
        pairs = (f"{json.dumps(name)} = {_value(element, carried)}" for name, element in table.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, Path):
        return json.dumps(f"{HOME_PLACEHOLDER}/{carried[value]}")
    return json.dumps(value, ensure_ascii=False)


PROVIDER = Provider("settings", make, state, "settings changed since")
