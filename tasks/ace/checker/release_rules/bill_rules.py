"""Cargo release rules of SE15, SE16 and SE17 (CATAIR SE v40 p.46-55; A bill group is one bill).

Facts of the bill groups of cargo release: which SE15 stand together, what hangs on each.
"""

from __future__ import annotations

import numpy as np

from tasks.ace.checker.record_deck import Index, pack_bytes
from tasks.ace.checker.release_rules.release_facts import ReleaseFacts, in_bond_form, is_alphanumeric, rule
from tasks.ace.wire.data_classes import Flags, digit_bytes, upper_bytes
from tasks.ace.wire.record_layouts import code_list
from tasks.entries.api import bill_conditions, header_conditions


class BillGroupFacts:
    """SE15 records with their group. Arrays have one element a record unless told otherwise."""

    def __init__(self, release: ReleaseFacts) -> None:
        self.release = release
        self.rows = release.rows("SE15")
        self.entry = release.entry(self.rows)
        starts = np.zeros(len(release.deck), dtype=bool)
        starts[release.deck.groups["SE15"]] = True
        self.opens: Flags = starts[self.rows.at]
        self.lowest: Flags = np.append(self.opens[1:], True)[: len(self.opens)]
        self.group: Index = np.cumsum(self.opens) - 1
        self.in_bond = self.rows.says("bill_type", "I")

    def of_mode(self, *modes: str) -> Flags:
        return self.release.is_mode(*modes)[self.entry]

    def of_type(self, *types: str) -> Flags:
        return self.release.is_type(*types)[self.entry]

    @property
    def groups(self) -> int:
        """Number of groups in the deck."""
        return int(self.group[-1]) + 1 if len(self.group) else 0

    def in_group(self, mask: Flags) -> Flags:
        """Which bills stand in a group where the mask marks one."""
        flags = np.zeros(self.groups, dtype=bool)
        flags[self.group[mask]] = True
        return flags[self.group]

    def with_conveyance(self) -> Flags:
        """Which bills stand in a group that has an SE16."""
        conveyances = self.release.rows("SE16")
        above = self.release.under(conveyances, "SE15")
        marked = np.zeros(len(self.rows), dtype=bool)
        marked[above[above >= 0]] = True
        return self.in_group(marked)


_PIPELINE = "70"


@rule("C150", "C151", "C152", "C153", "C154")
def bill_types(release: ReleaseFacts) -> None:
    """Which bill type a mode allows: M and H neither by rail, truck nor outside manifests."""
    bills = BillGroupFacts(release)
    rows = bills.rows
    release.fault("C150", rows, ~rows.says("bill_type", *code_list("bill_type")), "bill_type")
    bound = release.bind(rows)
    release.report("C151", bill_conditions.pair_by_single_mode, bound)
    release.report("C152", bill_conditions.express_not_by_air, bound)
    release.fault("C153", rows, rows.says("bill_type", "T") & bills.of_type("86"), "bill_type")
    release.report("C154", bill_conditions.express_outside_manifest, bound)


@rule("C155", "C156", "C157", "C175", "C177")
def issuers(release: ReleaseFacts) -> None:
    """Issuer code where the bill has one, blank where its number says it all, never UNKN."""
    bills = BillGroupFacts(release)
    rows = bills.rows
    named = rows.given("issuer_code")
    release.report("C155", bill_conditions.issuer_out_of_place, release.bind(rows))
    required = ~bills.in_bond & bills.of_mode(*code_list("issuer_mode"))
    release.fault("C156", rows, required & ~named, "issuer_code")
    for record, name in (("SE15", "issuer_code"), ("SE16", "carrier_code")):
        release.report("C157", header_conditions.carrier_unknown, release.bind(release.rows(record), {"carrier": name}))
    number = rows.raw("bill_number")
    unprefixed = ~upper_bytes(number[:, :2]).all(axis=1)
    pipeline = bills.of_mode(_PIPELINE) & ~bills.in_bond & ~named
    release.fault("C175", rows, pipeline & unprefixed, "bill_number")
    air = bills.of_mode(*code_list("air_mode")) & rows.says("bill_type", "R", "M")
    release.fault("C177", rows, air & ~digit_bytes(number[:, :3]).all(axis=1), "bill_number")


@rule("C158", "C172", "C173", "C176")
def bill_numbers(release: ReleaseFacts) -> None:
    """No signs in a bill number; in-bond numbers have a form of their own (note 1)."""
    bills = BillGroupFacts(release)
    rows = bills.rows
    number = rows.raw("bill_number")
    filled = rows.given("bill_number")
    signs = filled & ~bills.in_bond
    signs[signs] = ~is_alphanumeric(number[signs])
    release.fault("C158", rows, signs, "bill_number")
    formless = filled & bills.in_bond
    formless[formless] = ~in_bond_form(number[formless])
    release.fault("C172", rows, formless, "bill_number")
    named = (number[:, :12] == np.frombuffer(b"HANDCARRIED ", dtype=np.uint8)).all(axis=1)
    release.report("C173", bill_conditions.hand_carried_otherwise, release.bind(rows, hand_carried=named))
    worded = bills.of_mode(*code_list("worded_mode"))
    alone = bills.lowest & ~bills.in_group(bills.in_bond) & ~worded
    release.fault("C176", rows, _repeated(bills, alone), "bill_number")


def _repeated(bills: BillGroupFacts, judged: np.ndarray) -> np.ndarray:
    """Which judged bills have issuer and number of an earlier one of the same entry.

    The numbers are compared by a 64-bit hash: a warning may rest on it, an error would not.
    """
    rows = np.flatnonzero(judged)
    several = np.bincount(bills.entry[rows], minlength=bills.release.entries) > 1
    rows = rows[several[bills.entry[rows]]]
    repeated = np.zeros(len(bills.rows), dtype=bool)
    if len(rows):
        text = bills.rows.matrix[rows, 5:59]
        key = _hash(text) ^ (bills.entry[rows].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))
        _, first = np.unique(key, return_index=True)
        later = np.ones(len(rows), dtype=bool)
        later[first] = False
        repeated[rows[later]] = True
    return repeated


def _hash(text: np.ndarray) -> np.ndarray:
    """(n,) uint64 polynomial hash of (n, width) bytes."""
    value = np.zeros(len(text), dtype=np.uint64)
    for start in range(0, text.shape[1], 8):
        value = value * np.uint64(0x100000001B3) + pack_bytes(text[:, start : start + 8])
        value ^= value >> np.uint64(29)
    return value


@rule("C159", "C160", "C161", "C170", "C174")
def quantities(release: ReleaseFacts) -> None:
    """Quantity on the lowest bill, or on SE16 instead; never on the in-bond record (notes 1, 2)."""
    bills = BillGroupFacts(release)
    conveyed = bills.with_conveyance()
    bound = release.bind(bills.rows, conveyed=conveyed, lowest=bills.lowest & ~bills.in_bond)
    release.report("C159", bill_conditions.quantity_on_in_bond, bound)
    release.report("C160", bill_conditions.quantity_beside_conveyance, bound)
    release.report("C161", bill_conditions.quantity_zero, bound, ~bills.in_bond)
    release.report("C170", bill_conditions.low_value_quantity_missing, bound, ~conveyed)
    release.report("C174", bill_conditions.hand_carried_quantity_missing, bound)
    release.report("C161", bill_conditions.quantity_zero, release.bind(release.rows("SE16")))


@rule("C162", "C163", "C164", "C165")
def outside_manifests(release: ReleaseFacts) -> None:
    """Non-AMS: Y for some modes and general order, N on in-bond; Y needs SE16 (note 5)."""
    bills = BillGroupFacts(release)
    rows = bills.rows
    release.fault("C162", rows, rows.given("non_ams") & ~rows.says("non_ams", "Y", "N"), "non_ams")
    ordered = release.has("SE11", release.rows("SE11").given("general_order_number"))[bills.entry]
    bound = release.bind(rows, general_order=ordered, conveyed=bills.with_conveyance())
    release.report("C163", bill_conditions.manifest_claimed, bound)
    release.report("C164", bill_conditions.in_bond_outside_manifest, bound)
    release.report("C165", bill_conditions.conveyance_missing, bound, bills.lowest)


@rule("C166", "C167", "C168", "C169", "C171")
def groups(release: ReleaseFacts) -> None:
    """Which entries have bills, and of which records a bill is made (notes 1, 3, 10, 12)."""
    bills = BillGroupFacts(release)
    rows = bills.rows
    release.report(
        "C166", bill_conditions.bill_missing, release.bind(release.header, bill=release.has("SE15")), release.full
    )
    lone = bills.opens & bills.of_type("06") & ~bills.in_bond
    release.fault("C167", rows, lone, "bill_type")
    for record in ("SE16", "SE17"):
        release.report("C168", bill_conditions.part_of_zone_entry, release.bind(release.rows(record)))
    release.report(
        "C169", bill_conditions.second_low_value_bill, release.bind(rows, further_group=_second_group(bills))
    )
    unfinished = bills.lowest & rows.says("bill_type", "M", "I")
    orphan = bills.opens & rows.says("bill_type", "H")
    release.fault("C171", rows, unfinished | orphan, "bill_type")


def _second_group(bills: BillGroupFacts) -> np.ndarray:
    """Which bills open the second group of their entry."""
    rows: Index = np.flatnonzero(bills.opens)
    entry = bills.entry[rows]
    first = np.searchsorted(entry, entry, side="left")
    second = np.zeros(len(bills.rows), dtype=bool)
    second[rows[np.arange(len(rows)) - first == 1]] = True
    return second


@rule("C180")
def pipelines(release: ReleaseFacts) -> None:
    """The pipeline's name stands as conveyance name (SE16 note 2)."""
    release.report("C180", bill_conditions.pipeline_name_missing, release.bind(release.rows("SE16")), name="")
