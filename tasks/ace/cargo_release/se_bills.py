"""SE records of the bill groups: SE15, SE16, SE17 (CATAIR SE v40 p.46-55)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.ace.wire.array_tools import (
    Keys,
    Mask,
    as_mask,
    coded_column,
    null_outside,
    take_rows,
    texts_among,
    upper_case,
    whole_numbers,
)
from tasks.ace.wire.entry_slices import BILLS, EntrySlice, RecordPart, position_keys
from tasks.core import arrow_compute as pc
from tasks.entries.api import codes_where

_ZONE = ("06",)
_REWAREHOUSE = "22"
_HAND_CARRIED = "60"
_BILL_ORDER = ("I", "M", "R", "T", "H")
_CONVEYANCE, _EQUIPMENT = 100, 300
"""Places within a bill group: bills first, then conveyances, then equipment (p.22)."""

_CONVEYANCE_COLUMNS = ("carrier_code", "voyage", "arrival_date", "conveyance_name", "quantity", "unit")
"""The first four stand in the entry too, the others in its bills."""


def bill_groups(part: EntrySlice) -> list[RecordPart]:
    """SE15, SE16, SE17 (p.46-55). A bill outside an automated manifest that has no conveyance
    row gets its SE16 from the entry: carrier, voyage and arrival of the importing conveyance."""
    groups = BillGroups(part)
    return [_se15(part, groups), *conveyances(part, groups), *equipment(part)]


class BillGroups:
    """What the records of a bill group must know of each other."""

    def __init__(self, part: EntrySlice) -> None:
        modes = part.plain("mode_of_transport")
        self.rank = part.ranks["bills"]
        self.group = part.integers("bill_group", "bills")
        self.id = (self.rank << 10) | self.group
        self.mode = modes.take(self.rank)
        self.kind = part.plain("bill_type", "bills")
        self.in_bond = as_mask(pc.equal(self.kind, "I"))
        self.zone = part.is_any("entry_type", _ZONE)
        outside = codes_where("mode_of_transport", "not_automated")
        forced = texts_among(self.mode, outside)
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
        houses = self.id[as_mask(pc.equal(self.kind, "H"))]
        masters = as_mask(pc.equal(self.kind, "M"))
        return ~self.in_bond & ~(masters & np.isin(self.id, houses))


def _se15(part: EntrySlice, groups: BillGroups) -> RecordPart:
    rank = groups.rank
    types = part.plain("entry_type").take(rank)
    exempt = as_mask(pc.equal(types, _REWAREHOUSE)) | as_mask(pc.equal(groups.mode, _HAND_CARRIED))
    counted = groups.lowest & (~groups.has_conveyance | exempt)
    bare = codes_where("mode_of_transport", "issuer", "N")
    issued = ~groups.in_bond & ~texts_among(groups.mode, bare)
    columns = {
        "bill_type": groups.kind,
        "issuer_code": null_outside(issued, part.plain("issuer", "bills")),
        "bill_number": part.column("bill_number", "bills"),
        "quantity": null_outside(counted, part.column("quantity", "bills")),
        "non_ams": coded_column(groups.outside, ["N", "Y"]),
    }
    position = whole_numbers(pc.index_in(groups.kind, value_set=pa.array(_BILL_ORDER)), 9)
    return RecordPart(position_keys(rank, BILLS, groups.group, position), part.encode("SE15", columns, rank))


def conveyances(part: EntrySlice, groups: BillGroups) -> list[RecordPart]:
    """SE16 of each conveyance row, and of each bill that takes its conveyance from the entry."""
    rank, parts = part.ranks["conveyances"], []
    if len(rank):
        columns = {name: part.plain(name, "conveyances") for name in _CONVEYANCE_COLUMNS}
        parts.append(_se16(part, rank, part.integers("bill_group", "conveyances"), columns))
    rows = groups.derived
    if rows.any():
        rank = groups.rank[rows]
        columns = {name: part.plain(name).take(rank) for name in _CONVEYANCE_COLUMNS[:4]}
        columns |= {name: take_rows(part.plain(name, "bills"), rows) for name in _CONVEYANCE_COLUMNS[4:]}
        parts.append(_se16(part, rank, groups.group[rows], columns))
    return parts


def _se16(part: EntrySlice, rank: Keys, group: Keys, columns: dict[str, pa.Array]) -> RecordPart:
    fields = {
        "carrier_code": columns["carrier_code"],
        "voyage": columns["voyage"],
        "date_of_arrival": columns["arrival_date"],
        "quantity": columns["quantity"],
        "unit_of_measure": columns["unit"],
        "conveyance_name": upper_case(columns["conveyance_name"]),
    }
    return RecordPart(position_keys(rank, BILLS, group, _CONVEYANCE), part.encode("SE16", fields, rank))


def equipment(part: EntrySlice) -> list[RecordPart]:
    rank = part.ranks["equipment"]
    if not len(rank):
        return []
    group = part.integers("bill_group", "equipment")
    columns = {"equipment_number": part.column("equipment_number", "equipment")}
    keys = position_keys(rank, BILLS, group, _EQUIPMENT)
    return [RecordPart(keys, part.encode("SE17", columns, rank))]
