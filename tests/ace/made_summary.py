"""Summaries written out by hand: a legal one of each entry type, and ways to change it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from tasks.ace.fees.payment_terms import PaymentSetup, PaymentTerms
from tasks.ace.wire.batch_envelope import Envelope
from tests.ace.made_record import Rows, number, parties

SENT = date(2026, 11, 24)
RELEASED = date(2026, 11, 20)
ENVELOPE = Envelope("2704", "ABC", "ABC", "AE", transmission_date=SENT, mark="DRILL-")
IMPORTER = "12-345678900"
PAYMENT = PaymentSetup({"*": PaymentTerms("*", "2")}, SENT)
TYPES = ["01", "02", "03", "06", "07", "11", "12", "21", "22", "23", "31", "32", "34", "38", "51", "52"]
CASES = ("03", "07", "34", "38")
WITHDRAWALS = ("31", "32", "34", "38")
QUOTA = ("02", "07", "12")
INFORMAL = ("11", "12")
ALONE = (*WITHDRAWALS, "51")


def summary(serial: int, kind: str = "01", mode: str = "30", **fields: object) -> Rows:
    """A legal summary of a type, by truck unless the mode says otherwise; `fields` change the
    row of the entry."""
    key = number(serial)
    route = "ae_certified" if kind in QUOTA else "ae_only" if kind in ALONE else "se_then_ae"
    row: dict[str, object] = {
        "entry_number": key, "desk": "truck", "filing_route": route, "entry_type": kind,
        "port_of_entry": "3801", "importer_type": "EI", "importer_number": IMPORTER,
        "importer_name": "HARBOR IMPORTS", "bond_type": "8", "surety_code": "036",
        "entered_value": 20_000, "contact_name": "JO HARBOR", "contact_phone": "5625550100",
        "broker_reference": f"L{serial:08d}", "consignee_number": IMPORTER,
        "state_of_destination": "TX", "export_date": date(2026, 11, 16),
        "import_date": date(2026, 11, 19), "release_date": RELEASED, "paper_outcome": "released",
    }  # fmt: skip
    rows: Rows = {
        "entries": [row | _transport(mode, kind) | _special(kind) | fields],
        "lines": [line(key, 1, kind), line(key, 2, kind)],
        "tariffs": [tariff(key, 1), tariff(key, 2)],
    }
    if kind in INFORMAL:
        rows = change(rows, "tariffs", value=1_000, duty=Decimal("12.34"))
    if kind == "23":
        first = {"position": 1, "hts_number": "9813000520", "value": 0, "duty": Decimal(0)}
        rows["tariffs"] = [
            tariff(key, place, **held)
            for place in (1, 2)
            for held in (first | {"quantity": None, "unit": None}, {"position": 2})
        ]
    if mode and kind not in WITHDRAWALS:
        rows["bills"] = [_bill(key, mode)]
    if route == "ae_certified":
        rows["parties"] = parties(key)
    return rows


def line(key: str, place: int, kind: str = "01", **fields: object) -> dict[str, object]:
    """A line of Taiwanese bolts; of Canadian ones for type 23, whose bond may be waived then."""
    row: dict[str, object] = {
        "entry_number": key, "line": place, "country_of_origin": "TW",
        "description": "STEEL HEX BOLTS", "country_of_export": "TW", "gross_weight": 900,
        "charges": 300, "related_party": False, "manufacturer_id": "TWNICSAN435TAI",
        "sold_to": IMPORTER,
    }  # fmt: skip
    if kind in CASES:
        row |= case() | {"foreign_exporter": "TWNICSAN435TAI"}
    if kind == "06":
        row |= {"zone_status": "N", "zone_quantity": 12}
    return row | fields


def case(kind: str = "ad", **fields: object) -> dict[str, object]:
    """A case with four per cent in cash on ten thousand dollars: a continuous bond will do."""
    number_ = "A583820001" if kind == "ad" else "C583821001"
    row = {"case": number_, "claim": "C", "rate": Decimal("4.00"), "rate_type": "A", "duty": Decimal("400.00")}
    return {f"{kind}_{name}": value for name, value in (row | fields).items()}


def tariff(key: str, place: int, **fields: object) -> dict[str, object]:
    row: dict[str, object] = {
        "entry_number": key, "line": place, "position": 1, "hts_number": "7318152065",
        "value": 10_000, "quantity": Decimal("850.25"), "unit": "KG",
        "duty": Decimal("123.45"),
    }  # fmt: skip
    return row | fields


def change(rows: Rows, table: str, **fields: object) -> Rows:
    """The same rows with fields of every row of a table changed."""
    return {**rows, table: [row | fields for row in rows.get(table, [])]}


def _transport(mode: str, kind: str) -> Mapping[str, object]:
    if kind in WITHDRAWALS or not mode:
        return {}
    row: dict[str, object] = {
        "mode_of_transport": mode,
        "carrier_code": "LH" if mode in ("40", "41") else "ABCT",
        "conveyance_name": "EVER SAMPLE",
        "voyage": "412W",
        "arrival_date": date(2026, 11, 19),
        "port_of_unlading": "3801",
    }
    if mode in ("10", "11", "12"):
        row |= {"foreign_port": "58023"}
    return row


def _special(kind: str) -> Mapping[str, object]:
    found: dict[str, object] = {}
    if kind in (*WITHDRAWALS, "51"):
        found |= {"release_date": None, "estimated_entry_date": RELEASED, "paper_outcome": None}
    if kind in ("22", *WITHDRAWALS):
        found |= {"warehouse_entry": "DM4-0085887-2", "warehouse_port": "3801"}
    if kind in ("21", "22"):
        found |= {"bonded_warehouse": "W123", "location_of_goods": "Z123"}
    if kind in WITHDRAWALS:
        found |= {"location_of_goods": "Z123", "import_date": date(2026, 1, 5)}
        found |= {"export_date": date(2025, 12, 20)}
    if kind == "22":
        found |= {"import_date": None}
    if kind == "06":
        found |= {"zone_id": "FTZ02600A001", "location_of_goods": "Z123"}
    if kind == "23":
        found |= {"tib_declaration": True}
    return found


def _bill(key: str, mode: str) -> dict[str, object]:
    row: dict[str, object] = {
        "entry_number": key, "bill_group": 1, "bill_type": "R", "issuer": "ABCT",
        "bill_number": "PAPS7", "quantity": 20, "unit": "PCS",
    }  # fmt: skip
    if mode in ("40", "41"):
        row |= {"issuer": None, "bill_number": "02012345675"}
    return row
