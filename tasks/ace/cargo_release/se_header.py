"""SE records of the whole entry: SE10, SE11, SE13, SE20 (CATAIR SE v40 p.33-45, 56-57).

SE records of parties: SE30-SE36 for the entry, SE50-SE56 for a line (CATAIR SE v40 p.58-72).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from tasks.ace.wire.array_tools import (
    NO_TEXT,
    PRIVATE,
    Keys,
    Mask,
    constant_column,
    decoded,
    entry_serial,
    flag_column,
    is_given,
    null_outside,
    take_rows,
    upper_case,
    whole_numbers,
    with_placeholders,
)
from tasks.ace.wire.entry_slices import (
    CONTACT,
    EXTRA,
    HEADER,
    LINES,
    PARTIES,
    REFERENCES,
    EntrySlice,
    PrivatePosition,
    RecordPart,
    position_keys,
)
from tasks.ace.wire.record_layouts import record_layout
from tasks.core import arrow_compute as pc
from tasks.core.errors import Problem

_PARTY_ORDER = ("MF", "SE", "BY", "CN", "ST", "CS", "LG")
_UNSTRUCTURED = "15"
_ADDRESS = 35
_SPLIT = rf"^(?P<first>.{{1,{_ADDRESS}}})(?: +(?P<rest>.{{1,{_ADDRESS}}}))?$"
_FIRST_PARTY, _PARTY_STEP = 8, 8
"""Places on a line: after SE40 and SE41, before the tariff numbers."""


def party_parts(part: EntrySlice) -> list[RecordPart]:
    """SE30-SE36 for the whole entry (line 0), SE50-SE56 for a line."""
    line = part.integers("line", "parties")
    kind = part.plain("party", "parties")
    order = pc.index_in(kind, value_set=pa.array(_PARTY_ORDER))
    position = whole_numbers(order, len(_PARTY_ORDER))
    at = position_keys(
        part.ranks["parties"], np.where(line == 0, PARTIES, LINES), line, _FIRST_PARTY + _PARTY_STEP * position
    )
    return [
        record_part
        for rows, level in ((line == 0, "SE3"), (line > 0, "SE5"))
        if rows.any()
        for record_part in _party_records(part, np.flatnonzero(rows), level, at)
    ]


def _party_records(part: EntrySlice, rows: Keys, level: str, at: Keys) -> list[RecordPart]:
    rank = part.ranks["parties"][rows]
    column = {name: take_rows(part.column(name, "parties"), rows) for name in part.tables["parties"].column_names}
    parts = [_party(part, column, rank, f"{level}0", at[rows])]
    if column["global_id_type"].null_count < len(rows):
        identified = np.flatnonzero(pc.is_valid(column["global_id_type"]))
        columns = {
            "gbi_qualifier": column["global_id_type"].take(identified),
            "gbi_identifier": column["global_id"].take(identified),
        }
        record = part.encode(f"{level}1", columns, rank[identified])
        parts.append(RecordPart(at[rows][identified] + 1, record))
    named = np.flatnonzero(pc.is_valid(column["name"]))
    if len(named):
        named_rank, named_keys = rank[named], at[rows][named]
        address = _address(column["address"].take(named))
        parts.append(RecordPart(named_keys + 2, part.encode(f"{level}5", address, named_rank)))
        town = _town({name: values.take(named) for name, values in column.items()})
        parts.append(RecordPart(named_keys + 3, part.encode(f"{level}6", town, named_rank)))
    return parts


def _party(part: EntrySlice, column: Mapping[str, pa.Array], rank: Keys, record: str, at: Keys) -> RecordPart:
    number, sealed, clear = with_placeholders(column["number"], column["number_type"])
    refuse_clear_ssn(part, clear, rank, f"{record} number")
    columns = {
        "entity_code": column["party"],
        "entity_name": upper_case(column["name"]),
        "identifier_qualifier": column["number_type"],
        "entity_identifier": number,
    }
    field = record_layout("SE", record)["entity_identifier"]
    private = tuple(
        PrivatePosition(int(row), field.start, field.length, column["number"][int(row)].as_py()) for row in sealed
    )
    return RecordPart(at, part.encode(record, columns, rank), private)


def _address(address: pa.Array) -> dict[str, pa.Array]:
    """One street line in one or two components of 35, cut at a blank where there is one.

    A number of its own (qualifier 01, 02) is not told apart: 15 is an unstructured address.
    """
    if isinstance(address, pa.DictionaryArray):
        halves = _halves(upper_case(address.dictionary))
        first, remainder = (pa.DictionaryArray.from_arrays(address.indices, component) for component in halves)
        second = decoded(remainder)
    else:
        first, second = _halves(upper_case(address))
        remainder = second
    qualifier = pc.if_else(pc.is_valid(second), _UNSTRUCTURED, NO_TEXT)
    return {
        "address_qualifier": constant_column(_UNSTRUCTURED, len(address)),
        "address_information": first,
        "address_qualifier_2": qualifier,
        "address_information_2": remainder,
    }


def _halves(text: pa.Array) -> tuple[pa.Array, pa.Array]:
    too_long = pc.fill_null(pc.greater(pc.binary_length(text), _ADDRESS), False)
    if not pc.any(too_long).as_py():
        return text, pa.nulls(len(text), pa.string())
    pieces = pc.extract_regex(text, _SPLIT)
    first = pc.struct_field(pieces, "first")
    remainder = pc.struct_field(pieces, "rest")
    cut = pc.and_(too_long, pc.is_null(pieces))
    first = pc.if_else(cut, pc.utf8_slice_codeunits(text, 0, _ADDRESS), first)
    remainder = pc.if_else(cut, pc.utf8_slice_codeunits(text, _ADDRESS), remainder)
    return pc.if_else(too_long, first, text), pc.if_else(too_long, remainder, NO_TEXT)


def _town(column: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    return {
        "city": upper_case(column["city"]),
        "subdivision": column["subdivision"],
        "postal_code": upper_case(column["postal_code"]),
        "country_code": column["country"],
    }


_ZONE = ("06",)


def header_parts(part: EntrySlice) -> list[RecordPart]:
    """SE10, SE11 where any of its fields is used, SE13."""
    rank = np.arange(len(part))
    return [
        _se10(part, rank),
        *_se11(part, rank),
        RecordPart(position_keys(rank, CONTACT), part.encode("SE13", _contact(part), rank)),
    ]


def _se10(part: EntrySlice, rank: Keys) -> RecordPart:
    number = part.plain("entry_number")
    importer, sealed, clear = with_placeholders(part.plain("importer_number"), part.plain("importer_type"))
    refuse_clear_ssn(part, clear, rank, "importer number")
    columns = {
        "action_code": constant_column("A", len(part)),
        "entry_filer_code": pc.utf8_slice_codeunits(number, 0, 3),
        "entry_number": entry_serial(number),
        "entry_type": part.column("entry_type"),
        "importer_type": part.column("importer_type"),
        "importer_number": importer,
        "mode_of_transport": part.column("mode_of_transport"),
        "bond_type_code": part.plain("bond_type"),
        "entered_value": part.column("entered_value"),
        "port_of_entry": part.column("port_of_entry"),
        "split_release": part.column("split_release"),
        "port_of_unlading": part.column("port_of_unlading"),
    }
    field = record_layout("SE", "SE10")["importer_number"]
    references = part.plain("importer_number")
    private = tuple(
        PrivatePosition(int(row), field.start, field.length, references[int(row)].as_py()) for row in sealed
    )
    return RecordPart(position_keys(rank, HEADER), part.encode("SE10", columns, rank), private)


def _se11(part: EntrySlice, rank: Keys) -> list[RecordPart]:
    zone = part.is_any("entry_type", _ZONE)
    weekly = zone & part.given("zone_week")
    origin = part.plain("warehouse_entry")
    conveyance = pc.if_else(pa.array(zone), part.plain("zone_id"), upper_case(part.plain("conveyance_name")))
    immediate = part.yes("immediate_delivery")
    columns = {
        "entry_date_election_code": decoded(flag_column(weekly, "W")),
        "elected_entry_date": null_outside(weekly, part.column("zone_week")),
        "location_of_goods": part.plain("location_of_goods"),
        "exam_site": part.plain("exam_site"),
        "conveyance_name": conveyance,
        "voyage": null_outside(~zone, part.plain("voyage")),
        "general_order_number": part.plain("general_order_number"),
        "bonded_warehouse": part.plain("bonded_warehouse"),
        "warehouse_filer_code": pc.utf8_slice_codeunits(origin, 0, 3),
        "warehouse_entry_number": entry_serial(origin),
        "immediate_delivery_indicator": decoded(flag_column(immediate)),
    }
    used = np.logical_or.reduce([is_given(column) for column in columns.values()])
    if not used.any():
        return []
    rows = {name: take_rows(column, used) for name, column in columns.items()}
    return [RecordPart(position_keys(rank[used], EXTRA), part.encode("SE11", rows, rank[used]))]


def _contact(part: EntrySlice) -> dict[str, pa.Array]:
    """The contact's name is class AN: a sign such as an apostrophe becomes a blank."""
    name = upper_case(part.plain("contact_name"))
    return {
        "contact_name": pc.replace_substring_regex(name, "[^A-Z0-9 ]+", " "),
        "contact_phone": part.plain("contact_phone"),
    }


def reference_parts(part: EntrySlice) -> list[RecordPart]:
    """SE20 (p.56-57): the ledger key in CR, which CBP echoes in its status messages; surety and
    amount of a single transaction bond; indicators; the consolidated summary; arrival."""
    single = part.is_any("bond_type", ("9",))
    summary = part.plain("consolidated_summary")
    texts = (
        ("CR", part.plain("broker_reference")),
        ("V1", null_outside(single, part.plain("surety_code"))),
        ("AMT", null_outside(single, pc.cast(part.column("bond_amount"), pa.string()))),
        ("EXP", flag_column(part.yes("express_consignment"))),
        ("KII", flag_column(part.yes("known_importer"))),
        ("RRN", part.plain("rail_reference")),
        ("PER", flag_column(part.yes("perishable"))),
        ("CES", pc.replace_substring(summary, "-", "")),
        ("EDA", _mmddyy(part.column("estimated_arrival"))),
    )
    parts = []
    for position, (qualifier, text) in enumerate(texts):
        rank = np.flatnonzero(is_given(text))
        if len(rank):
            columns = {"qualifier": constant_column(qualifier, len(rank)), "reference": take_rows(text, rank)}
            record = part.encode("SE20", columns, rank)
            parts.append(RecordPart(position_keys(rank, REFERENCES, 0, position), record))
    return parts


def refuse_clear_ssn(part: EntrySlice, clear: Mask, rank: Keys, what: str) -> None:
    """A Social Security number in the clear is never written, and never named."""
    numbers = part.column("entry_number")
    for row in np.flatnonzero(clear):
        part.problems.append(
            Problem(
                subject=numbers[int(rank[row])].as_py(),
                column=what,
                code="ssn-not-protected",
                values={"private": PRIVATE},
            )
        )


def _mmddyy(days: pa.Array) -> pa.Array:
    if days.null_count == len(days):
        return pa.nulls(len(days), pa.string())
    return pc.strftime(days, format="%m%d%y")
