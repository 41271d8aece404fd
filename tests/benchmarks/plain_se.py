"""A plain record-by-record SE encoder, to measure the column-wise one against.

It is written the way one would write it without columns: an entry at a time, a record at a time,
a field at a time, with strings and dictionaries. It makes the same bytes (the benchmark compares
digests) and keeps the same rules (`plain_rules.py`). It covers what the benchmark's entries hold:
types 01-52, all bill types, parties at both levels, disclaimers; not zone entries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from tasks.ace.wire.batch_envelope import Envelope
from tasks.ace.wire.outbound_batch import BatchLimits
from tasks.ace.wire.record_layouts import record_layout
from tests.benchmarks.plain_rules import check_entry, check_envelope

Row = dict[str, object]

_LEGAL = {
    "A": re.compile("[A-Z]+"),
    "AN": re.compile("[A-Z0-9 ]+"),
    "N": re.compile("[0-9]+"),
    "D": re.compile("[0-9]{6}"),
    "X": re.compile("[ -`{-~]+"),
}
_BILL_ORDER = {"I": 0, "M": 1, "R": 2, "T": 3, "H": 4}
_PARTY_ORDER = {"MF": 0, "SE": 1, "BY": 2, "CN": 3, "ST": 4, "CS": 5, "LG": 6}
_NO_ISSUER = {"32", "33", "34", "40", "41", "50", "60"}
_OUTSIDE = {"32", "33", "34", "50", "60", "70"}


@dataclass
class Spec:
    """A layout unpacked for speed: name, width, class, must be given, constant, filler."""

    fields: list[tuple[str, int, str, bool, str, bool]]


def spec(application: str, record: str, variant: str = "") -> Spec:
    return Spec(
        [
            (one.name, one.length, one.cls, one.required, one.constant, one.is_filler)
            for one in record_layout(application, record, variant).fields
        ]
    )


_SE = ("SE10", "SE11", "SE13", "SE15", "SE16", "SE17", "SE20", "SE30", "SE31", "SE35", "SE36",
       "SE40", "SE50", "SE51", "SE55", "SE56", "SE60")  # fmt: skip
SPECS = {
    **{record: spec("SE", record) for record in _SE},
    **{record: spec("PGA", record) for record in ("OI", "PG01", "PG02", "PG14")},
    **{letter: spec("BB", letter, "input") for letter in "ABYZ"},
}


def encode(record: str, values: Row) -> str:
    """One record of 80 characters. Raises ValueError for a value that does not fit."""
    parts = []
    for name, width, cls, must, constant, filler in SPECS[record].fields:
        if constant:
            parts.append(constant)
            continue
        value = values.get(name)
        if filler or value is None:
            if must:
                raise ValueError(f"{record} {name} is missing")
            parts.append(" " * width)
            continue
        text = value if isinstance(value, str) else _text(value)
        if len(text) > width or not _LEGAL[cls].fullmatch(text):
            raise ValueError(f"{record} {name}: {text!r}")
        parts.append(text.rjust(width, "0") if cls == "N" else text.ljust(width))
    return "".join(parts)


def _text(value: object) -> str:
    return value.strftime("%m%d%y") if hasattr(value, "strftime") else str(value)


def write(
    portion: tuple[pa.Table, dict[str, pa.Table]], envelope: Envelope, limits: BatchLimits, sequence: int
) -> Iterator[tuple[bytes, str]]:
    """Batches of one portion of entries as (bytes, SHA-256), checked."""
    entries, tables = portion
    held = {name: _grouped(table) for name, table in tables.items()}
    by_port: dict[str, list[Row]] = {}
    for entry in entries.to_pylist():
        by_port.setdefault(str(entry["port_of_entry"]), []).append(entry)
    for port in sorted(by_port):
        rows = by_port[port]
        for start in range(0, len(rows), limits.entries_per_batch):
            batch = rows[start : start + limits.entries_per_batch]
            data = "".join(_batch(batch, held, envelope, limits, sequence, port)).encode("ascii")
            check_envelope(data)
            yield data, hashlib.sha256(data).hexdigest()
            sequence += 1


def _grouped(table: pa.Table) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in table.to_pylist():
        groups.setdefault(row["entry_number"], []).append(row)
    return groups


def _batch(
    entries: list[Row],
    held: dict[str, dict[str, list[Row]]],
    envelope: Envelope,
    limits: BatchLimits,
    sequence: int,
    port: str,
) -> Iterator[str]:
    ends = {
        "site_code": envelope.site_code,
        "sender_id": envelope.sender_id,
        "transmission_date": envelope.transmission_date,
    }
    head = ends | {"password": "PASSWD", "application": "SE"}
    yield encode("A", head | {"user_text": envelope.batch_id(sequence)})
    trail = {"port": port, "filer_code": envelope.filer_code, "application": "SE"}
    for block, start in enumerate(range(0, len(entries), limits.entries_per_block), start=1):
        yield encode("B", trail | {"user_text": envelope.block_id(sequence, block)})
        for entry in entries[start : start + limits.entries_per_block]:
            children = {name: groups.get(str(entry["entry_number"]), []) for name, groups in held.items()}
            records = list(_entry(entry, children))
            check_entry(records, port, envelope.filer_code)
            for _, _, text in records:
                yield text
        yield encode("Y", trail)
    yield encode("Z", ends)


def _entry(entry: Row, children: dict[str, list[Row]]) -> Iterator[tuple[str, Row, str]]:
    """Every record of an entry as (record id, values, text)."""
    for record, values in _records(entry, children):
        yield record, values, encode(record, values)


def _records(entry: Row, children: dict[str, list[Row]]) -> Iterator[tuple[str, Row]]:
    number = str(entry["entry_number"])
    yield (
        "SE10",
        {
            "action_code": "A",
            "entry_filer_code": number[:3],
            "entry_number": number[4:11] + number[12],
            "entry_type": entry["entry_type"],
            "importer_type": entry["importer_type"],
            "importer_number": entry["importer_number"],
            "mode_of_transport": entry["mode_of_transport"],
            "bond_type_code": entry["bond_type"],
            "entered_value": entry["entered_value"],
            "port_of_entry": entry["port_of_entry"],
            "split_release": entry["split_release"],
            "port_of_unlading": entry["port_of_unlading"],
        },
    )
    yield from _extra(entry)
    contact = re.sub("[^A-Z0-9 ]+", " ", str(entry["contact_name"]).upper())
    yield "SE13", {"contact_name": contact, "contact_phone": entry["contact_phone"]}
    yield from _bills(entry, children)
    for qualifier, value in _references(entry):
        if value is not None:
            yield "SE20", {"qualifier": qualifier, "reference": value}
    parties = sorted(children["parties"], key=lambda row: _PARTY_ORDER[str(row["party"])])
    for party in parties:
        if party["line"] == 0:
            yield from _party(party, "SE3")
    for line in sorted(children["lines"], key=lambda row: row["line"]):
        yield from _line(line, [one for one in parties if one["line"] == line["line"]], children)


def _extra(entry: Row) -> Iterator[tuple[str, Row]]:
    origin = entry["warehouse_entry"]
    values: Row = {
        name: entry[name]
        for name in (
            "location_of_goods", "exam_site", "voyage", "general_order_number", "bonded_warehouse",
        )
    }  # fmt: skip
    values["conveyance_name"] = _upper(entry["conveyance_name"])
    if origin is not None:
        values["warehouse_filer_code"] = str(origin)[:3]
        values["warehouse_entry_number"] = str(origin)[4:11] + str(origin)[12]
    if entry["immediate_delivery"]:
        values["immediate_delivery_indicator"] = "Y"
    if any(value is not None for value in values.values()):
        yield "SE11", values


def _bills(entry: Row, children: dict[str, list[Row]]) -> Iterator[tuple[str, Row]]:
    mode = entry["mode_of_transport"]
    groups: dict[object, list[Row]] = {}
    for bill in children["bills"]:
        groups.setdefault(bill["bill_group"], []).append(bill)
    for group in sorted(groups):
        bills = sorted(groups[group], key=lambda row: _BILL_ORDER[str(row["bill_type"])])
        parts = [one for one in children["conveyances"] if one["bill_group"] == group]
        house = any(bill["bill_type"] == "H" for bill in bills)
        outside = mode in _OUTSIDE or entry["general_order_number"] is not None
        records = []
        for bill in bills:
            in_bond = bill["bill_type"] == "I"
            lowest = not in_bond and not (bill["bill_type"] == "M" and house)
            manual = not in_bond and (outside or bool(bill["not_automated"]))
            if manual and lowest and not parts:
                parts = [_derived(entry, bill)]
            records.append((bill, lowest, manual, in_bond))
        free = entry["entry_type"] == "22" or mode == "60"
        for bill, lowest, manual, in_bond in records:
            yield (
                "SE15",
                {
                    "bill_type": bill["bill_type"],
                    "issuer_code": None if in_bond or mode in _NO_ISSUER else bill["issuer"],
                    "bill_number": bill["bill_number"],
                    "quantity": bill["quantity"] if lowest and (not parts or free) else None,
                    "non_ams": "Y" if manual else "N",
                },
            )
        for part in parts:
            yield "SE16", _conveyance(part)
        for equipment in children["equipment"]:
            if equipment["bill_group"] == group:
                yield "SE17", {"equipment_number": equipment["equipment_number"]}


def _derived(entry: Row, bill: Row) -> Row:
    own = ("carrier_code", "voyage", "arrival_date", "conveyance_name")
    return {name: entry[name] for name in own} | {"quantity": bill["quantity"], "unit": bill["unit"]}


def _conveyance(part: Row) -> Row:
    return {
        "carrier_code": part["carrier_code"],
        "voyage": part["voyage"],
        "date_of_arrival": part["arrival_date"],
        "quantity": part["quantity"],
        "unit_of_measure": part["unit"],
        "conveyance_name": _upper(part["conveyance_name"]),
    }


def _references(entry: Row) -> Iterator[tuple[str, object]]:
    single = entry["bond_type"] == "9"
    summary = entry["consolidated_summary"]
    arrival = entry["estimated_arrival"]
    yield "CR", entry["broker_reference"]
    yield "V1", entry["surety_code"] if single else None
    yield "AMT", str(entry["bond_amount"]) if single else None
    yield "EXP", "Y" if entry["express_consignment"] else None
    yield "KII", "Y" if entry["known_importer"] else None
    yield "RRN", entry["rail_reference"]
    yield "PER", "Y" if entry["perishable"] else None
    yield "CES", None if summary is None else str(summary).replace("-", "")
    yield "EDA", None if arrival is None else _text(arrival)


def _party(party: Row, level: str) -> Iterator[tuple[str, Row]]:
    yield (
        f"{level}0",
        {
            "entity_code": party["party"],
            "entity_name": _upper(party["name"]),
            "identifier_qualifier": party["number_type"],
            "entity_identifier": party["number"],
        },
    )
    if party["global_id_type"] is not None:
        known = {"gbi_qualifier": party["global_id_type"], "gbi_identifier": party["global_id"]}
        yield f"{level}1", known
    if party["name"] is None:
        return
    first, rest = _halves(str(party["address"]).upper())
    address: Row = {"address_qualifier": "15", "address_information": first}
    if rest:
        address |= {"address_qualifier_2": "15", "address_information_2": rest}
    yield f"{level}5", address
    yield (
        f"{level}6",
        {
            "city": _upper(party["city"]),
            "subdivision": party["subdivision"],
            "postal_code": _upper(party["postal_code"]),
            "country_code": party["country"],
        },
    )


def _halves(text: str) -> tuple[str, str]:
    if len(text) <= 35:
        return text, ""
    cut = text.rfind(" ", 0, 36)
    if cut > 0 and len(text) - cut - 1 <= 35:
        return text[:cut].rstrip(), text[cut + 1 :]
    return text[:35], text[35:]


def _line(line: Row, parties: list[Row], children: dict[str, list[Row]]) -> Iterator[tuple[str, Row]]:
    description = _upper(line["description"])
    origin = line["country_of_origin"]
    yield "SE40", {"line": line["line"], "country_of_origin": origin, "description": description}
    for party in parties:
        yield from _party(party, "SE5")
    tariffs = [one for one in children["tariffs"] if one["line"] == line["line"]]
    tariffs.sort(key=lambda one: (_chapter(str(one["hts_number"])), one["position"]))
    for tariff in tariffs:
        yield "SE60", {"hts_number": tariff["hts_number"], "value": tariff["value"]}
        agencies = [
            one for one in children["pga"] if one["line"] == line["line"] and one["position"] == tariff["position"]
        ]
        if agencies:
            yield "OI", {"description": description}
        yield from _agencies(agencies)


def _chapter(number: str) -> int:
    return {"98": 0, "99": 1}.get(number[:2], 2)


def _agencies(agencies: list[Row]) -> Iterator[tuple[str, Row]]:
    counted: dict[object, int] = {}
    for row in agencies:
        counted[row["agency"]] = counted.get(row["agency"], 0) + 1
        yield (
            "PG01",
            {
                "pga_line_number": counted[row["agency"]],
                "government_agency_code": row["agency"],
                "government_agency_program_code": row["program"],
                "government_agency_processing_code": row["processing"],
                "disclaimer": row["disclaimer"],
            },
        )
        if row["disclaimer"] is None:
            yield "PG02", {"item_type": "P"}
            if row["reference"] is not None:
                yield "PG14", {"lpco_number_or_name": _upper(row["reference"])}


def _upper(value: object) -> str | None:
    return None if value is None else str(value).upper()
