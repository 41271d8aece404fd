"""Rules on bills, conveyances and equipment (CATAIR SE v40 p.44-53)."""

from __future__ import annotations

import numpy as np

from tasks.core.errors import BadNumber
from tasks.entries.numbers import in_bond_numbers
from tasks.entries.numbers.in_bond_numbers import parse_in_bond
from tasks.entries.record.code_lists import code_meanings, code_rows, codes_where
from tasks.entries.validation.release_rules import files_release, modes, other_types
from tasks.entries.validation.rule_checks import Mask, RuleChecks, out_of_count, repeated

E, B = "entries", "bills"
MOST_GROUPS, MOST_PARTS = 999, 99


def all_bills(c: RuleChecks) -> None:
    """Every rule of this module on one record."""
    present(c)
    by_mode(c)
    groups(c)
    issuer(c)
    automated(c)
    forms(c)
    quantity(c)
    for table in ("conveyances", "equipment"):
        attached(c, table)
    conveyances(c)


def _typed(c: RuleChecks, *kinds: str) -> Mask:
    return c.among(B, "bill_type", kinds)


def _moved(c: RuleChecks, table: str, *by: str) -> Mask:
    return c.of_entry(table, c.among(E, "mode_of_transport", by))


def present(c: RuleChecks) -> None:
    """A release needs a bill, but for zones and re-warehousing; a zone entry has one only with
    an in-bond movement (notes 3, 10); 86 has one (note 12)."""
    bare = files_release(c) & other_types(c, "06", "22") & ~c.has(B)
    c.report(E, "entry_number", bare, "E401", "no bill for", "a row on the sheet Bills")
    zone = c.among(E, "entry_type", ["06"]) & ~c.has(B, _typed(c, "I"))
    c.report(
        B,
        "bill_type",
        c.of_entry(B, zone),
        "E412",
        "type 06 has bills only with an in-bond number:",
        "add the in-bond row, or take this away",
    )
    low = c.of_entry(B, c.among(E, "entry_type", ["86"]))
    second = c.integers(B, "bill_group") > 1
    c.report(B, "bill_group", low & second, "E416", "type 86 has one bill only:", "group 1 only")
    c.need(B, "quantity", low & _lowest(c), "E416", "packages: type 86 needs them")


def by_mode(c: RuleChecks) -> None:
    """Bill types that a mode allows (the table of SE15, notes 8, 9)."""
    for row in code_rows("mode_of_transport"):
        allowed = row["bill_types"].split()
        wrong = _moved(c, B, row["code"]) & ~_typed(c, *allowed) & c.given(B, "bill_type")
        c.report(
            B,
            "bill_type",
            wrong & c.among(B, "bill_type", code_meanings("bill_type")),
            "E403",
            f"not for mode {row['code']}:",
            " or ".join(allowed),
        )


def groups(c: RuleChecks) -> None:
    """A group is R, T, M with H, or an in-bond number with R or with M and H (note 1)."""
    group = c.groups(B, "bill_group")
    names, place = np.unique(group, return_inverse=True)
    count = {kind: np.bincount(place[_typed(c, kind)], minlength=len(names)) for kind in "IMHRT"}
    alone = count["R"] + count["T"]
    pair = (count["M"] == 1) & (count["H"] == 1) & (alone == 0)
    single = (alone == 1) & (count["M"] + count["H"] == 0)
    bond = (count["I"] == 0) | ((count["I"] == 1) & (count["T"] == 0))
    first = ~repeated(group)
    odd = ~((pair | single) & bond)[place] & first & c.given(B, "bill_type")
    c.report(
        B,
        "bill_group",
        odd,
        "E402",
        "the bills of this group do not fit together:",
        "R alone, T alone, M with H, or I with R or with M and H; a new shipment, a new group",
    )
    out = out_of_count(group // 1_000_000, c.integers(B, "bill_group")) & c.given(B, "bill_group")
    c.report(B, "bill_group", out, "E411", "groups out of count:", "1, 2, 3 ... without a gap")
    many = c.integers(B, "bill_group") > MOST_GROUPS
    c.report(B, "bill_group", many, "E411", "too many groups:", f"at most {MOST_GROUPS}")


def issuer(c: RuleChecks) -> None:
    """Who issued the bill: by vessel, rail, truck and pipeline, never else; never UNKN."""
    wanted = _moved(c, B, *codes_where("mode_of_transport", "issuer"))
    barred = _moved(c, B, *codes_where("mode_of_transport", "issuer", "N"))
    named = _typed(c, "R", "M", "H")
    c.need(B, "issuer", named & wanted, "E405", "the SCAC of who issued the bill")
    c.bar(B, "issuer", barred, "E405", "leave empty: this mode has no issuer code")
    c.bar(B, "issuer", _typed(c, "I") & ~barred, "E405", "leave empty: in-bond numbers have none")
    unknown = c.among(B, "issuer", ["UNKN"])
    c.report(B, "issuer", unknown, "E405", "CBP refuses", "the issuer's own code")


def automated(c: RuleChecks) -> None:
    """Whether the bill is on an electronic manifest (notes 5, 7)."""
    flag, in_bond_row = c.yes(B, "not_automated"), _typed(c, "I")
    told = c.given(B, "not_automated")
    never = _moved(c, B, *codes_where("mode_of_transport", "not_automated"))
    order = c.of_entry(B, c.given(E, "general_order_number"))
    c.report(
        B,
        "not_automated",
        told & ~flag & ~in_bond_row & (never | order),
        "E406",
        "this mode, or general order, has no electronic manifest:",
        "Y",
    )
    c.report(B, "not_automated", flag & in_bond_row, "E406", "an in-bond number is always", "N")
    express = flag & _typed(c, "T")
    c.report(B, "not_automated", express, "E406", "an express tracking number is always", "N")


def forms(c: RuleChecks) -> None:
    """In-bond numbers have one of three forms (p.47); an air waybill has its prefix inside."""
    faults = {}
    texts = c.column(B, "bill_number").filter(_typed(c, "I")).unique().drop_null().to_pylist()
    for text in texts:
        try:
            parse_in_bond(text)
        except BadNumber as bad:
            # CBP does not state the digit.
            if bad.problems[0].code != in_bond_numbers.CHECK_DIGIT_WRONG:
                faults[text] = bad.problems[0].right
    c.report(
        B,
        "bill_number",
        _typed(c, "I") & c.among(B, "bill_number", faults),
        "E407",
        "not an in-bond number:",
        lambda value: faults[value],
    )
    plain = c.like(B, "bill_number", "[A-Z0-9]+")
    waybill = plain & _moved(c, B, *modes("air")) & _typed(c, "R", "M")
    c.report(
        B,
        "bill_number",
        waybill & ~c.like(B, "bill_number", "[0-9]{11}"),
        "E415",
        "not an air waybill:",
        "11 digits, the airline's prefix first",
    )
    carried = plain & _moved(c, B, "60") & _typed(c, "R")
    carried &= ~c.among(B, "bill_number", ["HANDCARRIED"])
    c.report(B, "bill_number", carried, "E407", "for mode 60 it reads otherwise:", "HANDCARRIED")


def _lowest(c: RuleChecks) -> Mask:
    """The rows that carry the packages of their group: house, simple or tracking bills, and a
    master without house."""
    return _typed(c, "H", "R", "T")


def _with_parts(c: RuleChecks) -> Mask:
    """Bills whose group has a row on the sheet Conveyances."""
    return np.isin(c.groups(B, "bill_group"), c.groups("conveyances", "bill_group"))


def quantity(c: RuleChecks) -> None:
    """Packages stand once, on the lowest bill, and not beside a conveyance (note 2)."""
    upper = _typed(c, "I", "M")
    c.bar(B, "quantity", upper, "E408", "leave empty: packages stand on the house or simple bill")
    both = c.of_entry(B, c.among(E, "entry_type", ["22"])) | _moved(c, B, "60")
    c.bar(B, "quantity", _with_parts(c) & ~both & ~upper, "E408", "leave empty: the sheet Conveyances says how many")
    c.need(B, "quantity", _moved(c, B, "60") & _lowest(c), "E408", "packages: mode 60 needs them")
    for table in (B, "conveyances"):
        zero = c.given(table, "quantity") & (c.integers(table, "quantity") == 0)
        c.report(table, "quantity", zero, "E408", "no packages:", "at least 1")


def attached(c: RuleChecks, table: str) -> None:
    """Conveyances and equipment belong to a bill group; zones have none; 99 a group at most."""
    known = np.isin(c.groups(table, "bill_group"), c.groups(B, "bill_group"))
    lost = ~known & (c.parents[table] >= 0) & c.given(table, "bill_group")
    zone = c.of_entry(table, c.among(E, "entry_type", ["06"]))
    c.report(
        table, "bill_group", lost & ~zone, "E410", "no such group on the sheet Bills:", "a group that stands there"
    )
    c.report(table, "entry_number", zone, "E410", "type 06 has no row here:", "take the row away")
    _, place, count = np.unique(c.groups(table, "bill_group"), return_inverse=True, return_counts=True)
    c.report(table, "bill_group", count[place] > MOST_PARTS, "E411", "too many rows for group", f"at most {MOST_PARTS}")


def conveyances(c: RuleChecks) -> None:
    """A bill on no electronic manifest needs its conveyance (note 6); pipelines their name."""
    bare = c.yes(B, "not_automated") & ~_typed(c, "I") & ~_with_parts(c)
    zone = c.of_entry(B, c.among(E, "entry_type", ["06"]))
    c.report(
        B, "not_automated", bare & ~zone, "E409", "its group is not on the sheet Conveyances:", "a row there, or N"
    )
    table = "conveyances"
    pipe = _moved(c, table, *modes("pipeline"))
    c.need(table, "conveyance_name", pipe, "E414", "the name of the pipeline")
    unknown = c.among(table, "carrier_code", ["UNKN"])
    c.report(table, "carrier_code", unknown, "E405", "CBP refuses", "the carrier's own code")
