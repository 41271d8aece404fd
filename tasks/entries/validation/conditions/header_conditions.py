"""Conditions on the entry itself: value, transport, warehouse, zone, bond, certification, days."""

from __future__ import annotations

import numpy as np

from tasks.entries.record.code_lists import code_rows
from tasks.entries.validation.conditions.condition import NO_DAY, ConditionColumns, Mask, condition

ZONE, REWAREHOUSE, TEMPORARY, LOW_VALUE = "06", "22", "23", "86"
WAREHOUSE = ("21", "22")
WITHDRAWALS = ("31", "32", "34", "38")
REMEDIES = ("03", "07", "34", "38")
QUOTA_RELEASE = ("02", "07", "12")
CAPS = {"11": 2500, LOW_VALUE: 800}
"""Dollars that an entry of the type may be worth (SE v40 p.38)."""
VESSEL_MODES = ("10", "11", "12")
NO_BOND, CONTINUOUS, SINGLE = "0", "8", "9"


def modes_of(*families: str) -> tuple[str, ...]:
    """Codes of the modes of transport of some families: vessel, rail, truck, air ..."""
    return tuple(row["code"] for row in code_rows("mode_of_transport") if row["family"] in families)


UNLADING_MODES = modes_of("mail", "hand", "pipeline")


@condition("E320", "C112", source="SE v40 p.38", fields="entered_value entry_type")
def value_above_cap(entry: ConditionColumns) -> Mask:
    """Types 11 and 86 have a cap (note 13)."""
    amount = entry.number("entered_value")
    return np.logical_or.reduce([entry.says("entry_type", kind) & (amount > cap) for kind, cap in CAPS.items()])


@condition("E320", "C117", source="CERT traffic Aug-Oct 2026, codes 11022 and 11119", fields="entered_value")
def value_zero(entry: ConditionColumns) -> Mask:
    return entry.given("entered_value") & (entry.number("entered_value") == 0)


@condition("E330", "C110", source="SE v40 p.38", fields="mode_of_transport entry_type bill")
def mode_missing(entry: ConditionColumns) -> Mask:
    """A mode, but for a type 06 without a bill (note 11)."""
    return ~entry.given("mode_of_transport") & ~(entry.says("entry_type", ZONE) & ~entry.given("bill"))


@condition("E331", "C115", source="SE v40 p.34", fields="port_of_unlading mode_of_transport")
def unlading_port_missing(entry: ConditionColumns) -> Mask:
    return entry.says("mode_of_transport", *UNLADING_MODES) & ~entry.given("port_of_unlading")


@condition("E341", "C120", source="SE v40 p.41", fields="bonded_warehouse entry_type")
def warehouse_missing(entry: ConditionColumns) -> Mask:
    return entry.says("entry_type", *WAREHOUSE) & ~entry.given("bonded_warehouse")


@condition("E341", "C121", source="SE v40 p.40", fields="bonded_warehouse entry_type")
def warehouse_out_of_place(entry: ConditionColumns) -> Mask:
    return ~entry.says("entry_type", *WAREHOUSE) & entry.given("bonded_warehouse")


@condition("E342", "C122", source="SE v40 p.41", fields="warehouse_entry entry_type")
def warehouse_entry_missing(entry: ConditionColumns) -> Mask:
    """Type 22 names the entry that the goods come from (note 3)."""
    return entry.says("entry_type", REWAREHOUSE) & ~entry.given("warehouse_entry")


@condition("E343", "C127", source="SE v40 p.42", fields="zone_id entry_type")
def zone_missing(entry: ConditionColumns) -> Mask:
    return entry.says("entry_type", ZONE) & ~entry.given("zone_id")


@condition("E340", "C129", source="SE v40 p.42", fields="location_of_goods entry_type")
def zone_location_missing(entry: ConditionColumns) -> Mask:
    return entry.says("entry_type", ZONE) & ~entry.given("location_of_goods")


@condition("E344", "C131", source="SE v40 p.43", fields="immediate_delivery entry_type")
def immediate_into_warehouse(entry: ConditionColumns) -> Mask:
    return entry.given("immediate_delivery") & entry.says("entry_type", *WAREHOUSE)


@condition("E344", "C132", source="SE v40 p.43", fields="immediate_delivery bond_type")
def immediate_without_bond(entry: ConditionColumns) -> Mask:
    return entry.given("immediate_delivery") & entry.says("bond_type", NO_BOND)


@condition("E310", "C192", source="SE v40 p.36", fields="surety_code bond_type")
def surety_missing(entry: ConditionColumns) -> Mask:
    return entry.says("bond_type", SINGLE) & ~entry.given("surety_code")


@condition("E310", "C193", "265", source="SE v40 p.36", fields="bond_amount bond_type")
def bond_amount_missing(entry: ConditionColumns) -> Mask:
    return entry.says("bond_type", SINGLE) & ~entry.given("bond_amount")


@condition("E310", "240", source="AE 2026-07 p.158; error 240", fields="bond_amount")
def bond_amount_zero(entry: ConditionColumns) -> Mask:
    return entry.given("bond_amount") & (entry.number("bond_amount") == 0)


@condition("E304", "318", source="AE 2026-07 p.180; error 318", fields="certified weekly")
def weekly_certified(entry: ConditionColumns) -> Mask:
    """Goods released otherwise, as by a weekly zone entry, are not certified."""
    return entry.given("certified") & entry.given("weekly")


@condition("E303", "320", source="AE 2026-07 p.134; error 320", fields="certified entry_type")
def quota_not_certified(entry: ConditionColumns) -> Mask:
    """Quota goods need summary and duty before release (19 CFR 142.13(b))."""
    return ~entry.given("certified") & entry.says("entry_type", *QUOTA_RELEASE)


@condition("E333", "E405", "C157", source="SE v40 p.47", fields="carrier")
def carrier_unknown(row: ConditionColumns) -> Mask:
    """Carrier of an entry or a conveyance, issuer of a bill: never UNKN."""
    return row.says("carrier", "UNKN")


@condition("E354", "426", source="AE error dictionary v51 426", fields="export_date import_date")
def exported_after_import(row: ConditionColumns) -> Mask:
    """Both days known, the first after the second."""
    exported, imported = row.day("export_date"), row.day("import_date")
    return (exported != NO_DAY) & (imported != NO_DAY) & (exported > imported)


@condition("316", source="AE 2026-07 p.34; error 316", fields="tib_declaration entry_type")
def tib_undeclared(entry: ConditionColumns) -> Mask:
    return entry.says("entry_type", TEMPORARY) & ~entry.given("tib_declaration")


@condition("429", source="AE 2026-07 p.140, 141; error 429", fields="foreign_port mode_of_transport")
def foreign_port_missing(row: ConditionColumns) -> Mask:
    return row.says("mode_of_transport", *VESSEL_MODES) & ~row.given("foreign_port")


@condition("706", source="AE 2026-07 p.181; error 706", fields="case entry_type")
def case_missing(entry: ConditionColumns) -> Mask:
    return entry.says("entry_type", *REMEDIES) & ~entry.given("case")
