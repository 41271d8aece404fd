"""Bills (22, 23) and lines (40, 41, 44, 47, 4A) of stored summaries, as columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.answers_columns import Index, placed, taken
from tasks.ace.answers_read import Reading
from tasks.ace.deck import Rows, pack
from tasks.entries.record import schema

LINE_DETAILS = pa.schema(
    [
        ("entry_number", pa.string()),
        ("line", pa.int64()),
        ("line_id", pa.string()),
        ("cbp_line", pa.int64()),
        ("export_date", pa.date32()),
        ("article_set", pa.string()),
        ("foreign_port", pa.string()),
        ("fee_exemption", pa.string()),
    ]
)
"""line: its place in the summary. line_id: what filer or officer called it; cbp_line: the 4A."""

PARTIES = pa.schema(
    [
        ("entry_number", pa.string()),
        ("line", pa.int64()),
        ("party", pa.string()),
        ("number", pa.string()),
    ]
)
"""Article parties (47): M manufacturer, E exporter, S sold to, C delivered to."""

_COLUMNS = {"M": "manufacturer_id", "E": "foreign_exporter", "S": "sold_to", "C": "delivered_to"}

Made = tuple[pa.Table, Index]
"""A table and the deck row of each of its rows."""


class Under:
    """The lines (40) of the summaries that begin at `starts`, and what stands under each."""

    def __init__(self, reading: Reading, starts: Index, names: pa.Array) -> None:
        rows = reading.rows("40")
        owner = reading.owner(rows.at, starts)
        kept = np.flatnonzero(owner >= 0)
        self.reading = reading
        self.names = names
        self.starts = starts
        self.rows = some(rows, kept)
        self.entry = owner[kept]
        self.count = np.bincount(self.entry, minlength=len(starts))
        first = np.concatenate(([0], np.cumsum(self.count)))
        self.number = np.arange(len(kept)) - first[self.entry] + 1
        self.entry_number = taken(names, self.entry)

    def __len__(self) -> int:
        return len(self.rows)

    def of(self, record: str) -> tuple[Rows, Index]:
        """Records of an id that stand in a line, and the line (0, 1 ... over all) of each."""
        rows = self.reading.rows(record)
        line = self.reading.owner(rows.at, self.rows.at)
        entry = self.reading.owner(rows.at, self.starts)
        inside = (line >= 0) & (entry >= 0)
        inside[inside] &= self.entry[line[inside]] == entry[inside]
        kept = np.flatnonzero(inside)
        return (rows, line) if len(kept) == len(rows) else (some(rows, kept), line[kept])

    def first(self, record: str, *names: str) -> dict[str, pa.Array]:
        """Fields of the first such record of each line."""
        rows, line = self.of(record)
        said = self.reading.columns(rows, *names)
        return {name: placed(column, line, len(self)) for name, column in said.items()}

    def keys(self, line: Index) -> dict[str, pa.Array]:
        return {
            "entry_number": self.entry_number.take(pa.array(line)),
            "line": pa.array(self.number[line]),
        }


def read_lines(under: Under, cases: Mapping[str, pa.Array]) -> tuple[dict[str, Made], pa.Array]:
    """The tables of the lines, and the export date of each summary.

    `cases`: columns of the AD and CVD cases of each line, from `answers_image_money`.
    """
    said = under.reading.columns(
        under.rows, "line", "article_set_indicator", "country_of_origin_code",
        "country_of_export_code", "date_of_exportation",
        "trade_agreement_special_program_claim_code", "charges_amount",
        "foreign_port_of_lading_code", "gross_shipping_weight", "related_party_indicator",
        "fee_exemption_code",
    )  # fmt: skip
    parties, by_kind = _parties(under)
    more = {
        "export_date": said["date_of_exportation"],
        "article_set": said["article_set_indicator"],
        "foreign_port": said["foreign_port_of_lading_code"],
        "fee_exemption": said["fee_exemption_code"],
    }
    keys = under.keys(np.arange(len(under)))
    columns = keys | more | by_kind | dict(cases) | _line(under, said)
    details = keys | more | {"line_id": said["line"], "cbp_line": _cbp_lines(under)}
    made = {
        "lines": (tabled(schema("lines"), columns, len(under)), under.rows.at),
        "line_details": (tabled(LINE_DETAILS, details, len(under)), under.rows.at),
        "parties": parties,
    }
    return made, _shared(said["date_of_exportation"], under)


def read_bills(reading: Reading, head: Rows, names: pa.Array) -> Made:
    """22 and 23: one row a component; the quantity stands on the last one of its group."""
    rows, groups = reading.rows("23"), reading.rows("22")
    owner = reading.owner(rows.at, head.at)
    kept = np.flatnonzero(owner >= 0)
    rows, owner = some(rows, kept), owner[kept]
    said = reading.columns(
        rows, "manifest_component_type_code", "manifest_component_issuer_code",
        "manifest_component_identifier",
    )  # fmt: skip
    group = reading.owner(rows.at, groups.at)
    first = np.searchsorted(groups.at, head.at)
    number = group - first[owner] + 1 if len(rows) else group
    size = reading.columns(
        groups, "manifested_quantity", "manifested_quantity_unit_of_measure_code"
    )
    last = np.append(group[1:] != group[:-1], True) if len(group) else np.zeros(0, dtype=bool)
    place = np.where(last, group, -1)
    columns = {
        "entry_number": taken(names, owner),
        "bill_group": pa.array(number),
        "bill_type": said["manifest_component_type_code"],
        "issuer": said["manifest_component_issuer_code"],
        "bill_number": said["manifest_component_identifier"],
        "quantity": taken(size["manifested_quantity"], place),
        "unit": taken(size["manifested_quantity_unit_of_measure_code"], place),
    }
    return tabled(schema("bills"), columns, len(rows)), rows.at


def _line(under: Under, said: dict[str, pa.Array]) -> dict[str, pa.Array]:
    related = said["related_party_indicator"]
    zone = under.first("41", "ftz_merchandise_status_code", "privileged_date", "zone_quantity")
    return {
        "country_of_origin": said["country_of_origin_code"],
        "description": under.first("44", "description")["description"],
        "zone_status": zone["ftz_merchandise_status_code"],
        "privileged_date": zone["privileged_date"],
        "zone_quantity": zone["zone_quantity"],
        "country_of_export": said["country_of_export_code"],
        "gross_weight": said["gross_shipping_weight"],
        "charges": said["charges_amount"],
        "related_party": pc.if_else(
            pc.is_valid(related), pc.equal(related, "Y"), pa.scalar(None, pa.bool_())
        ),
        "program_indicator": said["trade_agreement_special_program_claim_code"],
    }


def _cbp_lines(under: Under) -> pa.Array:
    """The 4A that precedes each 40 (EQ v26 p.54)."""
    rows = under.reading.rows("4A")
    number = under.reading.columns(rows, "cbp_line_number")["cbp_line_number"]
    found = np.searchsorted(rows.at, under.rows.at) - 1
    near = rows.at[np.maximum(found, 0)] if len(rows) else np.full(len(under), -9)
    return taken(number, np.where(near == under.rows.at - 1, found, -1))


def _parties(under: Under) -> tuple[Made, dict[str, pa.Array]]:
    rows, line = under.of("47")
    said = under.reading.columns(rows, "article_party_type_code", "article_party_identifier")
    number = said["article_party_identifier"]
    columns = under.keys(line) | {"party": said["article_party_type_code"], "number": number}
    kind = rows.code("article_party_type_code")
    by_kind = {
        name: placed(number, np.where(kind == pack(letter, 1), line, -1), len(under))
        for letter, name in _COLUMNS.items()
    }
    return (tabled(PARTIES, columns, len(rows)), rows.at), by_kind


def _shared(dates: pa.Array, under: Under) -> pa.Array:
    """The export date of each summary, null where its lines have several or none."""
    days = pc.fill_null(dates.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)
    low = np.full(len(under.starts), np.iinfo(np.int32).max, dtype=np.int32)
    high = np.full(len(under.starts), -1, dtype=np.int32)
    np.minimum.at(low, under.entry, days)
    np.maximum.at(high, under.entry, days)
    one = pa.array(low, mask=(low != high) | (high < 0))
    return one.cast(pa.date32())


def some(rows: Rows, which: Index) -> Rows:
    """Part of the records of a kind."""
    return Rows(rows.layout, rows.matrix[which], rows.at[which])


def tabled(kinds: pa.Schema, columns: Mapping[str, pa.Array], rows: int) -> pa.Table:
    """A table of a schema: columns that are not given are null, others are left out."""
    made = [columns[one.name] if one.name in columns else pa.nulls(rows, one.type) for one in kinds]
    return pa.Table.from_arrays(made, schema=kinds)
