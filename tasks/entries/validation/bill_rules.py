"""Rules on bills, conveyances and equipment (CATAIR SE v40 p.44-53)."""

from __future__ import annotations

import numpy as np

from tasks.core.arrow_compute import to_list
from tasks.core.errors import BadNumber
from tasks.entries.numbers import in_bond_numbers
from tasks.entries.numbers.in_bond_numbers import parse_in_bond
from tasks.entries.record.code_lists import code_rows, codes_where
from tasks.entries.validation.conditions import bill_conditions
from tasks.entries.validation.conditions.condition import is_repeated
from tasks.entries.validation.conditions.header_conditions import carrier_unknown
from tasks.entries.validation.release_rules import files_release, other_types
from tasks.entries.validation.rule_checks import MISSING, STRAY, Mask, RuleChecks, out_of_count

ENTRIES, BILLS = "entries", "bills"
MOST_GROUPS, MOST_PARTS = 999, 99


def all_bills(checks: RuleChecks) -> None:
    """Every rule of this module on one record."""
    present(checks)
    by_mode(checks)
    groups(checks)
    issuer(checks)
    automated(checks)
    forms(checks)
    quantity(checks)
    for table in ("conveyances", "equipment"):
        attached(checks, table)
    conveyances(checks)


def _of_type(checks: RuleChecks, *kinds: str) -> Mask:
    return checks.among(BILLS, "bill_type", kinds)


def _by_modes(checks: RuleChecks, table: str, *by: str) -> Mask:
    return checks.of_entry(table, checks.among(ENTRIES, "mode_of_transport", by))


def present(checks: RuleChecks) -> None:
    """A release needs a bill, but for zones and re-warehousing; a zone entry has one only with
    an in-bond movement (notes 3, 10); 86 has one (note 12)."""
    due, right = files_release(checks) & other_types(checks), "a row on the sheet Bills"
    checks.report_condition(
        "E401",
        bill_conditions.bill_missing,
        checks.bind(ENTRIES, bill=checks.has(BILLS)),
        "no bill for",
        right,
        due,
        "entry_number",
    )
    zone = checks.among(ENTRIES, "entry_type", ["06"]) & ~checks.has(BILLS, _of_type(checks, "I"))
    checks.report(
        BILLS,
        "bill_type",
        checks.of_entry(BILLS, zone),
        "E412",
        "type 06 has bills only with an in-bond number:",
        "add the in-bond row, or take this away",
    )
    bills = checks.bind(BILLS, further_group=checks.integers(BILLS, "bill_group") > 1, lowest=_lowest(checks))
    wrong = "type 86 has one bill only:"
    checks.report_condition(
        "E416", bill_conditions.second_low_value_bill, bills, wrong, "group 1 only", name="bill_group"
    )
    checks.report_condition(
        "E416", bill_conditions.low_value_quantity_missing, bills, MISSING, "packages: type 86 needs them"
    )


def by_mode(checks: RuleChecks) -> None:
    """Bill types that a mode allows (the table of SE15, notes 8, 9)."""
    bills = checks.bind(BILLS)
    wrong = bill_conditions.pair_by_single_mode(bills) | bill_conditions.express_not_by_air(bills)
    for row in code_rows("mode_of_transport"):
        right = " or ".join(row["bill_types"].split())
        checks.report(
            BILLS,
            "bill_type",
            wrong & _by_modes(checks, BILLS, row["code"]),
            "E403",
            f"not for mode {row['code']}:",
            right,
        )


def groups(checks: RuleChecks) -> None:
    """A group is R, T, M with H, or an in-bond number with R or with M and H (note 1)."""
    group = checks.groups(BILLS, "bill_group")
    names, group_place = np.unique(group, return_inverse=True)
    count = {kind: np.bincount(group_place[_of_type(checks, kind)], minlength=len(names)) for kind in "IMHRT"}
    alone = count["R"] + count["T"]
    pair = (count["M"] == 1) & (count["H"] == 1) & (alone == 0)
    single = (alone == 1) & (count["M"] + count["H"] == 0)
    bond = (count["I"] == 0) | ((count["I"] == 1) & (count["T"] == 0))
    first = ~is_repeated(group)
    misfit = ~((pair | single) & bond)[group_place] & first & checks.given(BILLS, "bill_type")
    checks.report(
        BILLS,
        "bill_group",
        misfit,
        "E402",
        "the bills of this group do not fit together:",
        "R alone, T alone, M with H, or I with R or with M and H; a new shipment, a new group",
    )
    out = out_of_count(group // 1_000_000, checks.integers(BILLS, "bill_group")) & checks.given(BILLS, "bill_group")
    checks.report(BILLS, "bill_group", out, "E411", "groups out of count:", "1, 2, 3 ... without a gap")
    too_many = checks.integers(BILLS, "bill_group") > MOST_GROUPS
    checks.report(BILLS, "bill_group", too_many, "E411", "too many groups:", f"at most {MOST_GROUPS}")


def issuer(checks: RuleChecks) -> None:
    """Who issued the bill: by vessel, rail, truck and pipeline, never else; never UNKN."""
    issuer_mode = _by_modes(checks, BILLS, *codes_where("mode_of_transport", "issuer"))
    bills, barred = (
        checks.bind(BILLS, {"carrier": "issuer"}),
        _by_modes(checks, BILLS, *bill_conditions.NO_ISSUER_MODES),
    )
    named = _of_type(checks, "R", "M", "H")
    checks.need(BILLS, "issuer", named & issuer_mode, "E405", "the SCAC of who issued the bill")
    for where, right in (
        (barred, "leave empty: this mode has no issuer code"),
        (~barred, "leave empty: in-bond numbers have none"),
    ):
        checks.report_condition("E405", bill_conditions.issuer_out_of_place, bills, STRAY, right, where)
    checks.report_condition("E405", carrier_unknown, bills, "CBP refuses", "the issuer's own code")


def automated(checks: RuleChecks) -> None:
    """Whether the bill is on an electronic manifest (notes 5, 7)."""
    bills = checks.bind(BILLS, {"general_order": "general_order_number"})
    for condition, wrong, right in (
        (bill_conditions.manifest_claimed, "this mode, or general order, has no electronic manifest:", "Y"),
        (bill_conditions.in_bond_outside_manifest, "an in-bond number is always", "N"),
        (bill_conditions.express_outside_manifest, "an express tracking number is always", "N"),
    ):
        checks.report_condition("E406", condition, bills, wrong, right)


def forms(checks: RuleChecks) -> None:
    """In-bond numbers have one of three forms (p.47); an air waybill has its prefix inside."""
    faults = {}
    texts = to_list(checks.column(BILLS, "bill_number").filter(_of_type(checks, "I")).unique().drop_null())
    for text in texts:
        try:
            parse_in_bond(text)
        except BadNumber as bad:
            # CBP does not state the digit.
            if bad.problems[0].code != in_bond_numbers.CHECK_DIGIT_WRONG:
                faults[text] = bad.problems[0].right
    checks.report(
        BILLS,
        "bill_number",
        _of_type(checks, "I") & checks.among(BILLS, "bill_number", faults),
        "E407",
        "not an in-bond number:",
        lambda value: faults[value],
    )
    plain = checks.like(BILLS, "bill_number", "[A-Z0-9]+")
    waybill = plain & _by_modes(checks, BILLS, *bill_conditions.AIR_MODES) & _of_type(checks, "R", "M")
    checks.report(
        BILLS,
        "bill_number",
        waybill & ~checks.like(BILLS, "bill_number", "[0-9]{11}"),
        "E415",
        "not an air waybill:",
        "11 digits, the airline's prefix first",
    )
    bills = checks.bind(BILLS, hand_carried=checks.among(BILLS, "bill_number", ["HANDCARRIED"]))
    wrong, simple = "for mode 60 it reads otherwise:", plain & _of_type(checks, "R")
    checks.report_condition("E407", bill_conditions.hand_carried_otherwise, bills, wrong, "HANDCARRIED", simple)


def _lowest(checks: RuleChecks) -> Mask:
    """The rows that carry the packages of their group: house, simple or tracking bills, and a
    master without house."""
    return _of_type(checks, "H", "R", "T")


def _with_conveyance(checks: RuleChecks) -> Mask:
    """Bills whose group has a row on the sheet Conveyances."""
    return np.isin(checks.groups(BILLS, "bill_group"), checks.groups("conveyances", "bill_group"))


def quantity(checks: RuleChecks) -> None:
    """Packages stand once, on the lowest bill, and not beside a conveyance (note 2)."""
    bills, master = checks.bind(BILLS, conveyed=_with_conveyance(checks), lowest=_lowest(checks)), _of_type(checks, "M")
    upper = bill_conditions.quantity_on_in_bond(bills) | (master & checks.given(BILLS, "quantity"))
    checks.report(BILLS, "quantity", upper, "E408", STRAY, "leave empty: packages stand on the house or simple bill")
    right = "leave empty: the sheet Conveyances says how many"
    checks.report_condition("E408", bill_conditions.quantity_beside_conveyance, bills, STRAY, right, ~master)
    checks.report_condition(
        "E408", bill_conditions.hand_carried_quantity_missing, bills, MISSING, "packages: mode 60 needs them"
    )
    for table in (BILLS, "conveyances"):
        checks.report_condition("E408", bill_conditions.quantity_zero, checks.bind(table), "no packages:", "at least 1")


def attached(checks: RuleChecks, table: str) -> None:
    """Conveyances and equipment belong to a bill group; zones have none; 99 a group at most."""
    has_group = np.isin(checks.groups(table, "bill_group"), checks.groups(BILLS, "bill_group"))
    lost = ~has_group & (checks.parents[table] >= 0) & checks.given(table, "bill_group")
    zone = checks.of_entry(table, checks.among(ENTRIES, "entry_type", ["06"]))
    checks.report(
        table, "bill_group", lost & ~zone, "E410", "no such group on the sheet Bills:", "a group that stands there"
    )
    wrong, right = "type 06 has no row here:", "take the row away"
    checks.report_condition(
        "E410", bill_conditions.part_of_zone_entry, checks.bind(table), wrong, right, name="entry_number"
    )
    _, group_place, count = np.unique(checks.groups(table, "bill_group"), return_inverse=True, return_counts=True)
    checks.report(
        table, "bill_group", count[group_place] > MOST_PARTS, "E411", "too many rows for group", f"at most {MOST_PARTS}"
    )


def conveyances(checks: RuleChecks) -> None:
    """A bill on no electronic manifest needs its conveyance (note 6); pipelines their name."""
    wrong, bills = "its group is not on the sheet Conveyances:", checks.bind(BILLS, conveyed=_with_conveyance(checks))
    checks.report_condition("E409", bill_conditions.conveyance_missing, bills, wrong, "a row there, or N")
    parts = checks.bind("conveyances", {"carrier": "carrier_code"})
    checks.report_condition("E414", bill_conditions.pipeline_name_missing, parts, MISSING, "the name of the pipeline")
    checks.report_condition("E405", carrier_unknown, parts, "CBP refuses", "the carrier's own code")
