"""Partners: their columns, their content digest, and the register as it was last taken.

The digest is over what says who a partner is: names, kind, places, identifiers, owners. A clearance
holds while it stays. Goods, attestations and signs move the risk, not the identity.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.core.content import ContentStore
from tasks.core.journal.bodies import canonical
from tasks.core.journal.journal import Journal
from tasks.screening import parquet_content
from tasks.screening.events import PartnersTaken
from tasks.screening.parquet_content import select_rows
from tasks.screening.tables import SCREENED
from tasks.workspace import Workspace

ROLES = ("supplier", "manufacturer", "consignee", "importer", "carrier", "vessel", "it_provider", "agent")
KINDS = ("entity", "individual", "vessel", "unknown")
IDENTIFIERS = ("tax", "imo", "mid", "duns", "passport", "registration")
_TEXT = pa.string()
_IDENTITY = ("name", "kind", "country", "region", "city", "address", "born", "other_names", "identifiers", "owners")
REGISTER = pa.schema(
    [
        ("partner", _TEXT),
        ("name", _TEXT),
        ("role", _TEXT),
        ("kind", _TEXT),
        ("country", _TEXT),
        ("region", _TEXT),
        ("city", _TEXT),
        ("address", _TEXT),
        ("born", _TEXT),
        ("other_names", pa.list_(_TEXT)),
        ("identifiers", pa.list_(pa.struct([("kind", _TEXT), ("value", _TEXT)]))),
        ("owners", pa.list_(pa.struct([("name", _TEXT), ("share", pa.float64())]))),
        ("hts", pa.list_(_TEXT)),
        ("attestations", pa.list_(pa.struct([("name", _TEXT), ("expires", _TEXT)]))),
        ("breach_notice_hours", pa.int64()),
        ("questionnaire", _TEXT),
        ("ctpat", pa.bool_()),
        ("flags", pa.list_(_TEXT)),
        ("screened_by", _TEXT),
        ("screened_on", _TEXT),
        ("digest", _TEXT),
    ]
)
"""Absent text is empty, absent numbers are null. `share`: percent. Dates are ISO."""


@dataclass(frozen=True)
class PartnerColumn:
    """A column of a partner file. `names`: headings it goes by, in lower case."""

    field: str
    title: str
    names: frozenset[str]
    type: str
    meaning: str


@cache
def register_columns() -> tuple[PartnerColumn, ...]:
    text = files("continuity_data").joinpath("screening", "partner_columns.csv")
    return tuple(
        PartnerColumn(
            row["field"],
            row["title"],
            frozenset(n.strip().lower() for n in (row["field"], row["title"], *row["also"].split(";")) if n.strip()),
            row["type"],
            row["meaning"],
        )
        for row in csv.DictReader(io.StringIO(text.read_text(encoding="utf-8")))
    )


def complete_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of REGISTER with empty values for what is absent, and its digest."""
    full = {field.name: row.get(field.name, _empty(field.type)) for field in REGISTER}
    return full | {"digest": digest_of(full)}


def _empty(type_: pa.DataType) -> Any:
    if pa.types.is_list(type_):
        return []
    return {"string": "", "bool": False}.get(str(type_))


def digest_of(row: Mapping[str, Any]) -> str:
    """SHA-256 over who a partner is, 64 hex digits."""
    identity = {name: row[name] for name in _IDENTITY}
    return sha256(canonical(identity).encode()).hexdigest()


def register_table(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Complete rows as one table, sorted by partner."""
    ordered = sorted(rows, key=lambda row: row["partner"])
    return pa.Table.from_pylist([dict(row) for row in ordered], schema=REGISTER)


def current_digest(journal: Journal) -> str:
    """The content digest of the register in force; empty if no partners were taken yet."""
    query = sa.select(SCREENED.c.content).where(SCREENED.c.what == "register")
    rows = journal.rows(query)
    return rows[0].content if rows else ""


def read_register(content: ContentStore, digest: str) -> pa.Table:
    """The register behind a digest; without one, an empty register."""
    return parquet_content.from_bytes(content.get(digest), REGISTER) if digest else REGISTER.empty_table()


def partner_row(content: ContentStore, digest: str, partner: str) -> dict[str, Any]:
    """One partner as a register (a content digest) has it; empty if it has none."""
    if not digest:
        return {}
    rows = select_rows(content.get(digest), REGISTER, partner=[partner])
    return to_list(rows)[0] if rows.num_rows else {}


@dataclass(frozen=True)
class RegisterChange:
    """What became of a partner file. `content`: the register after it."""

    content: str
    partners: int
    added: int
    changed: int
    retired: int
    refused: int


def take_partners(
    workspace: Workspace,
    actor: str,
    partners: pa.Table,
    *,
    source: str,
    file: str,
    replace_all: bool = False,
    refused: int = 0,
) -> RegisterChange:
    """Put partners into the register: by their ids, new or changed. With `replace_all` the file is all
    there is, and partners that it does not name are retired. Nothing new adds no event."""
    old = read_register(workspace.content, before := current_digest(workspace.journal))
    unchanged = old.slice(0, 0) if replace_all else _without(old, partners["partner"])
    new = pa.concat_tables([unchanged, partners]).sort_by("partner").combine_chunks()
    was = {row["partner"]: row for row in to_list(old)}
    now = {row["partner"]: row for row in to_list(partners)}
    added = len(now.keys() - was.keys())
    changed = sum(was[partner] != row for partner, row in now.items() if partner in was)
    retired = old.num_rows + added - new.num_rows
    digest = workspace.content.put(parquet_content.to_bytes(new, REGISTER))
    change = RegisterChange(digest, new.num_rows, added, changed, retired, refused)
    if digest != before:
        body = PartnersTaken(source=source, file=file, **vars(change))
        workspace.journal.append(body, "partners", actor)
    return change


def _without(register: pa.Table, partners: pa.ChunkedArray) -> pa.Table:
    removed = pc.is_in(register["partner"], partners.combine_chunks())
    return register.filter(pc.invert(removed))


def register_changes(old: pa.Table, new: pa.Table) -> tuple[set[str], set[str]]:
    """Partners that are new or changed in who they are, and partners that are gone."""
    before = dict(zip(to_list(old["partner"]), to_list(old["digest"]), strict=True))
    after = dict(zip(to_list(new["partner"]), to_list(new["digest"]), strict=True))
    touched = {partner for partner, digest in after.items() if before.get(partner) != digest}
    return touched, before.keys() - after.keys()
