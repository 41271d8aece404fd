"""SE records of the bill groups: SE15, SE16, SE17 (CATAIR SE v40 p.46-55)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.wire.array_tools import Mask, as_mask, null_outside, take_rows, to_numpy, upper_case
from tasks.ace.wire.entry_slices import BILLS, EntrySlice, RecordPart, position_keys
from tasks.entries.api import codes_where

_ZONE = ("06",)
_REWAREHOUSE = "22"
_HAND_CARRIED = "60"
_BILL_ORDER = ("I", "M", "R", "T", "H")
_CONVEYANCE, _EQUIPMENT = 100, 300
"""Places within a bill group: bills first, then conveyances, then equipment (p.22)."""


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
        self.mode = modes.take(pa.array(self.rank))
        self.kind = part.plain("bill_type", "bills")
        self.in_bond = as_mask(pc.equal(self.kind, "I"))
        self.zone = part.is_any("entry_type", _ZONE)
        outside = codes_where("mode_of_transport", "not_automated")
        forced = as_mask(pc.is_in(self.mode, value_set=pa.array(outside)))
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
    types = part.plain("entry_type").take(pa.array(rank))
    exempt = as_mask(pc.equal(types, _REWAREHOUSE)) | as_mask(pc.equal(groups.mode, _HAND_CARRIED))
    counted = groups.lowest & (~groups.has_conveyance | exempt)
    bare = codes_where("mode_of_transport", "issuer", "N")
    issued = ~groups.in_bond & ~as_mask(pc.is_in(groups.mode, value_set=pa.array(bare)))
    columns = {
        "bill_type": groups.kind,
        "issuer_code": null_outside(issued, part.plain("issuer", "bills")),
        "bill_number": part.column("bill_number", "bills"),
        "quantity": null_outside(counted, part.column("quantity", "bills")),
        "non_ams": pa.DictionaryArray.from_arrays(pa.array(groups.outside.astype(np.int32)), pa.array(["N", "Y"])),
    }
    order = pc.fill_null(pc.index_in(groups.kind, value_set=pa.array(_BILL_ORDER)), 9)
    place = to_numpy(order, np.int64)
    return RecordPart(position_keys(rank, BILLS, groups.group, place), part.encode("SE15", columns, rank))


def conveyances(part: EntrySlice, groups: BillGroups) -> list[RecordPart]:
    rank = part.ranks["conveyances"]
    parts = []
    if len(rank):
        columns = {
            "carrier_code": part.plain("carrier_code", "conveyances"),
            "voyage": part.plain("voyage", "conveyances"),
            "date_of_arrival": part.column("arrival_date", "conveyances"),
            "quantity": part.column("quantity", "conveyances"),
            "unit_of_measure": part.plain("unit", "conveyances"),
            "conveyance_name": upper_case(part.plain("conveyance_name", "conveyances")),
        }
        group = part.integers("bill_group", "conveyances")
        place = position_keys(rank, BILLS, group, _CONVEYANCE)
        parts.append(RecordPart(place, part.encode("SE16", columns, rank)))
    if groups.derived.any():
        parts.append(_derived_conveyance(part, groups))
    return parts


def _derived_conveyance(part: EntrySlice, groups: BillGroups) -> RecordPart:
    rows = groups.derived
    rank = groups.rank[rows]
    of_entry = pa.array(rank)
    columns = {
        "carrier_code": part.plain("carrier_code").take(of_entry),
        "voyage": part.plain("voyage").take(of_entry),
        "date_of_arrival": part.column("arrival_date").take(of_entry),
        "quantity": take_rows(part.column("quantity", "bills"), rows),
        "unit_of_measure": take_rows(part.plain("unit", "bills"), rows),
        "conveyance_name": upper_case(part.plain("conveyance_name").take(of_entry)),
    }
    place = position_keys(rank, BILLS, groups.group[rows], _CONVEYANCE)
    return RecordPart(place, part.encode("SE16", columns, rank))


def equipment(part: EntrySlice) -> list[RecordPart]:
    rank = part.ranks["equipment"]
    if not len(rank):
        return []
    group = part.integers("bill_group", "equipment")
    columns = {"equipment_number": part.column("equipment_number", "equipment")}
    place = position_keys(rank, BILLS, group, _EQUIPMENT)
    return [RecordPart(place, part.encode("SE17", columns, rank))]
