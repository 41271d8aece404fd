"""SE records of the whole entry: SE10, SE11, SE13, SE20 (CATAIR SE v40 p.33-45, 56-57)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import layout
from tasks.ace.wire.slices import CONTACT, EXTRA, HEADER, REFERENCES, Part, Private, Slice, keys
from tasks.ace.wire.vectors import (
    PRIVATE,
    Keys,
    Mask,
    chosen,
    constant,
    truths,
    unsealed,
    upper,
    where,
)
from tasks.shared.errors import Problem

_ZONE = ("06",)


def header(part: Slice) -> list[Part]:
    """SE10, SE11 where any of its fields is used, SE13."""
    rank = np.arange(len(part))
    return [
        _se10(part, rank),
        *_se11(part, rank),
        Part(keys(rank, CONTACT), part.encode("SE13", _contact(part), rank)),
    ]


def _se10(part: Slice, rank: Keys) -> Part:
    number = part.plain("entry_number")
    importer, sealed, clear = unsealed(part.plain("importer_number"), part.plain("importer_type"))
    refuse_clear(part, clear, rank, "importer number")
    columns = {
        "action_code": constant("A", len(part)),
        "entry_filer_code": pc.utf8_slice_codeunits(number, 0, 3),
        "entry_number": _serial(number),
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
    place = layout("SE", "SE10")["importer_number"]
    references = part.plain("importer_number")
    private = tuple(
        Private(int(row), place.start, place.length, references[int(row)].as_py()) for row in sealed
    )
    return Part(keys(rank, HEADER), part.encode("SE10", columns, rank), private)


def _se11(part: Slice, rank: Keys) -> list[Part]:
    zone = part.is_any("entry_type", _ZONE)
    weekly = zone & part.given("zone_week")
    origin = part.plain("warehouse_entry")
    conveyance = pc.if_else(
        pa.array(zone), part.plain("zone_id"), upper(part.plain("conveyance_name"))
    )
    immediate = part.yes("immediate_delivery")
    columns = {
        "entry_date_election_code": where(weekly, constant("W", len(part)).dictionary_decode()),
        "elected_entry_date": where(weekly, part.column("zone_week")),
        "location_of_goods": part.plain("location_of_goods"),
        "exam_site": part.plain("exam_site"),
        "conveyance_name": conveyance,
        "voyage": where(~zone, part.plain("voyage")),
        "general_order_number": part.plain("general_order_number"),
        "bonded_warehouse": part.plain("bonded_warehouse"),
        "warehouse_filer_code": pc.utf8_slice_codeunits(origin, 0, 3),
        "warehouse_entry_number": _serial(origin),
        "immediate_delivery_indicator": where(
            immediate, constant("Y", len(part)).dictionary_decode()
        ),
    }
    used = np.logical_or.reduce([truths(pc.is_valid(column)) for column in columns.values()])
    if not used.any():
        return []
    rows = {name: chosen(column, used) for name, column in columns.items()}
    return [Part(keys(rank[used], EXTRA), part.encode("SE11", rows, rank[used]))]


def _contact(part: Slice) -> dict[str, pa.Array]:
    """The contact's name is class AN: a sign such as an apostrophe becomes a blank."""
    name = upper(part.plain("contact_name"))
    return {
        "contact_name": pc.replace_substring_regex(name, "[^A-Z0-9 ]+", " "),
        "contact_phone": part.plain("contact_phone"),
    }


def references(part: Slice) -> list[Part]:
    """SE20 (p.56-57): the ledger key in CR, which CBP echoes in its status messages; surety and
    amount of a single transaction bond; indicators; the consolidated summary; arrival."""
    single = part.is_any("bond_type", ("9",))
    summary = part.plain("consolidated_summary")
    texts = (
        ("CR", part.plain("broker_reference")),
        ("V1", where(single, part.plain("surety_code"))),
        ("AMT", where(single, pc.cast(part.column("bond_amount"), pa.string()))),
        ("EXP", _flag(part, "express_consignment")),
        ("KII", _flag(part, "known_importer")),
        ("RRN", part.plain("rail_reference")),
        ("PER", _flag(part, "perishable")),
        ("CES", pc.replace_substring(summary, "-", "")),
        ("EDA", _mmddyy(part.column("estimated_arrival"))),
    )
    parts = []
    for place, (qualifier, text) in enumerate(texts):
        rank = np.flatnonzero(truths(pc.is_valid(text)))
        if len(rank):
            columns = {
                "qualifier": constant(qualifier, len(rank)),
                "reference": chosen(text, rank),
            }
            record = part.encode("SE20", columns, rank)
            parts.append(Part(keys(rank, REFERENCES, 0, place), record))
    return parts


def refuse_clear(part: Slice, clear: Mask, rank: Keys, what: str) -> None:
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


def _flag(part: Slice, name: str) -> pa.Array:
    return where(part.yes(name), constant("Y", len(part)).dictionary_decode())


def _mmddyy(days: pa.Array) -> pa.Array:
    if days.null_count == len(days):
        return pa.nulls(len(days), pa.string())
    return pc.strftime(days, format="%m%d%y")


def _serial(number: pa.Array) -> pa.Array:
    """`XXX-NNNNNNN-C` to the eight characters of the wire form."""
    return pc.binary_join_element_wise(
        pc.utf8_slice_codeunits(number, 4, 11), pc.utf8_slice_codeunits(number, 12, 13), ""
    )
