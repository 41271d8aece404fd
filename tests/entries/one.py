"""One whole entry, written out, for tests that break it in one place."""

from __future__ import annotations

from datetime import date
from typing import Any

from tasks.entries.record.entry_record import EntryRecord
from tasks.entries.validation.rule_checks import FilerRules
from tasks.entries.validation.rule_list import release_findings
from tests.entries import legal

NUMBER = "ABC-1234567-6"
Rows = dict[str, list[dict[str, Any]]]
_BY_TYPE: dict[str, dict[str, Any]] = {
    "02": {"filing_route": "ae_certified"},
    "06": {"zone_id": "FTZ02600A001", "location_of_goods": "Z123"},
    "11": {"entered_value": 2000},
    "21": {"bonded_warehouse": "W123"},
    "22": {"bonded_warehouse": "W123", "warehouse_entry": "DM4-0085887-2"},
    "31": {"filing_route": "ae_only", "warehouse_entry": "DM4-0085887-2"},
    "86": {"entered_value": 700},
}
_ISSUERS = ("10", "11", "12", "20", "21", "30", "31", "70")
_PAPER = ("32", "33", "34", "50", "60", "70")


def rows(kind: str = "01", mode: str = "11") -> Rows:
    """The rows of one legal entry of a type and mode."""
    made: Rows = {"entries": [_head(kind, mode)], "lines": [_line(kind)], "tariffs": []}
    value = made["entries"][0]["entered_value"]
    head = ["9813000520"] if kind == "23" else []
    for place, text in enumerate([*head, "8471300100"], start=1):
        made["tariffs"].append({"line": 1, "position": place, "hts_number": text})
    made["tariffs"][-1]["value"] = value
    if kind not in ("06", "22", "31"):
        made |= _bills(mode)
    name = {"name": "ACME TOOLS LTD", "address": "1 MAIN ST", "city": "TAICHUNG", "country": "TW"}
    made["parties"] = [{"line": 0, "party": party} | name for party in ("MF", "SE", "BY")]
    consignee = {"line": 0, "party": "CN", "number_type": "EI", "number": "12-3456789"}
    made["parties"].append(consignee)
    for some in made.values():
        for row in some:
            row.setdefault("entry_number", NUMBER)
    return made


def _head(kind: str, mode: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "entry_number": NUMBER,
        "filing_route": "se_then_ae",
        "entry_type": kind,
        "port_of_entry": "2704",
        "importer_type": "EI",
        "importer_number": "12-3456789",
        "importer_name": "Acme Tools, Inc.",
        "importer_address": "1 Main Street, Laredo TX 78040",
        "mode_of_transport": mode,
        "bond_type": "8",
        "entered_value": 9000,
        "carrier_code": "MAEU",
        "contact_name": "DANA WHITFIELD",
        "contact_phone": "9565550142",
        "arrival_date": date(2026, 11, 20),
    }
    if mode in ("50", "60", "70"):
        row["port_of_unlading"] = "2704"
    if mode in ("30", "31"):
        row |= {"trip_number": "ABCD1", "driver_name": "José", "vehicle_plate": "TX 1"}
        row["driver_birth_date"] = "1980-02-29"
    return row | _BY_TYPE.get(kind, {})


def _line(kind: str) -> dict[str, Any]:
    row: dict[str, Any] = {"line": 1, "country_of_origin": "TW", "description": "STEEL HAND TOOLS"}
    return row | ({"zone_status": "N", "zone_quantity": 5} if kind == "06" else {})


def _bills(mode: str) -> Rows:
    paper, text = mode in _PAPER, "58981140743" if mode in ("40", "41") else "BILL123"
    text = "HANDCARRIED" if mode == "60" else text
    bill: dict[str, Any] = {"bill_group": 1, "bill_type": "R", "bill_number": text}
    bill |= {"issuer": "MAEU" if mode in _ISSUERS else None, "not_automated": paper}
    bill["quantity"] = 5 if mode == "60" or not paper else None
    made: Rows = {"bills": [bill], "conveyances": []}
    if paper:
        day = date(2026, 11, 20)
        part = {"bill_group": 1, "carrier_code": "MAEU", "voyage": "12", "quantity": 5}
        made["conveyances"] = [part | {"arrival_date": day, "conveyance_name": "LINE A"}]
    return made


def several(numbers: list[str], kind: str = "01", mode: str = "11") -> Rows:
    """The same entry under several numbers."""
    made: Rows = {}
    for number in numbers:
        for table, some in rows(kind, mode).items():
            made.setdefault(table, []).extend(row | {"entry_number": number} for row in some)
    return made


def record(made: Rows) -> EntryRecord:
    """The rows as a record."""
    return legal.of_rows(made)


def told(one: EntryRecord, profile: FilerRules | None = None) -> set[str]:
    """Every fault as `table.field code`."""
    found = release_findings(one, profile or legal.PROFILE)
    return {f"{hit.table}.{hit.field} {hit.code}" for hit in found.hits}


def label(value: object) -> str:
    """A test's name for a value, the same in every process: not where a function lies in memory."""
    return str(getattr(value, "__qualname__", value)).partition(".<locals>")[0]
