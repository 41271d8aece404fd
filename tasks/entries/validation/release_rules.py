"""Rules on the entry itself: type against route, bond, value, mode of transport.

Rules on warehouses, foreign-trade zones and immediate delivery.
"""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from tasks.entries.record.code_lists import code_rows, offered_codes
from tasks.entries.validation.rule_checks import Mask, RuleChecks


def all_special(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    warehouse(c)
    zone(c)
    immediate(c)


def warehouse(c: RuleChecks) -> None:
    """Types 21 and 22 name the bonded warehouse, type 22 the entry that the goods come from
    (CATAIR SE v40 p.35-36, 39)."""
    into = c.among(E, "entry_type", WAREHOUSE)
    c.need(E, "bonded_warehouse", into, "E341", "FIRMS code: types 21 and 22 need it")
    c.bar(E, "bonded_warehouse", other_types(c, *WAREHOUSE), "E341", "leave empty: only types 21 and 22 have one")
    c.need(
        E,
        "warehouse_entry",
        c.among(E, "entry_type", ["22"]),
        "E342",
        "XXX-NNNNNNN-C: type 22 names the entry that the goods come from",
    )
    others = other_types(c, *FROM_WAREHOUSE)
    c.bar(E, "warehouse_entry", others, "E342", "leave empty: only type 22 and withdrawals have it")


def zone(c: RuleChecks) -> None:
    """Type 06 names the zone and where the goods are (CATAIR SE v40 p.38, 40)."""
    six = c.among(E, "entry_type", ["06"])
    c.need(E, "zone_id", six, "E343", "like FTZ02600A001: type 06 needs it")
    c.need(E, "location_of_goods", six, "E340", "FIRMS code of the zone site: type 06 needs it")
    for name in ("zone_id", "zone_week"):
        c.bar(E, name, other_types(c, "06"), "E343", "leave empty: only type 06 has a zone")
    weekly = c.given(E, "zone_week") & c.among(E, "filing_route", ["ae_certified"])
    c.report(E, "filing_route", weekly, "E304", "a weekly zone entry cannot be certified (318):", "se_then_ae")
    ahead = np.datetime64(c.profile.last_day) + np.timedelta64(7, "D")
    c.report(
        E, "zone_week", c.days("zone_week") > ahead, "E343", "more than a week ahead:", "at most 7 days after filing"
    )


def immediate(c: RuleChecks) -> None:
    """Immediate delivery: in two steps, with a bond, not into a warehouse (SE v40 p.41)."""
    asked = c.yes(E, "immediate_delivery")
    wrong = asked & (c.among(E, "entry_type", WAREHOUSE) | c.among(E, "bond_type", ["0"]))
    c.report(E, "immediate_delivery", wrong, "E344", "not for warehouse entries, nor without a bond:", "N or empty")
    one_step = asked & ~c.among(E, "filing_route", ["se_then_ae"]) & c.given(E, "filing_route")
    c.report(E, "filing_route", one_step, "E344", "immediate delivery goes in two steps only:", "se_then_ae")


E = "entries"
WAREHOUSE = ("21", "22")
WITHDRAWALS = ("31", "32", "34", "38")
FROM_WAREHOUSE = ("22", *WITHDRAWALS)
REMEDIES = ("03", "07", "34", "38")
QUOTA_RELEASE = ("02", "07", "12")
CONSOLIDATED = ("01", "06", "11")
BY_NAME_TYPES = ("11", "86")
CAPS = {"11": 2500, "86": 800}
SE_ROUTES = ("se_then_ae", "ae_certified")


def modes(*families: str) -> tuple[str, ...]:
    """Codes of the modes of transport of some families: vessel, rail, truck, air ..."""
    return tuple(r["code"] for r in code_rows("mode_of_transport") if r["family"] in families)


def files_release(c: RuleChecks) -> Mask:
    """Entries that a cargo release message is due for, alone or inside a certified summary."""
    return ~c.among(E, "filing_route", ["ae_only", "none"])


def other_types(c: RuleChecks, *types: str) -> Mask:
    """Entries of a type that is filed from here and is none of these: a mistyped one is told
    once, not by every rule that looks at types."""
    return c.among(E, "entry_type", [t for t in offered_codes("entry_type") if t not in types])


def all_release(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    types(c)
    routes(c)
    consolidated(c)
    bond(c)
    value(c)
    transport(c)
    truck(c)


def types(c: RuleChecks) -> None:
    """Types that are refused, each with its reason (data/codes/entry_type.csv; 86 suspended
    since 29 August 2025, 13 in neither SE nor AE)."""
    reasons = {r["code"]: r["refused"] for r in code_rows("entry_type") if r["refused"]}
    if c.profile.accept_type_86:
        reasons.pop("86")
    for code, reason in reasons.items():
        right = "use type 01 or 11" if code == "86" else "a type that is filed from here"
        c.report(E, "entry_type", c.among(E, "entry_type", [code]), "E301", reason, right)


def routes(c: RuleChecks) -> None:
    """Type against route (CATAIR SE v40 p.18, 33; AE p.176, 178: 31 32 34 38 51 have no SE;
    error 320 wants quota summaries certified)."""
    ae_only = {"31", "32", "34", "38", "51"}
    wrong = c.among(E, "entry_type", ae_only) & c.among(E, "filing_route", SE_ROUTES)
    c.report(
        E,
        "filing_route",
        wrong,
        "E302",
        "withdrawals and type 51 have no cargo release; a wrong one burns the number:",
        "ae_only",
    )
    quota = c.among(E, "entry_type", QUOTA_RELEASE) & c.among(E, "filing_route", ["se_then_ae"])
    if c.profile.quota_one_step:
        c.report(E, "filing_route", quota, "E303", "quota goods need summary and duty before release:", "ae_certified")
    held = ("waiting", "exam", "provisional", "released")
    open_ = c.among(E, "filing_route", ["none"]) & c.among(E, "paper_outcome", held)
    c.report(
        E,
        "filing_route",
        open_,
        "E305",
        "the goods are here or released, so something must be filed:",
        "se_then_ae or ae_only",
    )


def consolidated(c: RuleChecks) -> None:
    """The number of a consolidating summary never has a release of its own (AE error 230);
    types 01, 06 and 11 only (AE p.134)."""
    named = c.column(E, "consolidated_summary").unique().drop_null().to_pylist()
    sums = c.among(E, "entry_number", named) & files_release(c)
    c.report(E, "filing_route", sums, "E306", "other entries name it as their consolidated summary:", "ae_only")
    given = c.given(E, "consolidated_summary")
    itself = pc.equal(c.column(E, "consolidated_summary"), c.column(E, "entry_number"))
    c.report(
        E,
        "consolidated_summary",
        given & pc.fill_null(itself, False).to_numpy().astype(bool),
        "E307",
        "the entry's own number",
        "the number of the summary that takes several releases",
    )
    c.report(
        E,
        "consolidated_summary",
        given & other_types(c, *CONSOLIDATED),
        "E307",
        "only types 01, 06 and 11 go into a consolidated summary:",
        "leave empty",
    )


def bond(c: RuleChecks) -> None:
    """Type 9 needs surety and amount (CATAIR SE v40 p.34, 55), and so does an additional single
    bond (AE 2026-07 p.156-158); antidumping always a bond."""
    nine = c.among(E, "bond_type", ["9"])
    c.need(E, "surety_code", nine, "E310", "three digits: bond type 9 needs the surety")
    c.need(E, "bond_amount", nine, "E310", "whole dollars: bond type 9 needs the amount")
    more = c.given(E, "second_surety") | c.given(E, "second_bond_amount")
    c.need(E, "second_surety", more, "E310", "three digits: the second bond needs its surety")
    c.need(E, "second_bond_amount", more, "E310", "whole dollars: the second bond needs its amount")
    zero = c.given(E, "bond_amount") & (c.integers(E, "bond_amount") == 0)
    c.report(E, "bond_amount", zero, "E310", "no amount:", "more than 0, or leave empty")
    no_bond = c.among(E, "bond_type", ["0"])
    c.report(
        E,
        "bond_type",
        no_bond & c.among(E, "entry_type", REMEDIES),
        "E311",
        "antidumping and countervailing entries need a bond:",
        "8 or 9",
    )
    c.bar(E, "surety_code", no_bond, "E312", "leave empty: bond type 0 has no surety")
    c.bar(E, "bond_amount", no_bond, "E312", "leave empty: bond type 0 has no amount")
    c.bar(E, "second_surety", no_bond, "E312", "leave empty: bond type 0 has no second bond")


def value(c: RuleChecks) -> None:
    """CBP refuses a value of 0 (codes 11022, 11119) and caps types 11 and 86 (SE v40 p.36)."""
    amount = c.integers(E, "entered_value")
    zero = c.given(E, "entered_value") & (amount == 0)
    c.report(E, "entered_value", zero, "E320", "ACE refuses", "at least 1 dollar")
    for code, cap in CAPS.items():
        over = c.among(E, "entry_type", [code]) & (amount > cap)
        c.report(
            E,
            "entered_value",
            over,
            "E320",
            f"too much for type {code}:",
            f"at most {cap:,} dollars, or another entry type",
        )


def transport(c: RuleChecks) -> None:
    """Mode, ports, carrier, arrival (CATAIR SE v40 p.31-36; the downtime letter names carrier
    and arrival)."""
    zone_only = c.among(E, "entry_type", ["06"]) & ~c.has("bills")
    still = zone_only | c.among(E, "entry_type", WITHDRAWALS)
    c.need(E, "mode_of_transport", ~still, "E330", "two digits, like 11 or 30")
    far = c.among(E, "mode_of_transport", modes("mail", "hand", "pipeline"))
    c.need(E, "port_of_unlading", far, "E331", "needed for modes 50, 60 and 70")
    moved = ~still & other_types(c, *FROM_WAREHOUSE)
    carried = c.among(E, "mode_of_transport", modes("vessel", "rail", "truck", "air", "pipeline"))
    c.need(E, "carrier_code", moved & carried, "E332", "SCAC or IATA code of the carrier")
    unknown = c.among(E, "carrier_code", ["UNKN"])
    c.report(E, "carrier_code", unknown, "E333", "CBP refuses", "the carrier's own code")
    late = moved & ~c.given(E, "estimated_arrival") & c.given(E, "mode_of_transport")
    c.need(E, "arrival_date", late, "E335", "the day of arrival, or fill in Estimated arrival")


def truck(c: RuleChecks) -> None:
    """The letter for a truck names trip, driver and plate (CBP Southern Currents 17-011)."""
    driven = c.among(E, "mode_of_transport", modes("truck")) & files_release(c)
    for name in ("trip_number", "driver_name", "driver_birth_date", "vehicle_plate"):
        c.need(E, name, driven, "E334", "the letter to the port names it for a truck")
