"""Made-up but life-like summary-complete entries in bulk, for benchmarks and large tests."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.record.entry_record import EntryRecord
from tests.benchmarks.made_entries import made_tables

SENT = date(2026, 11, 24)
RELEASED = date(2026, 11, 20)


def made_summaries(entries: int, lines: int, seed: int = 7, first: int = 1) -> EntryRecord:
    """The entries of `made_entries` with all that their summaries need: two tariff numbers on one
    line in five, agencies on one in twelve, cash cases of type 03 on one entry in ten."""
    tables = made_tables(entries, lines, seed, first)
    cased = np.arange(entries) % 10 == 9
    tables["entries"] = _entries(tables["entries"], cased)
    tables["lines"], value = _lines(tables, cased)
    tables["tariffs"] = _tariffs(tables["tariffs"], value)
    tables["bills"] = _plain_air(tables["bills"], tables["entries"])
    return EntryRecord.of(tables)


def _entries(table: pa.Table, cased: np.ndarray) -> pa.Table:
    count = table.num_rows
    return _set(
        table,
        entry_type=pa.array(np.where(cased, "03", "01").tolist()),
        surety_code=_same("036", count),
        consignee_number=table["importer_number"],
        state_of_destination=_same("TX", count),
        export_date=_same(date(2026, 11, 10), count),
        import_date=_same(date(2026, 11, 19), count),
        release_date=_same(RELEASED, count),
        port_of_unlading=table["port_of_entry"],
        foreign_port=_same("58023", count),
    )


def _lines(tables: dict[str, pa.Table], cased: np.ndarray) -> tuple[pa.Table, np.ndarray]:
    table = tables["lines"]
    count = table.num_rows
    row = pc.index_in(table["entry_number"], value_set=tables["entries"]["entry_number"])
    owner = row.to_numpy(zero_copy_only=False) if isinstance(row, pa.Array) else row.to_numpy()
    mask = ~cased[owner]
    origin = table["country_of_origin"]
    value = 1_000 + np.arange(count) % 977
    numbers = tables["entries"]["importer_number"].take(row)
    maker = pc.binary_join_element_wise(origin, "WORTRA1234TAI", "")
    return _set(
        table,
        country_of_export=origin,
        gross_weight=pa.array(np.arange(count) % 5_000 + 1),
        charges=pa.array(np.arange(count) % 300 + 20),
        related_party=pa.array(np.zeros(count, dtype=bool)),
        manufacturer_id=maker,
        sold_to=numbers,
        foreign_exporter=_masked(maker, mask),
        ad_case=_masked(_same("A583820001", count), mask),
        ad_claim=_masked(_same("C", count), mask),
        ad_rate=_cents(np.full(count, 1_000), mask),
        ad_rate_type=_masked(_same("A", count), mask),
        ad_duty=_cents(value * 10, mask),
    ), value


def _tariffs(table: pa.Table, value: np.ndarray) -> pa.Table:
    """The value stands on the last number of each line, duty on all of them."""
    goods = pc.is_valid(table["value"]).to_numpy()
    own = np.zeros(table.num_rows, dtype=np.int64)
    own[goods] = value
    return _set(
        table,
        value=pa.array(own),
        duty=_cents(np.where(goods, own * 3, 2_500), np.zeros(len(own), dtype=bool)),
        quantity=_cents(own * 10, ~goods),
        unit=_masked(_same("KG", len(own)), ~goods),
    )


def _plain_air(bills: pa.Table, entries: pa.Table) -> pa.Table:
    """Bills whose numbers fit the twelve columns of a 23 record."""
    number = pc.utf8_slice_codeunits(bills["bill_number"], 0, 11)
    return _set(bills, bill_number=number, unit=_same("CTN", bills.num_rows))


def _set(table: pa.Table, **columns: pa.Array) -> pa.Table:
    for name, column in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, column.cast(table.schema.field(name).type))
    return table


def _same(value: str | date, count: int) -> pa.Array:
    return pa.array([value]).take(pa.array(np.zeros(count, dtype=np.int64)))


def _masked(column: pa.Array | pa.ChunkedArray, off: np.ndarray) -> pa.Array:
    return pc.if_else(pa.array(off), pa.scalar(None, column.type), column)


def _cents(cents: np.ndarray, off: np.ndarray) -> pa.Array:
    """Whole cents as decimals with two places."""
    whole = pa.array(cents, mask=off).cast(pa.decimal128(19, 0))
    return pc.divide(whole.cast(pa.decimal128(21, 2)), pa.scalar(100, pa.decimal128(3, 0))).cast(pa.decimal128(14, 2))
