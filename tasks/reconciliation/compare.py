"""Our record against the summaries that ACE stored, field by field, whole columns at a time.

Padding is normalised when an answer is read, so texts are compared as they are; an amount that one
side leaves empty equals zero. What our side does not know (null) is no difference: an officer who
keyed the paper may have known more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tasks.ace.response import Answer
from tasks.entries import shelf
from tasks.entries.schema import field, keys
from tasks.reconciliation.asking import House
from tasks.shared.projections import ENTRIES, among

COMPARED: Mapping[str, tuple[str, ...]] = {
    "entries": ("entry_type", "port_of_entry", "importer_number", "mode_of_transport", "bond_type",
                "surety_code", "consignee_number", "state_of_destination", "import_date",
                "entered_value"),
    "lines": ("country_of_origin", "country_of_export", "manufacturer_id"),
    "tariffs": ("hts_number", "value", "quantity", "unit"),
}  # fmt: skip
"""What both sides hold and a broker answers for."""

_AMOUNTS = {"value", "quantity", "entered_value"}


@dataclass(frozen=True)
class Differences:
    """Rows of (entry_number, place, field, ours, theirs); `place` is a line, or a line and order."""

    table: pa.Table

    def words(self, limit: int = 12) -> dict[str, list[str]]:
        """By entry, in words; at most `limit` each, then how many more."""
        found: dict[str, list[str]] = {}
        for row in self.table.to_pylist():
            where = f"{row['place']}, " if row["place"] else ""
            ours, theirs = row["ours"] or "nothing", row["theirs"] or "nothing"
            text = f"{where}{row['field']}: paper {ours}, ACE {theirs}"
            found.setdefault(row["entry_number"], []).append(text.replace(";", ","))
        return {
            number: [*texts[:limit], *([f"and {len(texts) - limit} more"] if texts[limit:] else [])]
            for number, texts in found.items()
        }


SCHEMA = pa.schema([(name, pa.string()) for name in
                    ("entry_number", "place", "field", "ours", "theirs")])  # fmt: skip


def differences(house: House, answer: Answer) -> dict[str, list[str]]:
    """What the stored summaries of an answer have otherwise than our record, by entry."""
    image = answer.image
    if image is None:
        return {}
    query = sa.select(ENTRIES.c.number, ENTRIES.c.content)
    numbers = pc.unique(image.entries["entry_number"]).drop_null().to_pylist()
    where = dict(among(house.journal.rows, query, ENTRIES.c.number, numbers))
    ours = {
        name: shelf.rows(house.content, where, name, [*keys(name), *columns])
        for name, columns in COMPARED.items()
    }
    return compare(ours, dict(image.tables())).words()


def compare(ours: Mapping[str, pa.Table], theirs: Mapping[str, pa.Table]) -> Differences:
    """Compare the entries that both hold: tables `entries`, `lines`, `tariffs` with at least the
    record's keys and the columns that are compared."""
    found = []
    both = pc.unique(theirs["entries"]["entry_number"])
    held = pc.unique(ours["entries"]["entry_number"])
    for name, columns in COMPARED.items():
        found += _compared(name, columns, _of(ours[name], both), _of(theirs[name], held))
    return Differences(pa.concat_tables([SCHEMA.empty_table(), *found]))


def _of(table: pa.Table, numbers: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["entry_number"], value_set=pc.drop_null(numbers)))


def _compared(
    name: str, columns: tuple[str, ...], mine: pa.Table, other: pa.Table
) -> list[pa.Table]:
    own, their = _key(name, mine), _key(name, other)
    at = pc.index_in(own, value_set=their)
    found = [*_missing(name, mine, pc.is_null(at), "nothing in ACE", ours=True)]
    lost = pc.invert(pc.is_in(their, value_set=own))
    found += _missing(name, other, lost, "only in ACE", ours=False)
    kept = mine.filter(pc.is_valid(at))
    aligned = other.take(at.drop_null())
    for column in columns:
        found.append(_column(name, column, kept, aligned))
    return found


def _key(name: str, table: pa.Table) -> pa.Array:
    parts = [pc.cast(table[column], pa.string()) for column in keys(name)]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, "/")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _place(name: str, table: pa.Table) -> pa.Array:
    if name == "entries":
        return pa.array([""] * table.num_rows, pa.string())
    parts = [pc.cast(table[column], pa.string()) for column in keys(name)[1:]]
    numbers = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, ".")
    return pc.binary_join_element_wise("line", numbers, " ")


def _missing(
    name: str, table: pa.Table, mask: pa.Array, words: str, *, ours: bool
) -> list[pa.Table]:
    rows = table.filter(mask)
    if not rows.num_rows or name == "entries":
        return []
    here, gone = pa.array(["there"] * rows.num_rows), pa.nulls(rows.num_rows, pa.string())
    return [_table(rows, _place(name, rows), words, *((here, gone) if ours else (gone, here)))]


def _column(name: str, column: str, mine: pa.Table, other: pa.Table) -> pa.Table:
    left, right = mine[column], other[column]
    if column in _AMOUNTS:
        differ = pc.not_equal(pc.fill_null(left, 0), pc.fill_null(right, 0))
    else:
        differ = pc.fill_null(pc.not_equal(left, right), False)
    if column == "hts_number":
        differ = pc.or_(differ, pc.xor(pc.is_null(left), pc.is_null(right)))
    at = pc.indices_nonzero(differ)
    rows, theirs = mine.take(at), other.take(at)
    texts = [pc.cast(side[column], pa.string()) for side in (rows, theirs)]
    return _table(rows, _place(name, rows), field(name, column).title, *texts)


def _table(rows: pa.Table, place: pa.Array, words: str, ours: pa.Array, theirs: pa.Array
           ) -> pa.Table:  # fmt: skip
    columns = [rows["entry_number"], place, pa.array([words] * rows.num_rows), ours, theirs]
    return pa.table([_flat(column) for column in columns], schema=SCHEMA)


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
