"""SE records of the whole entry: SE10, SE11, SE13, the bill groups, SE20 (CATAIR SE v40 p.33-57)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.layout import layout
from tasks.ace.slices import (
    BILLS,
    CONTACT,
    EXTRA,
    HEADER,
    PRIVATE,
    REFERENCES,
    Keys,
    Mask,
    Part,
    Private,
    Slice,
    chosen,
    constant,
    keys,
    numpy,
    truths,
    unsealed,
    upper,
    where,
)
from tasks.entries import codes
from tasks.shared.errors import Problem

_ZONE = ("06",)
_REWAREHOUSE = "22"
_HAND_CARRIED = "60"
_BILL_ORDER = ("I", "M", "R", "T", "H")
_CONVEYANCE, _EQUIPMENT = 100, 300
"""Places within a bill group: bills first, then conveyances, then equipment (p.22)."""


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
        Private(int(row), place.start, place.length, references[int(row)].as_py())
        for row in sealed
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


def bill_groups(part: Slice) -> list[Part]:
    """SE15, SE16, SE17 (p.46-55). A bill outside an automated manifest that has no conveyance
    row gets its SE16 from the entry: carrier, voyage and arrival of the importing conveyance."""
    groups = _Groups(part)
    return [part15 for part15 in (_se15(part, groups), *_se16(part, groups), *_se17(part))]


class _Groups:
    """What the records of a bill group must know of each other."""

    def __init__(self, part: Slice) -> None:
        modes = part.plain("mode_of_transport")
        self.rank = part.ranks["bills"]
        self.group = part.integers("bill_group", "bills")
        self.id = (self.rank << 10) | self.group
        self.mode = modes.take(pa.array(self.rank))
        self.kind = part.plain("bill_type", "bills")
        self.in_bond = truths(pc.equal(self.kind, "I"))
        self.zone = part.is_any("entry_type", _ZONE)
        outside = codes.having("mode_of_transport", "not_automated")
        forced = truths(pc.is_in(self.mode, value_set=pa.array(outside)))
        forced |= part.given("general_order_number")[self.rank]
        self.outside = (part.yes("not_automated", "bills") | forced) & ~self.in_bond
        conveyances = part.ranks["conveyances"]
        stated = (conveyances << 10) | part.integers("bill_group", "conveyances")
        lowest = self._lowest()
        self.derived = self.outside & lowest & ~np.isin(self.id, stated) & ~self.zone[self.rank]
        self.lowest = lowest
        self.has_conveyance = np.isin(self.id, np.concatenate((stated, self.id[self.derived])))

    def _lowest(self) -> Mask:
        """Bills that carry the quantity: never in-bond, never a master that has a house."""
        houses = self.id[truths(pc.equal(self.kind, "H"))]
        masters = truths(pc.equal(self.kind, "M"))
        return ~self.in_bond & ~(masters & np.isin(self.id, houses))


def _se15(part: Slice, groups: _Groups) -> Part:
    rank = groups.rank
    types = part.plain("entry_type").take(pa.array(rank))
    exempt = truths(pc.equal(types, _REWAREHOUSE)) | truths(pc.equal(groups.mode, _HAND_CARRIED))
    counted = groups.lowest & (~groups.has_conveyance | exempt)
    bare = codes.having("mode_of_transport", "issuer", "N")
    issued = ~groups.in_bond & ~truths(pc.is_in(groups.mode, value_set=pa.array(bare)))
    columns = {
        "bill_type": groups.kind,
        "issuer_code": where(issued, part.plain("issuer", "bills")),
        "bill_number": part.column("bill_number", "bills"),
        "quantity": where(counted, part.column("quantity", "bills")),
        "non_ams": pa.DictionaryArray.from_arrays(
            pa.array(groups.outside.astype(np.int32)), pa.array(["N", "Y"])
        ),
    }
    order = pc.fill_null(pc.index_in(groups.kind, value_set=pa.array(_BILL_ORDER)), 9)
    place = numpy(order, np.int64)
    return Part(keys(rank, BILLS, groups.group, place), part.encode("SE15", columns, rank))


def _se16(part: Slice, groups: _Groups) -> list[Part]:
    rank = part.ranks["conveyances"]
    parts = []
    if len(rank):
        columns = {
            "carrier_code": part.plain("carrier_code", "conveyances"),
            "voyage": part.plain("voyage", "conveyances"),
            "date_of_arrival": part.column("arrival_date", "conveyances"),
            "quantity": part.column("quantity", "conveyances"),
            "unit_of_measure": part.plain("unit", "conveyances"),
            "conveyance_name": upper(part.plain("conveyance_name", "conveyances")),
        }
        group = part.integers("bill_group", "conveyances")
        place = keys(rank, BILLS, group, _CONVEYANCE)
        parts.append(Part(place, part.encode("SE16", columns, rank)))
    if groups.derived.any():
        parts.append(_derived_conveyance(part, groups))
    return parts


def _derived_conveyance(part: Slice, groups: _Groups) -> Part:
    rows = groups.derived
    rank = groups.rank[rows]
    of_entry = pa.array(rank)
    columns = {
        "carrier_code": part.plain("carrier_code").take(of_entry),
        "voyage": part.plain("voyage").take(of_entry),
        "date_of_arrival": part.column("arrival_date").take(of_entry),
        "quantity": chosen(part.column("quantity", "bills"), rows),
        "unit_of_measure": chosen(part.plain("unit", "bills"), rows),
        "conveyance_name": upper(part.plain("conveyance_name").take(of_entry)),
    }
    place = keys(rank, BILLS, groups.group[rows], _CONVEYANCE)
    return Part(place, part.encode("SE16", columns, rank))


def _se17(part: Slice) -> list[Part]:
    rank = part.ranks["equipment"]
    if not len(rank):
        return []
    group = part.integers("bill_group", "equipment")
    columns = {"equipment_number": part.column("equipment_number", "equipment")}
    place = keys(rank, BILLS, group, _EQUIPMENT)
    return [Part(place, part.encode("SE17", columns, rank))]


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
                sheet=f"entry {numbers[int(rank[row])].as_py()}",
                column=what,
                wrong="is a Social Security number in the clear",
                right=f"a private reference that begins with {PRIVATE}",
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
