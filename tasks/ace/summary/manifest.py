"""AE manifest groups: 22 and 23, with SE16 and SE17 of certified summaries (AE 2026-07 p.43-47).

A simple bill (R) or an express tracking number (T) of the record is a master bill here; the issuer
is left out for the modes that do not take one (p.148-155).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ace.cargo.bills import Groups, conveyances, equipment
from tasks.ace.summary.slice import SummarySlice
from tasks.ace.wire.codes import codes
from tasks.ace.wire.slices import BILLS, Part, keys
from tasks.ace.wire.vectors import Keys, Mask, numpy, truths, where

_COMPONENTS = ("I", "M", "H")
_AS_COMPONENT = {"I": "I", "M": "M", "R": "M", "T": "M", "H": "H"}


def manifest(part: SummarySlice, certified: SummarySlice) -> list[Part]:
    """22 a bill group, 23 a bill; SE16 and SE17 for the entries of `certified`."""
    rank, group = part.ranks["bills"], part.integers("bill_group", "bills")
    if not len(rank):
        return []
    parts = [_details(part, rank, group), _components(part, rank, group)]
    if len(certified.ranks["bills"]):
        parts.extend(conveyances(certified, Groups(certified)))
        parts.extend(equipment(certified))
    return parts


def _details(part: SummarySlice, rank: Keys, group: Keys) -> Part:
    """22: packages of the lowest bill, or of the conveyances where these carry the quantity."""
    lowest = Groups(part).lowest
    key = (rank << 10) | group
    ids, first = np.unique(key, return_index=True)
    place = np.searchsorted(ids, key)
    packages = _sums(place, np.where(lowest, part.whole("quantity", "bills"), 0), len(ids))
    moved = (part.ranks["conveyances"] << 10) | part.integers("bill_group", "conveyances")
    known = np.isin(moved, ids)
    on_board = _sums(
        np.searchsorted(ids, moved[known]), part.whole("quantity", "conveyances")[known], len(ids)
    )
    quantity = np.where(packages > 0, packages, on_board)
    columns = {
        "manifested_quantity": pa.array(quantity, mask=quantity == 0),
        "manifested_quantity_unit_of_measure_code": _units(part, lowest, place, moved, ids),
    }
    owner = rank[first]
    return Part(keys(owner, BILLS, group[first]), part.records("22", columns, owner))


def _units(part: SummarySlice, lowest: Mask, place: Keys, moved: Keys, ids: Keys) -> pa.Array:
    """The unit of the lowest bill of each group, else of a conveyance of it."""
    found = np.full(len(ids), -1, dtype=np.int64)
    given = lowest & part.given("unit", "bills")
    found[place[given][::-1]] = np.flatnonzero(given)[::-1]
    of_bill = part.plain("unit", "bills").take(pa.array(found, mask=found < 0))
    found[:] = -1
    given = part.given("unit", "conveyances") & np.isin(moved, ids)
    found[np.searchsorted(ids, moved[given])[::-1]] = np.flatnonzero(given)[::-1]
    on_board = part.plain("unit", "conveyances").take(pa.array(found, mask=found < 0))
    return pc.coalesce(of_bill, on_board)


def _components(part: SummarySlice, rank: Keys, group: Keys) -> Part:
    kind = part.plain("bill_type", "bills").dictionary_encode()
    names = pa.array([_AS_COMPONENT.get(one) for one in kind.dictionary.to_pylist()], pa.string())
    component = names.take(kind.indices)
    mode = part.of_entry(part.plain("mode_of_transport"), "bills")
    house = truths(pc.equal(component, "H"))
    issued = truths(pc.is_in(mode, value_set=pa.array(codes("issuer_mode"))))
    issued |= house & ~truths(pc.is_in(mode, value_set=pa.array(codes("air_mode"))))
    columns = {
        "manifest_component_type_code": component,
        "manifest_component_issuer_code": where(
            issued & ~truths(pc.equal(component, "I")), part.plain("issuer", "bills")
        ),
        "manifest_component_identifier": part.plain("bill_number", "bills"),
    }
    order = pc.fill_null(pc.index_in(component, value_set=pa.array(_COMPONENTS)), 2)
    place = 1 + numpy(order, np.int64)
    return Part(keys(rank, BILLS, group, place), part.records("23", columns, rank))


def _sums(place: Keys, value: Keys, count: int) -> Keys:
    return np.bincount(place, weights=value, minlength=count).astype(np.int64)
