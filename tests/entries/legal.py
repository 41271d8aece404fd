"""Legal entry records of every type and mode, made from a source of chance.

`random.Random` makes benchmarks and samples, `hypothesis.strategies.randoms` makes properties.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from tasks.entries.numbers.entry_numbers import printed_numbers
from tasks.entries.numbers.in_bond_numbers import make_in_bond
from tasks.entries.record.code_lists import code_rows, codes_where
from tasks.entries.record.entry_record import EntryRecord, record_schema as arrow_schema
from tasks.entries.record.record_fields import RECORD_TABLES
from tasks.entries.validation.rule_checks import FilerRules

TODAY = date(2026, 11, 24)
PROFILE = FilerRules(filers=("ABC",), today=TODAY)
SE_TYPES = ("01", "02", "03", "06", "07", "11", "12", "21", "22", "23", "52")
AE_TYPES = ("31", "32", "34", "38", "51")
PORTS = ("2704", "2304", "3901", "4601", "0901", "5301")
WORDS = ("STEEL HAND TOOLS", "COTTON SHIRTS", "FROZEN SHRIMP", "LED LAMPS, 12 V", "O-RINGS (NBR)")
NAMES = ("ACME TOOLS LTD", "NICSAN APPLIANCE WORKS", "R & D IMPORTS, INC.", "ELO MÓVEIS")[:3]
STREETS = ("435 FU HSING RD", "12-A HARBOUR ROAD", "AV. 5 DE MAYO #12")
Row = dict[str, Any]


def numbers(count: int, first: int = 1000, filer: str = "ABC") -> list[str]:
    """Consecutive entry numbers of the made-up filer."""
    return list(printed_numbers("entry", filer, first, first + count - 1)) if count else []


def record(chance: Random, wanted: Sequence[str], types: Sequence[str] | None = None) -> EntryRecord:
    """A legal entry for each number."""
    rows: dict[str, list[Row]] = {table: [] for table in RECORD_TABLES}
    for text in wanted:
        for table, more in _entry(chance, text, chance.choice(types or SE_TYPES + AE_TYPES)):
            rows[table].append({"entry_number": text, **more})
    return of_rows(rows)


def of_rows(rows: dict[str, list[Row]]) -> EntryRecord:
    """A record from rows as dicts, in the order of content."""
    tables = {t: pa.Table.from_pylist(some, arrow_schema(t)) for t, some in rows.items()}
    return EntryRecord.of(tables).sorted()


def records(most: int = 4, types: Sequence[str] | None = None) -> st.SearchStrategy[EntryRecord]:
    """Strategy: records of up to `most` entries."""
    return st.builds(
        lambda chance, count: record(chance, numbers(count), types),
        st.randoms(use_true_random=False),
        st.integers(1, most),
    )


def _entry(chance: Random, text: str, kind: str) -> list[tuple[str, Row]]:
    mode = chance.choice([row["code"] for row in code_rows("mode_of_transport")])
    lines = chance.randint(1, 3)
    values = [chance.randint(1, 700 if kind in ("11", "12") else 90_000) for _ in range(lines)]
    head = _head(chance, kind, mode, sum(values))
    made: list[tuple[str, Row]] = [("entries", head)]
    if kind in SE_TYPES and kind not in ("06", "22"):
        made += _bills(chance, mode, kind)
    made += _lines(chance, kind, values)
    if kind in SE_TYPES:
        made += _parties(chance, kind, lines)
    if head["paper_outcome"] == "released" and kind in codes_where("entry_type", "quota"):
        consent = {"document_type": "CBP consent", "file_name": "consent.pdf"}
        made.append(("documents", consent))
    if chance.random() < 0.3:
        scan = {"document_type": "Invoice", "file_name": "facture n° 12.pdf"}
        made.append(("documents", scan | {"dis_reference": f"DIS-{chance.randint(1, 9999)}"}))
    return made


def _head(chance: Random, kind: str, mode: str, value: int) -> Row:
    arrival = TODAY - timedelta(days=chance.randint(0, 30))
    released = chance.random() < 0.5
    route = "ae_only" if kind in AE_TYPES else "se_then_ae"
    route = "ae_certified" if kind in ("02", "07", "12") else route
    row: Row = {
        "filing_route": route,
        "entry_type": kind,
        "port_of_entry": chance.choice(PORTS),
        "importer_type": "EI",
        "importer_number": f"{chance.randint(10, 99)}-{chance.randint(1000000, 9999999)}",
        "importer_name": chance.choice(("Acme Tools, Inc.", "Móveis do Sul", "R & D Imports")),
        "importer_address": "1 Main Street, Laredo TX 78040",
        "bond_type": "8",
        "entered_value": value,
        "contact_name": "DANA WHITFIELD",
        "contact_phone": "9565550142",
        "paper_outcome": "released" if released else chance.choice((None, "waiting", "exam")),
        "release_date": arrival if released else None,
        "release_time": "14:05" if released else None,
        "perishable": chance.choice((None, True, False)),
        "remarks": chance.choice((None, "zwei Kisten beschädigt; see photo")),
    }
    row |= _optional(chance)
    if kind not in (*AE_TYPES[:4], "06"):
        row |= _moved(chance, mode, arrival, kind)
    if mode in ("30", "31") and kind in SE_TYPES:
        row |= _driver(chance)
    return row | _place(chance, kind)


def _optional(chance: Random) -> Row:
    row: Row = {}
    if chance.random() < 0.3:
        row |= {"bond_type": "9", "surety_code": "036", "bond_amount": chance.randint(1, 10**9)}
    if chance.random() < 0.3:
        row |= {"consignee_number": "12-3456789AB", "state_of_destination": "TX"}
    if chance.random() < 0.3:
        row |= {"importer_type": "34", "importer_number": "000-12-3456"}
    return row


def _moved(chance: Random, mode: str, arrival: date, kind: str) -> Row:
    row: Row = {
        "mode_of_transport": mode,
        "arrival_date": arrival,
        "carrier_code": chance.choice(("MAEU", "LH", "UPSN")),
        "voyage": chance.choice((None, "412W", "0012")),
        "conveyance_name": chance.choice((None, "MSC ALINA")),
    }
    if mode in ("50", "60", "70"):
        row["port_of_unlading"] = chance.choice(PORTS)
    if mode == "10" and kind in SE_TYPES:
        row["general_order_number"] = chance.choice((None, "GO 12"))
    return row


def _driver(chance: Random) -> Row:
    hidden = chance.random() < 0.5
    return {
        "trip_number": "ABCD2026001",
        "driver_name": "José Peña",
        "driver_birth_date": "~ABCDEFGHIJ1" if hidden else "1980-02-29",
        "driver_licence": "TX 123",
        "vehicle_plate": "TX ABC-123",
        "mode_of_transport": chance.choice(("30", "31")),
    }


def _place(chance: Random, kind: str) -> Row:
    if kind == "06":
        weekly = TODAY if chance.random() < 0.5 else None
        zone = chance.choice(("FTZ0260A01", "FTZ02600A001", "FTZ02610"))
        return {"zone_id": zone, "location_of_goods": "Z123", "zone_week": weekly}
    if kind == "21":
        return {"bonded_warehouse": "W123"}
    if kind == "22":
        return {"bonded_warehouse": "W123", "warehouse_entry": "DM4-0085887-2"}
    return {}


def _bills(chance: Random, mode: str, kind: str) -> list[tuple[str, Row]]:
    row = next(r for r in code_rows("mode_of_transport") if r["code"] == mode)
    made: list[tuple[str, Row]] = []
    for group in range(1, chance.randint(1, 3) + 1):
        paper = row["not_automated"] == "Y"
        if kind in SE_TYPES and mode == "10":
            paper = True  # may be in general order
        made += [("bills", b | {"bill_group": group}) for b in _group(chance, row, group, paper)]
        if paper:
            made.append(("conveyances", _conveyance(chance, group)))
        if chance.random() < 0.3:
            box = {"bill_group": group, "equipment_number": f"MSCU{chance.randint(10**6, 10**7)}"}
            made.append(("equipment", box | {"seal": chance.choice((None, "Siegel 7"))}))
    return made


def _group(chance: Random, mode: Any, group: int, paper: bool) -> list[Row]:
    air, issuer = mode["family"] == "air", "MAEU" if mode["issuer"] == "Y" else None
    main = f"{chance.randint(10**10, 10**11 - 1)}" if air else f"B{group}{chance.randint(1, 9**9)}"
    main = "HANDCARRIED" if mode["code"] == "60" else main
    shapes = ["R"] + (["MH"] if "H" in mode["bill_types"] else []) + (["T"] if air else [])
    shape = chance.choice(shapes[:2] if paper else shapes)
    shape = ("I" if shape != "T" and chance.random() < 0.3 else "") + shape
    quantity = chance.randint(1, 999) if mode["code"] == "60" or not paper else None
    made = []
    for kind in shape:
        text = str(make_in_bond(chance.randint(0, 10**7))) if kind == "I" else main
        text = f"HB{chance.randint(1, 9**9)}" if kind == "H" else text
        lowest = kind in "RHT"
        bill = {"bill_type": kind, "bill_number": text, "not_automated": paper and kind != "I"}
        bill["issuer"] = None if kind in "IT" else issuer
        made.append(bill | {"quantity": quantity if lowest else None})
    return made


def _conveyance(chance: Random, group: int) -> Row:
    return {
        "bill_group": group,
        "carrier_code": "MAEU",
        "voyage": "412W",
        "arrival_date": TODAY - timedelta(days=chance.randint(0, 30)),
        "quantity": chance.randint(1, 10**6),
        "unit": chance.choice((None, "PCS")),
        "conveyance_name": "MSC ALINA",
    }


def _lines(chance: Random, kind: str, values: list[int]) -> list[tuple[str, Row]]:
    made: list[tuple[str, Row]] = []
    for line, value in enumerate(values, start=1):
        row: Row = {"line": line, "country_of_origin": chance.choice(("CN", "MX", "DE"))}
        row["description"] = chance.choice(WORDS)
        if kind == "06":
            row |= {"zone_status": chance.choice("PN"), "zone_quantity": chance.randint(1, 999)}
        if chance.random() < 0.5:
            row |= {"gross_weight": chance.randint(1, 10**6), "related_party": False}
            row |= {"manufacturer_id": "TWNICSAN435TAI", "program_indicator": "S+"}
        made.append(("lines", row))
        made += [("tariffs", t | {"line": line}) for t in _tariffs(chance, kind, value)]
        if chance.random() < 0.2:
            made.append(("pga", {"line": line, "position": 1, "agency": "FDA", "program": "FOO"}))
    return made


def _tariffs(chance: Random, kind: str, value: int) -> list[Row]:
    head = ["9813000520"] if kind == "23" else []
    head += ["99038801"] if kind != "23" and chance.random() < 0.4 else []
    goods = {"hts_number": chance.choice(("0306170003", "8471300100", "6109100012"))}
    goods |= {"value": value, "quantity": Decimal(chance.randint(1, 10**6)) / 100, "unit": "KG"}
    rows = [{"hts_number": text} for text in head] + [goods]
    return [row | {"position": place} for place, row in enumerate(rows, start=1)]


def _parties(chance: Random, kind: str, lines: int) -> list[tuple[str, Row]]:
    made: list[tuple[str, Row]] = []
    for party in ("MF", "SE", "BY", "CN", *chance.sample(("ST", "CS", "LG"), chance.randint(0, 2))):
        for line in range(1, lines + 1) if chance.random() < 0.3 else [0]:
            made.append(("parties", {"line": line, "party": party} | _who(chance, party, kind)))
    return made


def _who(chance: Random, party: str, kind: str) -> Row:
    by_number = party == "CN" or (party in ("BY", "ST") and chance.random() < 0.5)
    if by_number and not (party == "CN" and kind == "11" and chance.random() < 0.5):
        hidden = chance.random() < 0.2
        kind_of, text = ("34", "~QRSTUVWXYZ2") if hidden else ("ANI", "261234-00001")
        return {"number_type": kind_of, "number": text}
    row: Row = {"name": chance.choice(NAMES), "address": chance.choice(STREETS), "city": "TAICHUNG"}
    row |= {"country": "TW", "subdivision": chance.choice((None, "TXG"))}
    if chance.random() < 0.2:
        row |= {"global_id_type": "DUNS", "global_id": "123456789"}
    return row
