"""The settings as the machine that goes on can use them: without what names places of the old one,
and without a secret. What was left out stands there as a remark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from tasks.shared.kit_part import HOME, KitFile, KitOffice, KitPart, Provider, state_of
from tasks.shared.settings import FILE, Settings

PLACE = "{home}"
"""Stands for the new home in the kit's settings."""

_LEFT = {"journal", "content"}
_LEFT_FIELDS = {
    ("ace", "outbound"), ("ace", "inbox"), ("backup", "sources"), ("backup", "drill"),
}  # fmt: skip
_HEAD = """\
# Settings that came with the kit. What named a place of the old machine was left out and stands
# as a remark: set it again where it is needed. The book lies in this home, in SQLite.
"""


def make(office: KitOffice) -> KitPart:
    files = [KitFile(HOME + FILE, text(office.settings).encode())]
    files += [KitFile(HOME + name, path.read_bytes()) for name, path in _carried(office.settings)]
    return KitPart("settings, without secrets", files)


def state(office: KitOffice) -> str:
    carried = [path.read_text("utf-8") for _, path in _carried(office.settings)]
    return state_of(text(office.settings), carried)


def _carried(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Files that settings name and the laptop needs: (name in the new home, where it is)."""
    own = settings.duties.catalogue or settings.home / "duties.toml"
    for name, path in (("payment.csv", settings.ace.payment_table), ("duties.toml", own)):
        if path and path.is_file():
            yield name, path


def text(settings: Settings) -> str:
    """The kit's `continuity.toml`."""
    carried = {path: name for name, path in _carried(settings)}
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
        if isinstance(value, Path) and value in carried:
            yield f"{name} = {_value(f'{PLACE}/{carried[value]}')}"
        elif (room, name) in _LEFT_FIELDS or _names_a_place(value):
            yield f"# {name}: was set on the old machine"
        elif isinstance(value, dict):
            nested.append((name, value))
        else:
            yield f"{name} = {_value(value)}"
    for name, values in nested:
        yield f"\n[{room}.{name}]"
        yield from (f"{json.dumps(key)} = {_value(value)}" for key, value in values.items())


def _names_a_place(value: Any) -> bool:
    """True for paths and secrets, also where there are several."""
    if isinstance(value, list | tuple):
        return any(_names_a_place(one) for one in value)
    if isinstance(value, BaseModel):
        return any(_names_a_place(getattr(value, name)) for name in value.model_fields_set)
    return isinstance(value, Path | SecretStr)


def _value(value: Any) -> str:
    """TOML of a plain value; its basic strings are those of JSON."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in sorted(value.model_fields_set)}
    if isinstance(value, dict):
        pairs = (f"{json.dumps(name)} = {_value(one)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return json.dumps(value, ensure_ascii=False)


PROVIDER = Provider("settings", make, state, "settings changed since")
