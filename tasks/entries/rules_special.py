"""Rules on warehouses, foreign-trade zones and immediate delivery."""

from __future__ import annotations

import numpy as np

from tasks.entries.checks import Checks
from tasks.entries.rules_release import FROM_WAREHOUSE, WAREHOUSE, E, other_types


def all_special(c: Checks) -> None:
    """Every rule of this module on one record."""
    warehouse(c)
    zone(c)
    immediate(c)


def warehouse(c: Checks) -> None:
    """Types 21 and 22 name the bonded warehouse, type 22 the entry that the goods come from
    (CATAIR SE v40 p.35-36, 39)."""
    into = c.among(E, "entry_type", WAREHOUSE)
    c.need(E, "bonded_warehouse", into, "E341", "FIRMS code: types 21 and 22 need it")
    c.bar(
        E,
        "bonded_warehouse",
        other_types(c, *WAREHOUSE),
        "E341",
        "leave empty: only types 21 and 22 have one",
    )
    c.need(
        E,
        "warehouse_entry",
        c.among(E, "entry_type", ["22"]),
        "E342",
        "XXX-NNNNNNN-C: type 22 names the entry that the goods come from",
    )
    others = other_types(c, *FROM_WAREHOUSE)
    c.bar(E, "warehouse_entry", others, "E342", "leave empty: only type 22 and withdrawals have it")


def zone(c: Checks) -> None:
    """Type 06 names the zone and where the goods are (CATAIR SE v40 p.38, 40)."""
    six = c.among(E, "entry_type", ["06"])
    c.need(E, "zone_id", six, "E343", "like FTZ02600A001: type 06 needs it")
    c.need(E, "location_of_goods", six, "E340", "FIRMS code of the zone site: type 06 needs it")
    for name in ("zone_id", "zone_week"):
        c.bar(E, name, other_types(c, "06"), "E343", "leave empty: only type 06 has a zone")
    weekly = c.given(E, "zone_week") & c.among(E, "filing_route", ["ae_certified"])
    c.report(
        E,
        "filing_route",
        weekly,
        "E304",
        "a weekly zone entry cannot be certified (318):",
        "se_then_ae",
    )
    ahead = np.datetime64(c.profile.last_day) + np.timedelta64(7, "D")
    c.report(
        E,
        "zone_week",
        c.days("zone_week") > ahead,
        "E343",
        "more than a week ahead:",
        "at most 7 days after filing",
    )


def immediate(c: Checks) -> None:
    """Immediate delivery: in two steps, with a bond, not into a warehouse (SE v40 p.41)."""
    asked = c.yes(E, "immediate_delivery")
    wrong = asked & (c.among(E, "entry_type", WAREHOUSE) | c.among(E, "bond_type", ["0"]))
    c.report(
        E,
        "immediate_delivery",
        wrong,
        "E344",
        "not for warehouse entries, nor without a bond:",
        "N or empty",
    )
    one_step = asked & ~c.among(E, "filing_route", ["se_then_ae"]) & c.given(E, "filing_route")
    c.report(
        E,
        "filing_route",
        one_step,
        "E344",
        "immediate delivery goes in two steps only:",
        "se_then_ae",
    )
