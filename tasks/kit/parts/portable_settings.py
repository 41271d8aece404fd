"""The settings as the machine that goes on can use them: without what names places of the old one,
and without a secret. What was left out stands there as a remark."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from tasks.ace.api import AceSettings
from tasks.core.errors import BadInput, Problem
from tasks.core.settings import SETTINGS_FILE, Settings
from tasks.duties.api import DutySettings
from tasks.entries.api import is_ssn_importer
from tasks.incident.api import DEADLINES_FILE, NOTICE_PLAN_FILE, ClientSystemSettings, IncidentSettings
from tasks.kit.part_model import HOME, KitFile, KitPart, Provider, state_of
from tasks.security.api import without_ssn
from tasks.workspace import Workspace

PLACE = "{home}"
"""Stands for the new home in the kit's settings."""

_OWN = ("payment.csv", "duties.toml", DEADLINES_FILE, NOTICE_PLAN_FILE)
"""Files by which a broker changes what ships, at the top of the home; `_OWN_TABLES`: folders of them."""

_OWN_TABLES = ("pga", "letters")
_LEFT = {"journal", "content"}
_LEFT_FIELDS = {("ace", "outbound"), ("ace", "inbox"), ("backup", "sources"), ("backup", "drill")}
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
    """A file that settings name and the new home needs. `named`: as the settings do; `name`: in the
    new home; `open_work`: an export, which is new every night."""

    named: Path
    path: Path
    name: str
    open_work: bool = False

    def file(self) -> KitFile:
        data = self.path.read_bytes()
        if self.open_work:
            data = _without_social(data, self.path.name)
        return KitFile(HOME + self.name, data, self.path.stat().st_mtime)


def make(workspace: Workspace) -> KitPart:
    carried = list(_carried(workspace.settings))
    files = [KitFile(HOME + SETTINGS_FILE, text(workspace.settings).encode()), *(one.file() for one in carried)]
    exports = sum(one.open_work for one in carried)
    more = f"; {exports} export(s) of open work, as old as their files" if exports else ""
    return KitPart(f"settings, without secrets{more}", files)


def state(workspace: Workspace) -> str:
    kept = [one for one in _carried(workspace.settings) if not one.open_work]
    return state_of(text(workspace.settings), [one.path.read_text("utf-8") for one in kept])


def _carried(settings: Settings) -> Iterator[SettingsFile]:
    home = settings.home
    named = {"payment.csv": settings(AceSettings).payment_table, "duties.toml": settings(DutySettings).catalogue}
    for name in _OWN:
        given = named.get(name) or Path(name)
        if (home / given).is_file():
            yield SettingsFile(given, home / given, name)
    for path in sorted(one for room in _OWN_TABLES for one in (home / room).glob("*.csv")):
        yield SettingsFile(path, path, path.relative_to(home).as_posix())
    for place, one in enumerate(settings(IncidentSettings).open_work, 1):
        path = settings.home / one.file
        if path.is_file():
            yield SettingsFile(one.file, path, f"open-work/{place}-{path.name}", open_work=True)


def _without_social(data: bytes, name: str) -> bytes:
    """An export without Social Security numbers, also among words: the kit lies open, and the importer's
    name stands. Raises BadInput for an export that is no text."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as wrong:
        problem = Problem(file=name, code="open-work-csv-unreadable", values={"reason": wrong})
        raise BadInput("open-work-not-packable", [problem]) from None
    out = io.StringIO(newline="")
    kept = [["" if is_ssn_importer(cell.strip()) else without_ssn(cell) for cell in row] for row in rows]
    csv.writer(out).writerows(kept)
    return out.getvalue().encode()


def text(settings: Settings) -> str:
    """The kit's `continuity.toml`."""
    carried = {one.named: one.name for one in _carried(settings)}
    lines = [_HEAD]
    for name in type(settings).model_fields:
        table = getattr(settings, name)
        if isinstance(table, BaseModel) and name not in _LEFT and table.model_fields_set:
            lines += [f"[{name}]", *_table(name, table, carried), ""]
    return "\n".join(lines)


def _table(room: str, table: BaseModel, carried: dict[Path, str]) -> Iterator[str]:
    nested: list[tuple[str, dict[str, Any]]] = []
    for name in type(table).model_fields:
        value = getattr(table, name)
        if name not in table.model_fields_set or value is None:
            continue
        if (room, name) == ("incident", "systems") and value:
            yield _SYSTEMS
            bare = [ClientSystemSettings(name=one.name, holds=one.holds, elsewhere=True) for one in value]
            yield f"{name} = {_value(bare, carried)}"
        elif (room, name) in _LEFT_FIELDS or _names_a_place(value, carried):
            yield f"# {name}: was set on the old machine"
        elif isinstance(value, dict):
            nested.append((name, value))
        else:
            yield f"{name} = {_value(value, carried)}"
    for name, values in nested:
        yield f"\n[{room}.{name}]"
        yield from (f"{json.dumps(key)} = {_value(one, carried)}" for key, one in values.items())


def _names_a_place(value: Any, carried: Mapping[Path, str]) -> bool:
    """True for secrets, and for paths of files that do not come along, also where there are several."""
    if isinstance(value, list | tuple):
        return any(_names_a_place(one, carried) for one in value)
    if isinstance(value, BaseModel):
        return any(_names_a_place(getattr(value, name), carried) for name in value.model_fields_set)
    return isinstance(value, SecretStr) or (isinstance(value, Path) and value not in carried)


def _value(value: Any, carried: Mapping[Path, str]) -> str:
    """TOML of a value; its basic strings are those of JSON."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one, carried) for one in value) + "]"
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in sorted(value.model_fields_set)}
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)} = {_value(one, carried)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, Path):
        return json.dumps(f"{PLACE}/{carried[value]}")
    return json.dumps(value, ensure_ascii=False)


PROVIDER = Provider("settings", make, state, "settings changed since")
