"""Rules on the entry itself: type against route, bond, value, mode of transport.

Rules on warehouses, foreign-trade zones and immediate delivery.
"""

from __future__ import annotations

import numpy as np

from tasks.core import arrow_compute as pc
from tasks.core.arrow_compute import to_list
from tasks.entries.record.code_lists import code_rows, offered_codes
from tasks.entries.validation.conditions import header_conditions
from tasks.entries.validation.conditions.entry_type_matrix import ALLOWED, entry_type_matrix
from tasks.entries.validation.conditions.header_conditions import REMEDIES, WITHDRAWALS, modes_of
from tasks.entries.validation.rule_checks import MISSING, STRAY, Mask, RuleChecks


def all_special(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    warehouse(checks)
    zone(checks)
    immediate(checks)


def warehouse(checks: RuleChecks) -> None:
    """Types 21 and 22 name the bonded warehouse, type 22 the entry that the goods come from
    (CATAIR SE v40 p.35-36, 39)."""
    entries = checks.bind(ENTRIES)
    right = "FIRMS code: types 21 and 22 need it"
    checks.report_condition("E341", header_conditions.warehouse_missing, entries, MISSING, right)
    right = "leave empty: only types 21 and 22 have one"
    checks.report_condition(
        "E341", header_conditions.warehouse_out_of_place, entries, STRAY, right, other_types(checks)
    )
    right = "XXX-NNNNNNN-C: type 22 names the entry that the goods come from"
    checks.report_condition("E342", header_conditions.warehouse_entry_missing, entries, MISSING, right)
    elsewhere = other_types(checks, *FROM_WAREHOUSE)
    checks.bar(ENTRIES, "warehouse_entry", elsewhere, "E342", "leave empty: only type 22 and withdrawals have it")


def zone(checks: RuleChecks) -> None:
    """Type 06 names the zone and where the goods are (CATAIR SE v40 p.38, 40)."""
    entries = checks.bind(ENTRIES)
    checks.report_condition(
        "E343", header_conditions.zone_missing, entries, MISSING, "like FTZ02600A001: type 06 needs it"
    )
    right = "FIRMS code of the zone site: type 06 needs it"
    checks.report_condition("E340", header_conditions.zone_location_missing, entries, MISSING, right)
    for name in ("zone_id", "zone_week"):
        checks.bar(ENTRIES, name, other_types(checks, "06"), "E343", "leave empty: only type 06 has a zone")
    entries = checks.bind(
        ENTRIES, {"weekly": "zone_week"}, certified=checks.among(ENTRIES, "filing_route", ["ae_certified"])
    )
    wrong = "a weekly zone entry cannot be certified (318):"
    checks.report_condition(
        "E304", header_conditions.weekly_certified, entries, wrong, "se_then_ae", name="filing_route"
    )
    ahead = np.datetime64(checks.profile.last_day) + np.timedelta64(7, "D")
    checks.report(
        ENTRIES,
        "zone_week",
        checks.days("zone_week") > ahead,
        "E343",
        "more than a week ahead:",
        "at most 7 days after filing",
    )


def immediate(checks: RuleChecks) -> None:
    """Immediate delivery: in two steps, with a bond, not into a warehouse (SE v40 p.41)."""
    requested = checks.yes(ENTRIES, "immediate_delivery")
    entries = checks.bind(ENTRIES, immediate_delivery=requested)
    wrong = header_conditions.immediate_into_warehouse(entries) | header_conditions.immediate_without_bond(entries)
    checks.report(
        ENTRIES, "immediate_delivery", wrong, "E344", "not for warehouse entries, nor without a bond:", "N or empty"
    )
    one_step = (
        requested & ~checks.among(ENTRIES, "filing_route", ["se_then_ae"]) & checks.given(ENTRIES, "filing_route")
    )
    checks.report(ENTRIES, "filing_route", one_step, "E344", "immediate delivery goes in two steps only:", "se_then_ae")


ENTRIES = "entries"
FROM_WAREHOUSE = ("22", *WITHDRAWALS)
SE_ROUTES = ("se_then_ae", "ae_certified")


def files_release(checks: RuleChecks) -> Mask:
    """Entries that a cargo release message is due for, alone or inside a certified summary."""
    return ~checks.among(ENTRIES, "filing_route", ["ae_only", "none"])


def other_types(checks: RuleChecks, *types: str) -> Mask:
    """Entries of a type that is filed from here and is none of these: a mistyped one is told
    once, not by every rule that looks at types."""
    return checks.among(ENTRIES, "entry_type", [t for t in offered_codes("entry_type") if t not in types])


def all_release(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    refused_types(checks)
    routes(checks)
    consolidated(checks)
    bond(checks)
    value(checks)
    transport(checks)
    truck(checks)


def refused_types(checks: RuleChecks) -> None:
    """Types that are refused, each with its reason (data/codes/entry_type.csv; 86 suspended
    since 29 August 2025, 13 in neither SE nor AE)."""
    reasons = {r["code"]: r["refused"] for r in code_rows("entry_type") if r["refused"]}
    if checks.profile.accept_type_86:
        reasons.pop("86")
    for code, reason in reasons.items():
        right = "use type 01 or 11" if code == "86" else "a type that is filed from here"
        checks.report(ENTRIES, "entry_type", checks.among(ENTRIES, "entry_type", [code]), "E301", reason, right)


def routes(checks: RuleChecks) -> None:
    """Type against route (CATAIR SE v40 p.18, 33; AE p.176, 178: 31 32 34 38 51 have no SE;
    error 320 wants quota summaries certified)."""
    ae_only = {"31", "32", "34", "38", "51"}
    wrong = checks.among(ENTRIES, "entry_type", ae_only) & checks.among(ENTRIES, "filing_route", SE_ROUTES)
    checks.report(
        ENTRIES,
        "filing_route",
        wrong,
        "E302",
        "withdrawals and type 51 have no cargo release; a wrong one burns the number:",
        "ae_only",
    )
    if checks.profile.quota_one_step:
        entries = checks.bind(ENTRIES, certified=~checks.among(ENTRIES, "filing_route", ["se_then_ae"]))
        wrong = "quota goods need summary and duty before release:"
        checks.report_condition(
            "E303", header_conditions.quota_not_certified, entries, wrong, "ae_certified", name="filing_route"
        )
    arrived = ("waiting", "exam", "provisional", "released")
    open_ = checks.among(ENTRIES, "filing_route", ["none"]) & checks.among(ENTRIES, "paper_outcome", arrived)
    checks.report(
        ENTRIES,
        "filing_route",
        open_,
        "E305",
        "the goods are here or released, so something must be filed:",
        "se_then_ae or ae_only",
    )


def consolidated(checks: RuleChecks) -> None:
    """The number of a consolidating summary never has a release of its own (AE error 230);
    types 01, 06 and 11 only (AE p.134)."""
    named = to_list(checks.column(ENTRIES, "consolidated_summary").unique().drop_null())
    sums = checks.among(ENTRIES, "entry_number", named) & files_release(checks)
    checks.report(
        ENTRIES, "filing_route", sums, "E306", "other entries name it as their consolidated summary:", "ae_only"
    )
    filled = checks.given(ENTRIES, "consolidated_summary")
    itself = pc.equal(checks.column(ENTRIES, "consolidated_summary"), checks.column(ENTRIES, "entry_number"))
    checks.report(
        ENTRIES,
        "consolidated_summary",
        filled & pc.fill_null(itself, False).to_numpy().astype(bool),
        "E307",
        "the entry's own number",
        "the number of the summary that takes several releases",
    )
    checks.report(
        ENTRIES,
        "consolidated_summary",
        filled & other_types(checks, *entry_type_matrix()["consolidated"].types(ALLOWED)),
        "E307",
        "only types 01, 06 and 11 go into a consolidated summary:",
        "leave empty",
    )


def bond(checks: RuleChecks) -> None:
    """Type 9 needs surety and amount (CATAIR SE v40 p.34, 55), and so does an additional single
    bond (AE 2026-07 p.156-158); antidumping always a bond."""
    entries = checks.bind(ENTRIES)
    right = "three digits: bond type 9 needs the surety"
    checks.report_condition("E310", header_conditions.surety_missing, entries, MISSING, right)
    right = "whole dollars: bond type 9 needs the amount"
    checks.report_condition("E310", header_conditions.bond_amount_missing, entries, MISSING, right)
    second = checks.given(ENTRIES, "second_surety") | checks.given(ENTRIES, "second_bond_amount")
    checks.need(ENTRIES, "second_surety", second, "E310", "three digits: the second bond needs its surety")
    checks.need(ENTRIES, "second_bond_amount", second, "E310", "whole dollars: the second bond needs its amount")
    checks.report_condition(
        "E310", header_conditions.bond_amount_zero, entries, "no amount:", "more than 0, or leave empty"
    )
    no_bond = checks.among(ENTRIES, "bond_type", ["0"])
    checks.report(
        ENTRIES,
        "bond_type",
        no_bond & checks.among(ENTRIES, "entry_type", REMEDIES),
        "E311",
        "antidumping and countervailing entries need a bond:",
        "8 or 9",
    )
    checks.bar(ENTRIES, "surety_code", no_bond, "E312", "leave empty: bond type 0 has no surety")
    checks.bar(ENTRIES, "bond_amount", no_bond, "E312", "leave empty: bond type 0 has no amount")
    checks.bar(ENTRIES, "second_surety", no_bond, "E312", "leave empty: bond type 0 has no second bond")


def value(checks: RuleChecks) -> None:
    """CBP refuses a value of 0 (codes 11022, 11119) and caps types 11 and 86 (SE v40 p.36)."""
    entries = checks.bind(ENTRIES)
    checks.report_condition("E320", header_conditions.value_zero, entries, "ACE refuses", "at least 1 dollar")
    for code, cap in header_conditions.CAPS.items():
        right = f"at most {cap:,} dollars, or another entry type"
        mine = checks.among(ENTRIES, "entry_type", [code])
        checks.report_condition(
            "E320", header_conditions.value_above_cap, entries, f"too much for type {code}:", right, mine
        )


def transport(checks: RuleChecks) -> None:
    """Mode, ports, carrier, arrival (CATAIR SE v40 p.31-36; the downtime letter names carrier
    and arrival)."""
    entries = checks.bind(ENTRIES, {"carrier": "carrier_code"}, bill=checks.has("bills"))
    elsewhere = ~checks.among(ENTRIES, "entry_type", WITHDRAWALS)
    checks.report_condition(
        "E330", header_conditions.mode_missing, entries, MISSING, "two digits, like 11 or 30", elsewhere
    )
    checks.report_condition(
        "E331", header_conditions.unlading_port_missing, entries, MISSING, "needed for modes 50, 60 and 70"
    )
    zone_only = checks.among(ENTRIES, "entry_type", ["06"]) & ~checks.has("bills")
    moved = ~zone_only & other_types(checks, *FROM_WAREHOUSE)
    carried = checks.among(ENTRIES, "mode_of_transport", modes_of("vessel", "rail", "truck", "air", "pipeline"))
    checks.need(ENTRIES, "carrier_code", moved & carried, "E332", "SCAC or IATA code of the carrier")
    checks.report_condition("E333", header_conditions.carrier_unknown, entries, "CBP refuses", "the carrier's own code")
    late = moved & ~checks.given(ENTRIES, "estimated_arrival") & checks.given(ENTRIES, "mode_of_transport")
    checks.need(ENTRIES, "arrival_date", late, "E335", "the day of arrival, or fill in Estimated arrival")


def truck(checks: RuleChecks) -> None:
    """The letter for a truck names trip, driver and plate (CBP Southern Currents 17-011)."""
    driven = checks.among(ENTRIES, "mode_of_transport", modes_of("truck")) & files_release(checks)
    for name in ("trip_number", "driver_name", "driver_birth_date", "vehicle_plate"):
        checks.need(ENTRIES, name, driven, "E334", "the letter to the port names it for a truck")
