"""What a letter can say of an entry, by the names that the tables in `data/letters` use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from types import MappingProxyType

from tasks.entries.api import code_meanings, code_rows
from tasks.incident.letters.entry_case import EntryCase, Row
from tasks.security.api import masked_value

FOLLOWS = "to follow"
ENTRY, IMMEDIATE = "entry", "immediate delivery"
WITHDRAWALS = ("31", "32", "34", "38")
_PARTIES = {"seller": "SE", "buyer": "BY", "manufacturer": "MF", "consignee": "CN"}


def text_of(case: EntryCase, name: str, *, hidden: bool = False) -> str:
    """A value in words, empty where the record has none; `hidden` hides the driver's private data.
    Raises KeyError for a name that no table may use."""
    if name in PRIVATE:
        return case.private(name, hidden=hidden)
    return VALUES[name](case)


def release_request(case: EntryCase) -> str:
    """What the port is asked for (19 CFR 142.3, 142.21)."""
    return IMMEDIATE if case.entry["immediate_delivery"] else ENTRY


def code(case: EntryCase, name: str, listed: str) -> str:
    """A code with its meaning: `01 consumption, free and dutiable`."""
    value = str(case.entry[name] or "")
    meaning = code_meanings(listed).get(value, "")
    return f"{value} {meaning}".strip()


def code_of(case: EntryCase, name: str) -> str:
    """The bare code of a value that `text_of` gives with its meaning; empty for other values."""
    return str(case.entry[CODED[name]] or "") if name in CODED else ""


def port(number: str) -> str:
    """`2304 LAREDO, TX`; only the code where the list lacks it."""
    listed = next((row for row in code_rows("port") if row["code"] == number), None)
    where = f"{listed['meaning']}{', ' + listed['state'] if listed['state'] else ''}" if listed else ""
    return f"{number} {where}".strip()


def dollars(value: object) -> str:
    return "" if value is None else f"{value:,} USD"


def joined(parts: Iterable[object], sign: str = ", ") -> str:
    return sign.join(str(part) for part in parts if part not in (None, ""))


def party(row: Row) -> str:
    """Name and address, or the number (a Social Security number hidden)."""
    city = joined((row["city"], row["subdivision"], row["postal_code"], row["country"]), " ")
    number = f"{row['number_type'] or ''} {masked_value(row['number'])}".strip() if row["number"] else ""
    return joined((row["name"], row["address"], city, number))


def bill(row: Row) -> str:
    meaning = code_meanings("bill_type").get(row["bill_type"] or "", "")
    return joined((joined((row["issuer"], row["bill_number"]), " "), meaning))


def _plain(name: str) -> Callable[[EntryCase], str]:
    return lambda case: str(case.entry[name] or "")


def _party(kind: str) -> Callable[[EntryCase], str]:
    def value(case: EntryCase) -> str:
        rows = [row for row in case.rows("parties") if row["party"] == kind]
        named = [row for row in rows if not row["line"]] or rows
        count = f" (and {len(named) - 1} more)" if len(named) > 1 else ""
        return f"{party(named[0])}{count}" if named else ""

    return value


def _consignee(case: EntryCase) -> str:
    return _party("CN")(case) or masked_value(case.entry["consignee_number"])


def _arrival(case: EntryCase) -> str:
    arrived, expected = case.entry["arrival_date"], case.entry["estimated_arrival"]
    if arrived:
        return _day(arrived)
    return f"expected {_day(expected)}" if expected else ""


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _conveyance(case: EntryCase) -> str:
    entry = case.entry
    return joined((entry["conveyance_name"], entry["voyage"], entry["zone_id"], entry["trip_number"]))


def _first(case: EntryCase, table: str, name: str) -> str:
    rows = case.rows(table)
    count = f" (+{len(rows) - 1})" if len(rows) > 1 else ""
    return f"{rows[0][name] or ''}{count}" if rows and rows[0][name] else ""


def _different(case: EntryCase, table: str, name: str, most: int = 4) -> str:
    values = list(dict.fromkeys(row[name] for row in case.rows(table) if row[name]))
    count = f" and {len(values) - most} more" if len(values) > most else ""
    return joined(values[:most]) + count


def _maker(case: EntryCase) -> str:
    return _party("MF")(case) or _different(case, "lines", "manufacturer_id")


def _header_party(case: EntryCase) -> Row | None:
    rows = [row for row in case.rows("parties") if not row["line"]] or list(case.rows("parties"))
    order = ("MF", "CN", "BY", "SE")
    return min(rows, key=lambda r: order.index(r["party"]) if r["party"] in order else 9, default=None)


def _of_party(name: str) -> Callable[[EntryCase], str]:
    def value(case: EntryCase) -> str:
        row = _header_party(case)
        if row is None:
            return ""
        if name == "type":
            return code_meanings("party").get(row["party"], row["party"])
        if name == "number":
            return masked_value(row["number"])
        return joined((row["name"], row["address"], row["city"], row["country"]))

    return value


VALUES = MappingProxyType(
    {
        "entry_number": lambda case: case.number,
        "entry_type": lambda case: code(case, "entry_type", "entry_type"),
        "port_of_entry": lambda case: port(case.port),
        "importer_number": lambda case: masked_value(case.entry["importer_number"]),
        "importer_name": _plain("importer_name"),
        "importer_address": _plain("importer_address"),
        "importer": lambda case: joined((case.entry["importer_name"], case.entry["importer_address"])),
        "consignee_number": lambda case: masked_value(case.entry["consignee_number"]),
        "carrier": lambda case: joined((case.entry["carrier_code"], case.entry["carrier_name"]), " "),
        "trip_number": _plain("trip_number"),
        "driver_name": _plain("driver_name"),
        **{name: _party(kind) for name, kind in _PARTIES.items() if name in ("seller", "buyer")},
        "manufacturer": _maker,
        "consignee": _consignee,
        "bills": lambda case: (
            joined(map(bill, case.rows("bills")[:4]), "; ")
            + (f"; and {len(case.rows('bills')) - 4} more" if len(case.rows("bills")) > 4 else "")
        ),
        "bill_code": lambda case: _first(case, "bills", "bill_type"),
        "bill_number": lambda case: (
            joined((case.rows("bills")[0]["issuer"], _first(case, "bills", "bill_number")), " ")
            if case.rows("bills")
            else ""
        ),
        "equipment": lambda case: _different(case, "equipment", "equipment_number"),
        "conveyance": _conveyance,
        "arrival": _arrival,
        "location_of_goods": _plain("location_of_goods"),
        "general_order_number": _plain("general_order_number"),
        "exam_site": _plain("exam_site"),
        "warehouse_entry": _plain("warehouse_entry"),
        "port_of_unlading": lambda case: port(str(case.entry["port_of_unlading"] or "")),
        "mode_of_transport": lambda case: code(case, "mode_of_transport", "mode_of_transport"),
        "goods": lambda case: _different(case, "lines", "description", 2),
        "hts": lambda case: _different(case, "tariffs", "hts_number"),
        "origin": lambda case: _different(case, "lines", "country_of_origin"),
        "entered_value": lambda case: dollars(case.entry["entered_value"]),
        "bond_type": lambda case: code(case, "bond_type", "bond_type"),
        "bond_amount": lambda case: dollars(case.entry["bond_amount"]),
        "surety_code": _plain("surety_code"),
        "contact": lambda case: joined((case.entry["contact_name"], case.entry["contact_phone"])),
        "broker_reference": _plain("broker_reference"),
        "party_type": _of_party("type"),
        "party": _of_party("words"),
        "party_number": _of_party("number"),
    }
)
CODED = MappingProxyType(
    {
        "entry_type": "entry_type",
        "port_of_entry": "port_of_entry",
        "port_of_unlading": "port_of_unlading",
        "mode_of_transport": "mode_of_transport",
        "bond_type": "bond_type",
    }
)
"""Values with a code in front, and the column of the record that holds it."""
PRIVATE = ("driver_birth_date", "driver_licence", "vehicle_plate")
NAMES = frozenset({*VALUES, *PRIVATE})
