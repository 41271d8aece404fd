from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tasks.entries.record.code_lists import code_rows
from tasks.entries.validation.disclaimer_rules import allowed_codes, allowed_text, disclaimer_warnings
from tasks.entries.validation.rule_checks import FilerRules
from tasks.entries.validation.rule_list import release_findings, release_problems
from tests.entries import legal, one

Break = Callable[[one.Rows], Any]


def at(table: str, row: int, **changes: object) -> Break:
    return lambda made: made[table][row].update(changes)


def more(table: str, like: int | None = None, **changes: object) -> Break:
    """Another row of a table, a copy of row `like` with changes."""

    def add(made: one.Rows) -> None:
        row = dict(made[table][like]) if like is not None else {"entry_number": one.NUMBER}
        made.setdefault(table, []).append(row | changes)

    return add


def drop(table: str, row: int | None = None) -> Break:
    return lambda made: made[table].clear() if row is None else made[table].pop(row)


def every(*breaks: Break) -> Break:
    return lambda made: [broken(made) for broken in breaks]


CASES: list[tuple[str, str, Break, str]] = [
    # numbers and kin
    ("01", "11", at("entries", 0, entry_number="ABC-1234567-7"), "entries.entry_number E101"),
    ("01", "11", at("entries", 0, entry_number="JBC-1234567-6"), "entries.entry_number E101"),
    ("01", "11", more("entries", 0), "entries.entry_number E102"),
    ("01", "11", at("bills", 0, entry_number="ABC-1234568-4"), "bills.entry_number E103"),
    ("01", "11", more("voided", reason="torn"), "voided.entry_number E104"),
    ("01", "11", at("lines", 0, entry_number=None), "lines.entry_number E105"),
    ("01", "11", at("lines", 0, line=None), "lines.line E105"),
    ("01", "11", at("bills", 0, bill_group=None), "bills.bill_group E105"),
    ("01", "11", more("voided", entry_number="ABC-1234568-4"), "voided.reason E201"),
    # single cells
    ("01", "11", at("bills", 0, bill_type=None), "bills.bill_type E201"),
    ("01", "11", at("bills", 0, not_automated=None), "bills.not_automated E201"),
    ("01", "11", at("tariffs", 0, hts_number=None), "tariffs.hts_number E201"),
    ("01", "11", at("parties", 0, name="X" * 36), "parties.name E202"),
    ("01", "11", at("lines", 0, description="Tools"), "lines.description E203"),
    ("01", "11", at("lines", 0, description="CAFÉ"), "lines.description E203"),
    ("01", "11", at("bills", 0, bill_number="BILL-123"), "bills.bill_number E203"),
    ("01", "11", at("tariffs", 0, hts_number="84713001"), "tariffs.hts_number E203"),
    ("01", "11", at("entries", 0, zone_id="FTZ26A"), "entries.zone_id E203"),
    ("01", "11", at("entries", 0, remarks="two\nlines"), "entries.remarks E203"),
    ("01", "11", at("entries", 0, stamped_copy="../../stamp.pdf"), "entries.stamped_copy E203"),
    ("01", "11", at("entries", 0, driver_birth_date="29.2.1980"), "entries.driver_birth_date E203"),
    ("01", "11", at("entries", 0, bond_type="7"), "entries.bond_type E206"),
    ("01", "11", at("entries", 0, paper_outcome="gone"), "entries.paper_outcome E206"),
    ("01", "11", at("lines", 0, country_of_origin="XX"), "lines.country_of_origin E206"),
    ("01", "11", at("bills", 0, quantity=10**8), "bills.quantity E207"),
    ("01", "11", at("bills", 0, quantity=-1), "bills.quantity E207"),
    ("01", "11", at("entries", 0, importer_number="123456789"), "entries.importer_number E208"),
    ("01", "11", at("entries", 0, importer_type="34"), "entries.importer_number E208"),
    ("01", "11", at("entries", 0, consignee_number="12345"), "entries.consignee_number E208"),
    ("01", "11", at("parties", 3, number_type="ANI"), "parties.number E208"),
    # bills
    ("01", "11", drop("bills"), "entries.entry_number E401"),
    ("01", "11", at("bills", 0, bill_type="M", quantity=None), "bills.bill_group E402"),
    ("01", "11", at("bills", 0, bill_type="H"), "bills.bill_group E402"),
    ("01", "11", at("bills", 0, bill_type="I", issuer=None, bill_number="257700030",
                    quantity=None), "bills.bill_group E402"),
    ("01", "11", more("bills", 0, bill_number="B2"), "bills.bill_group E402"),
    ("01", "40", more("bills", 0, bill_type="T"), "bills.bill_group E402"),
    ("01", "30", at("bills", 0, bill_type="M"), "bills.bill_type E403"),
    ("01", "21", at("bills", 0, bill_type="H"), "bills.bill_type E403"),
    ("01", "11", at("bills", 0, bill_type="T"), "bills.bill_type E403"),
    ("01", "60", at("bills", 0, bill_type="M"), "bills.bill_type E403"),
    ("01", "11", at("bills", 0, issuer=None), "bills.issuer E405"),
    ("01", "40", at("bills", 0, issuer="LH"), "bills.issuer E405"),
    ("01", "50", at("bills", 0, issuer="USPS"), "bills.issuer E405"),
    ("01", "11", at("bills", 0, issuer="UNKN"), "bills.issuer E405"),
    ("01", "50", at("bills", 0, not_automated=False), "bills.not_automated E406"),
    ("01", "11", at("entries", 0, general_order_number="GO 1"), "bills.not_automated E406"),
    ("01", "40", at("bills", 0, bill_type="T", not_automated=True), "bills.not_automated E406"),
    ("01", "11", more("bills", 0, bill_type="I", issuer=None, quantity=None, not_automated=True,
                      bill_number="257700030"), "bills.not_automated E406"),
    ("01", "11", more("bills", 0, bill_type="I", issuer=None, quantity=None,
                      bill_number="2577"), "bills.bill_number E407"),
    ("01", "60", at("bills", 0, bill_number="SUITCASE"), "bills.bill_number E407"),
    ("01", "40", at("bills", 0, bill_number="8114074"), "bills.bill_number E415"),
    ("01", "11", more("bills", 0, bill_type="I", issuer=None, bill_number="257700030"),
     "bills.quantity E408"),
    ("01", "50", at("bills", 0, quantity=5), "bills.quantity E408"),
    ("01", "60", at("bills", 0, quantity=None), "bills.quantity E408"),
    ("01", "11", at("bills", 0, quantity=0), "bills.quantity E408"),
    ("01", "50", drop("conveyances"), "bills.not_automated E409"),
    ("01", "50", at("conveyances", 0, bill_group=2), "conveyances.bill_group E410"),
    ("01", "11", more("equipment", bill_group=7, equipment_number="MSCU1"),
     "equipment.bill_group E410"),
    ("06", "11", more("equipment", bill_group=1, equipment_number="MSCU1"),
     "equipment.entry_number E410"),
    ("01", "11", at("bills", 0, bill_group=2), "bills.bill_group E411"),
    ("01", "11", every(*[more("equipment", bill_group=1, equipment_number=f"MSCU{n}")
                         for n in range(100)]), "equipment.bill_group E411"),
    ("06", "11", more("bills", bill_group=1, bill_type="R", bill_number="B1", issuer="MAEU",
                      not_automated=False), "bills.bill_type E412"),
    ("01", "70", at("conveyances", 0, conveyance_name=None), "conveyances.conveyance_name E414"),
    ("01", "50", at("conveyances", 0, carrier_code="UNKN"), "conveyances.carrier_code E405"),
    ("01", "50", at("conveyances", 0, quantity=0), "conveyances.quantity E408"),
    ("01", "50", at("conveyances", 0, voyage=None), "conveyances.voyage E201"),
    # lines and tariff numbers
    ("01", "11", every(drop("lines"), drop("tariffs")), "entries.entry_number E501"),
    ("01", "11", more("lines", 0), "lines.line E502"),
    ("01", "11", at("lines", 0, line=2), "lines.line E502"),
    ("01", "11", more("lines", 0, line=3), "lines.line E502"),
    ("01", "11", drop("tariffs"), "lines.line E503"),
    ("01", "11", at("tariffs", 0, position=2), "tariffs.position E504"),
    ("01", "11", more("tariffs", 0), "tariffs.position E504"),
    ("01", "11", every(*[more("tariffs", 0, position=n) for n in range(2, 34)]),
     "tariffs.position E504"),
    ("01", "11", more("tariffs", 0, line=4), "tariffs.line E505"),
    ("01", "11", more("pga", line=4, position=1, agency="FDA"), "pga.line E505"),
    ("01", "11", more("parties", 0, line=4), "parties.line E505"),
    ("01", "11", more("tariffs", 0, position=2, hts_number="99038801", value=None),
     "tariffs.position E506"),
    ("23", "11", at("tariffs", 0, hts_number="99038801"), "tariffs.hts_number E507"),
    ("23", "11", every(drop("tariffs", 1), at("tariffs", 0, value=9000)),
     "tariffs.position E507"),
    ("01", "11", at("tariffs", 0, hts_number="99038801"), "tariffs.hts_number E508"),
    ("01", "11", at("tariffs", 0, hts_number="99038801"), "tariffs.value E509"),
    ("01", "11", at("tariffs", 0, value=1), "entries.entered_value E510"),
    ("01", "11", at("lines", 0, ad_case="A583820001"), "lines.ad_case E513"),
    ("02", "11", at("lines", 0, cd_case="C583821001"), "lines.cd_case E513"),
    ("06", "11", at("lines", 0, zone_status=None), "lines.zone_status E512"),
    ("06", "11", at("lines", 0, zone_quantity=None), "lines.zone_quantity E512"),
    ("06", "11", at("lines", 0, zone_quantity=0), "lines.zone_quantity E512"),
    ("06", "11", at("lines", 0, zone_status="D"), "lines.zone_status E206"),
    ("01", "11", at("lines", 0, zone_status="P"), "lines.zone_status E512"),
    ("06", "11", at("lines", 0, privileged_date=legal.TODAY), "lines.privileged_date E512"),
    ("06", "11", at("tariffs", 0, current_hts_number="8471300100"),
     "tariffs.current_hts_number E512"),
    # parties
    ("01", "11", drop("parties", 0), "entries.entry_number E520"),
    ("01", "11", drop("parties", 3), "entries.entry_number E520"),
    ("01", "11", at("parties", 1, line=1), ""),
    ("01", "11", more("parties", 0), "parties.party E521"),
    ("01", "11", at("parties", 3, name="ACME", address="1 A", city="B", country="TW"),
     "parties.number E522"),
    ("01", "11", at("parties", 3, number=None, number_type=None), "parties.name E522"),
    ("01", "11", at("parties", 0, name=None, address=None, city=None, country=None,
                    number="12-3456789", number_type="EI"), "parties.number E523"),
    ("01", "11", at("parties", 3, number_type=None), "parties.number_type E523"),
    ("01", "11", at("parties", 0, number_type="EI"), "parties.number_type E523"),
    ("01", "11", at("parties", 3, number=None, number_type=None, name="ACME", address="1 A",
                    city="B", country="TW"), "parties.name E524"),
    ("01", "11", at("parties", 0, city=None), "parties.city E525"),
    ("01", "11", at("parties", 0, global_id="1"), "parties.global_id_type E527"),
    # agencies, documents
    ("01", "11", more("pga", line=1, position=2, agency="FDA"), "pga.position E601"),
    *(("01", "11", more("pga", line=1, position=1, agency=agency, program=program,
                        disclaimer=code), "pga.disclaimer E603")
      for agency, program, code in (("FDA", "FOO", "E"), ("FDA", "FOO", "F"), ("APH", "APQ", "G"),
                                    ("EPA", "TS1", "G"), ("FWS", "FWS", "F"))),
    ("01", "11", more("pga", line=1, position=1, agency="XYZ"), "pga.agency E206"),
    ("01", "11", more("documents", document_type="Invoice", file_name="C:\\a.pdf"),
     "documents.file_name E203"),
    ("01", "11", every(*[more("documents", document_type="Invoice", file_name="a.pdf",
                              dis_reference="D1") for _ in "ab"]), "documents.dis_reference E602"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "mode", "broken", "code"), CASES, ids=one.label)
def test_a_broken_row_is_told(kind: str, mode: str, broken: Break, code: str) -> None:
    made = one.rows(kind, mode)
    assert one.told(one.record(made)) == set()
    broken(made)
    told = one.told(one.record(made))
    assert code in told if code else not told


@pytest.mark.parametrize(
    ("kind", "mode", "broken"),
    [
        ("01", "11", every(at("bills", 0, bill_type="H"),
                           more("bills", 0, bill_type="M", quantity=None))),
        ("01", "11", more("bills", 0, bill_type="I", issuer=None, quantity=None,
                          bill_number="257700031")),  # CBP does not state the check digit
        ("01", "40", at("bills", 0, bill_type="T", bill_number="58912XYZ")),
        ("22", "11", more("bills", bill_group=1, bill_type="R", bill_number="B1", issuer="MAEU",
                          not_automated=False)),
        ("06", "11", every(
            more("bills", bill_group=1, bill_type="R", bill_number="B1", issuer="MAEU",
                 not_automated=False),
            more("bills", bill_group=1, bill_type="I", bill_number="257700030",
                 not_automated=False))),
        ("11", "11", at("parties", 3, number=None, number_type=None, name="ACME", address="1 A",
                        city="B", country="US")),
        ("01", "11", at("tariffs", 0, value=None)),
        ("06", "11", every(at("lines", 0, zone_status="P", privileged_date=legal.TODAY),
                           at("tariffs", 0, current_hts_number="8471300200"))),
        ("06", "11", at("lines", 0, zone_status="P", privileged_date=legal.TODAY)),
        ("03", "11", at("lines", 0, ad_case="A583820001", cd_case="C583821001")),
        ("21", "11", at("lines", 0, ad_case="A583820001")),
        ("01", "11", every(more("lines", 0, line=2), more("tariffs", 0, line=2, value=0))),
        ("01", "11", at("entries", 0, remarks="zwei Kisten beschädigt")),
        ("01", "11", more("voided", entry_number="ABC-1234568-4", reason="torn")),
    ],
)  # fmt: skip
def test_what_is_let_through(kind: str, mode: str, broken: Break) -> None:
    made = one.rows(kind, mode)
    broken(made)
    assert one.told(one.record(made)) == set()


def test_a_consignee_by_name_needs_the_value_of_each_line() -> None:
    made = one.rows("11")
    at("parties", 3, number=None, number_type=None, name="A", address="1", city="B", country="US")(made)
    at("tariffs", 0, value=None)(made)
    assert one.told(one.record(made)) == {"tariffs.value E511"}


def test_type_86_has_one_bill_with_packages() -> None:
    profile = FilerRules(filers=["ABC"], today=legal.TODAY, accept_type_86=True)
    made = one.rows("86", "40")
    at("bills", 0, quantity=None)(made)
    more("bills", 0, bill_group=2, quantity=1)(made)
    found = one.told(one.record(made), profile)
    assert found == {"bills.quantity E416", "bills.bill_group E416"}


def test_type_86_needs_seller_and_consignee_only() -> None:
    profile = FilerRules(filers=["ABC"], today=legal.TODAY, accept_type_86=True)
    made = one.rows("86", "40")
    made["parties"] = [row for row in made["parties"] if row["party"] in ("SE", "CN")]
    assert one.told(one.record(made), profile) == set()


@pytest.mark.parametrize(
    ("broken", "right"),
    [
        (at("bills", 0, bill_number="ma-12 3/4"), "MA1234"),
        (at("bills", 0, issuer="maeu"), "MAEU"),
        (at("entries", 0, entry_number="ABC-1234567-7"), "ABC-1234567-6"),
        (at("entries", 0, port_of_entry="401"), "0401"),
        (at("entries", 0, bond_type="7"), "one like 0, 8, 9"),
        (at("entries", 0, importer_number="123456789"), "after the first 2 digits"),
        (at("parties", 0, name="Móveis Ltda"), "MOVEIS LTDA"),
        (at("parties", 0, name="東京"), "ACME TOOLS LTD"),
        (at("entries", 0, contact_name="Zoë O'Neil"), "ZOE O NEIL"),
        (at("lines", 0, country_of_origin="tw"), "TW"),
        (at("entries", 0, entered_value=8000), "9,000"),
    ],
)
def test_what_would_be_right_is_said(broken: Break, right: str) -> None:
    made = one.rows()
    broken(made)
    problems = release_problems(one.record(made), legal.PROFILE)
    assert any(right in problem.right for problem in problems), problems


def test_one_fault_in_every_row_is_listed_up_to_a_thousand() -> None:
    made = one.rows()
    for n in range(2, 1203):
        more("documents", document_type="Invoice", file_name=f"a/{n}.pdf")(made)
    findings = release_findings(one.record(made), legal.PROFILE)
    problems = findings.problems()
    assert len(problems) == 1001
    assert any("201 more rows" in problem.wrong for problem in problems)


@pytest.mark.parametrize(
    ("agency", "program", "kind", "codes"),
    [
        ("EPA", "TS1", "01", "A B C D"),
        ("FWS", "FWS", "01", "A B C D E"),
        ("FDA", "FOO", "01", "A B C D"),
        ("FDA", "FOO", "21", "A B C D F"),
        ("APH", "APL", "01", "A B C D G"),
        ("APH", "APQ", "01", "A B C D"),
    ],
)
def test_disclaimers_by_agency(agency: str, program: str, kind: str, codes: str) -> None:
    assert " ".join(allowed_codes(agency, program, kind)) == codes
    assert allowed_text(agency, program, kind).startswith(f"for {agency} one of {codes} ")


def test_every_disclaimer_says_where_its_rule_comes_from() -> None:
    rows = code_rows("disclaimer")
    assert {row["code"] for row in rows} == set("ABCDEFG")
    assert all(row["source"].startswith("PGA 2026-07") and row["agency"] for row in rows)
    assert {row["code"] for row in rows if row["mark"] != "CBP"} == {"G"}


def test_a_refused_disclaimer_is_told_with_what_would_be_right() -> None:
    made = one.rows("01", "11")
    more("pga", line=1, position=1, agency="FDA", program="FOO", disclaimer="E")(made)
    told = [p for p in release_problems(one.record(made), legal.PROFILE) if p.code == "E603"]
    (problem,) = told
    assert problem.value == "E" and problem.right.startswith("for FDA one of A B C D if")


def test_a_disclaimer_that_only_the_agency_could_judge_is_a_warning_and_no_fault() -> None:
    made = one.rows("01", "11")
    for agency, program, code in (
        ("FDA", "FOO", "A"), ("FDA", "FOO", "A"), ("FWS", "FWS", "A"), ("FWS", "FWS", "E"),
        ("EPA", "HFC", "B"), ("EPA", "HFC", "A"),
    ):  # fmt: skip
        more("pga", line=1, position=1, agency=agency, program=program, disclaimer=code)(made)
    record = one.record(made)
    assert not [p for p in release_problems(record, legal.PROFILE) if p.code == "E603"]
    hfc, food, wild = disclaimer_warnings(record, "truck.xlsx")
    assert (hfc.code, hfc.value, hfc.sheet, hfc.column) == ("W702", "B", "PGA", "Disclaimer")
    assert "on 1 row(s) of EPA HFC: under flag EH1 EPA takes only A [W]" in hfc.wrong
    assert food.code == "W703" and "on 2 row(s) of FDA FOO: not judged" in food.wrong
    assert "its own guide" not in food.wrong and "agency's own guide" in food.wrong
    assert wild.value == "A" and "under flag FW3 FWS takes only C D [W]" in wild.wrong
