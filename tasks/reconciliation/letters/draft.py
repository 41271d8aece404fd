"""What a letter says, before it is put on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

IMPORTERS, FORMS, SURETIES, PORTS, TODAY = "importers", "form-5106", "sureties", "ports", "today"
BONDS = "importer-bonds"
KINDS = (TODAY, FORMS, BONDS, IMPORTERS, SURETIES, PORTS)
"""Also the names of the folders that they are written to; what is most urgent first."""


class Head(NamedTuple):
    """A column: its words, and its share of the width."""

    title: str
    share: float


@dataclass(frozen=True)
class Draft:
    """One document. `name` is its file's; `to` the lines of the address; `text` stands before the
    table, `after` behind it; `numbers` are the entries that it is about. With `listed` the table
    also goes out as a workbook."""

    kind: str
    name: str
    to: tuple[str, ...]
    subject: str
    text: tuple[str, ...]
    columns: tuple[Head, ...]
    rows: tuple[tuple[str, ...], ...]
    after: tuple[str, ...]
    numbers: tuple[str, ...]
    listed: bool = False
    signed: bool = True
    urgent: frozenset[int] = frozenset()
    """Rows, from 0, that are printed in red."""
    lines: int = 1
    """Lines that each row of the table is high at least: room to write by hand."""


def file_name(text: str) -> str:
    """A name for a file out of somebody's name: letters, digits and dashes, at most 40."""
    from anyascii import anyascii

    kept = "".join(sign if sign.isalnum() else "-" for sign in anyascii(text).lower())
    return "-".join(part for part in kept.split("-") if part)[:40].strip("-") or "unnamed"
