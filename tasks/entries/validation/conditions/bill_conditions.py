"""Conditions on bills and conveyances (SE15, SE16, SE17).

Columns that a check works out: `lowest`, the bill that carries the packages of its group; `conveyed`,
its group has a conveyance; `further_group`, it is of the second group of its entry or a later one.
"""

from __future__ import annotations

from tasks.entries.record.code_lists import code_rows, codes_where
from tasks.entries.validation.conditions.condition import ConditionColumns, Mask, condition
from tasks.entries.validation.conditions.header_conditions import LOW_VALUE, REWAREHOUSE, ZONE, modes_of

AIR_MODES = modes_of("air")
HAND_CARRIED, PIPELINE = "60", "70"
NO_ISSUER_MODES = codes_where("mode_of_transport", "issuer", "N")
MANUAL_MODES = codes_where("mode_of_transport", "not_automated")
SINGLE_MODES = tuple(row["code"] for row in code_rows("mode_of_transport") if "M" not in row["bill_types"].split())
IN_BOND, EXPRESS = "I", "T"


@condition("E401", "C166", source="SE v40 p.21", fields="bill entry_type")
def bill_missing(entry: ConditionColumns) -> Mask:
    """A release needs a bill, but for zones and re-warehousing (note 10)."""
    return ~entry.says("entry_type", ZONE, REWAREHOUSE) & ~entry.given("bill")


@condition("E403", "C151", source="SE v40 p.51", fields="bill_type mode_of_transport")
def pair_by_single_mode(bill: ConditionColumns) -> Mask:
    """No master and house but by vessel and air."""
    return bill.says("bill_type", "M", "H") & bill.says("mode_of_transport", *SINGLE_MODES)


@condition("E403", "C152", source="SE v40 p.46", fields="bill_type mode_of_transport")
def express_not_by_air(bill: ConditionColumns) -> Mask:
    moded = bill.given("mode_of_transport")
    return bill.says("bill_type", EXPRESS) & moded & ~bill.says("mode_of_transport", *AIR_MODES)


@condition("E406", "C154", source="SE v40 p.51", fields="not_automated bill_type")
def express_outside_manifest(bill: ConditionColumns) -> Mask:
    return bill.says("bill_type", EXPRESS) & bill.says("not_automated", "Y")


@condition("E405", "C155", source="SE v40 p.47", fields="issuer bill_type mode_of_transport")
def issuer_out_of_place(bill: ConditionColumns) -> Mask:
    """No issuer by air, mail, hand and small road modes, and none of an in-bond number."""
    bare = bill.says("bill_type", IN_BOND) | bill.says("mode_of_transport", *NO_ISSUER_MODES)
    return bare & bill.given("issuer")


@condition("E407", "C173", source="SE v40 p.51", fields="bill_number hand_carried bill_type mode_of_transport")
def hand_carried_otherwise(bill: ConditionColumns) -> Mask:
    """Hand-carried goods are billed as HANDCARRIED; `hand_carried`: the number reads so."""
    carried = bill.says("mode_of_transport", HAND_CARRIED) & ~bill.says("bill_type", IN_BOND)
    return carried & ~bill.given("hand_carried")


@condition("E408", "C159", source="SE v40 p.48", fields="quantity bill_type")
def quantity_on_in_bond(bill: ConditionColumns) -> Mask:
    return bill.says("bill_type", IN_BOND) & bill.given("quantity")


@condition("E408", "C160", source="SE v40 p.49", fields="quantity conveyed bill_type entry_type mode_of_transport")
def quantity_beside_conveyance(bill: ConditionColumns) -> Mask:
    """The conveyance says how many, but for type 22 and hand-carried goods (note 2)."""
    free = bill.says("entry_type", REWAREHOUSE) | bill.says("mode_of_transport", HAND_CARRIED)
    return bill.given("conveyed") & bill.given("quantity") & ~(free | bill.says("bill_type", IN_BOND))


@condition("E408", "E512", "C161", "683", source="SE v40 p.49", fields="quantity")
def quantity_zero(row: ConditionColumns) -> Mask:
    """Of a bill, a conveyance or a line of a zone."""
    return row.given("quantity") & (row.number("quantity") == 0)


@condition("E416", "C170", source="SE v40 p.52", fields="quantity lowest entry_type")
def low_value_quantity_missing(bill: ConditionColumns) -> Mask:
    return bill.given("lowest") & ~bill.given("quantity") & bill.says("entry_type", LOW_VALUE)


@condition("E408", "C174", source="SE v40 p.51", fields="quantity lowest mode_of_transport")
def hand_carried_quantity_missing(bill: ConditionColumns) -> Mask:
    return bill.given("lowest") & ~bill.given("quantity") & bill.says("mode_of_transport", HAND_CARRIED)


@condition("E406", "C163", source="SE v40 p.50", fields="not_automated general_order mode_of_transport bill_type")
def manifest_claimed(bill: ConditionColumns) -> Mask:
    """Some modes, and general order, have no electronic manifest (note 5)."""
    manual = bill.says("mode_of_transport", *MANUAL_MODES) | bill.given("general_order")
    return bill.says("not_automated", "N") & manual & ~bill.says("bill_type", IN_BOND)


@condition("E406", "C164", source="SE v40 p.50", fields="not_automated bill_type")
def in_bond_outside_manifest(bill: ConditionColumns) -> Mask:
    return bill.says("bill_type", IN_BOND) & bill.says("not_automated", "Y")


@condition("E409", "C165", source="SE v40 p.51", fields="not_automated conveyed bill_type entry_type")
def conveyance_missing(bill: ConditionColumns) -> Mask:
    """A bill on no electronic manifest has its conveyance (note 6)."""
    outside = bill.says("not_automated", "Y") & ~bill.says("bill_type", IN_BOND)
    return outside & ~bill.given("conveyed") & ~bill.says("entry_type", ZONE)


@condition("E410", "C168", source="SE v40 p.53", fields="entry_type")
def part_of_zone_entry(part: ConditionColumns) -> Mask:
    """Type 06 has no conveyance and no equipment."""
    return part.says("entry_type", ZONE)


@condition("E416", "C169", source="SE v40 p.52", fields="further_group entry_type")
def second_low_value_bill(bill: ConditionColumns) -> Mask:
    return bill.given("further_group") & bill.says("entry_type", LOW_VALUE)


@condition("E414", "C180", source="SE v40 p.54", fields="conveyance_name mode_of_transport")
def pipeline_name_missing(conveyance: ConditionColumns) -> Mask:
    return conveyance.says("mode_of_transport", PIPELINE) & ~conveyance.given("conveyance_name")
