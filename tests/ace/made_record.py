"""A few entries written out by hand, one for each way that a record can take."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from tasks.ace.wire.batch_envelope import Envelope
from tasks.entries.numbers.entry_numbers import make_entry_number
from tasks.entries.record.entry_record import EntryRecord, record_schema

DAY = date(2026, 11, 24)
ENVELOPE = Envelope("2704", "ABC", "ABC", transmission_date=DAY, mark="DRILL-")

Rows = dict[str, list[dict[str, object]]]


def number(serial: int) -> str:
    return str(make_entry_number("ABC", serial))


def made(rows: Rows) -> EntryRecord:
    return EntryRecord.of({name: pa.Table.from_pylist(held, schema=record_schema(name)) for name, held in rows.items()})


def joined(parts: Iterable[Rows]) -> EntryRecord:
    rows: Rows = {}
    for part in parts:
        for name, held in part.items():
            rows.setdefault(name, []).extend(held)
    return made(rows)


def entry(serial: int, **fields: object) -> Rows:
    """A plain truck entry; `fields` change the row of the entry."""
    key = number(serial)
    row = {
        "entry_number": key, "desk": "truck", "filing_route": "se_then_ae", "entry_type": "01",
        "port_of_entry": "3801", "importer_type": "EI", "importer_number": "12-345678900",
        "importer_name": "HARBOR IMPORTS", "mode_of_transport": "30", "bond_type": "8",
        "entered_value": 200, "carrier_code": "ABCT", "contact_name": "JO HARBOR",
        "contact_phone": "5625550100", "broker_reference": f"L{serial:08d}",
    }  # fmt: skip
    bill = {"entry_number": key, "bill_group": 1, "bill_type": "R", "issuer": "ABCT"}
    return {
        "entries": [row | fields],
        "bills": [bill | {"bill_number": f"PAPS{serial}", "quantity": 20}],
        "parties": [*parties(key)],
        "lines": [line(key, 1), line(key, 2)],
        "tariffs": [tariff(key, 1), tariff(key, 2)],
    }


def parties(key: str) -> list[dict[str, object]]:
    firm = {
        "entry_number": key, "line": 0, "name": "NICSAN APPLIANCE WORKS",
        "address": "435 INDUSTRIAL ROAD", "city": "TAICHUNG", "postal_code": "40767",
        "country": "TW",
    }  # fmt: skip
    known = {"entry_number": key, "line": 0, "number_type": "EI", "number": "12-345678900"}
    return [firm | {"party": "MF"}, firm | {"party": "SE"}, known | {"party": "BY"}, known | {"party": "CN"}]


def line(key: str, place: int, **fields: object) -> dict[str, object]:
    row = {"entry_number": key, "line": place, "country_of_origin": "TW"}
    return row | {"description": "STEEL HEX BOLTS"} | fields


def tariff(key: str, place: int, position: int = 1, **fields: object) -> dict[str, object]:
    row = {"entry_number": key, "line": place, "position": position}
    return row | {"hts_number": "7318152065", "value": 100} | fields
