"""The one schema of all lists: a row a record, its names, identifiers and places nested in it.

`record` is `<list>/<id of the publisher>`. `digest` is the SHA-256 over the rest of the row: a record
whose digest stays says the same as before. The flat tables that matching takes are drawn from it.
Publishers set short names in brackets behind the full one: `Tencent Holdings Ltd (Tencent)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import pyarrow as pa

from tasks.core.journal.bodies import canonical
from tasks.screening import parquet_content

_SHORT = re.compile(r"\s*\(([A-Z][\w &.-]{1,30})\)\*?$")


def add_name(draft: RecordDraft, text: str, strength: str) -> None:
    """Add a name without its bracket, and what stands in the bracket as a name of its own."""
    tidy = text.strip().rstrip("*").strip()
    bracket = _SHORT.search(tidy)
    draft.add_name(tidy[: bracket.start()] if bracket else tidy, strength)
    if bracket:
        add_alias(draft, bracket[1])


def add_alias(draft: RecordDraft, text: str) -> None:
    """Add another name: weak if it is an acronym, which finds too much."""
    tidy = text.strip()
    draft.add_name(tidy, WEAK if len(tidy) <= 5 and tidy.isupper() else STRONG)


PRIMARY, STRONG, WEAK = "primary", "strong", "weak"
KINDS = ("entity", "individual", "vessel", "aircraft", "unknown", "goods")
"""`goods`: an order against goods of a place or sort, which names nobody."""

_TEXT = pa.string()
_NAME = pa.struct([("name", _TEXT), ("strength", _TEXT)])
_IDENTIFIER = pa.struct([("kind", _TEXT), ("value", _TEXT)])
_PLACE_TYPE = pa.struct([("country", _TEXT), ("city", _TEXT), ("address", _TEXT), ("born", _TEXT)])
RECORDS = pa.schema(
    [
        ("record", _TEXT),
        ("list", _TEXT),
        ("kind", _TEXT),
        ("programs", pa.list_(_TEXT)),
        ("listed", _TEXT),
        ("ends", _TEXT),
        ("subsidiaries", pa.bool_()),
        ("remarks", _TEXT),
        ("names", pa.list_(_NAME)),
        ("identifiers", pa.list_(_IDENTIFIER)),
        ("places", pa.list_(_PLACE_TYPE)),
        ("digest", _TEXT),
    ]
)
"""`listed`, `ends`: ISO dates or empty. `subsidiaries`: the listing covers them without naming them."""


@dataclass
class RecordDraft:
    """One record while it is put together. Names, identifiers and places keep their first place."""

    record: str
    kind: str = "unknown"
    programs: list[str] = field(default_factory=list)
    listed: str = ""
    ends: str = ""
    subsidiaries: bool = False
    remarks: str = ""
    names: dict[str, str] = field(default_factory=dict)
    identifiers: dict[tuple[str, str], None] = field(default_factory=dict)
    places: dict[tuple[str, str, str, str], None] = field(default_factory=dict)

    def add_name(self, text: str, strength: str) -> None:
        """Add a name, unless it stands there already. The first strength counts."""
        if tidy := " ".join(text.split()):
            self.names.setdefault(tidy, strength)

    def add_identifier(self, kind: str, value: str) -> None:
        if tidy := value.strip(" .,"):
            self.identifiers[(kind, tidy)] = None

    def add_place(self, country: str = "", city: str = "", address: str = "", born: str = "") -> None:
        if any((country, city, address, born)):
            self.places[(country, city.strip(), address.strip(), born)] = None

    def row(self) -> dict[str, Any]:
        """The record as a row of RECORDS, with its digest."""
        row = {
            "record": self.record,
            "list": self.record.partition("/")[0],
            "kind": self.kind,
            "programs": self.programs,
            "listed": self.listed,
            "ends": self.ends,
            "subsidiaries": self.subsidiaries,
            "remarks": self.remarks,
            "names": [{"name": n, "strength": s} for n, s in self.names.items()],
            "identifiers": [{"kind": k, "value": v} for k, v in self.identifiers],
            "places": [{"country": c, "city": t, "address": a, "born": b} for c, t, a, b in self.places],
        }
        return {**row, "digest": digest_of_row(row)}


def digest_of_row(row: Mapping[str, Any]) -> str:
    """SHA-256 over a row's whole content, 64 hex digits."""
    content = {name: value for name, value in row.items() if name != "digest"}
    return sha256(canonical(content).encode()).hexdigest()


def records_table(drafts: Iterable[RecordDraft]) -> pa.Table:
    """The drafts as one table, sorted by record, so that equal lists have equal bytes."""
    rows = sorted((draft.row() for draft in drafts), key=lambda row: row["record"])
    return pa.Table.from_pylist(rows, schema=RECORDS)


def to_bytes(table: pa.Table) -> bytes:
    return parquet_content.to_bytes(table, RECORDS)


def from_bytes(data: bytes) -> pa.Table:
    return parquet_content.from_bytes(data, RECORDS)


def concat_records(tables: Iterable[pa.Table]) -> pa.Table:
    return pa.concat_tables([RECORDS.empty_table(), *tables]).combine_chunks()


def names_table(table: pa.Table) -> pa.Table:
    """`record, name, strength, kind`: a row a name."""
    flat = flatten_column(table, "names", ("record", "kind"))
    return flat.select(["record", "name", "strength", "kind"])


def identifiers_table(table: pa.Table) -> pa.Table:
    """`record, kind, value`: a row an identifier."""
    return flatten_column(table, "identifiers", ("record",)).select(["record", "kind", "value"])


def places_table(table: pa.Table) -> pa.Table:
    """`record, country, city, address, born`: a row an address, nationality or birth date."""
    return flatten_column(table, "places", ("record",))


def flatten_column(table: pa.Table, nested: str, parent_columns: tuple[str, ...]) -> pa.Table:
    """A row for each element of the lists in column `nested`, its fields as columns (a plain value
    keeps the column's name), after the `parent_columns` of the row that it came from."""
    from tasks.core import arrow_compute as pc

    column = table[nested].combine_chunks()
    parents = pc.list_parent_indices(column)
    inner = pc.list_flatten(column)
    columns: dict[str, Any] = {name: table[name].take(parents) for name in parent_columns}
    if isinstance(inner, pa.ChunkedArray):
        inner = inner.combine_chunks()
    if not pa.types.is_struct(inner.type):
        return pa.table(columns | {nested: inner})
    columns |= {field.name: pc.struct_field(inner, field.name) for field in inner.type}
    return pa.table(columns)
