"""What tells one content of an entry from another: of all its rows, or of its cargo release alone."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

import pyarrow as pa
import pyarrow.compute as pc

from tasks.entries.record import Record


def digests(record: Record) -> dict[str, str]:
    """SHA-256 of each entry's rows in all tables, by entry number: unlike the digest of the
    blob it stays the same under another release of pyarrow, so it tells a revision."""
    return _digests(record, dict(record.sorted().items()))


_OF_RELEASE: Mapping[str, tuple[str, ...]] = {
    "entries": ("entry_number", "entry_type", "port_of_entry", "importer_number", "entered_value",
                "mode_of_transport", "zone_id", "warehouse_entry"),
    "bills": ("entry_number", "bill_group", "bill_type", "issuer", "bill_number", "quantity"),
    "parties": ("entry_number", "line", "party", "name", "number", "address", "city", "country"),
    "lines": ("entry_number", "line", "country_of_origin", "zone_status", "zone_quantity"),
    "tariffs": ("entry_number", "line", "position", "hts_number", "value"),
}  # fmt: skip


def release_digests(record: Record) -> dict[str, str]:
    """SHA-256 of what each entry's cargo release tells of the goods: bills, parties, tariff numbers,
    origins, values. Bond, contact and all that only a summary needs are left out."""
    tables = dict(record.sorted().items())
    return _digests(record, {name: tables[name].select(list(some)) for name, some in
                             _OF_RELEASE.items()})  # fmt: skip


def _digests(record: Record, tables: Mapping[str, pa.Table]) -> dict[str, str]:
    seen = {number: sha256() for number in sorted(set(record.numbers))}
    for name, table in tables.items():
        numbers = table["entry_number"].to_pylist()
        for number, line in zip(numbers, _row_texts(name, table), strict=True):
            if number in seen:
                seen[number].update(line.encode())
    return {number: digest.hexdigest() for number, digest in seen.items()}


def _row_texts(name: str, table: pa.Table) -> list[str]:
    """Each row as one text; a null differs from every value that a cell can hold."""
    if not table.num_rows:
        return []
    columns = [pc.fill_null(pc.cast(column, pa.string()), "\x00") for column in table.columns]
    heads = pa.scalar(f"{name}\x1e")
    joined = pc.binary_join_element_wise(heads, *columns, pa.scalar("\x1e"), "\x1f")
    return joined.to_pylist()
